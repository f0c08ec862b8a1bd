//! Pictures: SVG text, and the numbers that it shows.

pub mod cosine_vs_euclidean;
mod style;
