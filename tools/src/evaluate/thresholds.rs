//! Counts of right and wrong alarms at every threshold of a score: what curves and ranking metrics are made of.

use super::check_lengths;
use crate::error::Error;

/// What is above each threshold, from high to low, one a distinct score.
pub(crate) struct Thresholds {
    /// The thresholds: a row counts as positive if its score is at least this.
    pub(crate) at: Vec<f64>,
    /// How many positive rows are at or above each.
    pub(crate) hits: Vec<f64>,
    /// How many negative rows are.
    pub(crate) alarms: Vec<f64>,
}

impl Thresholds {
    /// Counts.
    ///
    /// # Errors
    /// `invalid_arguments` if the lists differ in length or are empty, `undefined` if all rows are positive or none is.
    pub(crate) fn new(y: &[usize], positive: usize, scores: &[f64]) -> Result<Self, Error> {
        check_lengths(y.len(), "scores", scores.len())?;
        let count = y.iter().filter(|label| **label == positive).count();
        if count == 0 || count == y.len() {
            let which = if count == 0 { "no row has" } else { "all rows have" };
            return Err(Error::undefined("/y_true", format!("{which} the positive label {positive}"))
                .with_hint("a ranking needs rows of both kinds"));
        }
        let mut order: Vec<usize> = (0..y.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut thresholds = Thresholds { at: vec![], hits: vec![], alarms: vec![] };
        let (mut hits, mut alarms) = (0.0, 0.0);
        // Rows of equal score cannot be told apart by any threshold.
        for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
            let positives = tied.iter().filter(|&&row| y[row] == positive).count();
            hits += positives as f64;
            alarms += (tied.len() - positives) as f64;
            thresholds.at.push(scores[tied[0]]);
            thresholds.hits.push(hits);
            thresholds.alarms.push(alarms);
        }
        Ok(thresholds)
    }

    /// How many rows are positive.
    pub(crate) fn positives(&self) -> f64 {
        self.hits.last().copied().unwrap_or(0.0)
    }

    /// How many are not.
    pub(crate) fn negatives(&self) -> f64 {
        self.alarms.last().copied().unwrap_or(0.0)
    }

    /// The area under the curve of hits against alarms: the chance that a positive row scores higher than a negative
    /// one, ties counting half.
    pub(crate) fn area(&self) -> f64 {
        let (mut area, mut before) = (0.0, (0.0, 0.0));
        for (&hits, &alarms) in self.hits.iter().zip(&self.alarms) {
            area += (alarms - before.1) * (hits + before.0) / 2.0;
            before = (hits, alarms);
        }
        area / (self.positives() * self.negatives())
    }

    /// The mean precision over the positive rows: each threshold's precision, weighted by the hits that it adds.
    pub(crate) fn average_precision(&self) -> f64 {
        let (mut sum, mut before) = (0.0, 0.0);
        for (&hits, &alarms) in self.hits.iter().zip(&self.alarms) {
            sum += (hits - before) * hits / (hits + alarms);
            before = hits;
        }
        sum / self.positives()
    }
}
