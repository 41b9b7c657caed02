//! The entry: the command line and the suite.
