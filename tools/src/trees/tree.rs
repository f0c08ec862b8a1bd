//! A tree as a list: what a model of this family keeps after it was grown.

/// A node. Inner nodes ask whether a value is at most a threshold; leaves name their row of values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) threshold: f64,
    /// The column asked about, or [`LEAF`].
    pub(crate) feature: u32,
    /// Where "yes" leads, with "no" right behind it; in a leaf, the number of the leaf.
    pub(crate) next: u32,
}

/// Instead of a column: here is a leaf.
pub(crate) const LEAF: u32 = u32::MAX;

/// A grown tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// The values of the leaves, `outputs` each.
    pub(crate) leaves: Vec<f64>,
    pub(crate) outputs: usize,
}

impl Tree {
    /// The number of the leaf in which a row ends.
    pub(crate) fn leaf<T: Copy + Into<f64>>(&self, row: &[T]) -> u32 {
        let mut node = self.nodes[0];
        while node.feature != LEAF {
            let value: f64 = row[node.feature as usize].into();
            node = self.nodes[node.next as usize + usize::from(value > node.threshold)];
        }
        node.next
    }

    /// What a leaf holds.
    pub(crate) fn values(&self, leaf: u32) -> &[f64] {
        let at = leaf as usize * self.outputs;
        &self.leaves[at..at + self.outputs]
    }

    /// How many questions the longest path asks.
    pub(crate) fn depth(&self) -> usize {
        // Children stand behind their parents, so one walk backwards sees them first.
        let mut below = vec![0; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate().rev() {
            if node.feature != LEAF {
                let next = node.next as usize;
                below[i] = 1 + usize::max(below[next], below[next + 1]);
            }
        }
        below[0]
    }

    /// How many leaves there are.
    pub(crate) fn n_leaves(&self) -> usize {
        self.nodes.iter().filter(|node| node.feature == LEAF).count()
    }
}

/// Shares of a total; nothing is shared where there is nothing.
pub(crate) fn normalized(mut parts: Vec<f64>) -> Vec<f64> {
    // Dividing by the largest first keeps the total finite.
    let largest = parts.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        parts.iter_mut().for_each(|part| *part /= largest);
        let total: f64 = parts.iter().sum();
        parts.iter_mut().for_each(|part| *part /= total);
    }
    parts
}
