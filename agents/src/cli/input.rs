//! What a command reads: a file, stdin for `-`, line by line or whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::failure::{Failure, Outcome};

/// The largest text that is read whole.
const LARGEST: u64 = 64 << 20;

/// A file, or stdin for `-`.
pub fn open(name: &str) -> Outcome<Box<dyn BufRead>> {
    if name == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(name).map_err(|error| unreadable(name, &error))?;
    Ok(Box::new(BufReader::new(file)))
}

/// The whole text.
pub fn whole(name: &str) -> Outcome<String> {
    let mut bytes = Vec::new();
    open(name)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > LARGEST {
        let why = format!("it holds more than {LARGEST} bytes");
        return Err(Failure::misused(format!("cannot read `{name}`"), why, "split it").into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let why = format!("it is not UTF-8 text: {}", error.utf8_error());
        Failure::misused(format!("cannot read `{name}`"), why, "save it as UTF-8").into()
    })
}

/// One line without its end; `Err` holds why it cannot be read as text. `None` at the end.
pub fn next_line(name: &str, from: &mut dyn BufRead) -> Outcome<Option<Result<String, String>>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line).map_err(|error| unreadable(name, &error))? == 0 {
        return Ok(None);
    }
    while line.last().is_some_and(|last| matches!(last, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(String::from_utf8(line).map_err(|error| format!("the line is not UTF-8 text: {}", error.utf8_error()))))
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let next = if error.kind() == io::ErrorKind::NotFound { "name a file that exists, or `-` for stdin" } else { "" };
    Failure::misused(format!("cannot read `{name}`"), error.to_string(), next)
}
