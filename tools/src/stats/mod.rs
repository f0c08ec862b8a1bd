//! Statistics: what a list of numbers looks like.

pub mod describe;
pub mod mean_variance;
