//! Lists, tables and files: which argument each one is.

use serde_json::{Map, Value, json};

use super::columns;
use super::field::{Field, Numbers, stems};
use super::literal::{Kind, Literal, json_number};
use super::numbers::written;
use super::shares::optional_shares;
use super::text_lists::{labels, listed_texts, name_lists, word_lists};

/// A list, a table or a file, with the words before it.
pub(super) struct Item {
    pub kind: Kind,
    pub literals: Vec<usize>,
    before: String,
    round: bool,
}

/// Gives lists, tables and files to their arguments, and takes them and the numbers in them out of `left`.
pub fn lists(fields: &[Field], sentence: &str, left: &mut Vec<Literal>, arguments: &mut Map<String, Value>) {
    let wanting: Vec<&Field> =
        fields.iter().filter(|field| field.is_data() && !arguments.contains_key(&field.name)).collect();
    if wanting.is_empty() {
        return;
    }
    let needs = |kind: fn(&Field) -> bool| wanting.iter().filter(|field| field.required && kind(field)).count();
    let (matrices, vectors) =
        (needs(|field| field.takes.matrix), needs(|field| field.takes.vector.is_some() && !field.takes.matrix));
    let lists = needs(|field| field.takes.vector.is_some());
    let mut items = bracketed(sentence, left, matrices, vectors, lists);
    let mut used: Vec<usize> = Vec::new();
    percentiles(&wanting, sentence, arguments);
    optional_shares(&wanting, sentence, left, &mut used, arguments);
    listed_texts(&wanting, sentence, &mut items, &mut used, left, arguments);
    named(&wanting, &mut items, &mut used, arguments);
    optional_runs(&wanting, fields, sentence, left, &mut used, arguments);
    in_order(&wanting, sentence, &mut items, &mut used, arguments);
    let still: Vec<&Field> =
        open(&wanting, arguments).filter(|field| field.takes.matrix || field.takes.vector.is_some()).collect();
    if !still.is_empty() {
        let tallies = tallies(sentence, left, &used).filter(|tallies| tallies.len() == still.len());
        let mut runs = tallies.unwrap_or_else(|| runs(fields, sentence, left, &used, &still, matrices > 0));
        named(&wanting, &mut runs, &mut used, arguments);
        in_order(&wanting, sentence, &mut runs, &mut used, arguments);
    }
    besides(&wanting, &mut items, &mut used, arguments);
    sought_and_searched(sentence, arguments);
    target_of_points(&wanting, arguments);
    labels(&wanting, sentence, arguments);
    word_lists(&wanting, sentence, arguments);
    name_lists(&wanting, sentence, arguments);
    let mut at = 0;
    left.retain(|literal| {
        at += 1;
        !used.contains(&(at - 1)) || matches!(literal.kind, Kind::Text(_))
    });
}

pub(super) fn open<'f>(wanting: &'f [&'f Field], arguments: &'f Map<String, Value>) -> impl Iterator<Item = &'f Field> {
    wanting.iter().copied().filter(|field| field.required && !arguments.contains_key(&field.name))
}

/// The words between a literal and the one before it.
fn said_before<'s>(sentence: &'s str, left: &[Literal], at: usize) -> &'s str {
    let from = at.checked_sub(1).map_or(0, |before| left[before].end);
    &sentence[from..left[at].start]
}

/// A number as JSON has it; nothing for any other literal.
pub(super) fn number(literal: &Literal) -> Value {
    match literal.kind {
        Kind::Number { value, whole, .. } => json_number(value, whole),
        _ => Value::Null,
    }
}

/// Only commas, "and", signs of money and the like: one series goes on.
fn joins(between: &str) -> bool {
    let words = between.to_lowercase();
    words
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | '|' | '/'))
        .all(|word| matches!(word, "" | "and" | "or" | "to" | "then" | "$" | "€" | "£" | "¥"))
}

/// Lists, tables and files as they stand; points in a row are one table where a table is wanted. `matrices` arguments
/// need a table, `vectors` nothing but a list, and `lists` may be one.
fn bracketed(sentence: &str, left: &[Literal], matrices: usize, vectors: usize, lists: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut last_end = 0;
    for (at, literal) in left.iter().enumerate() {
        let before = said_before(sentence, left, at).to_owned();
        let item = match &literal.kind {
            Kind::List(_) | Kind::Table(_) | Kind::Object(_) | Kind::File { .. } | Kind::Text(_) => {
                let round = sentence[literal.start..].starts_with('(');
                Item { kind: literal.kind.clone(), literals: vec![at], before, round }
            }
            Kind::Number { .. } => continue,
        };
        let goes_on = joins(&sentence[last_end..literal.start]) && last_end > 0;
        last_end = literal.end;
        if let (true, Some(last), Kind::List(row)) = (goes_on, items.last_mut(), &item.kind) {
            let several = matrices > 0 && (vectors == 0 || (last.round && item.round));
            match &mut last.kind {
                Kind::Table(rows) if several && last.literals.len() > 1 => {
                    rows.push(Value::Array(row.clone()));
                    last.literals.push(at);
                    continue;
                }
                Kind::List(first) if several && first.len() == row.len() => {
                    last.kind = Kind::Table(vec![Value::Array(first.clone()), Value::Array(row.clone())]);
                    last.literals.push(at);
                    continue;
                }
                _ => {}
            }
        }
        items.push(item);
    }
    // Rows of a table for tools that take the vectors one by one, and lists that stand apart where each may be a list.
    if let ([item], 2..) = (items.as_slice(), lists)
        && let Kind::Table(rows) = &item.kind
        && rows.len() == lists
        && (matrices == 0 || (item.literals.len() == lists && lists == matrices + vectors))
    {
        let rows = rows.clone();
        let literals = item.literals.clone();
        return rows
            .into_iter()
            .filter_map(|row| row.as_array().cloned())
            .map(|row| Item { kind: Kind::List(row), literals: literals.clone(), before: String::new(), round: false })
            .collect();
    }
    items
}

/// The data as the argument takes it, or nothing if it is something else.
fn shaped(field: &Field, kind: &Kind) -> Option<Value> {
    let flat = |items: &[Value]| items.iter().all(|item| item.is_number() || item.is_null());
    // Probabilities are no list of prices.
    let within = |items: &[Value]| {
        field
            .takes
            .vector
            .is_none_or(|takes| items.iter().all(|item| item.as_f64().is_none_or(|value| takes.take(value))))
    };
    let deep =
        |rows: &[Value]| rows.iter().any(|row| row.as_array().is_some_and(|cells| cells.iter().any(Value::is_array)));
    match kind {
        Kind::Object(object) if field.takes.map => Some(Value::Object(object.clone())),
        Kind::Table(rows) if deep(rows) && field.takes.tensor => Some(Value::Array(rows.clone())),
        // `[[1 2; 3 4]]`: one bracket too many.
        Kind::Table(rows) if deep(rows) => match rows.as_slice() {
            [Value::Array(inner)] => shaped(field, &Kind::Table(inner.clone())),
            _ => None,
        },
        Kind::Table(rows) if field.takes.text_rows => Some(rows.iter().map(texts_of).collect()),
        Kind::Table(rows) if field.takes.matrix => Some(Value::Array(rows.clone())),
        Kind::Table(rows) if field.takes.vector.is_some() => match rows.as_slice() {
            [Value::Array(row)] => Some(Value::Array(row.clone())),
            rows => rows
                .iter()
                .map(|row| match row.as_array().map(Vec::as_slice) {
                    Some([single]) => Some(single.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()
                .map(Value::Array),
        },
        Kind::List(items) if flat(items) && field.takes.vector.is_some() && within(items) => {
            Some(Value::Array(items.clone()))
        }
        // Tokens of one text are a row.
        Kind::List(items) if flat(items) && field.takes.whole_rows => Some(json!([items])),
        Kind::List(items) if flat(items) && field.takes.matrix => {
            Some(Value::Array(items.iter().map(|item| json!([item])).collect()))
        }
        Kind::List(items) if field.takes.texts && !items.is_empty() => Some(Value::Array(
            items.iter().map(|item| item.as_str().map_or_else(|| json!(item.to_string()), Value::from)).collect(),
        )),
        Kind::Text(text) if field.takes.texts => Some(json!([text])),
        _ => None,
    }
}

/// A row of texts, whatever was written in it.
fn texts_of(row: &Value) -> Value {
    let text = |cell: &Value| cell.as_str().map_or_else(|| json!(cell.to_string()), Value::from);
    row.as_array().into_iter().flatten().map(text).collect()
}

/// What is called by an argument's name goes there: `x = [1, 2]`, `test set [[3]]`, `separators ['#']`.
fn named(wanting: &[&Field], items: &mut Vec<Item>, used: &mut Vec<usize>, arguments: &mut Map<String, Value>) {
    let mut pairs: Vec<(f64, usize, &Field)> = Vec::new();
    let scarce = items.len() <= open(wanting, arguments).count();
    for (at, item) in items.iter().enumerate() {
        for field in wanting {
            let mut score = calls(field, &item.before).max(described(field, wanting, &item.before));
            // What is required comes first where there is not enough for all.
            if score < 7.0 && scarce {
                score = 0.0;
            }
            if score > 0.0 && shaped(field, &item.kind).is_some() {
                pairs.push((score, at, field));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut taken = Vec::new();
    for (_, at, field) in pairs {
        if taken.contains(&at) || arguments.contains_key(&field.name) {
            continue;
        }
        if let Some(value) = shaped(field, &items[at].kind) {
            arguments.insert(field.name.clone(), value);
            used.extend(&items[at].literals);
            taken.push(at);
        }
    }
    let mut at = 0;
    items.retain(|_| {
        at += 1;
        !taken.contains(&(at - 1))
    });
}

/// "The predictions [2, 3] against the true values [1, 4]": words right before data that mean one required argument alone.
fn described(field: &Field, wanting: &[&Field], before: &str) -> f64 {
    if !field.required {
        return 0.0;
    }
    let words = stems(before);
    let near = &words[words.len().saturating_sub(3)..];
    let heard = |other: &Field| other.said_in(near, 7.0);
    let others = wanting.iter().filter(|other| other.required && other.name != field.name).any(|other| heard(other));
    if heard(field) && !others { 7.5 } else { 0.0 }
}

/// The argument for where a descent starts.
const START: &str = "x0";

/// How surely the words right before data call an argument.
fn calls(field: &Field, before: &str) -> f64 {
    let trimmed = before.trim_end();
    let sign = trimmed.ends_with(['=', ':']);
    let bare = trimmed.trim_end_matches(['=', ':', ' ', '`', '\'']);
    let bare = ["is", "are", "of", "as", "be", "on", "at", "from"]
        .iter()
        .find_map(|word| bare.strip_suffix(word).filter(|rest| rest.ends_with(' ')))
        .map_or(bare, str::trim_end);
    let last: String = bare
        .chars()
        .rev()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    if last == field.name {
        return if sign { 12.0 } else { 8.0 };
    }
    if last.eq_ignore_ascii_case(&field.name) {
        // "a" before a list is an article unless a sign says otherwise.
        return if sign {
            10.0
        } else if last.eq_ignore_ascii_case("a") {
            0.0
        } else {
            7.0
        };
    }
    // "test = [[3]]" for `X_test`.
    if sign && !last.is_empty() && field.name.rsplit_once('_').is_some_and(|(_, end)| end == last) {
        return 9.0;
    }
    if field.required {
        return 0.0;
    }
    // Where a path begins.
    if field.name == START
        && [" from", " from x", " at x"].iter().any(|begin| bare.ends_with(begin) || trimmed.ends_with(begin))
    {
        return 8.0;
    }
    let clause = trimmed.trim_end_matches(['=', ':']).rsplit([',', ';', '.', '?', ':']).next().unwrap_or_default();
    let words = stems(clause);
    // What a colon ends is near only if it stands right before it.
    let near = &words[words.len().saturating_sub(if trimmed.ends_with(':') { 2 } else { 7 })..];
    let heard = field.phrases.iter().filter(|(phrase, weight)| {
        *weight >= 5.0
            && phrase.len() <= near.len()
            && near.windows(phrase.len()).any(|window| window == phrase.as_slice())
    });
    heard.map(|(phrase, weight)| weight * phrase.len() as f64).fold(0.0, f64::max) / 3.0
}

/// Several lists of one length above 1, as rows.
fn rows(items: &[Item]) -> Option<Vec<Value>> {
    let rows: Option<Vec<Value>> = items
        .iter()
        .map(|item| match &item.kind {
            Kind::List(row) if row.len() > 1 => Some(Value::Array(row.clone())),
            _ => None,
        })
        .collect();
    let rows = rows.filter(|rows| rows.len() > 1)?;
    let length = |row: &Value| row.as_array().map(Vec::len);
    rows.iter().all(|row| length(row) == length(&rows[0])).then_some(rows)
}

/// Words before what is gone from, or searched.
const WITHIN: &[&str] = &["from", "in", "among", "within"];

/// Words between what depends and what it depends on.
const DEPENDS: &[&str] = &["for", "against", "on", "versus", "vs", "vs.", "given", "at"];

/// What has no name goes to the required arguments in order, tables to tables first.
fn in_order(
    wanting: &[&Field],
    sentence: &str,
    items: &mut Vec<Item>,
    used: &mut Vec<usize>,
    arguments: &mut Map<String, Value>,
) {
    // "to (3, 4) from (0, 0)" means them the other way round, and so does "nearest to (4, 4) in [[0, 1], …]".
    let role = |item: &Item, word: &str| stems(&item.before).last().is_some_and(|last| last == word);
    if let [first, second] = items.as_slice()
        && role(first, "to")
        && WITHIN.iter().any(|word| role(second, word))
    {
        items.swap(0, 1);
    }
    // "prices 10, 12, 15 for sizes 1, 2, 3", "ys against xs": where a table and a target are wanted, the target was said first.
    let fields: Vec<&Field> = open(wanting, arguments).collect();
    if let [_, second] = items.as_slice()
        && let [table, target] = fields[..]
        && table.takes.matrix
        && !target.takes.matrix
        && DEPENDS.contains(&second.before.to_lowercase().split_whitespace().next().unwrap_or_default())
    {
        items.swap(0, 1);
    }
    // "cat = [1, 2], dog = [3, 4]": each a row, where only a table is wanted.
    if let [table] = fields[..]
        && table.takes.matrix
        && let Some(rows) = rows(items)
    {
        let literals = items.iter().flat_map(|item| item.literals.clone()).collect();
        *items = vec![Item { kind: Kind::Table(rows), literals, before: String::new(), round: false }];
    }
    // Lists alone come in the order of the arguments; beside a table they are for what takes no table.
    let tables = items.iter().any(|item| matches!(item.kind, Kind::Table(_)));
    let passes: &[bool] = if tables { &[true, false] } else { &[false] };
    for &exact in passes {
        let fields: Vec<Field> = open(wanting, arguments).cloned().collect();
        for field in &fields {
            if arguments.contains_key(&field.name) {
                continue;
            }
            let fits = |item: &Item| match &item.kind {
                Kind::Table(_) => field.takes.matrix || field.takes.tensor || !exact,
                Kind::List(_) => !field.takes.matrix || field.takes.vector.is_some() || !exact,
                _ => !exact,
            };
            let found = items.iter().position(|item| fits(item) && shaped(field, &item.kind).is_some());
            if let Some(at) = found
                && let Some(value) = shaped(field, &items[at].kind)
            {
                used.extend(&items[at].literals);
                items.remove(at);
                arguments.insert(field.name.clone(), value);
            }
        }
    }
    if let Some(at) = items.iter().position(|item| matches!(item.kind, Kind::File { .. }))
        && let Kind::File { name } = items[at].kind.clone()
    {
        let fields: Vec<&Field> = open(wanting, arguments).collect();
        let given = columns::references(&fields, sentence, &name);
        if !given.is_empty() {
            used.extend(&items[at].literals);
            items.remove(at);
            arguments.extend(given);
        }
    }
}

/// What is left goes to what may be given besides: a table as wide as the others to the rows that are to be predicted, texts in
/// quotes to the texts that are to be worked on.
fn besides(wanting: &[&Field], items: &mut Vec<Item>, used: &mut Vec<usize>, arguments: &mut Map<String, Value>) {
    let width = |rows: &[Value]| rows.first().and_then(Value::as_array).map(Vec::len);
    let open = wanting.iter().filter(|field| !field.required && BESIDES.contains(&field.name.as_str()));
    for field in open {
        if arguments.contains_key(&field.name) {
            continue;
        }
        let wide = arguments.values().filter_map(|value| width(value.as_array()?)).collect::<Vec<_>>();
        let fits = |item: &Item| match &item.kind {
            Kind::Table(rows) => {
                field.takes.matrix && (wide.is_empty() || width(rows).is_some_and(|columns| wide.contains(&columns)))
            }
            Kind::Text(_) => field.takes.texts && field.name != VOCABULARY,
            Kind::List(items) => field.name == VOCABULARY && items.iter().all(Value::is_string),
            _ => false,
        };
        let (taken, left): (Vec<Item>, Vec<Item>) = std::mem::take(items).into_iter().partition(fits);
        *items = left;
        let value = match taken.as_slice() {
            [Item { kind: Kind::Table(rows) | Kind::List(rows), .. }] => Some(Value::Array(rows.clone())),
            texts => texts
                .iter()
                .map(|item| match &item.kind {
                    Kind::Text(text) => Some(json!(text)),
                    _ => None,
                })
                .collect(),
        };
        match value {
            Some(value) if !taken.is_empty() => {
                used.extend(taken.iter().flat_map(|item| &item.literals));
                arguments.insert(field.name.clone(), value);
            }
            _ => items.extend(taken),
        }
    }
}

/// Pairs of arguments for what is known and what is asked about.
const KNOWN_AND_ASKED: &[(&str, &str)] = &[("base", "queries"), ("X_train", "X_test")];

/// One row is asked about and several are known, whichever was said first, unless both are called by their names.
fn sought_and_searched(sentence: &str, arguments: &mut Map<String, Value>) {
    let rows = |value: &Value| value.as_array().map_or(0, Vec::len);
    let called = |name: &str| ["=", " =", ":"].iter().any(|sign| sentence.contains(&format!("{name}{sign}")));
    for (known, asked) in KNOWN_AND_ASKED.iter().filter(|(known, asked)| !called(known) && !called(asked)) {
        let turned = match (arguments.get(*known), arguments.get(*asked)) {
            (Some(known), Some(asked)) => rows(known) == 1 && rows(asked) > 1,
            _ => false,
        };
        if turned && let (Some(first), Some(second)) = (arguments.remove(*known), arguments.remove(*asked)) {
            arguments.extend([((*known).to_owned(), second), ((*asked).to_owned(), first)]);
        }
    }
}

/// Arguments for data that may be given besides.
const BESIDES: &[&str] = &["X_test", "X", "texts", VOCABULARY];
/// The one for a list of tokens.
const VOCABULARY: &str = "vocab";

/// Numbers in a row, without brackets: "2, 4 and 9", "1 2; 3 4", "70% train, 15% test".
fn runs(
    fields: &[Field],
    sentence: &str,
    left: &[Literal],
    used: &[usize],
    still: &[&Field],
    table: bool,
) -> Vec<Item> {
    let shares = still.iter().all(|field| field.takes.vector.is_some_and(|numbers| numbers.shares()));
    let free = |at: usize| -> Option<(f64, Option<i128>, bool)> {
        match left[at].kind {
            Kind::Number { value, whole, share, .. } if !used.contains(&at) && (shares || !share) => {
                Some((value, whole, share))
            }
            _ => None,
        }
    };
    let scalar = |at: usize| {
        let before = said_before(sentence, left, at);
        // "5 bins: 2, 7, 9": the word belongs to the number before it.
        let counted = at > 0 && matches!(left[at - 1].kind, Kind::Number { .. }) && before.trim_end().ends_with(':');
        let counts = |field: &Field| counted && stems(before).len() <= 3 && field.said_in(&stems(before), 5.0);
        fields.iter().any(|field| {
            field.takes.number.is_some() && !field.is_data() && calls(field, before) >= 7.0 && !counts(field)
        })
    };
    let mut series: Vec<Vec<usize>> = Vec::new();
    for at in 0..left.len() {
        if free(at).is_none() {
            continue;
        }
        let goes_on = at > 0
            && series.last().is_some_and(|run| run.last() == Some(&(at - 1)))
            && joins(&sentence[left[at - 1].end..left[at].start]);
        // "0 1 1 1, 20 epochs": the last of these is called by the word behind it.
        let goes_on = goes_on && !still.iter().any(|field| counts_another(field, fields, sentence, left, at));
        // "k = 2, 1, 5, 9": the first of these is a setting.
        let after_setting = at > 0 && goes_on && series.last().is_some_and(|run| run.len() == 1 && scalar(at - 1));
        match series.last_mut() {
            Some(run) if goes_on && !after_setting && !scalar(at) => run.push(at),
            _ => series.push(vec![at]),
        }
    }
    if shares {
        let all: Vec<usize> =
            series.concat().into_iter().filter(|at| free(*at).is_some_and(|(_, _, share)| share)).collect();
        let groups = series.iter().filter(|run| run.len() >= 2).count();
        let equal = series.iter().all(|run| run.len() == series[0].len());
        // "50%, 30% and 20%; their rates are 1%, 2% and 3%" are as many lists as are wanted, else all are one.
        if all.len() >= 2 && !(still.len() > 1 && groups == still.len() && groups == series.len() && equal) {
            series = vec![all];
        }
    }
    let mut long: Vec<Vec<usize>> = series.into_iter().filter(|run| run.len() >= 2).collect();
    if let Some(columns) = columns_said(&long, sentence, left, still) {
        return vec![columns];
    }
    long.sort_by_key(|run| std::cmp::Reverse(run.len()));
    long.truncate(still.len());
    long.sort_by_key(|run| run[0]);
    if long.len() == 1 && still.len() == 2 && !table {
        let run = long[0].clone();
        let middle = run.len() / 2;
        let said = &sentence[left[run[middle - 1]].end..left[run[middle]].start];
        if run.len().is_multiple_of(2) && (said.to_lowercase().contains("and") || said.contains([';', '\n', '|', '/']))
        {
            long = vec![run[..middle].to_vec(), run[middle..].to_vec()];
        }
    }
    long.into_iter()
        .map(|run| {
            let numbers: Vec<Value> =
                run.iter().filter_map(|&at| free(at)).map(|(value, whole, _)| json_number(value, whole)).collect();
            let breaks: Vec<usize> = (1..run.len())
                .filter(|&n| sentence[left[run[n - 1]].end..left[run[n]].start].contains([';', '\n']))
                .collect();
            let kind = if table && !breaks.is_empty() {
                let mut rows = Vec::new();
                let mut from = 0;
                for to in breaks.into_iter().chain([numbers.len()]) {
                    rows.push(Value::Array(numbers[from..to].to_vec()));
                    from = to;
                }
                Kind::Table(rows)
            } else {
                Kind::List(numbers)
            };
            let before = said_before(sentence, left, run[0]).to_owned();
            Item { kind, literals: run, before, round: false }
        })
        .collect()
}

/// "Hours slept: 7, 6, 8. Mood: 6, 5, 8": series of one length, each called by what it measures, are the columns of a table.
fn columns_said(series: &[Vec<usize>], sentence: &str, left: &[Literal], still: &[&Field]) -> Option<Item> {
    let called = |run: &Vec<usize>| {
        let before = said_before(sentence, left, run[0]).trim_end();
        before.ends_with([':', '=']) && before.chars().any(char::is_alphabetic)
    };
    let ([table], [first, _, ..]) = (still, series) else { return None };
    let rows = first.len();
    let columns = table.takes.matrix && table.takes.vector.is_none() && rows > 2;
    let one_length = series.iter().all(|run| run.len() == rows && called(run));
    (columns && one_length).then(|| Item {
        kind: Kind::Table((0..rows).map(|row| series.iter().map(|run| number(&left[run[row]])).collect()).collect()),
        literals: series.concat(),
        before: String::new(),
        round: false,
    })
}

/// "120 by web, 60 by phone. This year 80 by web, 70 by phone": the same things counted twice or more are as many lists.
fn tallies(sentence: &str, left: &[Literal], used: &[usize]) -> Option<Vec<Item>> {
    let mut groups: Vec<(Vec<usize>, Vec<Vec<String>>)> = Vec::new();
    let mut goes_on = false;
    for (at, literal) in left.iter().enumerate() {
        if used.contains(&at) || !matches!(literal.kind, Kind::Number { share: false, word: false, .. }) {
            goes_on = false;
            continue;
        }
        let end = left.get(at + 1).map_or(sentence.len(), |next| next.start);
        let after = &sentence[literal.end..end];
        let (said, rest) = after.split_at(after.find([',', ';', '.', ':', '?', '!', '\n']).unwrap_or(after.len()));
        let said = said.trim();
        let linked = said.strip_suffix(" and");
        let thing = stems(linked.unwrap_or(said));
        match groups.last_mut() {
            Some((counts, things)) if goes_on && !things.contains(&thing) => {
                counts.push(at);
                things.push(thing);
            }
            _ => groups.push((vec![at], vec![thing])),
        }
        goes_on = linked.is_some() || rest.strip_prefix(',').is_some_and(joins);
    }
    let (_, things) = groups.first()?;
    let same = groups.len() > 1 && groups.iter().all(|(_, others)| others == things);
    let counted = things.len() > 1 && things.iter().all(|thing| (1..=3).contains(&thing.len()));
    (same && counted).then(|| {
        groups
            .into_iter()
            .map(|(literals, _)| Item {
                kind: Kind::List(literals.iter().map(|at| number(&left[*at])).collect()),
                literals,
                before: String::new(),
                round: false,
            })
            .collect()
    })
}

/// "predict for x = 5", "quantiles 0.1 and 0.9": numbers after the words of an optional list.
fn optional_runs(
    wanting: &[&Field],
    fields: &[Field],
    sentence: &str,
    left: &[Literal],
    used: &mut Vec<usize>,
    arguments: &mut Map<String, Value>,
) {
    for field in wanting.iter().filter(|field| !field.required) {
        if arguments.contains_key(&field.name) || !(field.takes.matrix || field.takes.vector.is_some()) {
            continue;
        }
        let numbers = field.takes.vector.unwrap_or(Numbers {
            whole: false,
            least: f64::NEG_INFINITY,
            greatest: f64::INFINITY,
            or_share: false,
        });
        let mut found: Vec<Value> = Vec::new();
        let mut at = 0;
        while at < left.len() {
            let before = said_before(sentence, left, at);
            let goes_on = !found.is_empty() && joins(before);
            // "Recall at 2", "nDCG@5".
            let cut = field.name == CUTOFF && (before.ends_with(" at ") || before.ends_with('@'));
            // "The relevances in ranked order are 3, 0, 2": what is required and called as surely comes first.
            let required = |other: &&&Field| other.required && !arguments.contains_key(&other.name) && other.is_data();
            let sooner = |other: &&Field| other.said_in(&stems(before), 5.0);
            let begins = found.is_empty()
                && (cut || calls(field, before) >= 1.6)
                && !wanting.iter().filter(required).any(sooner)
                && !fields
                    .iter()
                    .any(|other| other.takes.number.is_some() && calls(other, before) > calls(field, before));
            match left[at].kind {
                Kind::Number { value, whole, share, word: false }
                    if (begins || goes_on && !counts_another(field, fields, sentence, left, at))
                        && numbers.take(value)
                        && !used.contains(&at) =>
                {
                    let number = written(numbers, value, whole, share, false);
                    found.push(if field.takes.vector.is_none() { json!([number]) } else { number });
                    used.push(at);
                }
                _ if !found.is_empty() => break,
                _ => {}
            }
            at += 1;
        }
        if found.is_empty() && field.takes.vector.is_some() {
            found = counted(field, numbers, sentence, left, used);
        }
        if !found.is_empty() {
            arguments.insert(field.name.clone(), Value::Array(found));
        }
    }
}

/// The argument for how many of the first results count.
const CUTOFF: &str = "k";

/// "Degrees 1, 4 and 12 and 30 training points": the last of these is called by what follows it.
fn counts_another(field: &Field, fields: &[Field], sentence: &str, left: &[Literal], at: usize) -> bool {
    let end = left.get(at + 1).map_or(sentence.len(), |next| next.start);
    let after = &sentence[left[at].end..end];
    let links = ["and", "with", "to", "or", "then", "at ", "for ", "under ", "using "]
        .iter()
        .any(|link| after.trim_start().starts_with(link));
    if !after.starts_with(' ') || joins(after) || links {
        return false;
    }
    let words = stems(after);
    let near = &words[..words.len().min(2)];
    let mut others = fields.iter().filter(|other| other.name != field.name && other.takes.number.is_some());
    !field.said_in(near, 5.0) && others.any(|other| other.said_in(near, 5.0))
}

/// "2, 20 and 200 dimensions": several numbers before the word that calls the list.
fn counted(field: &Field, takes: Numbers, sentence: &str, left: &[Literal], used: &mut Vec<usize>) -> Vec<Value> {
    let number = |at: usize| match left[at].kind {
        Kind::Number { value, whole, share, word: false } if takes.take(value) && !used.contains(&at) => {
            Some(written(takes, value, whole, share, false))
        }
        _ => None,
    };
    let mut from = 0;
    while from < left.len() {
        let mut to = from;
        while to < left.len()
            && number(to).is_some()
            && (to == from || joins(&sentence[left[to - 1].end..left[to].start]))
        {
            to += 1;
        }
        if to >= from + 2 {
            let end = left.get(to).map_or(sentence.len(), |next| next.start);
            let after = stems(&sentence[left[to - 1].end..end]);
            if field.said_in(&after[..after.len().min(2)], 5.0) {
                let found = (from..to).filter_map(number).collect();
                used.extend(from..to);
                return found;
            }
        }
        from = to.max(from + 1);
    }
    Vec::new()
}

/// A flat list where a table is wanted is one point, if it is as long as the points of another table.
pub fn points(fields: &[Field], arguments: &mut Map<String, Value>) {
    let width = |value: &Value| value.as_array()?.first()?.as_array().map(Vec::len);
    let tables = || fields.iter().filter(|field| field.takes.matrix);
    let wide: Vec<usize> =
        tables().filter_map(|field| width(arguments.get(&field.name)?)).filter(|width| *width > 1).collect();
    for field in tables() {
        let Some(value) = arguments.get(&field.name).filter(|value| super::narrow(value)) else { continue };
        let flat: Vec<Value> = value.as_array().into_iter().flatten().filter_map(|row| row.get(0).cloned()).collect();
        if wide.contains(&flat.len()) {
            arguments.insert(field.name.clone(), json!([flat]));
        }
    }
}

/// "the 5th and 95th percentile".
fn percentiles(wanting: &[&Field], sentence: &str, arguments: &mut Map<String, Value>) {
    let lower = sentence.to_lowercase();
    if !lower.contains("percentile") {
        return;
    }
    let share = |field: &&&Field| {
        field.takes.vector.is_some_and(|numbers| numbers.shares())
            && field.phrases.iter().any(|(phrase, _)| phrase.first() == stems("percentile").first())
    };
    let Some(field) = wanting.iter().find(share) else { return };
    let found: Vec<Value> = lower
        .split(|c: char| !c.is_alphanumeric() && c != '.')
        .filter_map(|word| ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)))
        .filter_map(|number| number.parse::<f64>().ok())
        .filter(|number| (0.0..=100.0).contains(number))
        .map(|number| {
            written(
                Numbers { whole: false, least: 0.0, greatest: 1.0, or_share: false },
                number / 100.0,
                None,
                true,
                false,
            )
        })
        .collect();
    if !found.is_empty() {
        arguments.insert(field.name.clone(), Value::Array(found));
    }
}

/// Points where a table and a target are wanted: the last coordinate is the target.
fn target_of_points(wanting: &[&Field], arguments: &mut Map<String, Value>) {
    let missing: Vec<&Field> = open(wanting, arguments).collect();
    let [target] = missing[..] else { return };
    let table = wanting.iter().find(|field| field.required && field.takes.matrix && field.takes.vector.is_none());
    let (Some(table), true) = (table, target.takes.vector.is_some() && !target.takes.matrix) else { return };
    let Some(Value::Array(rows)) = arguments.get(&table.name) else { return };
    let mut inputs = Vec::with_capacity(rows.len());
    let mut outputs = Vec::with_capacity(rows.len());
    for row in rows {
        let Some((last, first)) = row.as_array().and_then(|row| row.split_last()) else { return };
        if first.is_empty() {
            return;
        }
        inputs.push(json!(first));
        outputs.push(last.clone());
    }
    let (table, target) = (table.name.clone(), target.name.clone());
    arguments.insert(table, Value::Array(inputs));
    arguments.insert(target, Value::Array(outputs));
}
