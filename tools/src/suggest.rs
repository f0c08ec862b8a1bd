//! Names that come close to one that does not exist, for "did you mean".
//!
//! Closeness is the optimal string alignment distance: the fewest insertions, deletions, replacements and swaps of
//! neighbours that turn one name into the other, in O(len · len) time. A name that contains the whole of the other
//! (`cosine` in `vector_cosine`) is close too.
//! Source: F. J. Damerau, "A technique for computer detection and correction of spelling errors", CACM 7(3), 1964.

/// The names closest to `wanted`, best first, at most three; none when nothing comes close.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = normal(wanted);
    // Nobody's typing error is this long, and the distance is quadratic.
    if wanted.is_empty() || wanted.len() > 64 {
        return Vec::new();
    }
    let mut close: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let candidate = normal(name);
            let distance = distance(&wanted, &candidate);
            if distance <= wanted.len().max(candidate.len()).div_ceil(3) {
                Some((distance, name))
            } else if candidate.len() > 2
                && wanted.len() > 2
                && (contains(&candidate, &wanted) || contains(&wanted, &candidate))
            {
                Some((100 + distance, name))
            } else {
                None
            }
        })
        .collect();
    close.sort();
    close.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// "`a`, `b` or `c`".
pub(crate) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}

/// Case, `-`, `_` and spaces make no difference to what a person meant.
fn normal(name: &str) -> Vec<char> {
    name.chars().take(65).flat_map(char::to_lowercase).filter(|c| !matches!(c, '_' | '-' | ' ')).collect()
}

fn contains(whole: &[char], part: &[char]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

fn distance(a: &[char], b: &[char]) -> usize {
    // Row i holds the distances from the first i letters of `a` to every prefix of `b`; swaps look two rows back.
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &str, expected: &[&str]) {
        let names = ["kmeans", "pca", "vector_dot", "vector_cosine", "linear_regression", "k"];
        assert_eq!(nearest(wanted, names), expected, "for {wanted}");
    }

    #[test]
    fn finds_what_was_meant() {
        check("k-means", &["kmeans"]);
        check("kmaens", &["kmeans"]);
        check("KMeans", &["kmeans"]);
        check("cosine", &["vector_cosine"]);
        check("linear_regresion", &["linear_regression"]);
        check("teleport", &[]);
        check("", &[]);
    }

    #[test]
    fn distance_by_hand() {
        let d = |a: &str, b: &str| distance(&normal(a), &normal(b));
        assert_eq!(d("kitten", "sitting"), 3);
        assert_eq!(d("ab", "ba"), 1);
        assert_eq!(d("", "abc"), 3);
    }
}
