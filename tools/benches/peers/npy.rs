//! Reads NumPy's `.npy` files: a line of text that says type and shape, then the numbers.
//!
//! Source: NEP 1, "A simple file format for NumPy arrays", and numpy.lib.format for version 2 of the header.

use std::path::Path;

use crate::workload::Outcome;

/// A type of number that a file may hold, little endian.
pub trait Element: Copy {
    /// NumPy's name of it.
    const CODE: &'static str;
    /// How many bytes it takes.
    const SIZE: usize;
    /// The number in that many bytes.
    fn from_bytes(bytes: &[u8]) -> Self;
}

macro_rules! element {
    ($($type:ty = $code:literal),*) => {$(
        impl Element for $type {
            const CODE: &'static str = $code;
            const SIZE: usize = size_of::<$type>();
            fn from_bytes(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$type>()];
                own.copy_from_slice(bytes);
                <$type>::from_le_bytes(own)
            }
        }
    )*};
}

element!(f32 = "<f4", f64 = "<f8", i32 = "<i4", i64 = "<i8");

/// Numbers in C order, and how many there are along each axis.
pub struct Array<T> {
    /// Row after row.
    pub numbers: Vec<T>,
    /// The length of each axis.
    pub shape: Vec<usize>,
}

impl<T> Array<T> {
    /// How many numbers a row has: 1 in an array of one axis.
    pub fn columns(&self) -> usize {
        self.shape.get(1).copied().unwrap_or(1)
    }
}

/// Reads one array.
pub fn read<T: Element>(path: &Path) -> Outcome<Array<T>> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn parse<T: Element>(bytes: &[u8]) -> Outcome<Array<T>> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("not an .npy file")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or("cut short")?;
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or("cut short")?;
        (u16::from_le_bytes(*length) as usize, rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or("cut short")?;
        (u32::from_le_bytes(*length) as usize, rest)
    };
    let (header, data) = rest.split_at_checked(length).ok_or("cut short")?;
    let header = std::str::from_utf8(header)?;
    if !header.contains(&format!("'{}'", T::CODE)) {
        return Err(format!("expected numbers of type `{}`, but the header says `{}`", T::CODE, header.trim()).into());
    }
    if header.contains("'fortran_order': True") {
        return Err("expected C order".into());
    }
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')')).ok_or("no shape")?.0;
    let shape: Vec<usize> =
        shape.split(',').map(str::trim).filter(|axis| !axis.is_empty()).map(str::parse).collect::<Result<_, _>>()?;
    if data.len() != shape.iter().product::<usize>() * T::SIZE {
        return Err("length and shape disagree".into());
    }
    Ok(Array { numbers: data.chunks_exact(T::SIZE).map(T::from_bytes).collect(), shape })
}
