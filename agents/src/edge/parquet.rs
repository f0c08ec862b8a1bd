//! The wanted columns of a Parquet file, as rows of cells ([`super::rows`]).
//!
//! A file holds row groups, a row group a chunk for each column, and only the chunks of the columns that are wanted are
//! unpacked. Cells are what their text would be in a CSV file: whole numbers, floats and decimals are numbers, truth values are
//! `true` and `false`, dates and times are ISO texts. A null is a gap, and so is a NaN. Columns that are lists, maps or structs are
//! refused, or left out where no column is named. Source: <https://parquet.apache.org/docs/file-format/>.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{DataType, Int96};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use ::parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use roundtable_tools::{Error, ErrorKind};
use serde_json::{Number, Value};

use super::files::{LARGEST, Reference, Shape, bad};
use super::rows::{Table, cell, positions};

/// How a Parquet file begins.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// How many rows are unpacked at a time.
const BATCH: usize = 4096;

/// The columns that `reference` names, or else those that hold one value a row.
///
/// # Errors
/// `invalid_arguments` when the file is damaged, lacks a column, or a column cannot be cells; `too_large` when what it holds
/// takes more room than the largest file.
pub(super) fn table(file: File, reference: &Reference<'_>, shape: Shape, path: &str) -> Result<Table, Error> {
    // Parquet's decoders check most of what they read and assert the rest, so that a damaged page may panic.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let file = SerializedFileReader::new(file).map_err(|error| {
            bad(reference, path, &error.to_string()).with_hint("its name says Parquet; the ending must fit what it is")
        })?;
        let schema = file.metadata().file_metadata().schema_descr();
        let wanted = wanted(schema, reference, shape, path)?;
        let rows = rows(&file, schema, &wanted).map_err(|fault| match fault {
            Fault::Bad(why) => bad(reference, path, &why),
            Fault::TooLarge => {
                let message = format!("`{}` holds more than {LARGEST} bytes in the wanted columns", reference.file);
                Error::new(ErrorKind::TooLarge, path, message)
            }
        })?;
        let names = wanted.iter().map(|&leaf| schema.column(leaf).name().to_owned()).collect();
        Ok(Table::new(names, rows, !reference.columns.is_empty()))
    }));
    read.unwrap_or_else(|_| Err(bad(reference, path, "it is damaged")))
}

/// The leaves of the schema that hold the wanted columns.
fn wanted(schema: &SchemaDescriptor, reference: &Reference<'_>, shape: Shape, path: &str) -> Result<Vec<usize>, Error> {
    let fields = schema.root_schema().get_fields();
    let names: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let mut leaves = vec![None; fields.len()];
    for leaf in 0..schema.num_columns() {
        let field = schema.get_column_root_idx(leaf);
        let flat = fields[field].is_primitive() && fields[field].get_basic_info().repetition() != Repetition::REPEATED;
        leaves[field] = flat.then_some(leaf);
    }
    let nested = |field: usize| {
        bad(reference, path, &format!("its column `{}` is nested", names[field]))
            .with_hint("name columns that hold one value a row")
    };
    if !reference.columns.is_empty() {
        let positions = positions(reference, &names, names.len(), path)?;
        return positions.into_iter().map(|field| leaves[field].ok_or_else(|| nested(field))).collect();
    }
    match leaves.iter().position(Option::is_none) {
        Some(field) if shape == Shape::Records || leaves.iter().all(Option::is_none) => Err(nested(field)),
        _ => Ok(leaves.into_iter().flatten().collect()),
    }
}

enum Fault {
    Bad(String),
    TooLarge,
}

impl From<ParquetError> for Fault {
    fn from(error: ParquetError) -> Self {
        Fault::Bad(error.to_string())
    }
}

fn rows(file: &dyn FileReader, schema: &SchemaDescriptor, wanted: &[usize]) -> Result<Vec<Vec<Value>>, Fault> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    // A page of a few bytes may stand for millions of cells.
    let mut room = LARGEST;
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        let packed = |&leaf: &usize| u64::try_from(group.metadata().column(leaf).uncompressed_size()).unwrap_or(0);
        if wanted.iter().map(packed).fold(0, u64::saturating_add) > LARGEST {
            return Err(Fault::TooLarge);
        }
        for &leaf in wanted {
            let packer = match group.metadata().column(leaf).compression() {
                Compression::BROTLI(_) => "Brotli",
                Compression::LZO => "LZO",
                _ => continue,
            };
            return Err(Fault::Bad(format!("it is packed with {packer}; Snappy, gzip, Zstandard and LZ4 are read")));
        }
        let start = rows.len();
        for (at, &leaf) in wanted.iter().enumerate() {
            let column = schema.column(leaf);
            let mut next = start;
            unpack(group.as_ref(), leaf, &column, &mut |value| {
                let bytes = 8 + value.as_str().map_or(0, str::len);
                room = room.checked_sub(bytes as u64).ok_or(Fault::TooLarge)?;
                match rows.get_mut(next) {
                    Some(row) => row.push(value),
                    None if at == 0 => {
                        let mut row = Vec::with_capacity(wanted.len());
                        row.push(value);
                        rows.push(row);
                    }
                    None => return Err(Fault::Bad(format!("`{}` is longer than the others", column.name()))),
                }
                next += 1;
                Ok(())
            })?;
            let (held, told) = (next - start, group.metadata().num_rows());
            if i64::try_from(held) != Ok(told) {
                let why = format!("`{}` has {held} cells where {told} rows are announced", column.name());
                return Err(Fault::Bad(why));
            }
        }
    }
    Ok(rows)
}

type Sink<'a> = dyn FnMut(Value) -> Result<(), Fault> + 'a;

/// Gives every cell of a column of one row group to `sink`.
fn unpack(
    group: &dyn RowGroupReader,
    leaf: usize,
    column: &ColumnDescriptor,
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    match group.get_column_reader(leaf)? {
        ColumnReader::BoolColumnReader(from) => cells(from, column, sink, |value| Ok(Value::from(value.to_string()))),
        ColumnReader::Int32ColumnReader(from) => cells(from, column, sink, |&value| whole(column, value.into())),
        ColumnReader::Int64ColumnReader(from) => cells(from, column, sink, |&value| whole(column, value)),
        ColumnReader::Int96ColumnReader(from) => cells(from, column, sink, old_time),
        ColumnReader::FloatColumnReader(from) => cells(from, column, sink, |&value| Ok(number(value.into()))),
        ColumnReader::DoubleColumnReader(from) => cells(from, column, sink, |&value| Ok(number(value))),
        ColumnReader::ByteArrayColumnReader(from) => cells(from, column, sink, |value| bytes(column, value.data())),
        ColumnReader::FixedLenByteArrayColumnReader(from) => {
            cells(from, column, sink, |value| bytes(column, value.data()))
        }
    }
}

fn cells<T: DataType>(
    mut from: ColumnReaderImpl<T>,
    column: &ColumnDescriptor,
    sink: &mut Sink<'_>,
    cell: impl Fn(&T::T) -> Result<Value, String>,
) -> Result<(), Fault> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    loop {
        levels.clear();
        values.clear();
        let (records, ..) = from.read_records(BATCH, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Ok(());
        }
        let mut values = values.iter();
        for at in 0..records {
            // A column that must be there has no levels; else level 0 is a null.
            let value = if levels.get(at) == Some(&0) { None } else { values.next() };
            let value = value.map_or(Ok(Value::Null), &cell);
            sink(value.map_err(|why| Fault::Bad(format!("its column `{}` holds {why}", column.name())))?)?;
        }
    }
}

fn whole(column: &ColumnDescriptor, value: i64) -> Result<Value, String> {
    let at = |nanoseconds: i64| moment(i128::from(value) * i128::from(nanoseconds));
    let instant = |nanoseconds| {
        let local =
            matches!(column.logical_type_ref(), Some(LogicalType::Timestamp { is_adjusted_to_u_t_c: false, .. }));
        at(nanoseconds).map(|at| Value::from(format!("{at}{}", if local { "" } else { "Z" })))
    };
    let clock = |nanoseconds| at(nanoseconds).map(|at| Value::from(at.time().to_string()));
    match (column.converted_type(), column.logical_type_ref()) {
        // Kept in signed integers of 32 and 64 bits.
        (ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32, _) => {
            Ok(Value::from(value.cast_unsigned() & u64::from(u32::MAX)))
        }
        (ConvertedType::UINT_64, _) => Ok(Value::from(value.cast_unsigned())),
        (ConvertedType::DECIMAL, _) => Ok(decimal(value.into(), column.type_scale())),
        (ConvertedType::DATE, _) => at(86_400_000_000_000).map(|at| Value::from(at.date().to_string())),
        (ConvertedType::TIME_MILLIS, _) => clock(1_000_000),
        (ConvertedType::TIME_MICROS, _) => clock(1_000),
        (_, Some(LogicalType::Time { unit: TimeUnit::NANOS, .. })) => clock(1),
        (ConvertedType::TIMESTAMP_MILLIS, _) => instant(1_000_000),
        (ConvertedType::TIMESTAMP_MICROS, _) => instant(1_000),
        (_, Some(LogicalType::Timestamp { unit: TimeUnit::NANOS, .. })) => instant(1),
        _ => Ok(Value::from(value)),
    }
}

/// The date and time so many nanoseconds after 1970 began.
fn moment(nanoseconds: i128) -> Result<DateTime, String> {
    let at = Timestamp::from_nanosecond(nanoseconds).map_err(|_| "a time beyond the year 9999".to_owned())?;
    Ok(TimeZone::UTC.to_datetime(at))
}

/// Nanoseconds of the day, in two parts, and the Julian day: how times were kept once.
fn old_time(value: &Int96) -> Result<Value, String> {
    let &[low, high, day] = value.data() else { return Err("a time of another size".to_owned()) };
    let days = i128::from(day) - 2_440_588; // 1 January 1970
    let nanoseconds = i128::from(high) << 32 | i128::from(low);
    moment(days * 86_400_000_000_000 + nanoseconds).map(|at| Value::from(at.to_string()))
}

fn number(value: f64) -> Value {
    if value.is_nan() {
        return Value::Null;
    }
    Number::from_f64(value).map_or_else(|| Value::from(value.to_string()), Value::Number)
}

fn decimal(digits: i128, scale: i32) -> Value {
    cell(&if scale > 0 { format!("{digits}e-{scale}") } else { digits.to_string() })
}

fn bytes(column: &ColumnDescriptor, bytes: &[u8]) -> Result<Value, String> {
    match (column.converted_type(), column.logical_type_ref()) {
        (ConvertedType::DECIMAL, _) => {
            let negative = bytes.first().is_some_and(|&first| first >= 0x80);
            let fill = if negative { u8::MAX } else { 0 };
            let skip = bytes.iter().take(bytes.len().saturating_sub(16)).take_while(|&&byte| byte == fill).count();
            let (mut digits, tail) = ([fill; 16], &bytes[skip..]);
            let start = 16usize.checked_sub(tail.len()).ok_or("a decimal of more than 38 digits")?;
            digits[start..].copy_from_slice(tail);
            let digits = i128::from_be_bytes(digits);
            if (digits < 0) != negative {
                return Err("a decimal of more than 38 digits".to_owned());
            }
            Ok(decimal(digits, column.type_scale()))
        }
        (_, Some(LogicalType::Float16)) => {
            let bits = bytes.try_into().map_err(|_| "a half of a float of another size")?;
            Ok(number(half(u16::from_le_bytes(bits))))
        }
        (_, Some(LogicalType::Uuid)) => {
            let bits = bytes.try_into().map_err(|_| "a UUID of another size")?;
            let hex = format!("{:032x}", u128::from_be_bytes(bits));
            let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            Ok(Value::from(parts.join("-")))
        }
        (ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON | ConvertedType::NONE, _) => {
            let text = std::str::from_utf8(bytes).map_err(|_| "bytes that are no UTF-8 text")?;
            Ok(Value::from(text))
        }
        (kind, _) => Err(format!("{kind} values, which are not read")),
    }
}

/// A float of 16 bits: sign, 5 bits of exponent, 10 of fraction (IEEE 754).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3ff);
    sign * match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;
    use std::sync::Arc;

    use ::parquet::basic::ZstdLevel;
    use ::parquet::data_type::{
        BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type,
        Int64Type, Int96Type,
    };
    use ::parquet::file::properties::{WriterProperties, WriterVersion};
    use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
    use ::parquet::schema::parser::parse_message_type;
    use serde_json::json;

    use super::super::files::{Reach, resolve};
    use super::*;

    /// One column of a row group: its values and, where it is optional, which rows have one.
    fn put<T: DataType>(group: &mut SerializedRowGroupWriter<'_, File>, values: &[T::T], levels: Option<&[i16]>) {
        let mut column = group.next_column().unwrap().unwrap();
        let repeats = levels.map(|levels| vec![0; levels.len()]);
        column.typed::<T>().write_batch(values, levels, repeats.as_deref()).unwrap();
        column.close().unwrap();
    }

    fn write(
        file: &Path,
        schema: &str,
        how: WriterProperties,
        groups: usize,
        fill: impl Fn(&mut SerializedRowGroupWriter<'_, File>),
    ) {
        let schema = Arc::new(parse_message_type(&format!("message m {{ {schema} }}")).unwrap());
        let mut writer = SerializedFileWriter::new(File::create(file).unwrap(), schema, Arc::new(how)).unwrap();
        for _ in 0..groups {
            let mut group = writer.next_row_group().unwrap();
            fill(&mut group);
            group.close().unwrap();
        }
        writer.close().unwrap();
    }

    const POINTS: &str = "required binary name (UTF8); required int32 x; optional double y;";

    /// What the CSV file of [`super::super::files`] holds, but for a gap in `y`.
    fn points(group: &mut SerializedRowGroupWriter<'_, File>) {
        put::<ByteArrayType>(group, &["a".into(), "b".into(), "c, d".into()], None);
        put::<Int32Type>(group, &[1, 3, 5], None);
        put::<DoubleType>(group, &[2.0, 4.5], Some(&[1, 0, 1]));
    }

    fn check(folder: &Path, arguments: Value) -> Result<Value, Error> {
        let number = json!({"type": "array", "items": {"type": "number"}});
        let maybe = json!({"type": "array", "items": {"type": ["number", "null"]}});
        let maybe = json!({"type": "array", "items": {"type": "array", "items": {"anyOf": [maybe["items"], {"type": "null"}]}}});
        let schema = json!({"type": "object", "properties": {"points": {"type": "array", "items": number}, "x": number,
            "gappy": maybe, "text": {"type": "string"}, "rows": {"type": "array", "items": {"type": "object"}},
            "labels": {"type": "array", "items": {"type": "string"}}}});
        resolve(&arguments, &schema, &Reach::Within(folder.to_owned()))
    }

    #[test]
    fn columns_come_as_from_csv() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("p.parquet"), POINTS, WriterProperties::default(), 1, points);
        let file = |columns: Value| json!({"file": "p.parquet", "columns": columns});
        let check = |arguments| check(folder.path(), arguments);
        assert_eq!(
            check(json!({"points": {"file": "p.parquet"}, "labels": file(json!("name")), "k": 2})).unwrap(),
            json!({"points": [[1], [3], [5]], "labels": ["a", "b", "c, d"], "k": 2})
        );
        assert_eq!(
            check(json!({"gappy": {"file": "p.parquet"}, "x": file(json!([1]))})).unwrap(),
            json!({"gappy": [[1, 2.0], [3, null], [5, 4.5]], "x": [1, 3, 5]})
        );
        assert_eq!(
            check(json!({"gappy": file(json!(["Y", "x"])), "rows": file(json!(["x", "name"]))})).unwrap(),
            json!({"gappy": [[2.0, 1], [null, 3], [4.5, 5]],
                "rows": [{"x": 1, "name": "a"}, {"x": 3, "name": "b"}, {"x": 5, "name": "c, d"}]})
        );
    }

    #[test]
    fn every_type_has_its_cells() {
        let folder = tempfile::tempdir().unwrap();
        let schema = "required boolean b; required int32 i8 (INTEGER(8, true)); required int32 u8 (INTEGER(8, false));
            required int32 u32 (INTEGER(32, false)); required int64 i64; required int64 u64 (INTEGER(64, false));
            required float f; required double d; required fixed_len_byte_array(2) h (FLOAT16);
            required int32 m9 (DECIMAL(9, 2)); required int64 m5 (DECIMAL(5, 5));
            required fixed_len_byte_array(16) m38 (DECIMAL(38, 3)); required binary m (DECIMAL(20, 0));
            required int32 day (DATE); required int64 at (TIMESTAMP(NANOS, true)); required int64 here (TIMESTAMP(MILLIS, false));
            required int32 clock (TIME(MILLIS, true)); required int96 old; required binary s; required binary e (ENUM);
            required fixed_len_byte_array(16) id (UUID);";
        let row = |group: &mut SerializedRowGroupWriter<'_, File>| {
            let fixed = |bytes: &[u8]| FixedLenByteArray::from(bytes.to_vec());
            put::<BoolType>(group, &[true, false], None);
            put::<Int32Type>(group, &[-128, 127], None);
            put::<Int32Type>(group, &[0, 255], None);
            put::<Int32Type>(group, &[-1, 1], None);
            put::<Int64Type>(group, &[i64::MIN, i64::MAX], None);
            put::<Int64Type>(group, &[-1, 1], None);
            put::<FloatType>(group, &[0.5, f32::NAN], None);
            put::<DoubleType>(group, &[1e300, f64::NEG_INFINITY], None);
            // 0x3555 and 0x8001 as in "Half-precision floating-point format": 0.333251953125 and minus the smallest subnormal.
            put::<FixedLenByteArrayType>(group, &[fixed(&[0x55, 0x35]), fixed(&[0x01, 0x80])], None);
            put::<Int32Type>(group, &[12345, -5], None);
            put::<Int64Type>(group, &[12345, -1], None);
            let big = -10i128.pow(37);
            put::<FixedLenByteArrayType>(group, &[fixed(&big.to_be_bytes()), fixed(&1500i128.to_be_bytes())], None);
            put::<ByteArrayType>(group, &[vec![0xff, 0x38].into(), vec![0x00, 0xc8].into()], None);
            put::<Int32Type>(group, &[19_723, -1], None);
            put::<Int64Type>(group, &[1_704_067_200_000_000_001, 0], None);
            put::<Int64Type>(group, &[1_704_067_200_500, 0], None);
            put::<Int32Type>(group, &[3_600_000, 1], None);
            let old = |low, day| Int96::from(vec![low, 0, day]);
            put::<Int96Type>(group, &[old(0, 2_440_588), old(1_000_000_000, 2_460_311)], None);
            put::<ByteArrayType>(group, &["é".into(), "12".into()], None);
            put::<ByteArrayType>(group, &["red".into(), "".into()], None);
            put::<FixedLenByteArrayType>(group, &[fixed(&[0x12; 16]), fixed(&[0; 16])], None);
        };
        write(&folder.path().join("p.parquet"), schema, WriterProperties::default(), 1, row);
        let table = json!({"gappy": {"file": "p.parquet", "columns": (0..21).collect::<Vec<_>>()}});
        let table = check(folder.path(), table).unwrap();
        assert_eq!(
            table["gappy"][0],
            json!([
                "true",
                -128,
                0,
                4_294_967_295u32,
                i64::MIN,
                u64::MAX,
                0.5,
                1e300,
                0.333_251_953_125,
                123.45,
                0.12345,
                -1e34,
                -200,
                "2024-01-01",
                "2024-01-01T00:00:00.000000001Z",
                "2024-01-01T00:00:00.5",
                "01:00:00",
                "1970-01-01T00:00:00",
                "é",
                "red",
                "12121212-1212-1212-1212-121212121212"
            ])
        );
        assert_eq!(
            table["gappy"][1],
            json!([
                "false",
                127,
                255,
                1,
                i64::MAX,
                1,
                null,
                "-inf",
                -(2f64.powi(-24)),
                -0.05,
                -0.00001,
                1.5,
                200,
                "1969-12-31",
                "1970-01-01T00:00:00Z",
                "1970-01-01T00:00:00",
                "00:00:00.001",
                "2024-01-01T00:00:01",
                "12",
                "",
                "00000000-0000-0000-0000-000000000000"
            ])
        );
    }

    #[test]
    fn every_codec_and_page() {
        let folder = tempfile::tempdir().unwrap();
        let codecs = [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(Default::default()),
            Compression::ZSTD(ZstdLevel::default()),
            Compression::LZ4,
            Compression::LZ4_RAW,
        ];
        for codec in codecs {
            for (version, words) in [(WriterVersion::PARQUET_1_0, true), (WriterVersion::PARQUET_2_0, false)] {
                let how = WriterProperties::builder().set_compression(codec).set_writer_version(version);
                let how = how.set_dictionary_enabled(words).set_data_page_row_count_limit(2).build();
                write(&folder.path().join("p.parquet"), POINTS, how, 2, points);
                let file = json!({"file": "p.parquet", "columns": ["x", "y"]});
                let half = [json!([1, 2.0]), json!([3, null]), json!([5, 4.5])];
                assert_eq!(
                    check(folder.path(), json!({"gappy": file})).unwrap()["gappy"],
                    Value::from([half.clone(), half].concat()),
                    "{codec:?}"
                );
            }
        }
    }

    #[test]
    fn errors_name_the_place_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let p = folder.path().join("p.parquet");
        write(&p, POINTS, WriterProperties::default(), 1, points);
        std::fs::copy(&p, folder.path().join("p.csv")).unwrap();
        std::fs::write(folder.path().join("c.parquet"), "x,y\n1,2\n3,4\n").unwrap();
        std::fs::write(folder.path().join("e.parquet"), "").unwrap();
        std::fs::create_dir(folder.path().join("f.parquet")).unwrap();
        write(&folder.path().join("n.parquet"), POINTS, WriterProperties::default(), 0, points);
        let fails = |place: &str, file: &str, columns: Value, message: &str, hint: Option<&str>| {
            let error = check(folder.path(), json!({place: {"file": file, "columns": columns}})).unwrap_err();
            assert_eq!((error.kind, error.path), (ErrorKind::InvalidArguments, format!("/{place}")));
            assert!(error.message.contains(message), "{}", error.message);
            assert_eq!(error.hint.as_deref(), hint, "{message}");
        };
        let ending = Some("its name says Parquet; the ending must fit what it is");
        fails("x", "p.parquet", json!(["z"]), "`p.parquet` has no column `z`", Some("it has `name`, `x`, `y`"));
        fails("x", "p.parquet", json!([3]), "`p.parquet` has no column `3`", Some("it has `name`, `x`, `y`"));
        let gap = "`p.parquet` lacks `y` in row 2";
        fails("x", "p.parquet", json!(["y"]), gap, Some("fill the gap or leave the row out"));
        fails("x", "p.parquet", json!(["x", "y"]), "one column is wanted", Some("name one in `columns`: `x`, `y`"));
        fails("text", "p.parquet", json!([]), "`p.parquet` holds columns, and a text is wanted", None);
        fails("x", "n.parquet", json!(["x"]), "cannot read `n.parquet`: it holds no rows", None);
        fails("x", "c.parquet", json!(["x"]), "cannot read `c.parquet`: ", ending);
        fails("x", "e.parquet", json!(["x"]), "cannot read `e.parquet`: ", ending);
        fails("x", "f.parquet", json!(["x"]), "cannot read `f.parquet`: ", ending);
        fails("x", "q.parquet", json!(["x"]), "cannot read `q.parquet`: ", Some("name a file that exists"));
        let renamed = Some("it is a Parquet file: let its name end in `.parquet`");
        fails("x", "p.csv", json!(["x"]), "`p.csv` is not UTF-8 text", renamed);
    }

    #[test]
    fn nested_and_strange_columns_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let schema = "required int32 x; optional group tags (LIST) { repeated group list { required int32 element; } }
            required group where { required double lat; } repeated int32 more; required fixed_len_byte_array(12) span (INTERVAL);
            required binary raw;";
        write(&folder.path().join("p.parquet"), schema, WriterProperties::default(), 1, |group| {
            put::<Int32Type>(group, &[7], None);
            put::<Int32Type>(group, &[1], Some(&[2]));
            put::<DoubleType>(group, &[1.0], None);
            put::<Int32Type>(group, &[1], Some(&[1]));
            put::<FixedLenByteArrayType>(group, &[FixedLenByteArray::from(vec![0; 12])], None);
            put::<ByteArrayType>(group, &[vec![0xff].into()], None);
        });
        let fails = |columns: Value, place: &str| {
            check(folder.path(), json!({place: {"file": "p.parquet", "columns": columns}})).unwrap_err().message
        };
        for (name, at) in [("tags", 1), ("where", 2), ("more", 3)] {
            let said = format!("cannot read `p.parquet`: its column `{name}` is nested");
            assert_eq!(fails(json!(["x", name]), "points"), said);
            assert_eq!(fails(json!([at]), "x"), said);
        }
        assert_eq!(fails(json!([]), "rows"), "cannot read `p.parquet`: its column `tags` is nested");
        assert!(fails(json!("span"), "x").ends_with("its column `span` holds INTERVAL values, which are not read"));
        assert!(fails(json!("raw"), "x").ends_with("its column `raw` holds bytes that are no UTF-8 text"));
        let taken = check(folder.path(), json!({"x": {"file": "p.parquet", "column": "x"}})).unwrap();
        assert_eq!(taken["x"], json!([7]));
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.parquet");
        let long = ByteArray::from(vec![b'a'; 1 << 20]);
        for words in [true, false] {
            let how = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
            let how = how.set_dictionary_enabled(words).build();
            write(&file, "required binary s (UTF8);", how, 1, |group| {
                put::<ByteArrayType>(group, &vec![long.clone(); 65], None);
            });
            assert!(std::fs::metadata(&file).unwrap().len() < 1 << 20);
            let error = check(folder.path(), json!({"labels": {"file": "p.parquet", "column": "s"}})).unwrap_err();
            assert_eq!(error.kind, ErrorKind::TooLarge);
            assert_eq!(error.message, "`p.parquet` holds more than 67108864 bytes in the wanted columns");
        }
    }

    #[test]
    fn damage_is_an_error_or_other_data_but_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.parquet");
        let small = "required binary name (UTF8); optional int64 y;";
        for (codec, words) in [(Compression::UNCOMPRESSED, true), (Compression::SNAPPY, false)] {
            let how = WriterProperties::builder().set_compression(codec).set_dictionary_enabled(words).build();
            write(&file, small, how, 1, |group| {
                put::<ByteArrayType>(group, &["a".into(), "b".into(), "a".into()], None);
                put::<Int64Type>(group, &[2, 4], Some(&[1, 0, 1]));
            });
            let whole = std::fs::read(&file).unwrap();
            let read = |bytes: &[u8]| {
                // Some file systems wait for the disk when a file is written over.
                std::fs::remove_file(&file).unwrap();
                std::fs::write(&file, bytes).unwrap();
                check(folder.path(), json!({"rows": {"file": "p.parquet", "columns": ["name", "y"]}}))
            };
            for length in 0..whole.len() {
                let error = read(&whole[..length]).unwrap_err();
                assert!(error.message.starts_with("cannot read `p.parquet`: "), "{length}: {}", error.message);
            }
            let mut said = Vec::new();
            for bit in 0..whole.len() * 8 {
                let mut bytes = whole.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                said.extend(read(&bytes).err().map(|error| error.message));
            }
            let mut said = said.iter().filter_map(|said| said.strip_prefix("cannot read `p.parquet`: "));
            // One bit lies between some codecs, too.
            assert!(said.clone().any(|why| why.starts_with("it is packed with LZO") || why.contains("with Brotli")));
            assert!(
                said.any(|why| why == "it is damaged"),
                "if parquet does not panic any more, `catch_unwind` can go"
            );
        }
    }
}
