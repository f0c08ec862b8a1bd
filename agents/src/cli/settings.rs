//! The options that every command takes, and the folders that follow from them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use etcetera::BaseStrategy;

use super::failure::{Failure, Outcome};
use crate::model::choose::{Environment, Provider};
use crate::table;

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Settings {
    /// The folder where memory, journals, history and pictures are kept
    #[arg(long, global = true, value_name = "DIR", env = "ROUNDTABLE_DATA_DIR", value_parser = data_dir)]
    pub data_dir: Option<PathBuf>,

    /// Who answers: auto (what the environment offers, else offline), offline, openai, ollama, or scripted:FILE
    #[arg(long, global = true, default_value = "auto", env = "ROUNDTABLE_PROVIDER")]
    pub provider: Provider,

    /// The model's name at its provider
    #[arg(long, global = true, value_name = "NAME", env = "ROUNDTABLE_MODEL")]
    pub model: Option<String>,

    /// The model server's address (OpenAI-compatible or Ollama)
    #[arg(long, global = true, value_name = "URL", env = "ROUNDTABLE_BASE_URL")]
    pub base_url: Option<String>,

    /// Who makes vectors, instead of the built-in model: openai/NAME or ollama/NAME
    #[arg(long, global = true, value_name = "MODEL", env = "ROUNDTABLE_EMBEDDER")]
    pub embedder: Option<String>,

    /// Write only JSON lines to stdout
    #[arg(long, global = true)]
    pub json: bool,

    /// How passages are gathered for an answer
    #[arg(long, global = true, value_enum, default_value_t = Rag::MultiStage)]
    pub rag: Rag,

    /// How passages are put in order: by words for an answer, and by none for `search`, unless this says otherwise
    #[arg(long, global = true, value_enum)]
    pub rerank: Option<Rerank>,

    /// The seed of everything that draws lots
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,

    /// How long a turn may take, such as `90`, `30s`, `500ms` or `2m`
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,
}

/// How passages are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rag {
    /// One search, as asked
    Naive,
    /// Search wide, rerank, keep the best
    MultiStage,
    /// Search again while it brings something new
    Agentic,
    /// Split the question and answer its parts
    Recursive,
}

/// How passages are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rerank {
    /// As the search found them
    None,
    /// By how closely their words answer the question's
    Words,
}

impl From<Rag> for table::Rag {
    fn from(rag: Rag) -> Self {
        match rag {
            Rag::Naive => table::Rag::Naive,
            Rag::MultiStage => table::Rag::MultiStage,
            Rag::Agentic => table::Rag::Agentic,
            Rag::Recursive => table::Rag::Recursive,
        }
    }
}

impl From<table::Rag> for Rag {
    fn from(rag: table::Rag) -> Self {
        match rag {
            table::Rag::Naive => Rag::Naive,
            table::Rag::MultiStage => Rag::MultiStage,
            table::Rag::Agentic => Rag::Agentic,
            table::Rag::Recursive => Rag::Recursive,
        }
    }
}

impl From<Rerank> for table::Rerank {
    fn from(rerank: Rerank) -> Self {
        match rerank {
            Rerank::None => table::Rerank::None,
            Rerank::Words => table::Rerank::Words,
        }
    }
}

/// Reads a folder's path; an object store is told apart, because a folder named `s3:` is hardly what was meant.
fn data_dir(text: &str) -> Result<PathBuf, String> {
    match text {
        "" => Err("the path is empty".to_owned()),
        uri if uri.contains("://") => Err(format!("`{uri}` is an address; give a folder on this machine")),
        path => Ok(PathBuf::from(path)),
    }
}

/// Reads `90`, `30s`, `500ms`, `2m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("`{other}` is no unit of time: use `ms`, `s`, `m` or `h`")),
    };
    let number: f64 = digits.parse().map_err(|_| format!("`{digits}` is not a number"))?;
    match Duration::try_from_secs_f64(number * unit) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("a time must be more than zero and not endless".to_owned()),
    }
}

impl Settings {
    /// The data folder.
    pub fn folder(&self) -> Outcome<PathBuf> {
        if let Some(folder) = &self.data_dir {
            return Ok(folder.clone());
        }
        let base = etcetera::choose_base_strategy().map_err(|error| {
            let next = "set `--data-dir` or the environment variable HOME";
            Failure::failed("cannot find the data folder", error.to_string(), next)
        })?;
        Ok(base.data_dir().join("roundtable"))
    }

    /// Where the memory is.
    pub fn memory(&self) -> Outcome<PathBuf> {
        Ok(self.folder()?.join("memory"))
    }

    /// What the environment says about models; what was given as an option goes before it.
    pub fn environment(&self) -> Environment {
        let environment = Environment::read(|name| match &self.embedder {
            Some(embedder) if name == "ROUNDTABLE_EMBEDDER" => Some(embedder.clone()),
            _ => std::env::var(name).ok(),
        });
        match &self.base_url {
            Some(url) => environment.with_base_url(url),
            None => environment,
        }
    }

    /// Where journals are.
    pub fn journal(&self) -> Outcome<PathBuf> {
        Ok(self.folder()?.join("journal"))
    }

    /// Where pictures are saved.
    pub fn pictures(&self) -> Outcome<PathBuf> {
        Ok(self.folder()?.join("pictures"))
    }

    /// The file with what was typed.
    pub fn history(&self) -> Outcome<PathBuf> {
        Ok(self.folder()?.join("history.txt"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let check = |text: &str, millis: u64| assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        check("90", 90_000);
        check("30s", 30_000);
        check("500ms", 500);
        check("1.5m", 90_000);
        for bad in ["", "s", "0", "-1", "5 parsecs", "1e99h", "nan"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_data_folder_is_a_folder() {
        assert_eq!(data_dir("/home/me/data"), Ok(PathBuf::from("/home/me/data")));
        assert!(data_dir("s3://bucket/path").is_err_and(|why| why.contains("a folder on this machine")));
        assert!(data_dir("").is_err());
    }
}
