//! Making a sentence encoder's weights four times smaller.
//!
//! Every matrix is kept as int8 with one scale per row: `w[i][j] ≈ q[i][j] · s[i]`, where `s[i] = max_j |w[i][j]| / 127`.
//! A row is one output of a linear layer, or one word, so that a row of large numbers takes no precision from the others.
//! The scheme needs no data (Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018,
//! §3.1: symmetric, per channel). Vectors (biases, norms), the position embeddings and the type embeddings stay f32;
//! the pooler, which sentence vectors do not use, goes.
//!
//! A matrix `NAME` becomes `NAME.q` (int8) and `NAME.s` (f32, one per row) in the safetensors file.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::BoxError;

/// What a quantisation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Bytes of the file that came in.
    pub bytes_before: usize,
    /// Bytes of the file that went out.
    pub bytes_after: usize,
    /// Matrices that are int8 now.
    pub matrices: usize,
}

/// Reads f32 weights from `input` and writes them quantised to `output`.
///
/// # Errors
/// If `input` cannot be read, is no safetensors file or holds anything but numbers of 32 bits, or `output` cannot be
/// written.
pub fn quantise(input: &Path, output: &Path) -> Result<Report, BoxError> {
    let bytes = std::fs::read(input)?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let mut kept: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    let mut matrices = 0;
    for (name, view) in tensors.tensors() {
        if name.starts_with("pooler.") || name.ends_with("position_ids") {
            continue;
        }
        if view.dtype() != Dtype::F32 {
            return Err(format!("`{name}` is {:?}; only f32 can be quantised", view.dtype()).into());
        }
        let shape = view.shape().to_vec();
        let small = name.contains("position_embeddings") || name.contains("token_type_embeddings");
        match (&shape[..], small) {
            (&[rows, columns], false) => {
                let (q, s) = quantise_rows(&floats(view.data()), rows, columns);
                let scales = s.iter().flat_map(|scale| scale.to_le_bytes()).collect();
                kept.push((format!("{name}.q"), Dtype::I8, shape, q.iter().map(|q| *q as u8).collect()));
                kept.push((format!("{name}.s"), Dtype::F32, vec![rows], scales));
                matrices += 1;
            }
            _ => kept.push((name, Dtype::F32, shape, view.data().to_vec())),
        }
    }
    let mut views = Vec::with_capacity(kept.len());
    for (name, dtype, shape, data) in &kept {
        views.push((name.as_str(), TensorView::new(*dtype, shape.clone(), data)?));
    }
    safetensors::serialize_to_file(views, None, output)?;
    let bytes_after = std::fs::metadata(output)?.len() as usize;
    Ok(Report { bytes_before: bytes.len(), bytes_after, matrices })
}

/// The rows of a matrix as int8, and a scale for each; a row of zeros has scale 0.
pub fn quantise_rows(matrix: &[f32], rows: usize, columns: usize) -> (Vec<i8>, Vec<f32>) {
    let mut q = Vec::with_capacity(rows * columns);
    let mut s = Vec::with_capacity(rows);
    for row in matrix.chunks_exact(columns) {
        let scale = row.iter().fold(0.0_f32, |most, x| most.max(x.abs())) / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        q.extend(row.iter().map(|x| (x * inverse).round() as i8));
        s.push(scale);
    }
    (q, s)
}

/// Little-endian bytes as numbers.
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_row_has_its_own_scale() {
        // By hand: the first row's scale is 1.27 / 127 = 0.01, the second's 0.
        let (q, s) = quantise_rows(&[1.27, -0.5, 0.0, 0.0], 2, 2);
        assert_eq!(q, [127, -50, 0, 0]);
        assert!((s[0] - 0.01).abs() < 1e-7 && s[1] == 0.0);
    }

    #[test]
    fn a_file_keeps_what_sentence_vectors_need() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let (input, output) = (folder.path().join("in"), folder.path().join("out"));
        let data: Vec<u8> = [1.0_f32, 2.0, -4.0, 0.5].iter().flat_map(|x| x.to_le_bytes()).collect();
        let matrix = || TensorView::new(Dtype::F32, vec![2, 2], &data).expect("four numbers");
        let bias = TensorView::new(Dtype::F32, vec![4], &data).expect("four numbers");
        let tensors = [("layer.weight", matrix()), ("pooler.dense.weight", matrix()), ("layer.bias", bias)];
        safetensors::serialize_to_file(tensors, None, &input).expect("written");
        assert_eq!(quantise(&input, &output).expect("quantised").matrices, 1);
        let bytes = std::fs::read(&output).expect("read");
        let kept = SafeTensors::deserialize(&bytes).expect("safetensors");
        let mut names = kept.names();
        names.sort_unstable();
        assert_eq!(names, ["layer.bias", "layer.weight.q", "layer.weight.s"]);
        assert!(quantise(&output, &input).is_err(), "int8 is not quantised again");
    }

    proptest! {
        #[test]
        fn no_number_is_off_by_more_than_half_a_step(row in proptest::collection::vec(-9.0_f32..9.0, 1..40)) {
            let (q, s) = quantise_rows(&row, 1, row.len());
            for (x, q) in row.iter().zip(q) {
                prop_assert!((x - f32::from(q) * s[0]).abs() <= s[0] * 0.501 + 1e-7);
            }
        }
    }
}
