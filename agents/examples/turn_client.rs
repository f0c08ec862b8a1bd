//! A client that runs one small turn again and again against a scripted chat server, and tells what a turn costs: the model asks
//! for `vector_dot`, the table runs it, the model answers. Streaming, with doors, schema checks and critic, as in any turn.
//!
//! ```text
//! cargo run --release --example turn_client -- --base-url http://127.0.0.1:9000/v1 --concurrency 1 --warmup 20 --turns 300
//! ```
//!
//! Prints `FIRST_TURN` after the first turn, then a warm-up and the timed turns, and one JSON line:
//! `{"turns", "tool_calls", "wall_s", "cpu_s", "peak_rss_kb", "latencies_us"}`. With `--journal DIR` each conversation is journalled,
//! with `--memory DIR` the table has a memory in LanceDB and keeps every turn in it; `--turns 0` stops after the first turn.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use cpu_time::ProcessTime;
use jiff::Timestamp;
use roundtable::model::Capabilities;
use roundtable::model::openai::{OpenAi, Settings};
use roundtable::table::{Config, Rag, Table};
use roundtable_memory::{Memory, MiniLm};
use roundtable_tools::{CallContext, Catalogue, Effect, Tool, vectors};
use serde_json::json;

type Trouble = Box<dyn Error + Send + Sync>;

const QUESTION: &str = "What is the dot product of [1,2,3] and [4,5,6]?";
const ANSWER: &str = "The dot product is 32.";

/// How often the tool ran, so that a skipped one is noticed.
static TOOL_CALLS: AtomicU64 = AtomicU64::new(0);

#[derive(Parser, Clone)]
struct Args {
    /// The server, with its `/v1`
    #[arg(long)]
    base_url: String,
    /// Turns under way at once
    #[arg(long, default_value_t = 1)]
    concurrency: usize,
    /// Turns before the clock runs
    #[arg(long, default_value_t = 20)]
    warmup: usize,
    /// Timed turns
    #[arg(long, default_value_t = 300)]
    turns: usize,
    /// The model's name
    #[arg(long, default_value = "mock-model")]
    model: String,
    /// Journal every conversation into this folder
    #[arg(long)]
    journal: Option<PathBuf>,
    /// Keep every turn in a memory in this folder
    #[arg(long)]
    memory: Option<PathBuf>,
}

fn main() -> Result<(), Trouble> {
    let args = Args::parse();
    let runtime = if args.concurrency > 1 {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?
    } else {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?
    };
    runtime.block_on(bench(args))
}

async fn bench(args: Args) -> Result<(), Trouble> {
    let counted = Tool::custom("vector_dot", Effect::Pure, |args: &vectors::vector_dot::Args, _: &CallContext| {
        TOOL_CALLS.fetch_add(1, Ordering::Relaxed);
        vectors::vector_dot::run(args)
    });
    let capabilities = Capabilities { native_tools: true, json_schema: false };
    let (base_url, model) = (args.base_url.clone(), args.model.clone());
    let model = OpenAi::new(Settings { base_url, model, key: String::new(), capabilities })?;
    let mut config = Config::new(Arc::new(model));
    config.catalogue = Catalogue::empty().with(counted.quick())?;
    config.rag = Rag::Agentic;
    config.journal = args.journal.clone();
    if let Some(folder) = &args.memory {
        config.memory = Some(Memory::open(folder, Arc::new(MiniLm::new()), Arc::new(Timestamp::now)).await?);
    }
    let table = Arc::new(Table::start(config).await?);

    turn(&table).await?;
    println!("FIRST_TURN");
    std::io::stdout().flush()?;
    if args.turns == 0 {
        return Ok(());
    }
    spread(&table, args.concurrency, args.warmup).await?;
    let (tools, cpu, start) = (TOOL_CALLS.load(Ordering::Relaxed), ProcessTime::now(), Instant::now());
    let latencies = spread(&table, args.concurrency, args.turns).await?;
    println!(
        "{}",
        json!({
            "turns": args.turns,
            "tool_calls": TOOL_CALLS.load(Ordering::Relaxed) - tools,
            "wall_s": start.elapsed().as_secs_f64(),
            "cpu_s": cpu.elapsed().as_secs_f64(),
            "peak_rss_kb": peak_rss_kb()?,
            "latencies_us": latencies,
        })
    );
    Ok(())
}

/// One turn in a conversation of its own.
async fn turn(table: &Table) -> Result<(), Trouble> {
    let session = table.open(None).await?;
    let answer = session.ask(QUESTION).await?.answer().await?;
    if answer.text == ANSWER && answer.degraded.is_empty() { Ok(()) } else { Err(format!("wrong: {answer:?}").into()) }
}

/// `count` turns shared out over `concurrency` tasks; each turn's microseconds.
async fn spread(table: &Arc<Table>, concurrency: usize, count: usize) -> Result<Vec<f64>, Trouble> {
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..concurrency)
        .map(|_| {
            let (table, next) = (table.clone(), next.clone());
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    let start = Instant::now();
                    turn(&table).await?;
                    mine.push(start.elapsed().as_secs_f64() * 1e6);
                }
                Ok::<_, Trouble>(mine)
            })
        })
        .collect();
    let mut latencies = Vec::with_capacity(count);
    for task in tasks {
        latencies.extend(task.await??);
    }
    Ok(latencies)
}

/// The most memory that this process ever held.
fn peak_rss_kb() -> Result<u64, Trouble> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}
