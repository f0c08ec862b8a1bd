//! The pool that tools run in: threads of their own, a bound on how many, and a way to leave one behind. A call that takes no longer
//! than handing it to a thread would is made where it is.
//!
//! A thread cannot be ended from outside. A tool that takes too long is told so by a flag; if it does not look at it, its thread is
//! abandoned: the call fails in time, and the thread is counted until it ends. When too many are abandoned, calls are refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use roundtable_tools::error::{Error, ErrorKind};
use roundtable_tools::{CallContext, Catalogue};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::fault::Action;

/// Runs tools.
#[derive(Debug)]
pub struct Pool {
    seats: Arc<Semaphore>,
    abandoned: Arc<AtomicUsize>,
    bearable: usize,
}

/// Turns arguments as they were given into those that the tool takes: reads the files that they name.
pub type Resolve = Arc<dyn Fn(&Value, &Value) -> Result<Value, Error> + Send + Sync>;

/// A call, ready to run.
pub struct Job {
    /// Where the tool is.
    pub catalogue: Catalogue,
    /// The tool's name.
    pub tool: String,
    /// The arguments as given.
    pub arguments: Value,
    /// What reads the files that the arguments name; it runs on the tool's thread.
    pub resolve: Option<Resolve>,
    /// Whether it is over before a thread would have begun.
    pub small: bool,
    /// How long it may take.
    pub limit: Duration,
    /// What the call brings along.
    pub context: CallContext,
    /// What goes wrong.
    pub action: Action,
}

impl Pool {
    /// A pool for so many calls at once that bears so many abandoned threads.
    pub fn new(threads: usize, bearable: usize) -> Self {
        Self { seats: Arc::new(Semaphore::new(threads.max(1))), abandoned: Arc::default(), bearable }
    }

    /// How many threads are left behind at present.
    pub fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Runs a call to its end, or to its time's end.
    pub async fn run(&self, job: Job, deadline: Instant) -> Result<Value, Error> {
        if self.abandoned() >= self.bearable {
            let why = format!("{} tools hang and hold their threads; no more are started", self.abandoned());
            return Err(Error::new(ErrorKind::Refused, "", why).with_hint("restart roundtable"));
        }
        if job.small && job.action == Action::Continue {
            let name = job.tool.clone();
            return told(&name, catch_unwind(AssertUnwindSafe(|| job.work())));
        }
        let end = deadline.min(Instant::now() + job.limit);
        let limit = job.limit;
        let late = |tool: &str| {
            Error::new(ErrorKind::TimedOut, "", format!("`{tool}` took longer than {limit:?}"))
                .with_hint("try with less data, or with fewer iterations")
        };
        let Ok(Ok(seat)) = timeout_at(end, self.seats.clone().acquire_owned()).await else {
            return Err(late(&job.tool));
        };
        if job.action == Action::Hang {
            sleep_until(end).await;
            return Err(late(&job.tool));
        }
        if let Action::Fail(why) = job.action {
            return Err(Error::new(ErrorKind::Failed, "", why));
        }
        let fate = Arc::new(Fate { state: AtomicU8::new(RUNNING), abandoned: self.abandoned.clone() });
        let (name, cancelled, mine) = (job.tool.clone(), job.context.cancelled.clone(), fate.clone());
        let running = spawn_blocking(move || {
            let result = catch_unwind(AssertUnwindSafe(|| job.work()));
            mine.ended();
            result
        });
        // Whoever waits may go away (the turn is cancelled): then, too, the tool is told, and its thread is on its own.
        let mut watch = Watch { fate, cancelled, over: false };
        let ended = timeout_at(end, running).await;
        watch.over = ended.is_ok();
        match ended {
            Ok(Ok(result)) => told(&name, result),
            Ok(Err(gone)) => Err(Error::new(ErrorKind::Failed, "", format!("`{name}` was lost: {gone}"))),
            Err(_) => {
                // The seat is free for others at once.
                drop(seat);
                Err(late(&name))
            }
        }
    }
}

impl Job {
    /// Makes the call.
    fn work(self) -> Result<Value, Error> {
        let Some(tool) = self.catalogue.get(&self.tool) else {
            return self.catalogue.call(&self.tool, &self.arguments);
        };
        let arguments = match self.resolve {
            Some(resolve) => resolve(&self.arguments, &tool.spec().input_schema)?,
            None => self.arguments,
        };
        if let Action::Panic(why) = self.action {
            panic!("{why}");
        }
        let output = tool.call(&arguments, &self.context)?;
        if self.action == Action::Corrupt {
            let damaged = Value::from("damaged");
            return tool.check_output(&damaged).map(|()| damaged);
        }
        Ok(output)
    }
}

/// What came of a call; a panic is an error that says so.
fn told(tool: &str, result: std::thread::Result<Result<Value, Error>>) -> Result<Value, Error> {
    result.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Error::new(ErrorKind::Failed, "", format!("`{tool}` panicked: {said}"))
            .with_hint("this is a bug in the tool, not in the call"))
    })
}

const RUNNING: u8 = 0;
const ABANDONED: u8 = 1;
const ENDED: u8 = 2;

/// What becomes of a tool's thread. Whichever comes first decides: its end, or its being abandoned.
struct Fate {
    state: AtomicU8,
    abandoned: Arc<AtomicUsize>,
}

/// Tells the tool when nobody waits any more.
struct Watch {
    fate: Arc<Fate>,
    cancelled: Arc<AtomicBool>,
    over: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.over {
            self.cancelled.store(true, Ordering::Release);
            self.fate.abandon();
        }
    }
}

impl Fate {
    fn abandon(&self) {
        if self.state.compare_exchange(RUNNING, ABANDONED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.abandoned.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn ended(&self) {
        if self.state.swap(ENDED, Ordering::AcqRel) == ABANDONED {
            self.abandoned.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use roundtable_tools::{Effect, Tool};
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    /// Says whether it runs on the thread of whoever asks. Use it in tests.
    #[derive(Deserialize, JsonSchema)]
    struct Args {
        panics: bool,
    }

    #[derive(Serialize, JsonSchema)]
    struct Output {
        here: bool,
    }

    async fn run(arguments: Value, small: bool, action: Action) -> Result<Value, Error> {
        let asking = std::thread::current().id();
        let tool = Tool::custom("where", Effect::Pure, move |args: &Args, _: &CallContext| {
            assert!(!args.panics, "as it was told");
            Ok(Output { here: std::thread::current().id() == asking })
        });
        let job = Job {
            catalogue: Catalogue::empty().with(tool).expect("a good tool"),
            tool: "where".to_owned(),
            arguments,
            resolve: None,
            small,
            limit: Duration::from_millis(50),
            context: CallContext::default(),
            action,
        };
        Pool::new(1, 1).run(job, Instant::now() + Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn a_small_call_is_made_where_it_is_and_any_other_on_a_thread() {
        for small in [true, false] {
            let output = run(json!({"panics": false}), small, Action::Continue).await.expect("it runs");
            assert_eq!(output, json!({"here": small}));
            let error = run(json!({"panics": true}), small, Action::Continue).await.expect_err("it panics");
            assert_eq!(error.message, "`where` panicked: as it was told");
            let error = run(json!({"panics": false}), small, Action::Hang).await.expect_err("it hangs");
            assert_eq!(error.kind, ErrorKind::TimedOut);
        }
    }
}
