//! Whether a model treats groups alike.

pub mod disparate_impact;
pub mod fairness_metrics;

use crate::{
    error::Error,
    tool::{Tool, ToolBuilder},
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("fairness_metrics", fairness_metrics::run).examples(fairness_metrics::EXAMPLES),
        Tool::pure("disparate_impact", disparate_impact::run).examples(disparate_impact::EXAMPLES),
    ]
}

/// The most rows.
const MOST: usize = 1_000_000;
/// The most groups: with more, none has enough members to say anything.
const MOST_GROUPS: usize = 1000;

/// Refuses a list of decisions that are not 0 or 1, or not one for each member.
fn decisions(path: &str, decisions: &[i64], members: usize) -> Result<(), Error> {
    if decisions.is_empty() {
        return Err(Error::invalid(path, "the list is empty").with_hint("give at least one decision"));
    }
    if decisions.len() > MOST {
        return Err(Error::too_large(path, format!("there are {} rows, the limit is {MOST}", decisions.len())));
    }
    if let Some(i) = decisions.iter().position(|decision| !(0..=1).contains(decision)) {
        let message = format!("`{}` is neither 0 nor 1", decisions[i]);
        return Err(Error::invalid(format!("{path}/{i}"), message)
            .with_hint("use 1 for the favourable decision and 0 for the other"));
    }
    if decisions.len() != members {
        let message = format!("there are {} decisions for {members} members of groups", decisions.len());
        return Err(Error::invalid(path, message).with_hint("give one of each a row"));
    }
    Ok(())
}

fn few_groups(groups: usize) -> Result<(), Error> {
    if groups > MOST_GROUPS {
        return Err(Error::too_large("/group", format!("there are {groups} groups, the limit is {MOST_GROUPS}")));
    }
    Ok(())
}

/// The part of a whole; nothing of nothing has no share.
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
