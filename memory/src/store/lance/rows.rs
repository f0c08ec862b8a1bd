//! Documents, chunks, records and vectors as Arrow rows, and back.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float32Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt32Type, UInt64Type};
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::document::{Chunk, Document};
use crate::error::Error;
use crate::record::{Kind, Provenance, Record, RecordId};
use crate::search::Scored;
use crate::store::{Stamp, VectorRow};

/// The columns of a document.
pub const DOCUMENT: &[&str] = &["id", "source", "title", "text", "hash", "metadata"];
/// The columns of a chunk, without the words that it is found by.
pub const CHUNK: &[&str] = &["id", "doc", "title", "text", "metadata", "trust", "start", "end", "position"];
/// The columns of a record, without the words that it is found by.
pub const RECORD: &[&str] =
    &["id", "kind", "subject", "text", "at", "session", "turn", "speaker", "said", "superseded_by", "superseded_at"];

fn text(names: &[&str]) -> Vec<Field> {
    names.iter().map(|name| Field::new(*name, DataType::Utf8, false)).collect()
}

/// A document with its text.
pub fn documents_schema() -> SchemaRef {
    Arc::new(Schema::new(text(DOCUMENT)))
}

/// A chunk and the words that it is found by; a quarantined one has none.
pub fn chunks_schema() -> SchemaRef {
    let mut fields = text(&CHUNK[..6]);
    fields.push(Field::new("start", DataType::UInt64, false));
    fields.push(Field::new("end", DataType::UInt64, false));
    fields.push(Field::new("position", DataType::UInt32, false));
    fields.extend(text(&["words"]));
    Arc::new(Schema::new(fields))
}

/// A fact or an episode and the words that it is found by. What is absent is an empty string: no subject, no time and no
/// id is one.
pub fn records_schema() -> SchemaRef {
    let mut fields = text(RECORD);
    fields.extend(text(&["words"]));
    Arc::new(Schema::new(fields))
}

/// A vector, with its model in the schema's metadata.
pub fn vectors_schema(model: &str, dimension: usize) -> SchemaRef {
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let mut fields = text(&["id", "space"]);
    fields.push(Field::new("vector", DataType::FixedSizeList(item, dimension as i32), false));
    let metadata = [("model", model.to_owned()), ("dimension", dimension.to_string())];
    let metadata: HashMap<String, String> = metadata.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

/// The model and the dimension of stored vectors.
pub fn model_of(schema: &Schema) -> Result<(String, usize), Error> {
    let corrupt = || Error::Corrupt { table: "vectors", what: "the model of the vectors is not named".into() };
    let model = schema.metadata().get("model").ok_or_else(corrupt)?;
    let dimension = schema.metadata().get("dimension").and_then(|n| n.parse().ok()).ok_or_else(corrupt)?;
    Ok((model.clone(), dimension))
}

/// The words that a chunk is found by; none if it must not be found.
pub fn words(chunk: &Chunk) -> String {
    if chunk.retrievable() { chunk.words() } else { String::new() }
}

fn strings_of<T>(rows: &[T], column: impl Fn(&T) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(column)))
}

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch, Error> {
    RecordBatch::try_new(schema, columns).map_err(|cause| Error::Store { action: "lay out rows", cause: cause.into() })
}

/// Maps of strings and JSON values, and trust, always become JSON: no key is anything but a string.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("maps with string keys become JSON")
}

/// Documents as rows.
pub fn documents(rows: &[&Document]) -> Result<RecordBatch, Error> {
    let columns = vec![
        strings_of(rows, |row| row.id.clone()),
        strings_of(rows, |row| row.source.clone()),
        strings_of(rows, |row| row.title.clone()),
        strings_of(rows, |row| row.text.clone()),
        strings_of(rows, |row| row.hash.clone()),
        strings_of(rows, |row| json(&row.metadata)),
    ];
    batch(documents_schema(), columns)
}

/// Chunks as rows.
pub fn chunks(rows: &[&Chunk]) -> Result<RecordBatch, Error> {
    let columns = vec![
        strings_of(rows, |row| row.id.clone()),
        strings_of(rows, |row| row.doc.clone()),
        strings_of(rows, |row| row.title.clone()),
        strings_of(rows, |row| row.text.clone()),
        strings_of(rows, |row| json(&row.metadata)),
        strings_of(rows, |row| json(&row.trust)),
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.start as u64))),
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.end as u64))),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.position))),
        strings_of(rows, |row| words(row)),
    ];
    batch(chunks_schema(), columns)
}

/// Records as rows.
pub fn records(rows: &[Record]) -> Result<RecordBatch, Error> {
    let columns = vec![
        strings_of(rows, |row| row.id.0.clone()),
        strings_of(rows, |row| row.kind.name().to_owned()),
        strings_of(rows, |row| row.subject.clone().unwrap_or_default()),
        strings_of(rows, |row| row.text.clone()),
        strings_of(rows, |row| row.at.to_string()),
        strings_of(rows, |row| row.provenance.session.clone()),
        strings_of(rows, |row| row.provenance.turn.clone()),
        strings_of(rows, |row| row.provenance.speaker.clone()),
        strings_of(rows, |row| row.provenance.said.clone().unwrap_or_default()),
        strings_of(rows, |row| row.superseded_by.as_ref().map_or(String::new(), |id| id.0.clone())),
        strings_of(rows, |row| row.superseded_at.map_or(String::new(), |at| at.to_string())),
        strings_of(rows, Record::words),
    ];
    batch(records_schema(), columns)
}

/// Vectors as rows of the table's `schema`.
pub fn vectors(rows: &[&VectorRow], dimension: usize, schema: SchemaRef) -> Result<RecordBatch, Error> {
    let mut lists = FixedSizeListBuilder::new(Float32Builder::new(), dimension as i32);
    for row in rows {
        lists.values().append_slice(&row.vector);
        lists.append(true);
    }
    let columns = vec![
        strings_of(rows, |row| row.id.clone()),
        strings_of(rows, |row| row.space.name().to_owned()),
        Arc::new(lists.finish()) as ArrayRef,
    ];
    batch(schema, columns)
}

/// One batch of rows that came out of a table.
struct Rows<'a> {
    batch: &'a RecordBatch,
    table: &'static str,
}

impl<'a> Rows<'a> {
    fn corrupt(&self, what: String) -> Error {
        Error::Corrupt { table: self.table, what }
    }

    fn column(&self, name: &str) -> Result<&'a ArrayRef, Error> {
        self.batch.column_by_name(name).ok_or_else(|| self.corrupt(format!("there is no column `{name}`")))
    }

    fn strings(&self, name: &str) -> Result<&'a StringArray, Error> {
        let column = self.column(name)?;
        column.as_string_opt::<i32>().ok_or_else(|| self.corrupt(format!("column `{name}` is no text")))
    }

    fn parse<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<T, Error> {
        serde_json::from_str(text).map_err(|error| self.corrupt(format!("column `{name}`: {error}")))
    }

    fn time(&self, text: &str) -> Result<Timestamp, Error> {
        text.parse().map_err(|error| self.corrupt(format!("`{text}` is no time: {error}")))
    }
}

/// One column of text.
pub fn strings(batches: &[RecordBatch], table: &'static str, name: &str) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for batch in batches {
        all.extend(Rows { batch, table }.strings(name)?.iter().flatten().map(str::to_owned));
    }
    Ok(all)
}

/// Ids, each with another column of text.
pub fn pairs(batches: &[RecordBatch], table: &'static str, name: &str) -> Result<Vec<(String, String)>, Error> {
    Ok(strings(batches, table, "id")?.into_iter().zip(strings(batches, table, name)?).collect())
}

/// What an ingest compares.
pub fn stamps(batches: &[RecordBatch]) -> Result<Vec<Stamp>, Error> {
    let column = |name| strings(batches, "documents", name);
    let rows = column("id")?.into_iter().zip(column("source")?).zip(column("hash")?);
    Ok(rows.map(|((id, source), hash)| Stamp { id, source, hash }).collect())
}

/// Ids with a number of the search, turned into a score.
pub fn scored(batches: &[RecordBatch], name: &str, score: impl Fn(f32) -> f32) -> Result<Vec<Scored>, Error> {
    let mut all = Vec::new();
    for batch in batches {
        let rows = Rows { batch, table: "search" };
        let numbers = rows.column(name)?.as_primitive_opt::<Float32Type>();
        let numbers = numbers.ok_or_else(|| rows.corrupt(format!("column `{name}` is no number")))?;
        for (id, number) in rows.strings("id")?.iter().zip(numbers.values()) {
            all.push(Scored { id: id.unwrap_or_default().to_owned(), score: score(*number) });
        }
    }
    Ok(all)
}

/// Rows as documents.
pub fn read_documents(batches: &[RecordBatch]) -> Result<Vec<Document>, Error> {
    let mut all = Vec::new();
    for batch in batches {
        let rows = Rows { batch, table: "documents" };
        let column = |name| rows.strings(name);
        let (ids, sources, titles) = (column("id")?, column("source")?, column("title")?);
        let (texts, hashes, metadata) = (column("text")?, column("hash")?, column("metadata")?);
        for i in 0..batch.num_rows() {
            all.push(Document {
                id: ids.value(i).to_owned(),
                source: sources.value(i).to_owned(),
                title: titles.value(i).to_owned(),
                text: texts.value(i).to_owned(),
                hash: hashes.value(i).to_owned(),
                metadata: rows.parse("metadata", metadata.value(i))?,
            });
        }
    }
    Ok(all)
}

/// Rows as chunks.
pub fn read_chunks(batches: &[RecordBatch]) -> Result<Vec<Chunk>, Error> {
    let mut all = Vec::new();
    for batch in batches {
        let rows = Rows { batch, table: "chunks" };
        let column = |name| rows.strings(name);
        let (ids, docs, titles, texts) = (column("id")?, column("doc")?, column("title")?, column("text")?);
        let (metadata, trust) = (column("metadata")?, column("trust")?);
        let no_number = || rows.corrupt("the place of a chunk is no number".into());
        let starts = rows.column("start")?.as_primitive_opt::<UInt64Type>().ok_or_else(no_number)?;
        let ends = rows.column("end")?.as_primitive_opt::<UInt64Type>().ok_or_else(no_number)?;
        let positions = rows.column("position")?.as_primitive_opt::<UInt32Type>().ok_or_else(no_number)?;
        for i in 0..batch.num_rows() {
            all.push(Chunk {
                id: ids.value(i).to_owned(),
                doc: docs.value(i).to_owned(),
                title: titles.value(i).to_owned(),
                text: texts.value(i).to_owned(),
                start: starts.value(i) as usize,
                end: ends.value(i) as usize,
                position: positions.value(i),
                metadata: rows.parse("metadata", metadata.value(i))?,
                trust: rows.parse("trust", trust.value(i))?,
            });
        }
    }
    Ok(all)
}

/// Rows as records.
pub fn read_records(batches: &[RecordBatch]) -> Result<Vec<Record>, Error> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut all = Vec::new();
    for batch in batches {
        let rows = Rows { batch, table: "records" };
        let column = |name| rows.strings(name);
        let (ids, kinds, subjects, texts) = (column("id")?, column("kind")?, column("subject")?, column("text")?);
        let (times, sessions, turns) = (column("at")?, column("session")?, column("turn")?);
        let (speakers, said) = (column("speaker")?, column("said")?);
        let (superseded_by, superseded_at) = (column("superseded_by")?, column("superseded_at")?);
        for i in 0..batch.num_rows() {
            let kind = match kinds.value(i) {
                "fact" => Kind::Fact,
                "episode" => Kind::Episode,
                other => return Err(rows.corrupt(format!("`{other}` is neither a fact nor an episode"))),
            };
            let provenance = Provenance {
                session: sessions.value(i).to_owned(),
                turn: turns.value(i).to_owned(),
                speaker: speakers.value(i).to_owned(),
                said: given(said.value(i)),
            };
            let ended = given(superseded_at.value(i)).map(|at| rows.time(&at)).transpose()?;
            all.push(Record {
                id: RecordId(ids.value(i).to_owned()),
                kind,
                subject: given(subjects.value(i)),
                text: texts.value(i).to_owned(),
                at: rows.time(times.value(i))?,
                provenance,
                superseded_by: given(superseded_by.value(i)).map(RecordId),
                superseded_at: ended,
            });
        }
    }
    Ok(all)
}
