//! Argument types that several tools share. Each enters the schema, the parser and the docs at once, so that a tool
//! which takes a [`Matrix`] never sees a ragged one.

use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::Error;

/// A list of at least one finite number.
///
/// ```
/// use roundtable_tools::Vector;
///
/// let x = Vector::new(vec![3.0, 4.0])?;
/// assert_eq!(x.iter().sum::<f64>(), 7.0);
/// assert!(Vector::new(vec![]).is_err());
/// assert!(Vector::new(vec![f64::NAN]).is_err());
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Vector(Vec<f64>);

impl Vector {
    /// Takes the numbers if there are any and all are finite.
    ///
    /// # Errors
    /// `invalid_arguments`, with the position of the first number that is not finite.
    pub fn new(numbers: Vec<f64>) -> Result<Self, Error> {
        if numbers.is_empty() {
            return Err(Error::invalid("", "the list is empty").with_hint("give at least one number"));
        }
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(at) => Err(Error::invalid(format!("/{at}"), format!("`{}` is not a finite number", numbers[at]))),
            None => Ok(Vector(numbers)),
        }
    }
}

impl Deref for Vector {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        &self.0
    }
}

impl TryFrom<Vec<f64>> for Vector {
    type Error = Error;
    fn try_from(numbers: Vec<f64>) -> Result<Self, Error> {
        Vector::new(numbers)
    }
}

impl<const N: usize> TryFrom<[f64; N]> for Vector {
    type Error = Error;
    fn try_from(numbers: [f64; N]) -> Result<Self, Error> {
        Vector::new(numbers.to_vec())
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vector::new(Vec::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Vector {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Vector".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": {"type": "number"}, "minItems": 1})
    }
}

/// Rows of finite numbers, all of the same length: at least one row and one column. In JSON a list of lists, one inner
/// list a row (a sample); in memory one block, row after row.
///
/// ```
/// use roundtable_tools::Matrix;
///
/// let x = Matrix::from_rows(vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0]])?;
/// assert_eq!((x.rows(), x.columns()), (3, 2));
/// assert_eq!(x.row(1), [3.0, 4.0]);
///
/// let ragged = Matrix::from_rows(vec![vec![1.0, 2.0], vec![3.0]]).unwrap_err();
/// assert_eq!(ragged.message, "row 1 has 1 value, but row 0 has 2");
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    numbers: Vec<f64>,
    columns: usize,
}

impl Matrix {
    /// Takes rows of equal length.
    ///
    /// # Errors
    /// `invalid_arguments`, with the first row that is empty, ragged, or holds a number that is not finite.
    pub fn from_rows(rows: Vec<Vec<f64>>) -> Result<Self, Error> {
        let Some(first) = rows.first() else {
            return Err(Error::invalid("", "there are no rows").with_hint("give at least one row"));
        };
        let columns = first.len();
        if columns == 0 {
            return Err(Error::invalid("/0", "row 0 is empty").with_hint("give at least one value a row"));
        }
        if let Some((at, message)) = ragged(rows.iter().map(Vec::len)) {
            return Err(Error::invalid(format!("/{at}"), message));
        }
        let mut numbers = Vec::with_capacity(rows.len() * columns);
        for (i, row) in rows.iter().enumerate() {
            if let Some(j) = row.iter().position(|number| !number.is_finite()) {
                return Err(Error::invalid(format!("/{i}/{j}"), format!("`{}` is not a finite number", row[j])));
            }
            numbers.extend_from_slice(row);
        }
        Ok(Matrix { numbers, columns })
    }

    /// How many rows (samples).
    pub fn rows(&self) -> usize {
        self.numbers.len() / self.columns
    }

    /// How many columns (features).
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row, as a slice would.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.numbers[i * self.columns..(i + 1) * self.columns]
    }

    /// Row after row.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.numbers.chunks_exact(self.columns)
    }

    /// All numbers, row after row.
    pub fn as_slice(&self) -> &[f64] {
        &self.numbers
    }
}

impl<'a> IntoIterator for &'a Matrix {
    type Item = &'a [f64];
    type IntoIter = std::slice::ChunksExact<'a, f64>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TryFrom<Vec<Vec<f64>>> for Matrix {
    type Error = Error;
    fn try_from(rows: Vec<Vec<f64>>) -> Result<Self, Error> {
        Matrix::from_rows(rows)
    }
}

impl<const R: usize, const C: usize> TryFrom<[[f64; C]; R]> for Matrix {
    type Error = Error;
    fn try_from(rows: [[f64; C]; R]) -> Result<Self, Error> {
        Matrix::from_rows(rows.iter().map(|row| row.to_vec()).collect())
    }
}

impl Serialize for Matrix {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Matrix {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Matrix::from_rows(Vec::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// The schema keyword that says "all rows have the same length", which plain JSON Schema cannot.
pub(crate) const RECTANGULAR: &str = "x-rectangular";

/// The first row whose length differs from row 0's, and what to say about it.
pub(crate) fn ragged(lengths: impl IntoIterator<Item = usize>) -> Option<(usize, String)> {
    let mut lengths = lengths.into_iter();
    let first = lengths.next()?;
    let (i, length) = lengths.enumerate().find(|(_, length)| *length != first)?;
    let values = if length == 1 { "value" } else { "values" };
    Some((i + 1, format!("row {} has {length} {values}, but row 0 has {first}", i + 1)))
}

impl JsonSchema for Matrix {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Matrix".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": {"type": "array", "items": {"type": "number"}, "minItems": 1},
            "minItems": 1,
            RECTANGULAR: true
        })
    }
}

/// Rows of numbers of which some are missing, all of the same length: `null` in JSON, `None` in memory. At least one
/// row and one column.
///
/// ```
/// use roundtable_tools::Gappy;
///
/// let x = Gappy::from_rows(vec![vec![Some(1.0), None], vec![Some(3.0), Some(4.0)]])?;
/// assert_eq!((x.rows(), x.columns(), x.missing()), (2, 2, 1));
/// assert_eq!(x.row(0), [Some(1.0), None]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Gappy {
    cells: Vec<Option<f64>>,
    columns: usize,
}

impl Gappy {
    /// Takes rows of equal length.
    ///
    /// # Errors
    /// `invalid_arguments`, with the first row that is empty, ragged, or holds a number that is not finite.
    pub fn from_rows(rows: Vec<Vec<Option<f64>>>) -> Result<Self, Error> {
        // What is known has to be a matrix.
        let known = rows.iter().map(|row| row.iter().map(|cell| cell.unwrap_or(0.0)).collect()).collect();
        let columns = Matrix::from_rows(known)?.columns();
        Ok(Gappy { cells: rows.into_iter().flatten().collect(), columns })
    }

    /// How many rows (samples).
    pub fn rows(&self) -> usize {
        self.cells.len() / self.columns
    }

    /// How many columns (features).
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many cells have no number.
    pub fn missing(&self) -> usize {
        self.cells.iter().filter(|cell| cell.is_none()).count()
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row, as a slice would.
    pub fn row(&self, i: usize) -> &[Option<f64>] {
        &self.cells[i * self.columns..(i + 1) * self.columns]
    }

    /// Row after row.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, Option<f64>> {
        self.cells.chunks_exact(self.columns)
    }

    /// The numbers of one column that are there, from the top.
    pub fn known(&self, column: usize) -> impl Iterator<Item = f64> {
        self.iter().filter_map(move |row| row[column])
    }
}

impl<'de> Deserialize<'de> for Gappy {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Gappy::from_rows(Vec::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Gappy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Gappy".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 1},
            "minItems": 1,
            RECTANGULAR: true
        })
    }
}

/// A number from 0 to 1: a probability, a share, a quantile.
///
/// ```
/// use roundtable_tools::Fraction;
///
/// assert_eq!(Fraction::new(0.25)?.get(), 0.25);
/// assert!(Fraction::new(1.5).is_err());
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Fraction(f64);

impl Fraction {
    /// 0.25.
    pub const QUARTER: Fraction = Fraction(0.25);
    /// 0.5.
    pub const HALF: Fraction = Fraction(0.5);
    /// 0.7.
    pub const SEVEN_TENTHS: Fraction = Fraction(0.7);
    /// The usual confidence.
    pub const NINETY_FIVE_PERCENT: Fraction = Fraction(0.95);
    /// All of it.
    pub const ONE: Fraction = Fraction(1.0);

    /// A usual share to set aside.
    pub const TENTH: Fraction = Fraction(0.1);

    /// Takes a number from 0 to 1, both included.
    ///
    /// # Errors
    /// `invalid_arguments` for any other number.
    pub fn new(number: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&number) {
            Ok(Fraction(number))
        } else {
            Err(Error::invalid("", format!("`{number}` is not between 0 and 1")))
        }
    }

    /// A number known to lie from 0 to 1, for defaults.
    pub(crate) const fn of(number: f64) -> Self {
        assert!(number >= 0.0 && number <= 1.0);
        Fraction(number)
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Fraction {
    type Error = Error;
    fn try_from(number: f64) -> Result<Self, Error> {
        Fraction::new(number)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Fraction::new(f64::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Fraction {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fraction".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0, "maximum": 1})
    }
}

/// Where a random sequence starts: any whole number of 64 bits, signed or not. The same seed gives the same result on
/// every machine; 0 when not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Seed(u64);

impl Seed {
    /// The seed as the 64 bits that a generator starts from.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for Seed {
    fn from(bits: u64) -> Self {
        Seed(bits)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Whole {
            Unsigned(u64),
            Signed(i64),
        }
        Ok(match Whole::deserialize(from)? {
            Whole::Unsigned(bits) => Seed(bits),
            // Two's complement: -1 and 2^64 - 1 are the same seed.
            Whole::Signed(number) => Seed(number.cast_unsigned()),
        })
    }
}

impl JsonSchema for Seed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seed".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": i64::MIN, "maximum": u64::MAX, "default": 0})
    }
}

/// The name of a group or a category: a text or a whole number (`"female"`, `2019`).
///
/// ```
/// use roundtable_tools::Label;
///
/// assert_eq!(Label::from("red").to_string(), "red");
/// assert_eq!(serde_json::from_str::<Label>("7")?, Label::from(7));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Label {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Label::Number(number) => number.fmt(f),
            Label::Text(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Label::Text(text.to_owned())
    }
}

impl From<i64> for Label {
    fn from(number: i64) -> Self {
        Label::Number(number)
    }
}

impl JsonSchema for Label {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Label".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{from_str, to_string};

    #[test]
    fn a_matrix_reads_and_writes_lists_of_rows() {
        let x: Matrix = from_str("[[1,2],[3,4.5]]").unwrap();
        assert_eq!(x.as_slice(), [1.0, 2.0, 3.0, 4.5]);
        assert_eq!(to_string(&x).unwrap(), "[[1.0,2.0],[3.0,4.5]]");
    }

    #[test]
    fn a_ragged_matrix_names_its_row() {
        let error = Matrix::from_rows(vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0, 7.0]]).unwrap_err();
        assert_eq!((error.path.as_str(), error.message.as_str()), ("/2", "row 2 has 3 values, but row 0 has 2"));
        assert!(from_str::<Matrix>("[[1,2],[3]]").is_err());
        assert!(from_str::<Matrix>("[]").is_err());
        assert!(from_str::<Matrix>("[[]]").is_err());
    }

    #[test]
    fn gaps_are_null() {
        let x: Gappy = from_str("[[1, null], [null, 4]]").unwrap();
        assert_eq!((x.missing(), x.known(1).collect::<Vec<_>>()), (2, vec![4.0]));
        assert!(from_str::<Gappy>("[[1, null], [2]]").is_err());
        assert!(from_str::<Gappy>("[[]]").is_err());
    }

    #[test]
    fn seeds_may_be_negative() {
        assert_eq!(from_str::<Seed>("-1").unwrap(), Seed::from(u64::MAX));
        assert_eq!(from_str::<Seed>("7").unwrap(), Seed::from(7));
    }

    #[test]
    fn fractions_end_at_one() {
        assert!(from_str::<Fraction>("1").is_ok());
        assert!(from_str::<Fraction>("1.0000001").is_err());
        assert!(Fraction::new(f64::NAN).is_err());
    }
}
