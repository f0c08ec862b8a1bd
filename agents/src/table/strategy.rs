//! When a dead actor is started again, and who goes with it: OTP's rules as pure functions of time and failures.
//!
//! One-for-one: only the dead one is started again. Rest-for-one: those that come after it as well. A restart waits longer after
//! each failure (exponential back-off, with jitter so that not all come back at once); an actor that fails more often than
//! `intensity` times within `window` is left away until `rest` has passed, and the turn goes on without it.
//! Source: the Erlang/OTP design principles, "Supervisor behaviour".

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::Role;

/// The rules of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// So many restarts within the window are borne.
    pub intensity: u32,
    /// The window.
    pub window: Duration,
    /// The wait before the first restart.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How long an actor is left away that failed too often.
    pub rest: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            intensity: 5,
            window: Duration::from_secs(30),
            first: Duration::from_millis(10),
            longest: Duration::from_secs(2),
            rest: Duration::from_secs(30),
        }
    }
}

/// What to do about a death.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Start it again.
    Restart {
        /// After this wait.
        after: Duration,
        /// How many deaths lie in the window, this one included.
        count: u32,
    },
    /// Leave it away.
    GiveUp {
        /// Try again after this rest.
        again: Duration,
    },
}

/// The deaths of one actor.
#[derive(Clone, Debug, Default)]
pub struct Deaths {
    times: VecDeque<Duration>,
    /// Deaths in all.
    pub total: u64,
}

impl Deaths {
    /// Decides about a death at `now` (time since any fixed moment). `chance`, from 0 to 1, is the jitter.
    pub fn died(&mut self, now: Duration, rules: &Rules, chance: f64) -> Verdict {
        self.total += 1;
        while self.times.front().is_some_and(|then| now.saturating_sub(*then) > rules.window) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        let count = self.times.len() as u32;
        if count > rules.intensity {
            self.times.clear();
            return Verdict::GiveUp { again: rules.rest };
        }
        let doubled = rules.first.saturating_mul(1 << (count - 1).min(20)).min(rules.longest);
        // Half of the wait is fixed, half is chance: never at once, and rarely together.
        let after = doubled.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
        Verdict::Restart { after, count }
    }
}

/// Who is started again when `role` dies: the reranker orders what the retriever found, so it starts afresh with it.
pub fn affected(role: Role) -> &'static [Role] {
    match role {
        Role::Retriever => &[Role::Retriever, Role::Reranker],
        Role::Session => &[Role::Session],
        Role::Planner => &[Role::Planner],
        Role::Reranker => &[Role::Reranker],
        Role::Executor => &[Role::Executor],
        Role::Critic => &[Role::Critic],
        Role::Librarian => &[Role::Librarian],
        Role::Gateway => &[Role::Gateway],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        intensity: 3,
        window: Duration::from_secs(10),
        first: Duration::from_millis(100),
        longest: Duration::from_millis(300),
        rest: Duration::from_secs(60),
    };

    #[test]
    fn waits_double_up_to_the_longest_and_then_it_is_enough() {
        let mut deaths = Deaths::default();
        let mut die = |ms| deaths.died(Duration::from_millis(ms), &RULES, 1.0);
        assert_eq!(die(0), Verdict::Restart { after: Duration::from_millis(100), count: 1 });
        assert_eq!(die(1), Verdict::Restart { after: Duration::from_millis(200), count: 2 });
        assert_eq!(die(2), Verdict::Restart { after: Duration::from_millis(300), count: 3 });
        assert_eq!(die(3), Verdict::GiveUp { again: RULES.rest });
        assert!(matches!(die(4), Verdict::Restart { count: 1, .. }), "after its rest it begins anew");
    }

    #[test]
    fn deaths_outside_the_window_are_forgotten() {
        let mut deaths = Deaths::default();
        for second in [0, 11, 22, 33, 44] {
            let verdict = deaths.died(Duration::from_secs(second), &RULES, 0.0);
            assert_eq!(verdict, Verdict::Restart { after: Duration::from_millis(50), count: 1 });
        }
        assert_eq!(deaths.total, 5);
    }

    #[test]
    fn only_the_retriever_takes_another_with_it() {
        for role in Role::ALL {
            let rest: &[Role] = if role == Role::Retriever { &[Role::Reranker] } else { &[] };
            assert_eq!(&affected(role)[1..], rest);
            assert_eq!(affected(role)[0], role);
        }
    }
}
