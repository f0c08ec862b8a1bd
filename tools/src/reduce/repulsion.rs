//! How all points of a picture push each other apart: the half of t-SNE's gradient that couples every pair.
//!
//! The force on point i is `Σ_j (y_i - y_j) / (1 + |y_i - y_j|²)²`, and `Z = Σ_ij 1 / (1 + |y_i - y_j|²)`. Barnes and Hut
//! replace a far group of points by its centre of mass; a group is far when it is smaller than its distance times θ. They
//! walk a tree for each point. Here sixteen neighbours walk together: what is far from all of them becomes one short list
//! of sources, which is then added up sixteen points at a time. It does a little more arithmetic, and all of it side by
//! side; the distance is taken from the nearest edge of the sixteen, so it errs on the side of precision.
//!
//! The tree is a k-d tree with leaves of sixteen. Points move little from one step to the next: the tree, and who is far
//! from whom, are made anew every few steps, the centres of mass at each.
//!
//! Cost: O(n log n). Sources: J. Barnes, P. Hut, "A hierarchical O(N log N) force-calculation algorithm", Nature 324,
//! 1986; J. E. Barnes, "A modified tree code: don't laugh, it runs", J. Computational Physics 87, 1990 (groups that walk
//! together); L. van der Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 15, 2014.

use rayon::prelude::*;

use crate::kernel::vectorized;

/// Points in a leaf, which are computed side by side.
const LANES: usize = 16;
/// Steps between two orders of the points.
const KEEP: usize = 12;
/// Leaves that one thread takes at a time.
const BLOCK: usize = 8;

/// The tree over the points of a picture.
pub(crate) struct Repulsion {
    /// How small a far group is, as a share of its distance; 0 computes all pairs.
    theta: f32,
    age: usize,
    /// The point at each place.
    order: Vec<u32>,
    /// The coordinates, leaf by leaf; the last point fills up the last leaf.
    x: Vec<[f32; LANES]>,
    y: Vec<[f32; LANES]>,
    /// Every node before its two children.
    nodes: Vec<Node>,
    /// For each leaf.
    seen: Vec<Seen>,
}

/// What pushes the points of a leaf.
#[derive(Debug, Default)]
struct Seen {
    /// The nodes that count as one.
    far: Vec<u32>,
    /// The leaves whose points count each.
    near: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Centre of mass.
    x: f32,
    y: f32,
    /// How many points.
    mass: f32,
    /// The square of the longer side of the box.
    size: f32,
    low: [f32; 2],
    high: [f32; 2],
    /// The place of the first point.
    start: u32,
    /// The node after all below this one.
    next: u32,
}

/// Something that pushes: where it is, and how many points it stands for.
#[derive(Debug, Clone, Copy)]
struct Source {
    x: f32,
    y: f32,
    mass: f32,
}

impl Repulsion {
    pub(crate) fn new(n: usize, theta: f32) -> Self {
        let leaves = n.div_ceil(LANES);
        Repulsion {
            theta,
            age: 0,
            order: (0..n as u32).collect(),
            x: vec![[0.0; LANES]; leaves],
            y: vec![[0.0; LANES]; leaves],
            nodes: Vec::with_capacity(2 * leaves),
            seen: Vec::new(),
        }
    }

    /// Writes the force on each point to `forces` and gives Z.
    pub(crate) fn forces(&mut self, points: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
        let anew = self.age.is_multiple_of(KEEP);
        if anew {
            self.nodes.clear();
            self.split(points, 0, self.order.len());
        }
        self.update(points);
        if anew {
            self.seen = (0..self.x.len()).into_par_iter().with_min_len(BLOCK).map(|leaf| self.look(leaf)).collect();
        }
        self.age += 1;
        let tree = &*self;
        let blocks: Vec<Vec<Pushed>> = (0..tree.x.len().div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                vectorized(
                    #[inline(always)]
                    || tree.block(block),
                )
            })
            .collect();
        let mut z = 0.0;
        for (leaf, pushed) in blocks.iter().flatten().enumerate() {
            let own = &self.order[leaf * LANES..self.order.len().min((leaf + 1) * LANES)];
            for (lane, point) in own.iter().enumerate() {
                forces[*point as usize] = [pushed.x[lane], pushed.y[lane]];
                // Without the point's own 1 / (1 + 0).
                z += f64::from(pushed.z[lane]) - 1.0;
            }
        }
        // Less is not told apart from 0 beside each point's own 1, and points so far from each other must not be pushed
        // without end.
        z.max(points.len() as f64 * f64::from(f32::EPSILON))
    }

    /// Orders the places from `start` to `end` and adds the node of them and all below it.
    fn split(&mut self, points: &[[f32; 2]], start: usize, end: usize) {
        let node = self.nodes.len();
        self.nodes.push(Node { start: start as u32, ..Node::default() });
        if end - start > LANES {
            let order = &mut self.order[start..end];
            let spread = |axis: usize| {
                let along = order.iter().map(|i| points[*i as usize][axis]);
                let (low, high) = along.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
                high - low
            };
            let axis = usize::from(spread(1) > spread(0));
            // Whole leaves to the left.
            let middle = (order.len() / LANES).div_ceil(2) * LANES;
            let along = |i: &u32| points[*i as usize][axis];
            order.select_nth_unstable_by(middle, |a, b| along(a).total_cmp(&along(b)).then(a.cmp(b)));
            self.split(points, start, start + middle);
            self.split(points, start + middle, end);
        }
        self.nodes[node].next = self.nodes.len() as u32;
    }

    /// Takes over where the points are now.
    fn update(&mut self, points: &[[f32; 2]]) {
        for (leaf, places) in self.order.chunks(LANES).enumerate() {
            for lane in 0..LANES {
                let point = places[lane.min(places.len() - 1)] as usize;
                self.x[leaf][lane] = points[point][0];
                self.y[leaf][lane] = points[point][1];
            }
        }
        for at in (0..self.nodes.len()).rev() {
            let Node { start, next, .. } = self.nodes[at];
            let leaf = start as usize / LANES;
            let node = if next as usize == at + 1 {
                let count = LANES.min(self.order.len() - start as usize);
                let (x, y) = (&self.x[leaf][..count], &self.y[leaf][..count]);
                let fold =
                    |take: fn(f32, f32) -> f32| [x, y].map(|along| along.iter().copied().reduce(take).unwrap_or(0.0));
                let mass = count as f32;
                let mean = |along: &[f32]| along.iter().sum::<f32>() / mass;
                Node { x: mean(x), y: mean(y), mass, low: fold(f32::min), high: fold(f32::max), ..Node::default() }
            } else {
                let one = self.nodes[at + 1];
                let two = self.nodes[one.next as usize];
                let mass = one.mass + two.mass;
                let mean = |a: f32, b: f32| (a * one.mass + b * two.mass) / mass;
                Node {
                    x: mean(one.x, two.x),
                    y: mean(one.y, two.y),
                    mass,
                    low: std::array::from_fn(|i| one.low[i].min(two.low[i])),
                    high: std::array::from_fn(|i| one.high[i].max(two.high[i])),
                    ..Node::default()
                }
            };
            let side = (node.high[0] - node.low[0]).max(node.high[1] - node.low[1]);
            self.nodes[at] = Node { size: side * side, start, next, ..node };
        }
    }

    #[inline(always)]
    fn block(&self, block: usize) -> Vec<Pushed> {
        let leaves = block * BLOCK..((block + 1) * BLOCK).min(self.x.len());
        let (mut sources, mut pushed) = (Vec::new(), Vec::with_capacity(BLOCK));
        // A loop and no iterator: the closures of these are compiled on their own, for any machine.
        for leaf in leaves {
            self.sources(leaf, &mut sources);
            pushed.push(push(&self.x[leaf], &self.y[leaf], &sources));
        }
        pushed
    }

    /// All that pushes the points of a leaf, where it is now.
    #[inline(always)]
    fn sources(&self, leaf: usize, sources: &mut Vec<Source>) {
        let Seen { far, near } = &self.seen[leaf];
        sources.clear();
        for node in far {
            let node = &self.nodes[*node as usize];
            sources.push(Source { x: node.x, y: node.y, mass: node.mass });
        }
        for near in near {
            let near = *near as usize;
            let count = LANES.min(self.order.len() - near * LANES);
            for (x, y) in self.x[near].iter().zip(&self.y[near]).take(count) {
                sources.push(Source { x: *x, y: *y, mass: 1.0 });
            }
        }
    }

    /// What a leaf sees: which nodes are far, and the points of which leaves are near.
    fn look(&self, leaf: usize) -> Seen {
        let (low, high) = bounds(&self.x[leaf], &self.y[leaf]);
        let far = self.theta * self.theta;
        let mut seen = Seen::default();
        let mut at = 0;
        while at < self.nodes.len() {
            let node = &self.nodes[at];
            let dx = (low[0] - node.x).max(node.x - high[0]).max(0.0);
            let dy = (low[1] - node.y).max(node.y - high[1]).max(0.0);
            if node.size < far * (dx * dx + dy * dy) {
                seen.far.push(at as u32);
                at = node.next as usize;
                continue;
            }
            if node.next as usize == at + 1 {
                seen.near.push(node.start / LANES as u32);
            }
            at += 1;
        }
        seen
    }
}

#[inline(always)]
fn bounds(x: &[f32; LANES], y: &[f32; LANES]) -> ([f32; 2], [f32; 2]) {
    let (mut low, mut high) = ([x[0], y[0]], [x[0], y[0]]);
    for lane in 1..LANES {
        low = [low[0].min(x[lane]), low[1].min(y[lane])];
        high = [high[0].max(x[lane]), high[1].max(y[lane])];
    }
    (low, high)
}

/// What sixteen points feel.
struct Pushed {
    x: [f32; LANES],
    y: [f32; LANES],
    z: [f32; LANES],
}

#[inline(always)]
fn push(x: &[f32; LANES], y: &[f32; LANES], sources: &[Source]) -> Pushed {
    let mut pushed = Pushed { x: [0.0; LANES], y: [0.0; LANES], z: [0.0; LANES] };
    for source in sources {
        for lane in 0..LANES {
            let (dx, dy) = (x[lane] - source.x, y[lane] - source.y);
            let near = 1.0 / (1.0 + dx * dx + dy * dy);
            let weight = source.mass * near;
            let squared = weight * near;
            pushed.z[lane] += weight;
            pushed.x[lane] += squared * dx;
            pushed.y[lane] += squared * dy;
        }
    }
    pushed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Random, value::Seed};

    fn picture(n: usize, spread: f64) -> Vec<[f32; 2]> {
        let mut random = Random::new(Seed::from(3));
        (0..n).map(|_| std::array::from_fn(|_| (random.normal() * spread) as f32)).collect()
    }

    /// The definition.
    fn all_pairs(points: &[[f32; 2]]) -> (f64, Vec<[f64; 2]>) {
        let mut z = 0.0;
        let forces = points.iter().map(|a| {
            points.iter().fold([0.0, 0.0], |sum, b| {
                let d = [f64::from(a[0] - b[0]), f64::from(a[1] - b[1])];
                let near = 1.0 / (1.0 + d[0] * d[0] + d[1] * d[1]);
                z += near;
                [sum[0] + near * near * d[0], sum[1] + near * near * d[1]]
            })
        });
        let forces = forces.collect();
        (z - points.len() as f64, forces)
    }

    #[test]
    fn close_to_all_pairs() {
        for (n, spread, theta, tolerance) in [
            (1, 1.0, 0.5, 0.0),
            (37, 3.0, 0.0, 1e-5),
            (500, 0.001, 0.5, 1e-4),
            (3000, 20.0, 0.5, 0.01),
            (3000, 20.0, 0.0, 1e-5),
        ] {
            let points = picture(n, spread);
            let mut forces = vec![[0.0; 2]; n];
            let mut tree = Repulsion::new(n, theta);
            let (z, exact) = all_pairs(&points);
            // The second time, the order is kept.
            for _ in 0..2 {
                let got = tree.forces(&points, &mut forces);
                assert!((got - z).abs() <= tolerance * z + 1e-3, "{n}: {got} instead of {z}");
            }
            let apart = |f: &[f32; 2], e: &[f64; 2]| (f64::from(f[0]) - e[0]).hypot(f64::from(f[1]) - e[1]);
            let off: f64 = forces.iter().zip(&exact).map(|(f, e)| apart(f, e)).sum();
            let size: f64 = exact.iter().map(|e| e[0].hypot(e[1])).sum();
            assert!(off <= tolerance * size, "{n}, θ = {theta}: off by {off} of {size}");
        }
    }

    #[test]
    fn all_in_one_place() {
        let mut forces = vec![[9.0; 2]; 100];
        let z = Repulsion::new(100, 0.5).forces(&[[2.0, 1.0]; 100], &mut forces);
        assert_eq!((z, forces), (9900.0, vec![[0.0; 2]; 100]));
    }
}
