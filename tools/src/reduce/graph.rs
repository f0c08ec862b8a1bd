//! A graph of neighbours with weights, the same in both directions.

use super::neighbours::Neighbours;

/// For each point those that it is tied to, in order, and how strongly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Graph {
    /// Where the ties of each point start, and where those of the last one end.
    pub(crate) starts: Vec<usize>,
    /// The other point.
    pub(crate) ends: Vec<u32>,
    /// How strong the tie is.
    pub(crate) weights: Vec<f32>,
}

impl Graph {
    /// Ties each point to its neighbours and to those whose neighbour it is; `combine` makes one weight of the two
    /// directions, of which one may be 0.
    pub(crate) fn symmetric(neighbours: &Neighbours, weights: &[f32], combine: fn(f32, f32) -> f32) -> Self {
        let n = neighbours.rows.len() / neighbours.k;
        let back = reversed(neighbours, weights, n);
        let mut graph = Graph { starts: vec![0], ends: Vec::new(), weights: Vec::new() };
        let mut own: Vec<(u32, f32)> = Vec::with_capacity(neighbours.k);
        for i in 0..n {
            let range = i * neighbours.k..(i + 1) * neighbours.k;
            own.clear();
            own.extend(neighbours.rows[range.clone()].iter().copied().zip(weights[range].iter().copied()));
            own.sort_unstable_by_key(|(row, _)| *row);
            // Two lists in order become one.
            let (mut there, mut here) = (own.iter().peekable(), back.ties(i).peekable());
            loop {
                let (end, weight) = match (there.peek(), here.peek()) {
                    (None, None) => break,
                    (Some((a, _)), Some((b, _))) if a == b => {
                        let (_, forth) = there.next().copied().unwrap_or_default();
                        let (end, back) = here.next().unwrap_or_default();
                        (end, combine(forth, back))
                    }
                    (Some((a, forth)), b) if b.is_none_or(|(b, _)| a < b) => {
                        let tie = (*a, combine(*forth, 0.0));
                        there.next();
                        tie
                    }
                    _ => {
                        let (end, back) = here.next().unwrap_or_default();
                        (end, combine(0.0, back))
                    }
                };
                graph.ends.push(end);
                graph.weights.push(weight);
            }
            graph.starts.push(graph.ends.len());
        }
        graph
    }

    /// How many points.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The ties of a point.
    pub(crate) fn ties(&self, point: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let range = self.starts[point]..self.starts[point + 1];
        self.ends[range.clone()].iter().copied().zip(self.weights[range].iter().copied())
    }
}

/// Whose neighbour each point is.
fn reversed(neighbours: &Neighbours, weights: &[f32], n: usize) -> Graph {
    let mut starts = vec![0; n + 1];
    neighbours.rows.iter().for_each(|row| starts[*row as usize + 1] += 1);
    (0..n).for_each(|i| starts[i + 1] += starts[i]);
    let mut next = starts.clone();
    let mut graph = Graph { starts, ends: vec![0; weights.len()], weights: vec![0.0; weights.len()] };
    for (at, (row, weight)) in neighbours.rows.iter().zip(weights).enumerate() {
        let place = &mut next[*row as usize];
        graph.ends[*place] = (at / neighbours.k) as u32;
        graph.weights[*place] = *weight;
        *place += 1;
    }
    graph
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // On a line 0, 1, 3: the nearest of 0 is 1, of 1 is 0, of 3 is 1.
        let neighbours = Neighbours { k: 1, rows: vec![1, 0, 1], squared: vec![1.0, 1.0, 4.0] };
        let graph = Graph::symmetric(&neighbours, &[0.5, 0.25, 0.125], |a, b| a + b);
        assert_eq!(graph.starts, [0, 1, 3, 4]);
        assert_eq!(graph.ends, [1, 0, 2, 1]);
        assert_eq!(graph.weights, [0.75, 0.75, 0.125, 0.125]);
    }
}
