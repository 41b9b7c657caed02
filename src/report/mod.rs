//! Functions from results to text. Pure.
