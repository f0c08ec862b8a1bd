//! The one way to a chat model: timeouts, retries, breaker and accounts for every caller.
//!
//! What to do is decided by pure modules ([`retry`], [`breaker`](super::breaker), [`accounts`](super::accounts)); a [`Gateway`] only does it, on tokio's clock.
//! It is no actor: the actor that everybody asks wraps it. Dropping the future of [`Gateway::complete`] cancels the request
//! that is under way, and still books what it cost.
//!
//! An attempt ends when the model is silent for longer than the idle limit, or at the deadline, whichever comes first. Text
//! that a person has seen is not silently replaced: unless the caller may withdraw it, a failure after the first word is final.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::accounts::{Accounts, Prices};
use super::breaker::{Breaker, Outcome, Settings, State};
use super::reply::Assembly;
use super::retry::{self, Decision, Failure};
use super::{ChatModel, Delta, ModelError, Reply, Request, Usage};
use crate::event::Role;

/// The limits of a gateway.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest silence: before the first delta, and between two.
    pub idle: Duration,
    /// The longest answer, all attempts together.
    pub total: Duration,
    /// Requests under way at once; more wait for their turn.
    pub concurrency: usize,
    /// When to try again.
    pub retry: retry::Policy,
    /// When to leave a model alone.
    pub breaker: Settings,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            total: Duration::from_secs(300),
            concurrency: 16,
            retry: retry::Policy::default(),
            breaker: Settings::default(),
        }
    }
}

/// On whose behalf a request is made, and within which bounds.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Who pays.
    pub role: Role,
    /// When the answer is no longer wanted.
    pub deadline: Instant,
    /// Whether text that was already passed on may be withdrawn, so that a broken answer can be tried again.
    pub may_withdraw: bool,
}

/// What the caller hears while it waits.
#[derive(Debug, PartialEq)]
pub enum Progress<'a> {
    /// The next piece of the answer.
    Delta(&'a Delta),
    /// Every piece since the start is void; the answer begins anew.
    Withdrawn {
        /// Why.
        why: &'a ModelError,
    },
    /// The next attempt follows.
    Retrying {
        /// Its number; the first retry is attempt 2.
        attempt: u32,
        /// The wait before it.
        after: Duration,
        /// The failure that made it necessary.
        why: &'a ModelError,
    },
    /// The breaker of this model changed its state.
    Breaker {
        /// The model's id.
        model: &'a str,
        /// The new state.
        state: State,
    },
}

/// The gateway: one per process.
#[derive(Debug)]
pub struct Gateway {
    model: RwLock<Arc<dyn ChatModel>>,
    limits: Limits,
    prices: Prices,
    seed: u64,
    seats: Semaphore,
    epoch: Instant,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    breakers: HashMap<String, Breaker>,
    accounts: Accounts,
    completions: u64,
}

impl Gateway {
    /// A gateway to `model`. The seed drives the jitter of retries. Must be called within a tokio runtime.
    pub fn new(model: Arc<dyn ChatModel>, limits: Limits, prices: Prices, seed: u64) -> Self {
        let seats = Semaphore::new(limits.concurrency.clamp(1, Semaphore::MAX_PERMITS));
        let epoch = Instant::now();
        Self { model: RwLock::new(model), limits, prices, seed, seats, epoch, books: Mutex::default() }
    }

    /// The present model.
    pub fn model(&self) -> Arc<dyn ChatModel> {
        self.model.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends every later request to `model`.
    pub fn switch(&self, model: Arc<dyn ChatModel>) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = model;
    }

    /// What each role used since the start.
    pub fn accounts(&self) -> Accounts {
        self.books().accounts.clone()
    }

    /// The state of the present model's breaker.
    pub fn breaker(&self) -> State {
        self.books().breakers.get(self.model().id()).map_or(State::Closed, Breaker::state)
    }

    /// Asks the model, and passes on its answer piece by piece to `listen`, then as a whole.
    ///
    /// The reply's usage is that of all attempts, with their number in `requests` and their cost where the price is known.
    pub async fn complete<F>(&self, ask: Ask, request: &Request, mut listen: F) -> Result<Reply, ModelError>
    where
        F: FnMut(Progress<'_>) + Send,
    {
        let model = self.model();
        let start = Instant::now();
        let deadline = ask.deadline.min(start + self.limits.total);
        let late = || ModelError::TimedOut {
            model: model.id().to_owned(),
            which: "total",
            limit: deadline.saturating_duration_since(start),
        };
        // The semaphore is never closed, so the only way to fail here is to wait too long.
        let Ok(_seat) = timeout_at(deadline, self.seats.acquire()).await else { return Err(late()) };
        let mut bill = Bill { gateway: self, role: ask.role, model: model.id(), usage: Usage::default() };
        let mut chance = None;
        let mut before: Option<ModelError> = None;
        let mut attempt = 1;
        loop {
            let pass = match self.admit(model.id(), &mut listen) {
                Ok(pass) => pass,
                // The failure that opened the breaker says more than the open breaker.
                Err(open) => return Err(before.unwrap_or(open)),
            };
            bill.usage.requests += 1;
            let mut answer = Answer { assembly: Assembly::default(), forwarded: false, shown: false };
            let result = self.attempt(model.as_ref(), request.clone(), deadline, &mut answer, &mut listen).await;
            pass.close(outcome(&result), &mut listen);
            bill.add(answer.assembly.usage());
            let error = match result {
                Ok(()) => {
                    let mut reply = answer.assembly.finish(&request.messages);
                    reply.usage = bill.priced();
                    return Ok(reply);
                }
                Err(Stop::Late) => return Err(late()),
                Err(Stop::Failed(error)) => error,
            };
            if answer.shown && !ask.may_withdraw {
                return Err(error);
            }
            let failure = Failure {
                attempt,
                error: &error,
                before: before.as_ref(),
                left: deadline.saturating_duration_since(Instant::now()),
                chance: chance.get_or_insert_with(|| self.chance()).random(),
            };
            let Decision::Retry { after } = retry::decide(failure, &self.limits.retry) else { return Err(error) };
            if answer.forwarded {
                listen(Progress::Withdrawn { why: &error });
            }
            attempt += 1;
            listen(Progress::Retrying { attempt, after, why: &error });
            sleep(after).await;
            before = Some(error);
        }
    }

    async fn attempt<F>(
        &self,
        model: &dyn ChatModel,
        request: Request,
        deadline: Instant,
        answer: &mut Answer,
        listen: &mut F,
    ) -> Result<(), Stop>
    where
        F: FnMut(Progress<'_>) + Send,
    {
        let idle = self.limits.idle;
        let patience = || deadline.min(Instant::now() + idle);
        let silent = || match Instant::now() >= deadline {
            true => Stop::Late,
            false => Stop::Failed(ModelError::TimedOut { model: model.id().to_owned(), which: "idle", limit: idle }),
        };
        // One timer for the whole attempt: moving it costs less than making one for each delta.
        let mut timer = pin!(sleep_until(patience()));
        let mut stream = tokio::select! {
            biased;
            stream = model.stream(request) => stream?,
            () = &mut timer => return Err(silent()),
        };
        loop {
            timer.as_mut().reset(patience());
            let delta = tokio::select! {
                biased;
                delta = stream.next() => delta,
                () = &mut timer => return Err(silent()),
            };
            let Some(delta) = delta.transpose()? else { return Ok(()) };
            match &delta {
                // An empty text is a sign of life.
                Delta::Text(text) if text.is_empty() => continue,
                Delta::Text(_) => answer.shown = true,
                Delta::ToolCall { .. } | Delta::Finish(_) | Delta::Usage(_) => {}
            }
            answer.forwarded = true;
            listen(Progress::Delta(&delta));
            answer.assembly.push(delta);
        }
    }

    fn admit<'a, F>(&'a self, model: &'a str, listen: &mut F) -> Result<Pass<'a>, ModelError>
    where
        F: FnMut(Progress<'_>) + Send,
    {
        let now = self.epoch.elapsed();
        let (admitted, moved) = {
            let mut books = self.books();
            if !books.breakers.contains_key(model) {
                books.breakers.insert(model.to_owned(), Breaker::new(self.limits.breaker));
            }
            match books.breakers.get_mut(model) {
                Some(breaker) => {
                    let before = breaker.state();
                    let admitted = breaker.admit(now);
                    (admitted, (breaker.state() != before).then(|| breaker.state()))
                }
                None => (Ok(()), None),
            }
        };
        if let Some(state) = moved {
            listen(Progress::Breaker { model, state });
        }
        match admitted {
            Ok(()) => Ok(Pass { gateway: self, model, open: true }),
            Err(retry_in) => Err(ModelError::BreakerOpen { model: model.to_owned(), retry_in }),
        }
    }

    /// The dice of one completion: they depend on the seed and on how many completions needed dice before it.
    fn chance(&self) -> ChaCha8Rng {
        let mut books = self.books();
        books.completions += 1;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(books.completions);
        rng
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Every change to the books is a single assignment or addition: a panic elsewhere leaves them usable.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One attempt's answer so far.
struct Answer {
    assembly: Assembly,
    /// Something was passed on.
    forwarded: bool,
    /// It was text.
    shown: bool,
}

/// Why an attempt ended early.
enum Stop {
    Late,
    Failed(ModelError),
}

impl From<ModelError> for Stop {
    fn from(error: ModelError) -> Self {
        Stop::Failed(error)
    }
}

/// What an attempt says about the health of the server.
fn outcome(result: &Result<(), Stop>) -> Outcome {
    match result {
        Ok(()) => Outcome::Healthy,
        // The turn's time was up; the server may have been fine.
        Err(Stop::Late) => Outcome::Unknown,
        Err(Stop::Failed(error)) => match error {
            ModelError::Server { .. }
            | ModelError::Unreachable { .. }
            | ModelError::BrokenOff { .. }
            | ModelError::Protocol { .. }
            | ModelError::TimedOut { .. } => Outcome::Failed,
            ModelError::Unauthorized { .. }
            | ModelError::Rejected { .. }
            | ModelError::TooLong { .. }
            | ModelError::RateLimited { .. } => Outcome::Healthy,
            ModelError::BreakerOpen { .. } | ModelError::Cancelled => Outcome::Unknown,
        },
    }
}

/// Leave from the breaker to make one attempt. Dropped without [`Pass::close`] it reports that nothing is known.
struct Pass<'a> {
    gateway: &'a Gateway,
    model: &'a str,
    open: bool,
}

impl Pass<'_> {
    fn close<F>(mut self, outcome: Outcome, listen: &mut F)
    where
        F: FnMut(Progress<'_>) + Send,
    {
        self.open = false;
        if let Some(state) = self.record(outcome) {
            listen(Progress::Breaker { model: self.model, state });
        }
    }

    /// Tells the breaker; gives its state if that changed.
    fn record(&self, outcome: Outcome) -> Option<State> {
        let now = self.gateway.epoch.elapsed();
        let mut books = self.gateway.books();
        let breaker = books.breakers.get_mut(self.model)?;
        let before = breaker.state();
        breaker.record(outcome, now);
        (breaker.state() != before).then(|| breaker.state())
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.open {
            // An unknown outcome changes no state that anybody has to be told.
            self.record(Outcome::Unknown);
        }
    }
}

/// The usage of one completion, booked when it ends, however it ends.
struct Bill<'a> {
    gateway: &'a Gateway,
    role: Role,
    model: &'a str,
    usage: Usage,
}

impl Bill<'_> {
    fn add(&mut self, usage: Usage) {
        // Requests are counted here, not by the providers.
        self.usage.add(&Usage { requests: 0, ..usage });
    }

    fn priced(&self) -> Usage {
        let price = self.gateway.prices.of(self.model);
        Usage { cost: self.usage.cost + price.map_or(0.0, |price| price.of(&self.usage)), ..self.usage }
    }
}

impl Drop for Bill<'_> {
    fn drop(&mut self) {
        let usage = self.priced();
        self.gateway.books().accounts.book(self.role, &usage);
    }
}

#[cfg(test)]
mod tests;
