//! # Similarity of two strings
//!
//! How many edits turn one string into the other, or how many characters they share in order. Levenshtein counts
//! insertions, deletions and substitutions; Damerau also swaps of neighbours, in the restricted form (OSA) without
//! touching a swapped pair again. The longest common subsequence allows no substitution. Jaro counts the characters that
//! occur in both at about the same place, Winkler adds for a common beginning.
//!
//! Cost: O(n · m) time, O(n + m) memory. References: R. Wagner, M. Fischer, "The string-to-string correction problem",
//! JACM 21(1), 1974; C. Zhao, S. Sahni, "String correction using the Damerau-Levenshtein distance", BMC Bioinformatics
//! 20(11), 2019, §3 (linear space); M. Jaro, JASA 84(406), 1989; W. Winkler, "String comparator metrics", 1990.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Compares two strings: Levenshtein and Damerau-Levenshtein edit distances, Jaro and Jaro-Winkler, the longest common
/// subsequence. Use it to find typing errors, near duplicates, or variants of a name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The first string.
    pub a: String,
    /// The second string. The product of both lengths may be up to 25,000,000 characters.
    pub b: String,
    /// How much a common beginning adds to Jaro in Jaro-Winkler, for each of at most 4 characters: prefix weight, from 0
    /// to 0.25; 0.1 when not given.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.0, max = 0.25))]
    pub prefix_weight: f64,
}

fn tenth() -> f64 {
    0.1
}

/// The distances and similarities. Characters are Unicode code points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The fewest insertions, deletions and substitutions.
    pub levenshtein: usize,
    /// The same with swaps of neighbours, none of which is edited again (optimal string alignment).
    pub osa: usize,
    /// The same with swaps of characters that are, or become, neighbours.
    pub damerau_levenshtein: usize,
    /// The length of the longest common subsequence.
    pub lcs_length: usize,
    /// `1 - levenshtein / length of the longer string`, from 0 to 1; 1 for two empty strings.
    pub levenshtein_ratio: f64,
    /// Jaro's similarity, from 0 to 1.
    pub jaro: f64,
    /// The same, raised for a common beginning when it is above 0.7.
    pub jaro_winkler: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "edit distance between kitten and sitting",
    "How similar are the names 'Martha' and 'Marhta'?",
    "Jaro-Winkler similarity of dixon and dicksonx",
    "is \"recieve\" just a typo of \"receive\"? levenshtein please",
    "longest common subsequence length of AGGTAB and GXTXAYB",
];

/// The largest product of both lengths.
const LIMIT: usize = 25_000_000;

/// Compares the two.
///
/// # Errors
/// `too_large` if the product of the lengths is more than 25,000,000; `invalid_arguments` if the prefix weight is not
/// from 0 to 0.25.
pub fn run(args: &Args) -> Result<Output, Error> {
    if !(0.0..=0.25).contains(&args.prefix_weight) {
        let given = args.prefix_weight;
        return Err(Error::invalid(
            "/prefix_weight",
            format!("`prefix_weight` is {given}, but must be from 0 to 0.25"),
        ));
    }
    let (a, b): (Vec<char>, Vec<char>) = (args.a.chars().collect(), args.b.chars().collect());
    if a.len().saturating_mul(b.len()) > LIMIT {
        let message = format!("{} times {} characters are more than {LIMIT} comparisons", a.len(), b.len());
        return Err(Error::too_large("/b", message));
    }
    let levenshtein = levenshtein(&a, &b);
    let longer = a.len().max(b.len());
    let jaro = jaro(&a, &b);
    Ok(Output {
        levenshtein,
        osa: optimal_string_alignment(&a, &b),
        damerau_levenshtein: damerau_levenshtein(&a, &b),
        lcs_length: common_subsequence(&a, &b),
        levenshtein_ratio: if longer == 0 { 1.0 } else { 1.0 - levenshtein as f64 / longer as f64 },
        jaro,
        jaro_winkler: winkler(jaro, &a, &b, args.prefix_weight),
    })
}

/// One row of the table of distances between prefixes at a time.
fn levenshtein(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j].min(diagonal) + 1);
        }
    }
    row[b.len()]
}

fn optimal_string_alignment(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let (mut above, mut two_above) = (row.clone(), row.clone());
    for i in 1..=a.len() {
        std::mem::swap(&mut two_above, &mut above);
        std::mem::swap(&mut above, &mut row);
        row[0] = i;
        for j in 1..=b.len() {
            let substituted = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substituted.min(above[j].min(row[j - 1]) + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(two_above[j - 2] + 1);
            }
        }
    }
    row[b.len()]
}

/// A swap joins the last row where `b`'s character stood in `a` with the last column where `a`'s stood in `b`; of those
/// only the ones with nothing between on one side can be best, so one row and one number of the old tables are enough.
fn damerau_levenshtein(a: &[char], b: &[char]) -> usize {
    let far = a.len().max(b.len()) + 1;
    let mut last_row: HashMap<char, usize> = HashMap::new();
    // Column j of the paper is at j + 1 here, so that column -1 exists.
    let mut row: Vec<usize> = std::iter::once(far).chain(0..=b.len()).collect();
    let mut above = vec![far; b.len() + 2];
    let mut before_match = vec![far; b.len() + 2];
    for i in 1..=a.len() {
        std::mem::swap(&mut row, &mut above);
        let mut last_column = None;
        let mut two_above = row[1];
        let mut swapped = far;
        row[1] = i;
        for j in 1..=b.len() {
            let equal = a[i - 1] == b[j - 1];
            let mut best = (above[j] + usize::from(!equal)).min(row[j] + 1).min(above[j + 1] + 1);
            if equal {
                last_column = Some(j);
                before_match[j + 1] = above[j - 1];
                swapped = two_above;
            } else if let (Some(&k), Some(l)) = (last_row.get(&b[j - 1]), last_column) {
                if j - l == 1 {
                    best = best.min(before_match[j + 1] + (i - k));
                } else if i - k == 1 {
                    best = best.min(swapped + (j - l));
                }
            }
            two_above = std::mem::replace(&mut row[j + 1], best);
        }
        last_row.insert(a[i - 1], i);
    }
    row[b.len() + 1]
}

fn common_subsequence(a: &[char], b: &[char]) -> usize {
    let mut row = vec![0_usize; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let longer = if x == y { diagonal + 1 } else { row[j + 1].max(row[j]) };
            diagonal = std::mem::replace(&mut row[j + 1], longer);
        }
    }
    row[b.len()]
}

fn jaro(a: &[char], b: &[char]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; b.len()];
    let mut of_a = Vec::new();
    for (i, x) in a.iter().enumerate() {
        let places = i.saturating_sub(window)..b.len().min(i + window + 1);
        if let Some(j) = places.into_iter().find(|j| !taken[*j] && b[*j] == *x) {
            taken[j] = true;
            of_a.push(*x);
        }
    }
    if of_a.is_empty() {
        return 0.0;
    }
    let of_b = b.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(y, _)| y);
    let transpositions = of_a.iter().zip(of_b).filter(|(x, y)| x != y).count() / 2;
    let common = of_a.len() as f64;
    (common / a.len() as f64 + common / b.len() as f64 + (common - transpositions as f64) / common) / 3.0
}

/// Winkler raises only what is alike already.
fn winkler(jaro: f64, a: &[char], b: &[char], weight: f64) -> f64 {
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    if jaro > 0.7 { jaro + prefix as f64 * weight * (1.0 - jaro) } else { jaro }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(a: &str, b: &str) -> Output {
        run(&Args { a: a.to_owned(), b: b.to_owned(), prefix_weight: tenth() }).unwrap()
    }

    #[test]
    fn by_hand() {
        let out = of("ca", "abc");
        // Restricted edits need three; unrestricted ones swap to `ac` and put `b` between.
        assert_eq!((out.levenshtein, out.osa, out.damerau_levenshtein), (3, 3, 2));
        assert_eq!(of("AGGTAB", "GXTXAYB").lcs_length, 4); // GTAB
        let empty = of("", "");
        assert_eq!((empty.levenshtein_ratio, empty.jaro, empty.jaro_winkler), (1.0, 1.0, 1.0));
    }

    #[test]
    fn winklers_own_table() {
        // Oracle: Winkler 1990, table 1, rounded to three digits.
        for (a, b, jaro, winkler) in
            [("dwayne", "duane", 0.822, 0.840), ("martha", "marhta", 0.944, 0.961), ("dixon", "dicksonx", 0.767, 0.813)]
        {
            let out = of(a, b);
            assert!((out.jaro - jaro).abs() < 5e-4 && (out.jaro_winkler - winkler).abs() < 5e-4, "{a} {b} {out:?}");
        }
    }

    #[test]
    fn refuses_too_much() {
        let long = "x".repeat(6000);
        let args = Args { a: long.clone(), b: long, prefix_weight: 0.1 };
        assert_eq!(run(&args).unwrap_err().kind, ErrorKind::TooLarge);
    }

    /// The recurrence as Lowrance and Wagner wrote it, with the whole table and every earlier match (JACM 22(2), 1975).
    fn plain(a: &[char], b: &[char]) -> usize {
        let mut d = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                d[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let edited = d[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let mut best = edited.min(d[i - 1][j] + 1).min(d[i][j - 1] + 1);
                    for k in 1..i {
                        for l in 1..j {
                            if a[k - 1] == b[j - 1] && a[i - 1] == b[l - 1] {
                                best = best.min(d[k - 1][l - 1] + (i - k - 1) + 1 + (j - l - 1));
                            }
                        }
                    }
                    best
                };
            }
        }
        d[a.len()][b.len()]
    }

    proptest! {
        #[test]
        fn linear_space_agrees_with_the_table(a in "[abc]{0,9}", b in "[abc]{0,9}") {
            let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(damerau_levenshtein(&left, &right), plain(&left, &right));
        }

        #[test]
        fn distances_are_ordered_and_symmetric(a in "[abcé]{0,12}", b in "[abcé]{0,12}") {
            let (there, back) = (of(&a, &b), of(&b, &a));
            prop_assert!(there.damerau_levenshtein <= there.osa && there.osa <= there.levenshtein);
            prop_assert_eq!(there.levenshtein, back.levenshtein);
            prop_assert_eq!(there.lcs_length, back.lcs_length);
            prop_assert!((0.0..=1.0).contains(&there.jaro) && there.jaro <= there.jaro_winkler);
            prop_assert_eq!(there.levenshtein == 0, a == b);
        }
    }
}
