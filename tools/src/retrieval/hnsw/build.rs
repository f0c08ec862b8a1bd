//! Making the graph: Algorithms 1 and 4 of the paper, batch by batch.
//!
//! A batch of nodes looks for its neighbours in the graph as it was before the batch, each on its own, so on as many
//! threads as there are; then all links are made in the order of the nodes. The batches' sizes depend on nothing but how
//! many nodes there are, and so does the graph. A batch is at most a 64th of the graph, so that few miss each other.
//!
//! A list of neighbours may grow a little beyond its limit before it is thinned out: pruning at every link that comes
//! in, as the paper does it, would cost more than all walks together.

use rayon::prelude::*;

use super::walk::{Links, Near, Walk};
use crate::{kernel::vectorized, pool, retrieval::space::Space};

/// A layer while it grows: its nodes are the first so many of all.
pub(super) struct Layer {
    /// The most neighbours that a node keeps.
    most: usize,
    /// The most that it may have for a while.
    room: usize,
    ids: Vec<u32>,
    apart: Vec<u32>,
    counts: Vec<u16>,
    /// How many nodes are in it by now.
    filled: usize,
}

impl Layer {
    fn new(nodes: usize, most: usize) -> Self {
        let room = most + most / 2;
        Layer {
            most,
            room,
            ids: vec![0; nodes * room],
            apart: vec![0; nodes * room],
            counts: vec![0; nodes],
            filled: 0,
        }
    }

    fn near(&self, node: u32) -> impl Iterator<Item = Near> + '_ {
        let start = node as usize * self.room;
        let range = start..start + usize::from(self.counts[node as usize]);
        self.ids[range.clone()].iter().zip(&self.apart[range]).map(|(id, apart)| Near::new(*apart, *id))
    }

    fn put(&mut self, node: u32, list: &[Near]) {
        let start = node as usize * self.room;
        for (i, near) in list.iter().enumerate() {
            self.ids[start + i] = near.node();
            self.apart[start + i] = near.distance();
        }
        self.counts[node as usize] = list.len() as u16;
    }

    /// How many neighbours a node keeps.
    pub(super) fn most(&self) -> usize {
        self.most
    }
}

impl Links for Layer {
    #[inline(always)]
    fn nodes(&self) -> usize {
        self.filled
    }

    #[inline(always)]
    fn of(&self, node: u32) -> &[u32] {
        &self.ids[node as usize * self.room..][..usize::from(self.counts[node as usize])]
    }

    #[inline(always)]
    fn prefetch(&self, node: u32) {
        crate::kernel::prefetch(&self.ids, node as usize * self.room);
    }

    #[inline(always)]
    fn vector(&self, node: u32) -> u32 {
        node
    }
}

/// Makes all layers, lowest first, over nodes whose levels do not rise.
pub(super) fn layers<S: Space>(space: &S, levels: &[u8], m: usize, ef: usize) -> Vec<Layer> {
    let top = levels.first().copied().unwrap_or(0);
    let mut layers: Vec<Layer> = (0..=top)
        .map(|level| {
            let nodes = levels.partition_point(|other| *other >= level);
            Layer::new(nodes, if level == 0 { 2 * m } else { m })
        })
        .collect();
    let mut done = 1;
    layers.iter_mut().for_each(|layer| layer.filled = 1);
    while done < levels.len() {
        pool::give_way();
        let batch = done..levels.len().min(done + (done / 64).clamp(1, 512));
        let chosen: Vec<Vec<Vec<Near>>> = batch
            .clone()
            .into_par_iter()
            .with_min_len(8)
            .map_init(Walk::default, |walk, node| {
                vectorized(
                    #[inline(always)]
                    || neighbours(space, &layers, walk, node as u32, levels[node], m, ef),
                )
            })
            .collect();
        for level in 0..=levels[batch.start] {
            link(space, &mut layers[usize::from(level)], batch.start, usize::from(level), &chosen);
        }
        done = batch.end;
    }
    layers.iter_mut().for_each(|layer| thin_all(space, layer));
    layers
}

/// The neighbours of a new node on each of its levels, lowest first.
#[inline(always)]
fn neighbours<S: Space>(
    space: &S,
    layers: &[Layer],
    walk: &mut Walk,
    node: u32,
    level: u8,
    m: usize,
    ef: usize,
) -> Vec<Vec<Near>> {
    let query = space.query_of(node);
    let mut starts = vec![0];
    for layer in layers.iter().skip(usize::from(level) + 1).rev() {
        starts[0] = walk.descend(space, layer, &query, starts[0]);
    }
    let mut chosen = Vec::with_capacity(usize::from(level) + 1);
    for layer in layers.iter().take(usize::from(level) + 1).rev() {
        walk.search(space, layer, &query, &starts, ef);
        let found: Vec<Near> = walk.nearest.iter().map(|near| Near::new(near.distance(), near.node())).collect();
        starts = found.iter().map(|near| near.node()).collect();
        chosen.push(diverse(space, &found, m));
    }
    chosen.reverse();
    chosen
}

/// Algorithm 4: a candidate, nearest first, is kept if it is nearer to the node than to all that are kept already, so that
/// links go out in all directions.
#[inline(always)]
fn diverse<S: Space>(space: &S, candidates: &[Near], most: usize) -> Vec<Near> {
    let mut kept: Vec<Near> = Vec::with_capacity(most);
    'candidates: for candidate in candidates {
        for other in &kept {
            if space.between(candidate.node(), other.node()) < candidate.distance() {
                continue 'candidates;
            }
        }
        kept.push(*candidate);
        if kept.len() == most {
            break;
        }
    }
    kept
}

/// Puts the links of a batch into a layer, both ways.
fn link<S: Space>(space: &S, layer: &mut Layer, start: usize, level: usize, chosen: &[Vec<Vec<Near>>]) {
    let mut back: Vec<(u32, Near)> = Vec::new();
    for (i, lists) in chosen.iter().enumerate() {
        let Some(list) = lists.get(level) else { break };
        let node = (start + i) as u32;
        layer.put(node, list);
        layer.filled = start + i + 1;
        back.extend(list.iter().map(|near| (near.node(), Near::new(near.distance(), node))));
    }
    back.sort_unstable();
    let groups: Vec<&[(u32, Near)]> = back.chunk_by(|a, b| a.0 == b.0).collect();
    let grown = |group: &&[(u32, Near)]| -> Vec<Near> {
        let mut list: Vec<Near> = layer.near(group[0].0).chain(group.iter().map(|(_, near)| *near)).collect();
        if list.len() > layer.room {
            thin(space, &mut list, layer.most);
        }
        list
    };
    let lists: Vec<Vec<Near>> = groups.par_iter().with_min_len(32).map(grown).collect();
    for (group, list) in groups.iter().zip(&lists) {
        layer.put(group[0].0, list);
    }
}

fn thin<S: Space>(space: &S, list: &mut Vec<Near>, most: usize) {
    list.sort_unstable();
    *list = vectorized(
        #[inline(always)]
        || diverse(space, list, most),
    );
}

/// Brings every list to its limit, and forgets the distances: no list grows any more.
fn thin_all<S: Space>(space: &S, layer: &mut Layer) {
    let Layer { most, room, ids, apart, counts, .. } = layer;
    let lists = ids.par_chunks_exact_mut(*room).zip(apart.par_chunks_exact_mut(*room)).zip(counts.par_iter_mut());
    lists.with_min_len(256).for_each(|((ids, apart), count)| {
        let full = usize::from(*count);
        if full <= *most {
            return;
        }
        let mut list: Vec<Near> = ids[..full].iter().zip(&*apart).map(|(id, apart)| Near::new(*apart, *id)).collect();
        thin(space, &mut list, *most);
        ids.iter_mut().zip(&list).for_each(|(id, near)| *id = near.node());
        *count = list.len() as u16;
    });
    *apart = Vec::new();
}
