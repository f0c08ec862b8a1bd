//! What the table costs, a line of JSON for each figure: `cargo bench -p roundtable`.
//!
//! Times are microseconds on the machine that runs it. Each is given beside `channel_us`, a round trip over a plain tokio channel between
//! two tasks in the same run, so that runs on different machines can be compared as ratios. The model answers at once:
//! what is left is the table.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, async_trait};
use roundtable::event::Role as RoleName;
use roundtable::fault::Calm;
use roundtable::model::{Capabilities, ChatModel, Delta, DeltaStream, FinishReason, ModelError, Request, Speaker};
use roundtable::table::seat::{Reply, Seat, answer};
use roundtable::table::shell::{Role, Shell, Watch};
use roundtable::table::{Config, Rag, Table};
use roundtable_guardrails::{Door, Doors};
use roundtable_memory::{HashEmbedder, Memory};
use roundtable_tools::Catalogue;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

type Trouble = Box<dyn Error + Send + Sync>;

const QUESTION: &str = "What is the dot product of [1,2,3] and [4,5,6]?";

fn main() -> Result<(), Trouble> {
    // `cargo bench` passes `--bench`; a word after it picks the figures whose name holds it.
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let channel = runtime.block_on(channel());
    let tell = |figure: &str, mut value: Value| {
        value["figure"] = figure.into();
        value["channel_us"] = channel.into();
        println!("{value}");
    };
    if "hop".contains(&only) {
        tell("actor_hop", runtime.block_on(hop())?);
    }
    if "door".contains(&only) {
        for door in Door::ALL {
            tell("door", of_door(door));
        }
    }
    if "turn".contains(&only) {
        tell("turn", runtime.block_on(turns(config()?, 2_000))?);
        let folder = tempfile::tempdir()?;
        let mut kept = config()?;
        kept.journal = Some(folder.path().join("journal"));
        tell("turn_with_journal", runtime.block_on(turns(kept, 600))?);
        let mut kept = config()?;
        kept.journal = Some(folder.path().join("journal"));
        let figure = runtime.block_on(async {
            kept.memory = Some(memory(&folder.path().join("memory")).await?);
            turns(kept, 300).await
        })?;
        tell("turn_with_journal_and_lancedb", figure);
    }
    if "conversations".contains(&only) {
        let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        for at_once in [1, 4, 16, 64] {
            tell("conversations", threads.block_on(conversations(at_once))?);
        }
    }
    if "memory".contains(&only) {
        tell("resident_memory", runtime.block_on(resident())?);
    }
    Ok(())
}

/// A model that answers at once and keeps nothing: a tool call, then an answer to its result.
#[derive(Debug)]
struct AtOnce;

#[async_trait]
impl ChatModel for AtOnce {
    fn id(&self) -> &str {
        "at-once"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { native_tools: true, json_schema: false }
    }

    async fn stream(&self, request: Request) -> Result<DeltaStream, ModelError> {
        let told = request.messages.last().is_some_and(|message| message.speaker == Speaker::Tool);
        let deltas = if told {
            let words = ["The dot ", "product ", "is 32."];
            let mut deltas: Vec<_> = words.iter().map(|word| Ok(Delta::Text((*word).to_owned()))).collect();
            deltas.push(Ok(Delta::Finish(FinishReason::Stop)));
            deltas
        } else {
            let (id, name) = (Some("call_1".to_owned()), Some("vector_dot".to_owned()));
            let arguments = r#"{"a": [1, 2, 3], "b": [4, 5, 6]}"#.to_owned();
            vec![Ok(Delta::ToolCall { index: 0, id, name, arguments }), Ok(Delta::Finish(FinishReason::ToolCalls))]
        };
        Ok(futures::stream::iter(deltas).boxed())
    }
}

fn config() -> Result<Config, Trouble> {
    let mut config = Config::new(Arc::new(AtOnce));
    config.catalogue = Catalogue::standard()?;
    // With a memory, too, the model decides when to search.
    config.rag = Rag::Agentic;
    Ok(config)
}

async fn memory(folder: &Path) -> Result<Memory, Trouble> {
    Ok(Memory::open(folder, Arc::new(HashEmbedder::new(384)), Arc::new(Timestamp::now)).await?)
}

async fn turn(table: &Table) -> Result<(), Trouble> {
    let session = table.open(None).await?;
    let answer = session.ask(QUESTION).await?.answer().await?;
    session.settled().await;
    if answer.text == "The dot product is 32." { Ok(()) } else { Err(format!("wrong: {}", answer.text).into()) }
}

/// A whole turn, each in a conversation of its own: until the answer is there, kept episodes not waited for.
async fn turns(config: Config, count: usize) -> Result<Value, Trouble> {
    let table = Table::start(config).await?;
    for _ in 0..50 {
        turn(&table).await?;
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let session = table.open(None).await?;
        let answer = session.ask(QUESTION).await?.answer().await?;
        times.push(start.elapsed());
        if answer.text != "The dot product is 32." {
            return Err(format!("wrong: {}", answer.text).into());
        }
    }
    Ok(quantiles(times))
}

fn quantiles(mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    json!({"p50_us": at(0.5), "p99_us": at(0.99), "count": times.len()})
}

async fn conversations(at_once: usize) -> Result<Value, Trouble> {
    let total = 1_024;
    let table = Arc::new(Table::start(config()?).await?);
    let start = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let table = table.clone();
            tokio::spawn(async move {
                for _ in 0..total / at_once {
                    turn(&table).await?;
                }
                Ok::<(), Trouble>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(json!({"at_once": at_once, "turns_per_second": total as f64 / start.elapsed().as_secs_f64()}))
}

/// Resident memory over a thousand turns of one conversation's life each: it must not grow.
async fn resident() -> Result<Value, Trouble> {
    let table = Table::start(config()?).await?;
    for _ in 0..200 {
        turn(&table).await?;
    }
    let before = resident_kb()?;
    for _ in 0..1_000 {
        turn(&table).await?;
    }
    let after = resident_kb()?;
    Ok(json!({"after_200_turns_kb": before, "after_1200_turns_kb": after, "growth_kb": after as i64 - before as i64}))
}

fn resident_kb() -> Result<u64, Trouble> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}

/// A round trip over a plain channel between two tasks.
async fn channel() -> f64 {
    let (to, mut from) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
    let echo = tokio::spawn(async move {
        while let Some(reply) = from.recv().await {
            reply.send(()).unwrap_or(());
        }
    });
    let count = 20_000;
    let start = Instant::now();
    for _ in 0..count {
        let (reply, answer) = oneshot::channel();
        if to.send(reply).is_err() || answer.await.is_err() {
            break;
        }
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(count);
    echo.abort();
    each
}

/// A role that answers at once.
struct Echo;

enum Ping {
    Ping(Reply<()>),
}

impl Role for Echo {
    const ROLE: RoleName = RoleName::Planner;
    type Message = Ping;

    fn name(_: &Ping) -> &'static str {
        "ping"
    }

    async fn handle(&mut self, message: Ping) {
        let Ping::Ping(reply) = message;
        answer(reply, Ok(()));
    }
}

/// A bare ractor actor that answers at once.
struct Bare;

#[async_trait]
impl Actor for Bare {
    type Msg = oneshot::Sender<()>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Self::Msg>, reply: Self::Msg, (): &mut ()) -> Result<(), ActorProcessingErr> {
        reply.send(()).unwrap_or(());
        Ok(())
    }
}

/// A question to a role and its answer, through seat, mailbox and watchdog; beside it a bare actor of the same library.
async fn hop() -> Result<Value, Trouble> {
    let count = 20_000;
    let (bare, _) = Actor::spawn(None, Bare, ()).await?;
    let start = Instant::now();
    for _ in 0..count {
        let (reply, answer) = oneshot::channel();
        bare.send_message(reply)?;
        answer.await?;
    }
    let plain = start.elapsed().as_secs_f64() * 1e6 / f64::from(count);
    let seat = Seat::new(RoleName::Planner, 64);
    let watch = Watch { probe: Arc::new(Calm), limit: Duration::from_secs(5) };
    let (actor, _) = Actor::spawn(None, Shell::<Echo>::default(), (Echo, watch)).await?;
    seat.take(actor);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(600);
    let start = Instant::now();
    for _ in 0..count {
        seat.ask(deadline, "ping", Ping::Ping).await?;
    }
    let ours = start.elapsed().as_secs_f64() * 1e6 / f64::from(count);
    Ok(json!({"us": ours, "bare_actor_us": plain}))
}

/// One door on a kilobyte of plain text.
fn of_door(door: Door) -> Value {
    let doors = Doors::standard();
    let text =
        "The wing was tested at three speeds, and the lift grew with the angle of attack until the flow broke away. "
            .repeat(10);
    for _ in 0..20 {
        black_box(doors.screen(door, &text));
    }
    let count = 2_000;
    let start = Instant::now();
    for _ in 0..count {
        black_box(doors.screen(door, black_box(&text)));
    }
    let us = start.elapsed().as_secs_f64() * 1e6 / f64::from(count);
    json!({"door": door.name(), "bytes": text.len(), "us": us})
}
