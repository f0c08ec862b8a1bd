//! The notebook shows what its code gives: the cells are run here again, in their order and in one process, and what they
//! print and draw is compared with the outputs that the notebook holds.
//!
//! `build.rs` makes the function `run` of the cells. The notebook's first cell has the command that executes it anew, and
//! `ROUNDTABLE_WRITE_NOTES=1 cargo test --workspace --test notebook` writes its tables anew from the golden cases.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use roundtable_tests::same_picture;
use serde_json::Value;

const BEGIN: &str = "EVCXR_BEGIN_CONTENT image/svg+xml\n";
const END: &str = "\nEVCXR_END_CONTENT\n";

fn notes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../notes")
}

mod cells {
    //! The notebook's code, with what it prints kept instead of shown.
    #![allow(unused, missing_docs, clippy::all)]

    use std::cell::RefCell;

    thread_local! {
        static PRINTED: RefCell<String> = const { RefCell::new(String::new()) };
    }

    fn printed() -> String {
        PRINTED.take()
    }

    fn print(text: &str) {
        PRINTED.with_borrow_mut(|printed| printed.push_str(text));
    }

    macro_rules! print {
        ($($piece:tt)*) => { print(&format!($($piece)*)) };
    }
    macro_rules! println {
        ($($piece:tt)*) => { print(&(format!($($piece)*) + "\n")) };
    }

    include!(concat!(env!("OUT_DIR"), "/classical_ml.rs"));

    pub fn outputs() -> Result<Vec<String>, Box<dyn std::error::Error>> {
        run()
    }
}

/// The code cells, as the notebook file has them.
fn kept() -> Vec<Value> {
    let text = fs::read_to_string(notes().join("classical_ml.ipynb")).expect("the notebook is there");
    let notebook: Value = serde_json::from_str(&text).expect("a notebook is JSON");
    let cells = notebook["cells"].as_array().expect("a notebook has cells");
    cells.iter().filter(|cell| cell["cell_type"] == "code").cloned().collect()
}

/// A text that the format allows to be cut into lines.
fn whole(text: &Value) -> String {
    match text {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// What a cell shows: its text without the pictures, and the pictures.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    pictures: Vec<String>,
}

impl Shown {
    /// Of what a cell printed, where the kernel sees a picture between two lines.
    fn printed(printed: &str) -> Shown {
        let mut shown = Shown::default();
        for (i, piece) in printed.split(BEGIN).enumerate() {
            let (picture, text) = if i > 0 { piece.split_once(END).expect("a picture ends") } else { ("", piece) };
            shown.pictures.extend((i > 0).then(|| picture.to_owned()));
            shown.text.push_str(text);
        }
        shown
    }

    /// Of the outputs in the notebook.
    fn kept(cell: &Value) -> Shown {
        let mut shown = Shown::default();
        for output in cell["outputs"].as_array().expect("a code cell has outputs") {
            match output["output_type"].as_str() {
                Some("stream") if output["name"] == "stdout" => shown.text.push_str(&whole(&output["text"])),
                // What the kernel answers to a line of its own.
                Some("execute_result") if whole(&output["data"]["text/plain"]).starts_with("Optimization: ") => {}
                Some("display_data" | "execute_result") => {
                    let picture = whole(&output["data"]["image/svg+xml"]);
                    assert!(picture.starts_with("<svg"), "a cell shows something that is not a picture: {output}");
                    shown.pictures.push(picture);
                }
                _ => panic!("neither text nor a picture: {output}"),
            }
        }
        shown
    }
}

/// Whether two texts say the same. Machines add in different orders, so that a last decimal may differ by one.
fn same_text(one: &str, other: &str) -> bool {
    let decimals = |word: &str| word.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let same = |one: &str, other: &str| match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(a), Ok(b)) if decimals(one) > 0 && decimals(one) == decimals(other) => {
            (a - b).abs() < 1.5 * 0.1_f64.powf(decimals(one) as f64)
        }
        _ => one == other,
    };
    let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    let (one, other) = (lines(one), lines(other));
    one.len() == other.len()
        && one.iter().zip(&other).all(|(one, other)| {
            let (one, other): (Vec<_>, Vec<_>) = (one.split_whitespace().collect(), other.split_whitespace().collect());
            one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| same(one, other))
        })
}

#[test]
fn every_cell_was_executed_once_and_in_order() {
    let cells = kept();
    assert!((12..=20).contains(&cells.len()), "{} code cells", cells.len());
    // The kernel counts its own start too.
    let first = cells[0]["execution_count"].as_u64().expect("the first cell was executed");
    assert!(first <= 2, "the kernel had run {first} cells before");
    for (count, cell) in (first..).zip(&cells) {
        assert_eq!(cell["execution_count"], count, "{}", whole(&cell["source"]));
        assert!(cell["metadata"]["execution"].is_null(), "the time of an execution changes with every execution");
    }
}

#[test]
fn the_outputs_are_what_the_code_gives() {
    // Where the kernel runs.
    env::set_current_dir(notes()).expect("the notes are there");
    let printed = cells::outputs().expect("the cells run");
    let cells = kept();
    assert_eq!(printed.len(), cells.len());
    let mut pictures = 0;
    for (i, (printed, cell)) in printed.iter().zip(&cells).enumerate() {
        let (now, kept) = (Shown::printed(printed), Shown::kept(cell));
        assert!(same_text(&now.text, &kept.text), "cell {} gives\n{}\nand not\n{}", i + 1, now.text, kept.text);
        assert_eq!(now.pictures.len(), kept.pictures.len(), "pictures of cell {}", i + 1);
        for (now, kept) in now.pictures.iter().zip(&kept.pictures) {
            assert!(same_picture(now, kept), "cell {} draws\n{now}\nand not\n{kept}", i + 1);
            pictures += 1;
        }
    }
    assert!(pictures >= 4, "only {pictures} pictures");
}

/// The numbers with decimals in a text.
fn decimals(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .filter(|word| word.split_once('.').is_some_and(|(_, decimals)| !decimals.contains('.')))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_text_says_the_numbers_that_the_outputs_show() {
    let text = fs::read_to_string(notes().join("classical_ml.ipynb")).expect("the notebook is there");
    let notebook: Value = serde_json::from_str(&text).expect("a notebook is JSON");
    let (mut shown, mut said) = (BTreeSet::new(), 0);
    for cell in notebook["cells"].as_array().expect("a notebook has cells") {
        let source = whole(&cell["source"]);
        match cell["cell_type"].as_str() {
            Some("code") => {
                shown.append(&mut decimals(&source));
                shown.append(&mut decimals(&Shown::kept(cell).text));
            }
            // Before anything is computed there are only versions and the like.
            _ if shown.is_empty() => {}
            _ => {
                for number in decimals(&source) {
                    assert!(shown.contains(&number), "no output before it shows {number}: {source}");
                    said += 1;
                }
            }
        }
    }
    assert!(said > 20, "the text speaks of {said} numbers only");
}

/// A table of the notebook: the name of its file and of its data in the golden cases, its columns, and the last of them.
struct Table {
    name: &'static str,
    columns: &'static str,
    target: fn(&Value) -> Value,
}

const TABLES: [Table; 4] = [
    Table { name: "iris", columns: "sepal_length,sepal_width,petal_length,petal_width,species", target: Value::clone },
    Table {
        name: "wine",
        columns: "alcohol,malic_acid,ash,alcalinity_of_ash,magnesium,total_phenols,flavanoids,nonflavanoid_phenols,\
                  proanthocyanins,color_intensity,hue,od280_od315,proline,cultivar",
        target: Value::clone,
    },
    Table {
        name: "breast_cancer",
        columns: "mean_radius,mean_texture,mean_perimeter,mean_area,mean_smoothness,mean_compactness,mean_concavity,\
                  mean_concave_points,mean_symmetry,mean_fractal_dimension,se_radius,se_texture,se_perimeter,se_area,\
                  se_smoothness,se_compactness,se_concavity,se_concave_points,se_symmetry,se_fractal_dimension,\
                  worst_radius,worst_texture,worst_perimeter,worst_area,worst_smoothness,worst_compactness,\
                  worst_concavity,worst_concave_points,worst_symmetry,worst_fractal_dimension,malignant",
        // There 0 is malignant; what a test looks for is usually 1.
        target: |benign| Value::from(u8::from(benign == 0)),
    },
    Table { name: "diabetes", columns: "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6,progression", target: Value::clone },
];

impl Table {
    /// Its rows as the golden cases have them: those to train on, then those to test on if their targets are known.
    fn csv(&self, golden: &Value) -> String {
        let data = |part: &str| {
            let values = golden["datasets"][format!("{}_{part}", self.name)].as_array();
            values.expect("the data are in the golden cases").clone()
        };
        let mut rows = data("X");
        let mut targets = data("y");
        let cases = golden["cases"].as_array().expect("a list of cases");
        if let Some(case) = cases.iter().find(|case| case["name"] == format!("tree_full_{}", self.name)) {
            rows.extend(data("Xt"));
            let known = case["expected"]["predictions"]["$score"]["y_true"].as_array();
            targets.extend(known.expect("the classes of the rows to test on").iter().cloned());
        }
        assert_eq!(rows.len(), targets.len(), "{}", self.name);
        let mut text = format!("{}\n", self.columns);
        for (row, target) in rows.iter().zip(&targets) {
            let row = row.as_array().expect("a row is a list");
            let cells: Vec<String> =
                row.iter().cloned().chain([(self.target)(target)]).map(|c| c.to_string()).collect();
            assert_eq!(cells.len(), self.columns.split(',').count(), "{}", self.name);
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    }
}

#[test]
fn the_tables_are_those_of_the_golden_cases() {
    let golden = notes().join("../tools/tests/golden/trees.json");
    let golden: Value =
        serde_json::from_str(&fs::read_to_string(golden).expect("the golden cases are there")).expect("JSON");
    for table in TABLES {
        let file = notes().join(format!("data/{}.csv", table.name));
        if env::var_os("ROUNDTABLE_WRITE_NOTES").is_some() {
            fs::create_dir_all(notes().join("data")).expect("the folder can be made");
            fs::write(&file, table.csv(&golden)).expect("the table can be written");
        }
        let kept = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(kept == table.csv(&golden), "{} is not what the golden cases have", file.display());
    }
}
