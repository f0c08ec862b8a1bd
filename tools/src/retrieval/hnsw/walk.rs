//! The walk through a graph towards a query: Algorithm 2 of the paper.

use crate::retrieval::space::Space;

/// What a list of neighbours may be filled up with.
pub(super) const END: u32 = u32::MAX;

/// A graph that can be walked.
pub(super) trait Links: Sync {
    /// How many nodes there are.
    fn nodes(&self) -> usize;
    /// The neighbours of a node; nothing counts from [`END`] on.
    fn of(&self, node: u32) -> &[u32];
    /// Asks for a node's neighbours, which will soon be needed.
    fn prefetch(&self, node: u32);
    /// The number of a node's vector in the space.
    fn vector(&self, node: u32) -> u32;
}

/// A node with its distance in front, so that comparing numbers compares distances; the last bit says that the node has
/// been walked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Near(u64);

impl Near {
    #[inline(always)]
    pub(super) fn new(distance: u32, node: u32) -> Self {
        Near(u64::from(distance) << 32 | u64::from(node) << 1)
    }

    #[inline(always)]
    pub(super) fn node(self) -> u32 {
        self.0 as u32 >> 1
    }

    #[inline(always)]
    pub(super) fn distance(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// What a walk needs and leaves; used again for the next.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The nearest nodes so far, nearest first: one sorted list in the place of the paper's two heaps.
    pub(super) nearest: Vec<Near>,
    /// How many distances were computed.
    pub(super) computed: u64,
    /// A bit for each node that has been seen.
    seen: Vec<u64>,
    /// Neighbours that have not been seen, and those of them that are near enough.
    fresh: Vec<u32>,
    nearer: Vec<Near>,
}

impl Walk {
    /// Begins a walk in a graph.
    #[inline(always)]
    fn begin(&mut self, nodes: usize) {
        self.nearest.clear();
        self.seen.clear();
        self.seen.resize(nodes.div_ceil(64), 0);
    }

    /// Whether the node had not been seen.
    #[inline(always)]
    fn first_seen(&mut self, node: u32) -> bool {
        let (word, bit) = (node as usize / 64, 1_u64 << (node % 64));
        let new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        new
    }

    /// Leaves the `ef` nodes nearest to the query that a walk from these starts comes by.
    #[inline(always)]
    pub(super) fn search<S: Space, L: Links>(
        &mut self,
        space: &S,
        links: &L,
        query: &S::Query,
        starts: &[u32],
        ef: usize,
    ) {
        self.begin(links.nodes());
        for &start in starts {
            if self.first_seen(start) {
                let near = Near::new(space.distance(query, links.vector(start)), start);
                let place = self.nearest.partition_point(|other| *other < near);
                self.nearest.insert(place, near);
                self.computed += 1;
            }
        }
        self.nearest.truncate(ef);
        let mut at = 0;
        while let Some(near) = self.nearest.get_mut(at) {
            if near.0 & 1 == 1 {
                at += 1;
                continue;
            }
            let node = near.node();
            near.0 |= 1;
            self.look_around(space, links, node);
            at = (at + 1).min(self.measure(space, links, query, ef));
            if let Some(next) = self.nearest.get(at) {
                links.prefetch(next.node());
            }
        }
    }

    /// Collects a node's neighbours that have not been seen, and asks for their vectors.
    ///
    /// Whether one has been seen cannot be foretold, so each is written down, and the next over it if it had been.
    #[inline(always)]
    fn look_around<S: Space, L: Links>(&mut self, space: &S, links: &L, node: u32) {
        let neighbours = links.of(node);
        self.fresh.resize(neighbours.len(), END);
        let mut count = 0;
        for &neighbour in neighbours {
            if neighbour == END {
                break;
            }
            self.fresh[count] = neighbour;
            count += usize::from(self.first_seen(neighbour));
        }
        self.fresh.truncate(count);
        self.fresh.iter().for_each(|&neighbour| space.prefetch(links.vector(neighbour)));
    }

    /// Measures what was collected and keeps the nearest; gives the first place that changed.
    #[inline(always)]
    fn measure<S: Space, L: Links>(&mut self, space: &S, links: &L, query: &S::Query, ef: usize) -> usize {
        let full = self.nearest.len() >= ef;
        let furthest = self.nearest.last().filter(|_| full).map_or(u64::MAX, |last| last.0);
        self.computed += self.fresh.len() as u64;
        self.nearer.resize(self.fresh.len(), Near(0));
        let mut count = 0;
        for &node in &self.fresh {
            let near = Near::new(space.distance(query, links.vector(node)), node);
            self.nearer[count] = near;
            count += usize::from(near.0 < furthest);
        }
        self.nearer.truncate(count);
        if count == 0 { usize::MAX } else { self.merge(ef) }
    }

    /// Moves what is near enough into the sorted list, each node in it at most once; gives the first place that changed.
    fn merge(&mut self, ef: usize) -> usize {
        self.nearer.sort_unstable();
        let mut end = self.nearest.len();
        self.nearest.resize(end + self.nearer.len(), Near(0));
        for (i, near) in self.nearer.iter().enumerate().rev() {
            let place = self.nearest[..end].partition_point(|other| other < near);
            self.nearest.copy_within(place..end, place + i + 1);
            self.nearest[place + i] = *near;
            end = place;
        }
        self.nearest.truncate(ef);
        end
    }

    /// The node nearest to the query that is reached by always going to a nearer one.
    #[inline(always)]
    pub(super) fn descend<S: Space, L: Links>(&mut self, space: &S, links: &L, query: &S::Query, start: u32) -> u32 {
        let mut best = Near::new(space.distance(query, links.vector(start)), start);
        self.computed += 1;
        loop {
            let before = best;
            for &neighbour in links.of(before.node()) {
                best = best.min(Near::new(space.distance(query, links.vector(neighbour)), neighbour));
                self.computed += 1;
            }
            if best == before {
                return best.node();
            }
        }
    }
}
