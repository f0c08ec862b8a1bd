//! Linear models: a weighted sum of the columns.

pub mod linear_regression;
