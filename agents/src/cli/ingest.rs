//! `roundtable ingest`: documents in, their words first, their vectors after.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use roundtable_memory::{EmbedReport, IngestReport, Memory, Progress};
use serde::Serialize;
use serde_json::json;

use super::engine::{Engine, of_memory};
use super::failure::{Blame, Failure, Outcome, Stop};
use super::out::{Out, tell};
use super::settings::Settings;
use crate::edge::plain::one_line;
use crate::repl::render;

/// Takes in files and folders; again takes only what changed
#[derive(Args, Clone, Debug)]
pub struct Ingest {
    /// Files and folders; without any, only makes the vectors that are still missing
    paths: Vec<PathBuf>,
    /// Leave the vectors for later: documents are found by their words alone until then
    #[arg(long)]
    words_only: bool,
    /// Drop the vectors that another embedding model made, and make them anew
    #[arg(long)]
    reembed: bool,
}

/// Runs `roundtable ingest`.
pub fn run(ingest: Ingest, settings: &Settings, out: &mut Out) -> Outcome {
    let engine = Engine::new(settings.clone())?;
    let memory = if ingest.reembed { engine.memory_anew()? } else { engine.memory()? };
    engine.block_on(async {
        let began = Instant::now();
        let mut report = Report::default();
        if !ingest.paths.is_empty() {
            report.words = words(&memory, &ingest.paths, out).await?;
        }
        report.words_seconds = began.elapsed().as_secs_f64();
        if !ingest.words_only {
            report.vectors = vectors(&memory, out).await?;
        }
        report.seconds = began.elapsed().as_secs_f64();
        report.tell(!ingest.paths.is_empty(), out)
    })
}

/// Both steps, as the chat takes them.
pub async fn take_in(memory: &Memory, paths: &[PathBuf], out: &mut Out) -> Outcome {
    let began = Instant::now();
    let words = words(memory, paths, out).await?;
    let words_seconds = began.elapsed().as_secs_f64();
    let vectors = vectors(memory, out).await?;
    Report { words, words_seconds, vectors, seconds: began.elapsed().as_secs_f64() }.tell(true, out)
}

/// What an ingest did and how long it took.
#[derive(Debug, Default, Serialize)]
struct Report {
    #[serde(flatten)]
    words: IngestReport,
    /// Until everything could be found by its words.
    words_seconds: f64,
    #[serde(flatten)]
    vectors: EmbedReport,
    /// In all.
    seconds: f64,
}

impl Report {
    /// Tells what was done; being interrupted is a failure.
    fn tell(&self, with_words: bool, out: &mut Out) -> Outcome {
        if out.json {
            let mut line = serde_json::to_value(self).map_err(std::io::Error::from)?;
            line["type"] = json!("ingested");
            line["nothing_changed"] = json!(self.words.nothing_changed() && self.vectors.embedded == 0);
            out.json(&line)?;
        } else {
            out.text(&self.told(with_words, out.terminal.width))?;
        }
        if self.vectors.remaining > 0 {
            let what = format!("stopped with {} vectors missing", self.vectors.remaining);
            tell(&Failure::failed(what, "", "`roundtable ingest` goes on; search by words works already").tell());
            return Err(Stop::Told(Blame::Failed));
        }
        Ok(())
    }

    fn told(&self, with_words: bool, width: usize) -> String {
        let words = &self.words;
        let mut text = String::new();
        if with_words && words.nothing_changed() {
            let documents = render::count(words.unchanged, "document");
            text.push_str(&format!("nothing changed ({documents}, {:.1} s)\n", self.words_seconds));
        } else if with_words {
            let mut parts = vec![format!("{} new", words.added)];
            let more = [
                (words.changed, "changed"),
                (words.unchanged, "as before"),
                (words.removed, "gone"),
                (words.empty, "empty"),
            ];
            parts.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
            let (passages, seconds) = (render::count(words.chunks, "passage"), self.words_seconds);
            text.push_str(&format!("documents: {}; {passages} ({seconds:.1} s)\n", parts.join(", ")));
        }
        if self.vectors.embedded > 0 {
            let seconds = self.seconds - self.words_seconds;
            text.push_str(&format!("{} made ({seconds:.1} s)\n", render::count(self.vectors.embedded, "vector")));
        } else if !with_words && self.vectors.remaining == 0 {
            text.push_str("nothing to do: every passage has its vector\n");
        }
        if !words.quarantined.is_empty() {
            let passages = render::count(words.quarantined.len(), "passage");
            text.push_str(&format!("kept out of search, because the document door blocked it: {passages}\n"));
            for one in words.quarantined.iter().take(10) {
                text.push_str(&render::hanging("  - ", &format!("{}: {}", one.chunk, one.findings.join(", ")), width));
            }
        }
        for one in words.skipped.iter().take(20) {
            let place = one.line.map_or_else(String::new, |line| format!(", line {line}"));
            text.push_str(&render::hanging("skipped ", &format!("{}{place}: {}", one.path.display(), one.why), width));
        }
        if words.skipped.len() > 20 {
            text.push_str(&format!("… and {} more\n", words.skipped.len() - 20));
        }
        text
    }
}

/// Makes everything findable by its words. Ctrl-C stops between two batches of documents.
async fn words(memory: &Memory, paths: &[PathBuf], out: &mut Out) -> Outcome<IngestReport> {
    let mut meter = Meter::new(out);
    let interrupted = {
        let mut show = |progress| meter.show(progress);
        tokio::select! {
            done = memory.ingest(paths, &mut show) => Some(done),
            pressed = tokio::signal::ctrl_c() => {
                pressed.map_err(unheard)?;
                None
            }
        }
    };
    meter.finish()?;
    match interrupted {
        Some(done) => done.map_err(|error| of_memory("not everything was taken in", &error).into()),
        None => {
            let why = "what was written until then is kept";
            Err(Failure::failed("stopped", why, "the same command goes on where it stopped").into())
        }
    }
}

/// Makes the missing vectors. Ctrl-C stops after the batch at hand.
async fn vectors(memory: &Memory, out: &mut Out) -> Outcome<EmbedReport> {
    let mut meter = Meter::new(out);
    let cancel = Arc::new(AtomicBool::new(false));
    let done = {
        let mut show = |progress| meter.show(progress);
        let work = memory.embed_pending(&mut show, &cancel);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => break done,
                pressed = tokio::signal::ctrl_c() => {
                    pressed.map_err(unheard)?;
                    cancel.store(true, Ordering::Relaxed);
                }
            }
        }
    };
    meter.finish()?;
    done.map_err(|error| of_memory("not all vectors were made", &error).into())
}

fn unheard(error: std::io::Error) -> Failure {
    Failure::failed("cannot listen for Ctrl-C", error.to_string(), "")
}

/// Progress: a bar on a terminal, JSON lines for programs, a line now and then otherwise.
struct Meter<'a> {
    out: &'a mut Out,
    bar: Option<ProgressBar>,
    /// When the last line was written.
    told: Option<Instant>,
    /// What went wrong with writing; told at the end.
    stopped: Option<Stop>,
}

/// The least time between two lines that are no bar.
const PAUSE: Duration = Duration::from_millis(500);

impl<'a> Meter<'a> {
    fn new(out: &'a mut Out) -> Self {
        Self { out, bar: None, told: None, stopped: None }
    }

    fn show(&mut self, progress: Progress) {
        if self.out.terminal.errors && !self.out.json {
            return self.draw(&progress);
        }
        let last = match &progress {
            Progress::Embedding { done, total } => done == total,
            Progress::Indexed { .. } => true,
            Progress::Reading { .. } => false,
        };
        if !last && self.told.is_some_and(|told| told.elapsed() < PAUSE) {
            return;
        }
        self.told = Some(Instant::now());
        if !self.out.json {
            return tell(&format!("{}\n", said(&progress)));
        }
        let line = match &progress {
            Progress::Reading { path, file, files } => {
                json!({"type": "progress", "step": "reading", "path": path, "file": file, "files": files})
            }
            Progress::Indexed { documents } => json!({"type": "progress", "step": "indexed", "documents": documents}),
            Progress::Embedding { done, total } => {
                json!({"type": "progress", "step": "embedding", "done": done, "total": total})
            }
        };
        if let Err(stop) = self.out.json(&line) {
            self.stopped = Some(stop);
        }
    }

    fn draw(&mut self, progress: &Progress) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style(false));
            bar
        });
        if let Progress::Embedding { done, total } = progress {
            if bar.length().is_none() {
                bar.set_length(*total as u64);
                bar.set_style(style(true));
            }
            bar.set_position(*done as u64);
        }
        bar.set_message(said(progress));
        bar.tick();
    }

    fn finish(self) -> Outcome {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.stopped.map_or(Ok(()), Err)
    }
}

fn style(counted: bool) -> ProgressStyle {
    let template = if counted { "{wide_bar} {msg} {eta}" } else { "{spinner} {msg}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn said(progress: &Progress) -> String {
    match progress {
        Progress::Reading { path, file, files } => {
            format!("reading {} ({file} of {files})", one_line(&path.display().to_string()))
        }
        Progress::Indexed { documents } => format!("{} found by words", render::count(*documents, "document")),
        Progress::Embedding { done, total } => format!("{done} of {total} vectors"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_new_is_said_so() {
        let report = Report { words: IngestReport { unchanged: 7, ..Default::default() }, ..Default::default() };
        assert_eq!(report.told(true, 80), "nothing changed (7 documents, 0.0 s)\n");
        let report = Report { words: IngestReport { unchanged: 1, ..Default::default() }, ..Default::default() };
        assert_eq!(report.told(true, 80), "nothing changed (1 document, 0.0 s)\n");
        assert_eq!(Report::default().told(false, 80), "nothing to do: every passage has its vector\n");
    }

    #[test]
    fn what_was_done_in_one_line() {
        let words = IngestReport { added: 3, removed: 1, chunks: 9, ..Default::default() };
        let vectors = EmbedReport { embedded: 9, remaining: 0 };
        let report = Report { words, words_seconds: 0.5, vectors, seconds: 2.0 };
        assert_eq!(report.told(true, 80), "documents: 3 new, 1 gone; 9 passages (0.5 s)\n9 vectors made (1.5 s)\n");
    }
}
