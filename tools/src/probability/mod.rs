//! Probability: beliefs and evidence, and numbers drawn at random.

pub mod bayes_theorem;
pub mod gaussian_simulate;
