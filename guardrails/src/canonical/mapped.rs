//! A text that knows which bytes of another text each of its own came from.

use std::ops::Range;

/// A piece of the text: it starts at byte `at` and came from the original's `from..to`, either byte by byte or as a
/// whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    at: usize,
    from: usize,
    to: usize,
    bytewise: bool,
}

/// A text with the way back to the original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapped {
    text: String,
    runs: Vec<Run>,
}

impl Mapped {
    /// Starts an empty text with room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Mapped { text: String::with_capacity(bytes), runs: Vec::new() }
    }

    /// A text of which every byte stands where it stood.
    pub fn same(text: String) -> Self {
        Mapped { runs: vec![Run { at: 0, from: 0, to: text.len(), bytewise: true }], text }
    }

    /// A text that came from one span as a whole.
    pub fn whole(text: String, span: Range<usize>) -> Self {
        Mapped { text, runs: vec![Run { at: 0, from: span.start, to: span.end, bytewise: false }] }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Appends a piece that came from `span`.
    pub fn push(&mut self, piece: &str, span: Range<usize>) {
        if piece.is_empty() {
            return;
        }
        let at = self.text.len();
        self.text.push_str(piece);
        let bytewise = piece.len() == span.len();
        if let Some(last) = self.runs.last_mut()
            && (last.bytewise && bytewise && last.to == span.start)
        {
            last.to = span.end;
        } else {
            self.runs.push(Run { at, from: span.start, to: span.end, bytewise });
        }
    }

    /// Appends a piece that stands for `range` of `parent`, with the parent's way back.
    pub fn push_for(&mut self, piece: &str, parent: &Mapped, range: Range<usize>) {
        let span = parent.original(range);
        self.push(piece, span);
    }

    /// Appends `range` of `parent` unchanged.
    pub fn copy(&mut self, parent: &Mapped, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let run = parent.run_at(range.start).filter(|run| parent.runs[*run].bytewise);
        if run.is_some() && run == parent.run_at(range.end - 1) {
            self.push(&parent.text[range.clone()], parent.original(range));
        } else {
            let start = range.start;
            for (i, c) in parent.text[range].char_indices() {
                let at = start + i..start + i + c.len_utf8();
                self.push_for(c.encode_utf8(&mut [0; 4]), parent, at);
            }
        }
    }

    /// Replaces the text by one of the same bytes per character, keeping the way back.
    pub fn with_same_shape(&self, text: String) -> Self {
        debug_assert_eq!(text.len(), self.text.len(), "the shape must stay");
        Mapped { text, runs: self.runs.clone() }
    }

    /// The span of the original that a range of this text came from.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        let (Some(first), Some(last)) = (self.run_at(range.start), self.run_at(range.end - 1)) else { return 0..0 };
        let (first, last) = (self.runs[first], self.runs[last]);
        let start = if first.bytewise { first.from + (range.start - first.at) } else { first.from };
        let end = if last.bytewise { last.from + (range.end - last.at) } else { last.to };
        start.min(end)..end.max(start)
    }

    fn run_at(&self, at: usize) -> Option<usize> {
        self.runs.partition_point(|run| run.at <= at).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_find_their_way_back() {
        let mut text = Mapped::default();
        text.push("ab", 0..2);
        text.push("c", 2..3); // goes on where the last ended: the same run
        text.push("ss", 3..7); // two bytes made of four
        text.push("d", 7..8);
        assert_eq!((text.text(), text.runs.len()), ("abcssd", 3));
        assert_eq!(text.original(1..3), 1..3);
        assert_eq!(text.original(2..4), 2..7);
        assert_eq!(text.original(5..6), 7..8);
        let mut child = Mapped::default();
        child.copy(&text, 1..6);
        assert_eq!((child.text(), child.original(0..1), child.original(4..5)), ("bcssd", 1..2, 7..8));
    }

    #[test]
    fn empty_texts_have_an_empty_origin() {
        assert_eq!(Mapped::default().original(0..0), 0..0);
        assert_eq!(Mapped::same(String::new()).original(0..0), 0..0);
    }
}
