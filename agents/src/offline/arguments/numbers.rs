//! Gives the numbers of a sentence to the arguments whose words stand nearest.
//!
//! Every pair of a number and an argument gets a score from the words in the same clause before and after the number; the
//! assignment with the greatest sum wins (dynamic programming over subsets of the arguments, which are few). Numbers that no
//! word claims go to required arguments that are still open, in order.

use serde_json::{Map, Value};

use super::around;
use super::field::{Field, Numbers, kin};
use super::literal::{Kind, Literal, json_number};
use crate::offline::words::stem;

/// So many arguments and numbers are matched at once.
const FIELDS: usize = 10;
const NUMBERS: usize = 24;

#[derive(Clone, Copy)]
struct Heard {
    score: f64,
    complement: bool,
}

/// Assigns what numbers are left.
///
/// Gives how many arguments the words spoke for, and the literals that are numbers nobody wants.
pub fn assign(
    fields: &[Field],
    sentence: &str,
    literals: &[Literal],
    arguments: &mut Map<String, Value>,
) -> (usize, Vec<usize>) {
    let open: Vec<&Field> = fields
        .iter()
        .filter(|field| field.takes.number.is_some() && !arguments.contains_key(&field.name))
        .take(FIELDS)
        .collect();
    let numbers: Vec<(usize, &Literal)> = literals
        .iter()
        .enumerate()
        .filter(|(_, literal)| matches!(literal.kind, Kind::Number { .. }))
        .take(NUMBERS)
        .collect();
    if open.is_empty() || numbers.is_empty() {
        return (0, numbers.into_iter().map(|(at, _)| at).collect());
    }
    let heard: Vec<Vec<Heard>> = numbers
        .iter()
        .enumerate()
        .map(|(n, (at, literal))| {
            let from = at.checked_sub(1).map_or(0, |before| literals[before].end);
            let to = literals.get(at + 1).map_or(sentence.len(), |next| next.start);
            let (before, after) = around(sentence, from, literal.start, literal.end, to);
            let (before, after) = (Clause::before(&before), Clause::after(&after));
            open.iter()
                .enumerate()
                .map(|(f, field)| listen(field, n.abs_diff(f), &open, literal, &before, &after))
                .collect()
        })
        .collect();
    let chosen = best(&heard, open.len());
    let mut used = vec![false; numbers.len()];
    let mut spoken_for = 0;
    for (n, field) in chosen.iter().enumerate() {
        if let Some(field) = field {
            used[n] = true;
            spoken_for += usize::from(heard[n][*field].score > 3.0);
            give(open[*field], numbers[n].1, heard[n][*field].complement, arguments);
        }
    }
    remaining(&open, &numbers, &mut used, arguments);
    let free = numbers.iter().zip(&used).filter(|(_, used)| !**used).map(|((at, _), _)| *at).collect();
    (spoken_for, free)
}

/// The score of a number for a required argument that no word speaks for.
const REQUIRED: f64 = 1.6;

/// Whether the argument can take the number without being named.
fn fits(field: &Field, literal: &Literal) -> bool {
    match (field.takes.number, &literal.kind) {
        (Some(takes), &Kind::Number { value, share, word, .. }) => {
            // "one" is seldom a number when nothing says so.
            let meant = !(word && value == 1.0) && (!share || takes.shares());
            let whole = !takes.whole || takes.or_share || value.fract() == 0.0;
            meant && whole && (takes.take(value) || !takes.shares())
        }
        _ => false,
    }
}

/// What nobody claimed goes to what is still open.
fn remaining(open: &[&Field], numbers: &[(usize, &Literal)], used: &mut [bool], arguments: &mut Map<String, Value>) {
    for field in open.iter().filter(|field| field.required) {
        if arguments.contains_key(&field.name) {
            continue;
        }
        if let Some(n) = (0..numbers.len()).find(|&n| !used[n] && fits(field, numbers[n].1)) {
            used[n] = true;
            give(field, numbers[n].1, false, arguments);
        }
    }
    // An optional argument without a default is the one that a person most likely means.
    let mut unset =
        open.iter().filter(|field| !field.required && field.default.is_none() && !arguments.contains_key(&field.name));
    let mut free = (0..numbers.len()).filter(|&n| !used[n]);
    if let (Some(field), None, Some(n), None) = (unset.next(), unset.next(), free.next(), free.next())
        && fits(field, numbers[n].1)
    {
        give(field, numbers[n].1, false, arguments);
    }
}

/// Writes the number as the argument takes it.
fn give(field: &Field, literal: &Literal, complement: bool, arguments: &mut Map<String, Value>) {
    if let (Some(takes), Kind::Number { value, whole, share, .. }) = (field.takes.number, &literal.kind) {
        arguments.insert(field.name.clone(), written(takes, *value, *whole, *share, complement));
    }
}

/// A number as `takes` wants it: 5 % is 0.05, a specificity of 90 % a rate of 0.1.
pub fn written(takes: Numbers, value: f64, whole: Option<i128>, share: bool, complement: bool) -> Value {
    if complement && (0.0..=1.0).contains(&value) {
        return json_number(tidy(1.0 - value), None);
    }
    if complement && value <= 100.0 {
        return json_number(tidy(1.0 - value / 100.0), None);
    }
    if share && takes.whole && !takes.or_share {
        return json_number(tidy(value * 100.0), (value * 100.0).fract().eq(&0.0).then_some((value * 100.0) as i128));
    }
    if takes.whole && whole.is_none() && value.fract() == 0.0 && value.abs() < 1e15 {
        return json_number(value, Some(value as i128));
    }
    json_number(if share { tidy(value) } else { value }, whole)
}

/// Without the dust of binary fractions: 0.07 and not 0.07000000000000001.
pub fn tidy(value: f64) -> f64 {
    format!("{value:.12}").parse().unwrap_or(value)
}

/// The assignment with the greatest sum, each argument once.
fn best(heard: &[Vec<Heard>], fields: usize) -> Vec<Option<usize>> {
    let masks = 1_usize << fields;
    let mut sums = vec![f64::NEG_INFINITY; masks];
    sums[0] = 0.0;
    let mut choices: Vec<Vec<Option<usize>>> = Vec::with_capacity(heard.len());
    for row in heard {
        let mut next = sums.clone();
        let mut choice = vec![None; masks];
        for (mask, sum) in sums.iter().enumerate().filter(|(_, sum)| sum.is_finite()) {
            for (field, heard) in row.iter().enumerate() {
                let with = mask | 1 << field;
                if heard.score > 0.0 && with != mask && sum + heard.score > next[with] {
                    next[with] = sum + heard.score;
                    choice[with] = Some(field);
                }
            }
        }
        sums = next;
        choices.push(choice);
    }
    let mut mask = (0..masks).fold(0, |best, mask| if sums[mask] > sums[best] { mask } else { best });
    let mut chosen = vec![None; heard.len()];
    for n in (0..heard.len()).rev() {
        if let Some(field) = choices[n][mask] {
            chosen[n] = Some(field);
            mask &= !(1 << field);
        }
    }
    chosen
}

/// Words on one side of a number, nearest first, in the number's own clause; and those of the clause beyond.
struct Clause {
    near: Vec<String>,
    far: Vec<String>,
    assigns: bool,
}

/// Words that begin another thought.
const BREAKS: &[&str] =
    &["and", "with", "using", "then", "while", "but", "if", "on", "when", "where", "whereas", "then", "plus"];

impl Clause {
    fn before(text: &str) -> Clause {
        let trimmed = text.trim_end();
        let assigns = trimmed.ends_with(['=', ':']);
        let trimmed = trimmed.trim_end_matches(['=', ':', '~', '≈', ' ']);
        // "Fires happen on 1% of days": right before a number it begins no other thought.
        let happens =
            trimmed.strip_suffix(" on").filter(|rest| !rest.ends_with("centred") && !rest.ends_with("centered"));
        let trimmed = happens.unwrap_or(trimmed);
        let mut clauses = clauses(trimmed);
        let mut near = clauses.pop().unwrap_or_default();
        let mut far = clauses.pop().unwrap_or_default();
        near.reverse();
        far.reverse();
        Clause { near, far, assigns }
    }

    fn after(text: &str) -> Clause {
        let mut clauses = clauses(text).into_iter();
        Clause { near: clauses.next().unwrap_or_default(), far: clauses.next().unwrap_or_default(), assigns: false }
    }
}

fn clauses(text: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for part in text.split_inclusive([',', ';', '.', '?', '!', ':', '(', ')', '\n']) {
        let ends = part.ends_with([',', ';', '.', '?', '!', ':', '(', ')', '\n']);
        for word in part.replace('\'', "").split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if BREAKS.contains(&word)
                && let Some(last) = all.last()
                // "Centred on 100" is one thought.
                && !(word == "on" && last.last().is_some_and(|before: &String| before.starts_with("cent")))
            {
                if !last.is_empty() || all.len() == 1 {
                    all.push(Vec::new());
                }
                continue;
            }
            if let Some(last) = all.last_mut() {
                last.push(stem(word));
            }
        }
        if ends {
            all.push(Vec::new());
        }
    }
    all
}

/// How much the words around a number speak for an argument.
fn listen(field: &Field, place: usize, open: &[&Field], literal: &Literal, before: &Clause, after: &Clause) -> Heard {
    let (Some(takes), &Kind::Number { value, share, .. }) = (field.takes.number, &literal.kind) else {
        return Heard { score: 0.0, complement: false };
    };
    // "A flagged one" is no number.
    if let (Kind::Number { word: true, .. }, true, false) = (&literal.kind, value == 1.0, takes.whole) {
        return Heard { score: 0.0, complement: false };
    }
    let mut score = 0.0_f64;
    for (phrase, weight) in &field.phrases {
        let weight = weight * rarity(phrase, open);
        score = score.max(heard(phrase, before, after) * weight);
    }
    // "nDCG at 5".
    if field.name == "k" && before.near.first().is_some_and(|word| word == "at") {
        score = score.max(7.0);
    }
    let mut complement = false;
    for phrase in &field.complements {
        let said = heard(phrase, before, after) * 9.0;
        if said > score {
            score = said;
            complement = true;
        }
    }
    if score > 0.0 && before.assigns && field.phrases.first().is_some_and(|(name, _)| ends_with(&before.near, name)) {
        score += 20.0;
    }
    // A share goes where shares are taken; a number that the argument cannot take goes there only when it is named.
    if share && !takes.shares() {
        score *= 0.3;
    }
    // What is required is meant rather than what a stray word hints at.
    if field.required && score < REQUIRED && fits(field, literal) {
        return Heard { score: REQUIRED - 0.01 * place as f64, complement: false };
    }
    if !takes.take(value) && score < 4.0 && !complement {
        score = 0.0;
    }
    Heard { score: if score < 1.2 { 0.0 } else { score }, complement }
}

/// A phrase that several arguments share speaks less for each.
fn rarity(phrase: &[String], open: &[&Field]) -> f64 {
    let sharing = open
        .iter()
        .filter(|field| field.phrases.iter().any(|(other, weight)| other == phrase && *weight > 1.5))
        .count();
    1.0 / (sharing.max(1) as f64).sqrt()
}

fn ends_with(near: &[String], name: &[String]) -> bool {
    name.len() <= near.len() && name.iter().rev().zip(near).all(|(a, b)| a == b)
}

/// 1 beside the number, less with each word between; what stands in the next clause counts little.
fn heard(phrase: &[String], before: &Clause, after: &Clause) -> f64 {
    let reversed: Vec<String> = phrase.iter().rev().cloned().collect();
    let place = |words: &[String], phrase: &[String]| {
        words.windows(phrase.len()).position(|window| window.iter().zip(phrase).all(|(a, b)| kin(a, b)))
    };
    let fall = |distance: usize, base: f64, step: f64| (base - step * distance as f64).max(0.15 * base);
    let mut most = 0.0_f64;
    if let Some(at) = place(&before.near, &reversed) {
        most = most.max(fall(fillers(&before.near[..at]), 1.0, 0.12));
    }
    if let Some(at) = place(&after.near, phrase) {
        most = most.max(fall(fillers(&after.near[..at]), 0.95, 0.12));
    }
    if place(&before.far, &reversed).is_some() {
        most = most.max(0.2);
    }
    if place(&after.far, phrase).is_some() {
        most = most.max(0.15);
    }
    most
}

/// How many of the words keep a phrase away from its number: "of", "is", "a" and the like do not.
fn fillers(words: &[String]) -> usize {
    const LIGHT: &[&str] = &[
        "of", "is", "a", "an", "the", "to", "at", "be", "equal", "equals", "set", "s", "are", "as", "only", "about",
        "was",
    ];
    words.iter().filter(|word| !LIGHT.contains(&word.as_str())).count()
}
