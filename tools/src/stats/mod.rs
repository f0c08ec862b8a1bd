//! Statistics: what a list of numbers looks like.

pub mod mean_variance;
