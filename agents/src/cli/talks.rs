//! The earlier conversations, as a person picks one: by id, day and first question.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::failure::{Failure, Outcome};
use crate::causes::chain;
use crate::journal::{self, Line};
use crate::repl::render;
use crate::turn::Happened;

/// A conversation that can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// Its id, which `--resume` takes.
    pub id: String,
    /// What was asked first.
    pub first: String,
}

/// The conversations whose journals are in `folder`, newest first, at most `most`. One in which nothing was asked is passed over.
pub fn latest(folder: &Path, most: usize) -> Outcome<Vec<Talk>> {
    let ids = journal::sessions(folder).map_err(|error| {
        let next = "check the permissions of the folder";
        Failure::failed("the conversations cannot be listed", chain(&error), next)
    })?;
    let talks = ids.into_iter().filter_map(|id| {
        let first = first_question(&folder.join(format!("{id}.jsonl")))?;
        Some(Talk { id, first })
    });
    Ok(talks.take(most).collect())
}

/// What stands in the first line after the header, if it is a question.
fn first_question(journal: &Path) -> Option<String> {
    let line = BufReader::new(File::open(journal).ok()?).lines().nth(1)?.ok()?;
    match serde_json::from_str::<Line>(&line).ok()?.happened {
        Happened::Asked { text, .. } => Some(text),
        _ => None,
    }
}

/// The list for people.
pub fn told(talks: &[Talk], width: usize) -> String {
    if talks.is_empty() {
        return "there is no earlier conversation\n".to_owned();
    }
    let rows: Vec<Vec<String>> = talks.iter().map(|talk| vec![talk.id.clone(), talk.first.clone()]).collect();
    render::table(&rows, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_question_tells_conversations_apart() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(latest(folder.path(), 9).expect("an empty folder"), []);
        let write = |id: &str, lines: &str| {
            let header = format!("{{\"session\":\"{id}\",\"format\":1,\"at\":\"2026-01-02T03:04:05Z\"}}\n");
            std::fs::write(folder.path().join(format!("{id}.jsonl")), header + lines).expect("a fresh folder");
        };
        write("silent", "");
        let asked = r#"{"at":"2026-01-02T03:04:05Z","turn":"t1","kind":"asked","text":"what is a well?"}"#;
        write("wells", &format!("{asked}\n"));
        let talks = latest(folder.path(), 9).expect("two journals");
        assert_eq!(talks, [Talk { id: "wells".into(), first: "what is a well?".into() }]);
        assert_eq!(told(&talks, 80), "wells  what is a well?\n");
    }
}
