//! Filters as expressions. A value is a literal in a tree and never a piece of SQL, so no id can break out of it.

use lancedb::expr::{DfExpr, col, is_in, lit};

/// `column` is `value`.
pub fn equal(column: &str, value: &str) -> DfExpr {
    col(column).eq(lit(value))
}

/// `column` is one of `values`.
pub fn one_of<S: AsRef<str>>(column: &str, values: &[S]) -> DfExpr {
    is_in(col(column), values.iter().map(|value| lit(value.as_ref())).collect())
}
