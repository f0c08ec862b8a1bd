//! Scenarios and end-to-end stories of roundtable. The stories are the files in `scenarios/`; the tests that run them, and
//! those that hold the shape of the workspace, are in `tests/`.

/// Whether two pictures (SVG) show the same: the same marks, none further off than a pixel and a half.
pub fn same_picture(one: &str, other: &str) -> bool {
    let pieces = |svg: &str| -> Vec<String> {
        svg.split(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '(' | ')' | '<' | '>'))
            .map(str::to_owned)
            .collect()
    };
    let (one, other) = (pieces(one), pieces(other));
    one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| {
        one == other
            || matches!((one.parse::<f64>(), other.parse::<f64>()), (Ok(one), Ok(other)) if (one - other).abs() <= 1.5)
    })
}
