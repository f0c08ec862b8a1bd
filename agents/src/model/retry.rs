//! Whether a failed request to a model is worth another attempt, and when. Pure: time and chance come in as arguments.
//!
//! Three rules. Only what can succeed is tried again: a refused key or a wrong request fails the same way every time. The
//! server's own wish (`Retry-After`) counts more than ours, if the turn can wait that long. And a failure that repeats word
//! for word is deterministic: the third attempt would cost the person's time and fail like the second.
//!
//! The wait is exponential back-off with full jitter: uniform in `[0, min(cap, base * 2^n))`, which spreads a crowd of
//! clients better than equal or decorrelated jitter for the same total work (M. Brooker, "Exponential Backoff and Jitter",
//! AWS Architecture Blog, 2015).

use std::time::Duration;

use super::ModelError;

/// How to retry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// At most this many attempts, the first included.
    pub attempts: u32,
    /// The back-off's unit: the first wait is below this.
    pub base: Duration,
    /// No wait of ours is longer.
    pub cap: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_millis(500), cap: Duration::from_secs(20) }
    }
}

/// What just happened.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The number of the attempt that failed, from 1.
    pub attempt: u32,
    /// Why it failed.
    pub error: &'a ModelError,
    /// Why the attempt before it failed, if there was one.
    pub before: Option<&'a ModelError>,
    /// The time left until the turn's deadline.
    pub left: Duration,
    /// A number in `[0, 1)`: the jitter.
    pub chance: f64,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this long.
    Retry {
        /// The wait.
        after: Duration,
    },
    /// Hand the error on.
    GiveUp,
}

/// Decides about the next attempt.
pub fn decide(failure: Failure<'_>, policy: &Policy) -> Decision {
    if failure.attempt >= policy.attempts || !can_succeed(failure.error) {
        return Decision::GiveUp;
    }
    if is_deterministic(failure.error) && failure.before == Some(failure.error) {
        return Decision::GiveUp;
    }
    let jittered = backoff(failure.attempt, policy).mul_f64(failure.chance.clamp(0.0, 1.0));
    let after = match failure.error {
        // A little later than asked: everybody else was told the same second.
        ModelError::RateLimited { retry_after: Some(wish), .. }
        | ModelError::Server { retry_after: Some(wish), .. } => *wish + jittered.min(policy.base),
        _ => jittered,
    };
    if after < failure.left { Decision::Retry { after } } else { Decision::GiveUp }
}

/// The upper end of the wait after attempt `attempt` (from 1).
fn backoff(attempt: u32, policy: &Policy) -> Duration {
    let factor = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    policy.base.saturating_mul(factor).min(policy.cap)
}

fn can_succeed(error: &ModelError) -> bool {
    match error {
        // 501 and 505 say what the server cannot do; waiting does not teach it.
        ModelError::Server { status, .. } => !matches!(status, 501 | 505),
        ModelError::RateLimited { .. }
        | ModelError::Unreachable { .. }
        | ModelError::BrokenOff { .. }
        | ModelError::Protocol { .. } => true,
        ModelError::TimedOut { which, .. } => *which == "idle",
        ModelError::Unauthorized { .. }
        | ModelError::Rejected { .. }
        | ModelError::TooLong { .. }
        | ModelError::BreakerOpen { .. }
        | ModelError::Cancelled => false,
    }
}

/// Whether a repetition word for word means that it will fail for ever: the server worked on the request and said why.
/// Overload, broken lines and closed doors repeat themselves too, but pass.
fn is_deterministic(error: &ModelError) -> bool {
    match error {
        ModelError::Server { status, .. } => !matches!(status, 408 | 425 | 502..=504 | 529),
        ModelError::Protocol { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn server(status: u16, message: &str) -> ModelError {
        ModelError::Server { model: "m".into(), status, message: message.into(), retry_after: None }
    }

    fn limited(seconds: Option<u64>) -> ModelError {
        ModelError::RateLimited { model: "m".into(), retry_after: seconds.map(Duration::from_secs) }
    }

    fn check(attempt: u32, error: &ModelError, before: Option<&ModelError>, left: Duration, wait_ms: Option<u64>) {
        let found = decide(Failure { attempt, error, before, left, chance: 0.5 }, &Policy::default());
        let expected = match wait_ms {
            Some(ms) => Decision::Retry { after: Duration::from_millis(ms) },
            None => Decision::GiveUp,
        };
        assert_eq!(found, expected, "{error:?}");
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        // By hand: half of 500 ms * 2^(n-1), at most half of 20 s.
        let error = ModelError::Unreachable { model: "m".into(), message: "refused".into() };
        check(1, &error, None, MINUTE, Some(250));
        check(2, &error, Some(&error), MINUTE, Some(500));
        check(3, &error, Some(&error), MINUTE, Some(1000));
        check(4, &error, Some(&error), MINUTE, None);
        assert_eq!(backoff(40, &Policy::default()), Duration::from_secs(20));
    }

    #[test]
    fn what_cannot_succeed_is_not_tried_again() {
        let m = || "m".to_owned();
        for error in [
            ModelError::Unauthorized { model: m(), status: 401 },
            ModelError::Rejected { model: m(), status: 400, message: "no".into() },
            ModelError::BreakerOpen { model: m(), retry_in: MINUTE },
            ModelError::TimedOut { model: m(), which: "total", limit: MINUTE },
            ModelError::Cancelled,
            server(501, "not implemented"),
        ] {
            check(1, &error, None, MINUTE, None);
        }
    }

    #[test]
    fn an_identical_failure_is_not_tried_a_third_time() {
        let same = server(500, "index out of range");
        check(1, &same, None, MINUTE, Some(250));
        check(2, &same, Some(&same), MINUTE, None);
        check(2, &same, Some(&server(500, "another")), MINUTE, Some(500));
        // An overloaded server says the same words until it is no longer overloaded.
        check(2, &server(503, "busy"), Some(&server(503, "busy")), MINUTE, Some(500));
    }

    #[test]
    fn the_servers_wish_counts_if_the_turn_can_wait() {
        check(1, &limited(Some(7)), None, MINUTE, Some(7250));
        check(1, &limited(Some(7)), None, Duration::from_secs(7), None);
        check(1, &limited(Some(120)), None, MINUTE, None);
        check(1, &limited(None), None, MINUTE, Some(250));
    }
}
