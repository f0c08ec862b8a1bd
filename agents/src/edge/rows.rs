//! Rows of a file: CSV, JSON, JSON Lines, words or what [`super::parquet`] read, and the columns of them that are wanted.

use roundtable_tools::Error;
use serde_json::{Map, Value};

use super::files::{Reference, Shape, bad};

/// Rows with, perhaps, names for their columns.
#[derive(Debug)]
pub(super) struct Table {
    names: Vec<String>,
    rows: Vec<Vec<Value>>,
    /// The line of the first row, for messages; some files have no lines.
    first_line: Option<usize>,
    /// Whether the columns are the wanted ones already, in their order.
    chosen: bool,
}

/// A number if the cell is one, else its text; `null` when empty.
pub(super) fn cell(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() {
        return Value::Null;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

impl Table {
    pub(super) fn from_csv(text: &str, delimiter: u8) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = Vec::new();
        for record in reader.records() {
            records.push(record.map_err(|error| error.to_string())?);
        }
        // A first line without any number above lines with some is a heading.
        let numbers = |record: &csv::StringRecord| record.iter().any(|text| cell(text).is_number());
        let heading = match records.as_slice() {
            [] => false,
            [only] => !numbers(only),
            [first, rest @ ..] => !numbers(first) && (rest.iter().any(numbers) || first.iter().all(|n| !n.is_empty())),
        };
        let names = match records.first() {
            Some(first) if heading => first.iter().map(|name| name.trim().to_owned()).collect(),
            _ => Vec::new(),
        };
        let skip = usize::from(heading);
        let rows = records.iter().skip(skip).map(|record| record.iter().map(cell).collect()).collect();
        Ok(Self { names, rows, first_line: Some(1 + skip), chosen: false })
    }

    pub(super) fn from_lines(text: &str) -> Result<Self, String> {
        let mut values = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            values.push(serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))?);
        }
        Self::from_json(Value::Array(values)).map_err(|_| "no rows".to_owned())
    }

    /// A list of objects, lists or values; anything else is given back.
    pub(super) fn from_json(value: Value) -> Result<Self, Value> {
        let Value::Array(items) = value else { return Err(value) };
        let mut names: Vec<String> = Vec::new();
        for item in &items {
            for key in item.as_object().into_iter().flat_map(Map::keys) {
                if !names.contains(key) {
                    names.push(key.clone());
                }
            }
        }
        let rows = items
            .into_iter()
            .map(|item| match item {
                Value::Object(mut object) => {
                    names.iter().map(|name| object.remove(name).unwrap_or(Value::Null)).collect()
                }
                Value::Array(cells) => cells,
                single => vec![single],
            })
            .collect();
        Ok(Self { names, rows, first_line: Some(1), chosen: false })
    }

    /// Cells between white space or commas; as one column if a list is wanted.
    pub(super) fn from_words(text: &str, one_column: bool) -> Self {
        let cells = |line: &str| -> Vec<Value> {
            line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).map(cell).collect()
        };
        let rows: Vec<Vec<Value>> = text.lines().map(cells).filter(|row| !row.is_empty()).collect();
        let rows = if one_column { rows.into_iter().flatten().map(|value| vec![value]).collect() } else { rows };
        Self { names: Vec::new(), rows, first_line: Some(1), chosen: false }
    }

    /// Rows of a file that has no lines; `chosen` if it holds the wanted columns alone.
    pub(super) fn new(names: Vec<String>, rows: Vec<Vec<Value>>, chosen: bool) -> Self {
        Self { names, rows, first_line: None, chosen }
    }

    fn width(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn name(&self, column: usize) -> String {
        self.names.get(column).cloned().unwrap_or_else(|| format!("column {column}"))
    }

    /// The wanted columns, in the wanted order. Without a wish: all for records; else those that hold a number in every row.
    fn columns(&self, reference: &Reference<'_>, shape: Shape, path: &str) -> Result<Vec<usize>, Error> {
        if reference.columns.is_empty() {
            let gaps = shape == Shape::Gappy;
            let fits = |value: &Value| value.is_number() || (gaps && value.is_null());
            let numeric = |&column: &usize| self.rows.iter().all(|row| row.get(column).map_or(gaps, fits));
            let all = 0..self.width();
            let numbers: Vec<usize> = all.clone().filter(numeric).collect();
            return Ok(if shape == Shape::Records || numbers.is_empty() { all.collect() } else { numbers });
        }
        if self.chosen {
            return Ok((0..self.names.len()).collect());
        }
        positions(reference, &self.names, self.width(), path)
    }

    pub(super) fn pick(&self, reference: &Reference<'_>, shape: Shape, path: &str) -> Result<Value, Error> {
        if self.rows.is_empty() {
            return Err(bad(reference, path, "it holds no rows"));
        }
        let columns = self.columns(reference, shape, path)?;
        let at = |row: usize, column: usize| -> Result<Value, Error> {
            match self.rows[row].get(column) {
                Some(value) if !value.is_null() => Ok(value.clone()),
                _ if shape == Shape::Gappy => Ok(Value::Null),
                _ => {
                    let line = self.first_line.map_or_else(String::new, |first| format!(" (line {})", row + first));
                    let place = format!("row {}{line}", row + 1);
                    Err(Error::invalid(path, format!("`{}` lacks `{}` in {place}", reference.file, self.name(column)))
                        .with_hint("fill the gap or leave the row out"))
                }
            }
        };
        let rows = 0..self.rows.len();
        let value = match (shape, columns.as_slice()) {
            (Shape::List, &[column]) | (Shape::Any, &[column]) => {
                rows.map(|row| at(row, column)).collect::<Result<Vec<_>, _>>()?
            }
            (Shape::List, _) => {
                let names: Vec<String> = columns.iter().map(|&column| format!("`{}`", self.name(column))).collect();
                return Err(Error::invalid(
                    path,
                    format!("one column is wanted here, `{}` has several", reference.file),
                )
                .with_hint(format!("name one in `columns`: {}", names.join(", "))));
            }
            (Shape::Records, _) => rows
                .map(|row| {
                    columns
                        .iter()
                        .map(|&column| Ok((self.name(column), at(row, column)?)))
                        .collect::<Result<Map<_, _>, Error>>()
                        .map(Value::Object)
                })
                .collect::<Result<Vec<_>, _>>()?,
            (Shape::Rows | Shape::Gappy | Shape::Any | Shape::Text, _) => rows
                .map(|row| {
                    columns.iter().map(|&column| at(row, column)).collect::<Result<Vec<_>, _>>().map(Value::Array)
                })
                .collect::<Result<Vec<_>, _>>()?,
        };
        Ok(Value::Array(value))
    }
}

/// Where the columns that `reference` names stand among `width` columns with these names, or with none.
pub(super) fn positions(
    reference: &Reference<'_>,
    names: &[String],
    width: usize,
    path: &str,
) -> Result<Vec<usize>, Error> {
    reference
        .columns
        .iter()
        .map(|wanted| {
            let found = match wanted {
                Value::String(name) => names
                    .iter()
                    .position(|known| known == name)
                    .or_else(|| names.iter().position(|known| known.eq_ignore_ascii_case(name.trim()))),
                Value::Number(at) => at.as_u64().and_then(|at| usize::try_from(at).ok()).filter(|&at| at < width),
                _ => None,
            };
            found.ok_or_else(|| {
                let hint = if names.is_empty() {
                    format!("it has no heading; count its {width} columns from 0")
                } else {
                    format!("it has {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
                };
                let wanted = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
                Error::invalid(path, format!("`{}` has no column `{wanted}`", reference.file)).with_hint(hint)
            })
        })
        .collect()
}
