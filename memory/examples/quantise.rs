//! Quantises a sentence encoder's weights: `cargo run -p roundtable-memory --release --example quantise -- IN OUT`.
//!
//! IN is the `model.safetensors` of all-MiniLM-L6-v2 as its authors publish it; OUT is what this crate embeds.

use std::path::Path;
use std::process::ExitCode;

use roundtable_memory::embed::quantise::quantise;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = &arguments[..] else {
        eprintln!("usage: quantise IN.safetensors OUT.safetensors");
        return ExitCode::from(2);
    };
    match quantise(Path::new(input), Path::new(output)) {
        Ok(report) => {
            println!(
                "{} matrices are int8 now; {} bytes became {}",
                report.matrices, report.bytes_before, report.bytes_after
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot quantise `{input}`: {error}");
            ExitCode::FAILURE
        }
    }
}
