//! A decision tree for people: as indented text, and drawn from the root down.

use super::{decision_tree::DecisionTree, target::most_probable, tree::LEAF};
use crate::plot::style::{INK, color, escape, printable};

/// How deep the text goes.
const TEXT_LEVELS: usize = 10;

/// How deep the drawing goes.
const DRAWN_LEVELS: usize = 4;

/// One line a question or leaf, indented by its depth.
pub(crate) fn text(model: &DecisionTree, names: &[String]) -> String {
    let mut lines = Vec::new();
    write_node(model, names, 0, 0, &mut lines);
    lines.join("\n")
}

fn write_node(model: &DecisionTree, names: &[String], at: usize, depth: usize, lines: &mut Vec<String>) {
    let node = model.tree.nodes[at];
    let indent = "|   ".repeat(depth);
    if node.feature == LEAF {
        let [what, how_many] = leaf(model, at);
        lines.push(format!("{indent}{what} ({how_many})"));
    } else if depth == TEXT_LEVELS {
        lines.push(format!("{indent}... (n = {})", model.sizes[at]));
    } else {
        let (name, threshold) = (&names[node.feature as usize], number(node.threshold));
        for (sign, child) in [("<=", node.next), (">", node.next + 1)] {
            lines.push(format!("{indent}{name} {sign} {threshold}"));
            write_node(model, names, child as usize, depth + 1, lines);
        }
    }
}

/// What a leaf says, and of how many rows.
fn leaf(model: &DecisionTree, at: usize) -> [String; 2] {
    let (values, n) = (model.values(at), model.sizes[at]);
    if model.is_classification() {
        let label = most_probable(values);
        [format!("class {label}"), format!("{} % of {n}", number(100.0 * values[label]))]
    } else {
        [format!("mean {}", number(values[0])), format!("n = {n}")]
    }
}

/// Four significant digits.
fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let power = x.abs().log10().floor();
    if !(-4.0..7.0).contains(&power) {
        return format!("{x:.3e}");
    }
    let decimals = (3.0 - power).max(0.0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A box of the drawing.
struct Block {
    /// The middle, in places of the bottom row.
    x: f64,
    depth: usize,
    lines: [String; 2],
    kind: Kind,
    parent: Option<usize>,
}

enum Kind {
    Question,
    /// With the number of its colour.
    Leaf(usize),
    Cut,
}

struct Layout<'a> {
    model: &'a DecisionTree,
    names: &'a [String],
    blocks: Vec<Block>,
    places: usize,
}

impl Layout<'_> {
    /// Lays out what lies below a node; parents stand over the middle of their children.
    fn place(&mut self, at: usize, depth: usize, parent: Option<usize>) -> f64 {
        let node = self.model.tree.nodes[at];
        let size = format!("n = {}", self.model.sizes[at]);
        let mine = self.blocks.len();
        let block = |lines, kind| Block { x: 0.0, depth, lines, kind, parent };
        let x = if node.feature == LEAF || depth == DRAWN_LEVELS {
            if node.feature == LEAF {
                let hue = if self.model.is_classification() { most_probable(self.model.values(at)) } else { 0 };
                self.blocks.push(block(leaf(self.model, at), Kind::Leaf(hue)));
            } else {
                self.blocks.push(block(["...".to_owned(), size], Kind::Cut));
            }
            self.places += 1;
            self.places as f64 - 0.5
        } else {
            let name: String = printable(&self.names[node.feature as usize]).chars().take(16).collect();
            self.blocks.push(block([format!("{name} ≤ {}", number(node.threshold)), size], Kind::Question));
            let left = self.place(node.next as usize, depth + 1, Some(mine));
            let right = self.place(node.next as usize + 1, depth + 1, Some(mine));
            0.5 * (left + right)
        };
        self.blocks[mine].x = x;
        x
    }
}

/// Height of a box, and from one level to the next, in pixels.
const BOX: f64 = 40.0;
const LEVEL: f64 = 84.0;
/// Above the root.
const HEAD: f64 = 58.0;

/// The tree as a picture: questions in square boxes, leaves in round ones in the colour of their class, what lies deeper
/// than four levels as dots.
pub(crate) fn svg(model: &DecisionTree, names: &[String]) -> String {
    let mut layout = Layout { model, names, blocks: Vec::new(), places: 0 };
    layout.place(0, 0, None);
    let Layout { blocks, places, .. } = layout;
    let longest = blocks.iter().flat_map(|block| &block.lines).map(|line| line.chars().count()).max().unwrap_or(0);
    let wide = (longest as f64 * 7.3 + 12.0).max(64.0);
    let slot = (wide + 10.0).max(600.0 / places as f64);
    let depth = blocks.iter().map(|block| block.depth).max().unwrap_or(0);
    let (width, height) = (slot * places as f64 + 40.0, HEAD + LEVEL * depth as f64 + BOX + 16.0);
    let centre = |block: &Block| (20.0 + block.x * slot, HEAD + LEVEL * block.depth as f64);
    let mut body = String::new();
    let mut push = |element: String| {
        body.push_str(&element);
        body.push('\n');
    };
    for (i, block) in blocks.iter().enumerate() {
        let Some(parent) = block.parent else { continue };
        let ((x, y), (from, above)) = (centre(block), centre(&blocks[parent]));
        let above = above + BOX;
        push(format!(
            r#"<line x1="{from:.1}" y1="{above:.1}" x2="{x:.1}" y2="{y:.1}" stroke="rgb(130,130,130)" stroke-width="1.5"/>"#
        ));
        // The first child follows its parent at once.
        let (word, side) = if i == parent + 1 { ("yes", "end") } else { ("no", "start") };
        let shift = if i == parent + 1 { -5.0 } else { 5.0 };
        let (x, y) = (0.5 * (from + x) + shift, 0.5 * (above + y) + 1.0);
        push(format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{side}" fill="rgb(90,90,90)">{word}</text>"#));
    }
    for block in &blocks {
        let (x, y) = centre(block);
        let left = x - wide / 2.0;
        let (fill, line, round) = match block.kind {
            Kind::Question => ("white".to_owned(), INK, 2),
            Kind::Leaf(hue) => {
                let hue = color(hue);
                (format!("rgb({},{},{})", pale(hue.0), pale(hue.1), pale(hue.2)), hue, 14)
            }
            Kind::Cut => ("rgb(240,240,240)".to_owned(), INK, 14),
        };
        let line = format!("rgb({},{},{})", line.0, line.1, line.2);
        push(format!(
            r#"<rect x="{left:.1}" y="{y:.1}" width="{wide:.1}" height="{BOX}" rx="{round}" fill="{fill}" stroke="{line}" stroke-width="1.5"/>"#
        ));
        for (i, text) in block.lines.iter().enumerate() {
            let y = y + 16.5 + 16.0 * i as f64;
            push(format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="middle">{}</text>"#, escape(text)));
        }
    }
    let title = format!("Decision tree: {} leaves, {} levels", model.n_leaves(), model.depth());
    let mut svg = String::new();
    for line in [
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="sans-serif" font-size="13" fill="rgb(40,40,40)">"#
        ),
        format!("<title>{title}</title>"),
        format!(r#"<rect width="{width:.0}" height="{height:.0}" fill="white"/>"#),
        format!(r#"<text x="14" y="27" font-size="17" font-weight="bold">{title}</text>"#),
        r#"<text x="14" y="46">questions in square boxes, leaves in round ones</text>"#.to_owned(),
    ] {
        svg.push_str(&line);
        svg.push('\n');
    }
    svg + &body + "</svg>\n"
}

/// A quarter of the colour on white.
fn pale(channel: u8) -> u8 {
    255 - (255 - channel) / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let cases = [
            (0.0, "0"),
            (3.819_999, "3.82"),
            (875.0, "875"),
            (0.026_056, "0.02606"),
            (-1234.56, "-1235"),
            (1e-9, "1.000e-9"),
        ];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
    }
}
