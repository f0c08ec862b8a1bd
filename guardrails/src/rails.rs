//! Rails: each file looks for one kind of harm, and knows nothing of doors.
//!
//! A rail is a name and a function from a [`Text`] to what it [`Saw`]. To add one, copy a neighbour, change the middle,
//! and add a row to the doors that should have it in [`crate::doors`].

pub mod budget;
pub mod egress;
pub mod grounding;
pub mod hidden_text;
pub mod injection;
pub mod personal_data;
pub mod secrets;

use crate::canonical::{View, views};
use std::{borrow::Cow, cell::OnceCell, ops::Range};

/// A rail: what it is called and how it looks at a text.
#[derive(Debug, Clone, Copy)]
pub struct Rail {
    /// The name that its findings carry.
    pub name: &'static str,
    /// Looks at a text; pure, and linear in its length.
    pub look: fn(&Text<'_>) -> Saw,
}

/// What a rail is given to look at.
#[derive(Debug)]
pub struct Text<'a> {
    original: &'a str,
    views: OnceCell<Vec<View>>,
}

impl<'a> Text<'a> {
    /// Prepares a text for any number of rails.
    pub fn new(original: &'a str) -> Self {
        Text { original, views: OnceCell::new() }
    }

    /// The text as it came.
    pub fn original(&self) -> &'a str {
        self.original
    }

    /// Its readings, the plain one first; made when first asked for.
    pub fn views(&self) -> &[View] {
        self.views.get_or_init(|| views(self.original))
    }
}

/// What a rail saw: the findings and one score for all of them together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Saw {
    /// 0 to 1.
    pub score: f64,
    /// One entry for each thing noticed.
    pub sights: Vec<Sight>,
}

impl From<Vec<Sight>> for Saw {
    /// The score of several sights is that of the gravest.
    fn from(sights: Vec<Sight>) -> Self {
        Saw { score: sights.iter().map(|sight| sight.score).fold(0.0, f64::max), sights }
    }
}

/// One thing noticed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// What it is, in the rail's words.
    pub kind: &'static str,
    /// How sure or how serious, 0 to 1.
    pub score: f64,
    /// Where it is, in bytes of the original text.
    pub span: Option<Range<usize>>,
    /// A sentence for a person.
    pub note: Cow<'static, str>,
    /// Whether the excerpt in a report must be masked.
    pub sensitive: bool,
    /// What should stand in place of the span in text that passes, if it should be changed.
    pub instead: Option<Cow<'static, str>>,
}
