//! A circuit breaker: a model that fails again and again is left alone for a while, so that turns fail at once instead of
//! waiting, and a struggling server can recover (M. Nygard, *Release It!*, 2007).
//!
//! Closed lets everything through and counts failures in a row. At the threshold it opens: nothing passes until the pause is
//! over. Then it is half open: one probe passes. Its success closes the breaker; its failure opens it again for twice the
//! pause, up to a limit. Pure: `now` is the time since some fixed start, whichever clock the caller has.

use std::time::Duration;

/// When to open, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Failures in a row that open the breaker.
    pub threshold: u32,
    /// How long it stays open the first time.
    pub pause: Duration,
    /// How long it stays open at most, after failed probes.
    pub longest_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { threshold: 5, pause: Duration::from_secs(10), longest_pause: Duration::from_secs(120) }
    }
}

/// What the breaker does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything passes.
    Closed,
    /// Nothing passes.
    Open,
    /// One probe passes.
    HalfOpen,
}

impl State {
    /// The name in snake case, as events carry it.
    pub fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
        }
    }
}

/// How a request that was let through ended, as far as the server's health goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server did its work, be it by refusing the request.
    Healthy,
    /// The server failed, was silent or was not there.
    Failed,
    /// The caller went away before the end: nothing is known.
    Unknown,
}

/// The breaker of one model.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: Settings,
    state: State,
    failures: u32,
    pause: Duration,
    opened: Duration,
    probing: bool,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Closed,
            failures: 0,
            pause: settings.pause,
            opened: Duration::ZERO,
            probing: false,
        }
    }

    /// The present state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Asks for passage. `Ok` must be answered by one [`Breaker::record`]; `Err` says how long to stay away.
    pub fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        match self.state {
            State::Closed => Ok(()),
            State::Open => {
                let left = (self.opened + self.pause).saturating_sub(now);
                if !left.is_zero() {
                    return Err(left);
                }
                self.state = State::HalfOpen;
                self.probing = true;
                Ok(())
            }
            State::HalfOpen if self.probing => Err(self.pause),
            State::HalfOpen => {
                self.probing = true;
                Ok(())
            }
        }
    }

    /// Tells how an admitted request ended.
    pub fn record(&mut self, outcome: Outcome, now: Duration) {
        match (self.state, outcome) {
            (State::HalfOpen, Outcome::Unknown) => self.probing = false,
            // Requests that were under way when the breaker opened say nothing new.
            (State::Open, _) | (State::Closed, Outcome::Unknown) => {}
            (State::HalfOpen, Outcome::Healthy) => *self = Self::new(self.settings),
            (State::Closed, Outcome::Healthy) => self.failures = 0,
            (State::HalfOpen, Outcome::Failed) => {
                self.pause = (self.pause * 2).min(self.settings.longest_pause);
                self.open(now);
            }
            (State::Closed, Outcome::Failed) => {
                self.failures += 1;
                if self.failures >= self.settings.threshold {
                    self.open(now);
                }
            }
        }
    }

    fn open(&mut self, now: Duration) {
        self.state = State::Open;
        self.opened = now;
        self.probing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn broken() -> Breaker {
        let mut breaker = Breaker::new(Settings { threshold: 2, pause: seconds(10), longest_pause: seconds(30) });
        for _ in 0..2 {
            assert_eq!(breaker.admit(seconds(0)), Ok(()));
            breaker.record(Outcome::Failed, seconds(0));
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let mut breaker = broken();
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.admit(seconds(4)), Err(seconds(6)));
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let mut breaker = Breaker::new(Settings { threshold: 2, ..Settings::default() });
        for outcome in [Outcome::Failed, Outcome::Healthy, Outcome::Failed, Outcome::Unknown] {
            assert_eq!(breaker.admit(seconds(0)), Ok(()));
            breaker.record(outcome, seconds(0));
        }
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn one_probe_at_a_time_and_its_success_closes() {
        let mut breaker = broken();
        assert_eq!(breaker.admit(seconds(10)), Ok(()));
        assert_eq!(breaker.state(), State::HalfOpen);
        assert_eq!(breaker.admit(seconds(10)), Err(seconds(10)));
        breaker.record(Outcome::Healthy, seconds(11));
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn a_failed_probe_doubles_the_pause_up_to_the_limit() {
        let mut breaker = broken();
        for (now, pause) in [(10, 20), (30, 30), (60, 30)] {
            assert_eq!(breaker.admit(seconds(now)), Ok(()), "at {now}");
            breaker.record(Outcome::Failed, seconds(now));
            assert_eq!(breaker.admit(seconds(now)), Err(seconds(pause)), "after {now}");
        }
    }

    #[test]
    fn a_cancelled_probe_makes_room_for_the_next() {
        let mut breaker = broken();
        assert_eq!(breaker.admit(seconds(10)), Ok(()));
        breaker.record(Outcome::Unknown, seconds(11));
        assert_eq!(breaker.admit(seconds(11)), Ok(()));
    }
}
