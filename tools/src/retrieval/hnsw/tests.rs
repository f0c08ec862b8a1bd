#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

/// Points in clusters, as real vectors are.
fn clustered(n: usize, d: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(Seed::from(seed));
    let centres: Vec<f64> = (0..20 * d).map(|_| 3.0 * random.normal()).collect();
    let mut points = Vec::with_capacity(n * d);
    for _ in 0..n {
        let centre = random.below(20) * d;
        points.extend((0..d).map(|j| (centres[centre + j] + random.normal()) as f32));
    }
    points
}

fn recall(index: &Index, queries: &[f32], k: usize, ef: usize) -> f64 {
    let found = index.search(queries, k, ef).unwrap();
    let rows = queries.chunks_exact(index.points.dimensions).zip(found.ids.chunks_exact(k));
    let hits = rows.map(|(query, ids)| {
        let truth = index.points.nearest(query, 0..index.len() as u32, k);
        truth.iter().filter(|(_, id)| ids.contains(id)).count()
    });
    hits.sum::<usize>() as f64 / found.ids.len() as f64
}

#[test]
fn finds_nearly_all_neighbours_and_looks_at_few_points() {
    let (points, queries) = (clustered(3000, 12, 1), clustered(50, 12, 2));
    for codes in [false, true] {
        let options = Options { codes, ef_construction: 80, ..Options::default() };
        let index = Index::build(points.clone(), 12, &options).unwrap();
        assert!(index.layers() > 1);
        let found = recall(&index, &queries, 10, 60);
        assert!(found > 0.97, "codes {codes}: {found}");
        assert!(index.search(&queries, 10, 60).unwrap().computed < 50 * 1500);
    }
}

#[test]
fn a_wider_walk_finds_more() {
    let (points, queries) = (clustered(2000, 16, 3), clustered(40, 16, 4));
    let index = Index::build(points, 16, &Options { m: 4, ef_construction: 30, ..Options::default() }).unwrap();
    let recalls: Vec<f64> = [5, 20, 200].iter().map(|ef| recall(&index, &queries, 5, *ef)).collect();
    assert!(recalls[0] <= recalls[1] && recalls[1] <= recalls[2] && recalls[2] > 0.95, "{recalls:?}");
}

#[test]
fn threads_change_nothing() {
    let points = clustered(1500, 8, 5);
    let build = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let index =
                Index::build(points.clone(), 8, &Options { ef_construction: 40, ..Options::default() }).unwrap();
            (index.search(&points[..800], 5, 20).unwrap(), index.ground.links, index.rows)
        })
    };
    assert!(build(1) == build(3));
}

#[test]
fn walks_that_end_early_are_made_up_for() {
    // Two far groups of equal points: links that lead nowhere new, and still as many are found as were asked for.
    let points: Vec<f32> = (0..400).map(|i| if i < 200 { 0.0 } else { 1000.0 }).collect();
    let index = Index::build(points, 1, &Options { m: 2, ef_construction: 2, ..Options::default() }).unwrap();
    let found = index.search(&[1.0, 999.0], 400, 1).unwrap();
    for ids in found.ids.chunks_exact(400) {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        assert_eq!(ids, (0..400).collect::<Vec<u32>>());
    }
    assert!(found.ids[..200].iter().all(|id| *id < 200) && found.ids[400..600].iter().all(|id| *id >= 200));
}

#[test]
fn refuses_what_is_not_an_index() {
    let options = Options::default();
    assert!(Index::build(vec![], 3, &options).is_err());
    assert!(Index::build(vec![1.0; 5], 3, &options).is_err());
    assert!(Index::build(vec![f32::NAN; 3], 3, &options).is_err());
    assert!(Index::build(vec![1.0; 3], 3, &Options { m: 1, ..options }).is_err());
    let one = Index::build(vec![1.0; 3], 3, &options).unwrap();
    assert!(one.search(&[1.0; 4], 1, 1).is_err() && one.search(&[1.0; 3], 2, 1).is_err());
    assert_eq!(one.search(&[2.0; 3], 1, 1).unwrap().squared_distances, [3.0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn a_walk_that_keeps_everything_in_mind_is_exact(points in prop::collection::vec(-3_i8..4, 2..80), k in 1_usize..5, codes: bool) {
        let points: Vec<f32> = points[..points.len() / 2 * 2].iter().map(|x| f32::from(*x)).collect();
        let n = points.len() / 2;
        let k = k.min(n);
        let index = Index::build(points, 2, &Options { codes, m: 4, ..Options::default() }).unwrap();
        let found = index.search(&[0.4, 0.3], k, n).unwrap();
        let truth = index.points.nearest(&[0.4, 0.3], 0..n as u32, k);
        // Equal points may stand for each other.
        let (got, expected): (Vec<f32>, Vec<f32>) = (found.squared_distances, truth.iter().map(|(distance, _)| *distance).collect());
        prop_assert_eq!(got, expected);
    }
}
