//! The model in the binary against the original: `golden/vectors.jsonl` was made from the published f32 weights by
//! `golden/make.py`, an implementation in numpy that shares nothing with this crate.

#![allow(clippy::unwrap_used)]

use roundtable_memory::{Embedder, MiniLm};

struct Golden {
    text: String,
    vector: Vec<f32>,
}

fn golden() -> Vec<Golden> {
    let lines = include_str!("golden/vectors.jsonl").lines();
    let read = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let vector = serde_json::from_value(row["vector"].clone()).unwrap();
        Golden { text: row["text"].as_str().unwrap().to_owned(), vector }
    };
    lines.map(read).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[tokio::test]
async fn vectors_are_those_of_the_original() {
    let golden = golden();
    let model = MiniLm::new();
    assert!(!model.loaded(), "the weights wait for the first text");
    let texts: Vec<String> = golden.iter().map(|row| row.text.clone()).collect();
    let vectors = model.embed(&texts).await.unwrap();
    assert!(model.loaded());
    let mut worst = 1.0_f32;
    for (row, vector) in golden.iter().zip(&vectors) {
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4);
        let cosine = dot(vector, &row.vector);
        worst = worst.min(cosine);
        assert!(cosine >= 0.995, "{cosine} for {:?}", row.text);
    }
    println!("worst cosine {worst}");
    // What is close stays close, and by how much: the angles between texts are off by less than 0.02.
    for i in 0..golden.len() {
        for j in 0..i {
            let (ours, original) = (dot(&vectors[i], &vectors[j]), dot(&golden[i].vector, &golden[j].vector));
            assert!((ours - original).abs() < 0.02, "{ours} against {original}");
        }
    }
    // A text alone gives what it gives in a batch with longer ones: padding is not looked at.
    let alone = model.embed(&texts[..1]).await.unwrap();
    assert!(dot(&alone[0], &vectors[0]) > 0.9999);
    assert!(model.embed(&[]).await.unwrap().is_empty());
    let empty = model.embed(&[String::new()]).await.unwrap();
    assert!(empty[0].iter().all(|x| x.is_finite()));
}
