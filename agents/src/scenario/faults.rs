//! What can go wrong in a scenario, and when.
//!
//! A fault is a kind and a trigger. Each fault draws from its own generator, seeded by the scenario's seed and the fault's place
//! in the file, so that one fault more or less does not change when the others strike.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Role;

/// A fault and when it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// What goes wrong.
    pub fault: Fault,
    /// When. The calls that are counted are those that this fault could strike.
    #[serde(default)]
    pub when: Trigger,
    /// The fault need not strike: for seeds under which a probability never comes up. Otherwise a fault that never strikes
    /// fails the scenario.
    #[serde(default)]
    pub optional: bool,
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Trigger {
    /// At this call only, counted from 1.
    Nth(u64),
    /// At this call and all that follow.
    From(u64),
    /// At every so many calls.
    Every(u64),
    /// At each call with this probability, drawn from the scenario's seed.
    Probability(f64),
    /// At the first call after so many milliseconds of the story's own time.
    AfterMs(u64),
    /// At the first call after an event of this type was seen.
    AtEvent(String),
}

impl Default for Trigger {
    fn default() -> Self {
        Self::Nth(1)
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Fault {
    /// The model's server answers with this status.
    ModelError {
        /// The HTTP status.
        status: u16,
    },
    /// The model's server asks to wait.
    ModelRateLimited {
        /// Its Retry-After, in milliseconds.
        retry_after_ms: u64,
    },
    /// The model's context holds requests up to this length.
    ModelSmallContext {
        /// How much the messages of a request may hold.
        bytes: usize,
    },
    /// The model's server cannot be reached.
    ModelUnreachable {},
    /// The model never says anything.
    ModelHang {},
    /// The model starts late.
    ModelSlow {
        /// How late, in milliseconds.
        ms: u64,
    },
    /// The stream breaks off after so many deltas.
    ModelBreaksOff {
        /// How many deltas get through.
        after: usize,
    },
    /// The stream stops, without an end, after so many deltas.
    ModelStalls {
        /// How many deltas get through.
        after: usize,
    },
    /// The model calls a tool with arguments that are not JSON.
    ModelBadJson {},
    /// The model calls a tool that does not exist.
    ModelUnknownTool {},
    /// The model says nothing at all and stops.
    ModelSilent {},
    /// A tool gives an error.
    ToolError {
        /// Which tool; any if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    },
    /// A tool panics.
    ToolPanic {
        /// Which tool; any if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    },
    /// A tool never returns and ignores that it is cancelled.
    ToolHang {
        /// Which tool; any if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    },
    /// A tool gives an output that its schema does not allow.
    ToolBadOutput {
        /// Which tool; any if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    },
    /// A search fails.
    SearchError {},
    /// A search never returns.
    SearchHang {},
    /// A search finds nothing.
    SearchEmpty {},
    /// A search also finds a passage that tells the assistant what to do.
    SearchPoisoned {
        /// What the passage says.
        text: String,
    },
    /// A write to memory fails.
    StoreWriteError {},
    /// A write to memory succeeds, but the answer is lost.
    StoreLostAck {},
    /// A write to memory takes long.
    StoreSlow {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// A read of memory's records fails.
    StoreReadError {},
    /// An actor panics while it handles a message.
    ActorPanic {
        /// Whose.
        role: Role,
        /// The message's name; any if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// An actor's handler never returns.
    ActorHang {
        /// Whose.
        role: Role,
        /// The message's name; any if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// An actor's handler takes long.
    ActorSlow {
        /// Whose.
        role: Role,
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The journal cannot be written: the disk is full.
    JournalFull {
        /// The record's kind; any if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
    },
    /// The process dies before this record is written, and a new one resumes.
    ProcessDiesBefore {
        /// The record's kind.
        record: String,
    },
    /// The process dies after this record is written, and a new one resumes.
    ProcessDiesAfter {
        /// The record's kind.
        record: String,
    },
    /// The process dies while it writes this record: half of the line is there when a new one resumes.
    ProcessDiesWithin {
        /// The record's kind.
        record: String,
    },
}

/// A fault that is armed: counts the calls it could strike, and says when it does.
#[derive(Debug)]
pub struct Armed {
    /// What and when.
    pub spec: FaultSpec,
    calls: AtomicU64,
    strikes: AtomicU64,
    rng: Mutex<ChaCha8Rng>,
}

impl Armed {
    /// Arms the fault at `place` in the file.
    pub fn new(spec: FaultSpec, seed: u64, place: usize) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(place as u64));
        Self { spec, calls: AtomicU64::new(0), strikes: AtomicU64::new(0), rng: Mutex::new(rng) }
    }

    /// Called once for each call that this fault could strike. `now` is the story's own time; `seen` says whether an event of
    /// a type was seen.
    pub fn strikes(&self, now: Duration, seen: impl Fn(&str) -> bool) -> bool {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let struck = self.strikes.load(Ordering::SeqCst);
        let strikes = match &self.spec.when {
            Trigger::Nth(n) => call == *n,
            Trigger::From(n) => call >= *n,
            Trigger::Every(n) => *n > 0 && call.is_multiple_of(*n),
            Trigger::Probability(p) => {
                let mut rng = self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                rng.random::<f64>() < *p
            }
            Trigger::AfterMs(ms) => struck == 0 && now >= Duration::from_millis(*ms),
            Trigger::AtEvent(kind) => struck == 0 && seen(kind),
        };
        if strikes {
            self.strikes.fetch_add(1, Ordering::SeqCst);
        }
        strikes
    }

    /// How often it has struck.
    pub fn struck(&self) -> u64 {
        self.strikes.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(when: Trigger, calls: usize) -> Vec<bool> {
        let armed = Armed::new(FaultSpec { fault: Fault::ModelHang {}, when, optional: false }, 7, 0);
        (0..calls)
            .map(|n| armed.strikes(Duration::from_millis(10 * n as u64), |kind| kind == "seen" && n >= 2))
            .collect()
    }

    #[test]
    fn triggers_strike_when_they_say() {
        assert_eq!(strikes(Trigger::Nth(2), 4), [false, true, false, false]);
        assert_eq!(strikes(Trigger::From(3), 4), [false, false, true, true]);
        assert_eq!(strikes(Trigger::Every(2), 4), [false, true, false, true]);
        assert_eq!(strikes(Trigger::AfterMs(15), 4), [false, false, true, false]);
        assert_eq!(strikes(Trigger::AtEvent("seen".into()), 4), [false, false, true, false]);
    }

    #[test]
    fn a_seed_gives_the_same_strikes_again() {
        let first = strikes(Trigger::Probability(0.5), 64);
        assert_eq!(first, strikes(Trigger::Probability(0.5), 64));
        assert!(first.contains(&true) && first.contains(&false));
    }
}
