//! Pages to scenarios.
