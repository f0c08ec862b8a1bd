//! A better order for passages that were found.
//!
//! The retriever's score stays the judge; the share of the question's words that a passage holds, weighted by how few of the
//! candidates hold them, has a vote beside it (the vote that late interaction has in larger systems: Khattab and Zaharia, "ColBERT",
//! 2020, §3; here over words, since the vectors of single words are not kept).

use std::collections::HashMap;

use hashbrown::HashSet;

use super::Passage;
use super::words::{content, stems};

/// What the words' vote weighs beside the retriever's score.
const VOTE: f32 = 0.2;

/// Orders `found` (passages with the retriever's scores) by how well they answer `question`; best first, ties by chunk.
pub fn rerank(question: &str, found: Vec<(Passage, f32)>) -> Vec<(Passage, f32)> {
    let wanted = content(question);
    if wanted.is_empty() || found.len() < 2 {
        return found;
    }
    let held: Vec<(HashSet<String>, HashSet<String>)> =
        found.iter().map(|(passage, _)| (stems(&passage.text), stems(&passage.title))).collect();
    let mut holders: HashMap<&str, usize> = HashMap::new();
    for word in &wanted {
        let count = held.iter().filter(|(text, title)| text.contains(&word.stem) || title.contains(&word.stem)).count();
        holders.insert(&word.stem, count);
    }
    let rarity = |stem: &str| (1.0 + found.len() as f32 / (1.0 + holders[stem] as f32)).ln();
    let all: f32 = wanted.iter().map(|word| word.weight * rarity(&word.stem)).sum();
    let vote = |(text, title): &(HashSet<String>, HashSet<String>)| {
        let sum: f32 = wanted
            .iter()
            .map(|word| {
                let found = if text.contains(&word.stem) { 1.0 } else { 0.0 }
                    + if title.contains(&word.stem) { 0.3 } else { 0.0 };
                word.weight * rarity(&word.stem) * f32::min(found, 1.0)
            })
            .sum();
        sum / all
    };
    let lowest = found.iter().map(|(_, score)| *score).fold(f32::INFINITY, f32::min);
    let highest = found.iter().map(|(_, score)| *score).fold(f32::NEG_INFINITY, f32::max);
    let width = (highest - lowest).max(f32::EPSILON);
    let votes: Vec<f32> = held.iter().map(vote).collect();
    let mut ordered: Vec<(Passage, f32)> = found
        .into_iter()
        .zip(votes)
        .map(|((passage, score), vote)| (passage, (1.0 - VOTE) * (score - lowest) / width + VOTE * vote))
        .collect();
    ordered.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.chunk.cmp(&b.0.chunk)));
    ordered
}

#[cfg(test)]
mod tests {
    use super::super::passage;
    use super::*;

    #[test]
    fn rare_words_of_the_question_lift_a_passage() {
        let found = vec![
            (passage(1, "the wing of the aircraft"), 0.52),
            (passage(2, "flutter of the wing"), 0.5),
            (passage(3, "a wing"), 0.1),
        ];
        let order: Vec<usize> = rerank("wing flutter", found).iter().map(|(passage, _)| passage.n).collect();
        assert_eq!(order, [2, 1, 3]);
    }

    #[test]
    fn without_words_or_choice_the_order_stands() {
        let one = vec![(passage(1, "x"), 1.0)];
        assert_eq!(rerank("wing", one.clone()), one);
        let two = vec![(passage(1, "x"), 0.1), (passage(2, "y"), 0.9)];
        assert_eq!(rerank("of the", two.clone()), two);
        assert_eq!(rerank("zebra", two)[0].0.n, 2);
    }
}
