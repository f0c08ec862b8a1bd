//! The conversation as the next turn's model sees it: always valid, and bounded.
//!
//! A turn that ended with an answer leaves the question, its calls with their results, and the answer. A turn that was
//! cancelled or failed leaves nothing: a half-made call would make the history invalid, and a question without an answer would be
//! answered in the next turn.

use std::borrow::Borrow;

use super::state::State;
use crate::model::{Message, Speaker};

/// Tool results in the history are cut to this many bytes: later turns need to know that they were, not every number.
const RESULT: usize = 4_000;

/// What `state`, ended with `answer`, leaves in the history.
pub fn leave(state: &State, answer: &str) -> Vec<Message> {
    let mut left = Vec::with_capacity(state.messages.len() + 2);
    left.push(Message::new(Speaker::User, state.question.as_str()));
    left.extend(state.messages.iter().cloned().map(shorten));
    left.push(Message::new(Speaker::Assistant, answer));
    left
}

fn shorten(mut message: Message) -> Message {
    if message.speaker == Speaker::Tool && message.content.len() > RESULT {
        let end = message.content.floor_char_boundary(RESULT);
        message.content.truncate(end);
        message.content.push('…');
    }
    message
}

/// The last turns of `turns` that hold at most `most` messages, in order.
pub fn recent<T: Borrow<[Message]>>(turns: &[T], most: usize) -> Vec<Message> {
    let mut room = most;
    let from = turns.iter().rposition(|turn| {
        let length = turn.borrow().len();
        let fits = length <= room;
        room = room.saturating_sub(length);
        !fits
    });
    turns[from.map_or(0, |last_out| last_out + 1)..].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(n: usize) -> Vec<Message> {
        (0..n).map(|i| Message::new(Speaker::User, i.to_string())).collect()
    }

    #[test]
    fn whole_turns_are_kept_as_far_as_there_is_room() {
        let turns = [turn(4), turn(3), turn(2)];
        assert_eq!(recent(&turns, 100).len(), 9);
        assert_eq!(recent(&turns, 8).len(), 5);
        assert_eq!(recent(&turns, 4).len(), 2);
        assert_eq!(recent(&turns, 1).len(), 0);
    }

    #[test]
    fn long_results_are_cut_at_a_character() {
        let mut state = State::new("t");
        state.messages.push(Message::tool_result("1", "é".repeat(5_000)));
        let left = leave(&state, "done");
        assert_eq!(left.len(), 3);
        assert!(left[1].content.len() <= RESULT + '…'.len_utf8());
    }
}
