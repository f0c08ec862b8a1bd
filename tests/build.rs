//! Makes a function of the notebook's cells, so that `tests/notebook.rs` can run them as they stand.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;

const NOTEBOOK: &str = "../notes/classical_ml.ipynb";

fn main() {
    println!("cargo::rerun-if-changed={NOTEBOOK}");
    let text = fs::read_to_string(NOTEBOOK).expect("the notebook can be read");
    let notebook: Value = serde_json::from_str(&text).expect("a notebook is JSON");
    let mut run =
        String::from("fn run() -> Result<Vec<String>, Box<dyn std::error::Error>> {\nlet mut cells = vec![];\n");
    for cell in notebook["cells"].as_array().into_iter().flatten().filter(|cell| cell["cell_type"] == "code") {
        let lines = cell["source"].as_array().into_iter().flatten().filter_map(Value::as_str);
        // A line that begins with a colon is for the kernel.
        lines.filter(|line| !line.starts_with(':')).for_each(|line| run.push_str(line));
        writeln!(run, "\ncells.push(printed());").expect("a text can be written to");
    }
    run.push_str("Ok(cells)\n}\n");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    fs::write(folder.join("classical_ml.rs"), run).expect("the cells can be written");
}
