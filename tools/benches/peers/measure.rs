//! Times a workload and tells what it took of the machine.

use std::time::Instant;

use cpu_time::ProcessTime;
use serde_json::{Value, json};

use crate::workload::{Folder, Metrics, Outcome, Workload};

/// The clock of timings inside metrics: CPU seconds of the process at one thread, wall clock otherwise.
#[derive(Clone, Copy)]
pub struct Clock {
    threads: usize,
}

impl Clock {
    /// How long something took, in seconds.
    pub fn time<R>(self, work: impl FnOnce() -> R) -> (R, f64) {
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        let result = work();
        let wall = wall.elapsed().as_secs_f64();
        (result, if self.threads == 1 { cpu_seconds() - cpu } else { wall })
    }
}

/// No further repeat starts once this many CPU seconds a thread are spent.
const BUDGET: f64 = 60.0;

/// Loads a workload, runs it a few times and scores the last result.
pub fn measure<W: Workload>(folder: &Folder, threads: usize, runs: usize) -> Outcome<Metrics> {
    let workload = W::load(folder)?;
    let loaded = memory("VmRSS");
    let (mut walls, mut cpus, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
    let mut output = None;
    while walls.len() < runs && cpus.iter().sum::<f64>() < BUDGET * threads as f64 {
        // Freed before the clock starts, so that a result does not stand beside the next.
        drop(output.take());
        let (wall, cpu, machine) = (Instant::now(), cpu_seconds(), machine_seconds());
        let result = workload.run()?;
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        let machine = machine_seconds().zip(machine).map(|(after, before)| after - before);
        output = Some(result);
        walls.push(wall);
        cpus.push(cpu);
        // The machine counts in hundredths of a second: nothing to see in short runs.
        foreign.extend(machine.filter(|_| wall > 0.2).map(|machine| ((machine - cpu) / wall).max(0.0)));
    }
    let peak = memory("VmHWM");
    let output = output.ok_or("no runs")?;
    let metrics = workload.score(output, Clock { threads })?;
    let fields = json!({
        "seconds": median(&walls), "seconds_min": walls.iter().copied().reduce(f64::min), "cpu_seconds": median(&cpus),
        "runs": walls.len(), "foreign_cpu": median(&foreign), "rss_loaded_mb": loaded, "rss_peak_mb": peak,
        "metrics": metrics,
    });
    match fields {
        Value::Object(fields) => Ok(fields),
        _ => Ok(Metrics::new()),
    }
}

fn median(numbers: &[f64]) -> Option<f64> {
    let mut numbers = numbers.to_vec();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

/// CPU seconds of all threads of this process.
fn cpu_seconds() -> f64 {
    ProcessTime::now().as_duration().as_secs_f64()
}

/// Seconds that all processes worked, on all cores.
fn machine_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<f64> = text.lines().next()?.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
    // Without idle, waiting for a disk, and time taken by other virtual machines; the kernel counts in 1/100 s.
    let busy = ticks.iter().enumerate().filter(|(i, _)| ![3, 4, 7].contains(i)).map(|(_, ticks)| ticks).sum::<f64>();
    Some(busy / 100.0)
}

/// A line of /proc/self/status, in megabytes.
fn memory(key: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some((kilobytes / 102.4).round() / 10.0)
}
