//! Asking for memory before it is needed.

/// How many numbers of a row are fetched ahead; the processor sees by itself how they go on.
const AHEAD: usize = 64;

/// Brings the cache line of `data[at]`, if there is one, closer to the processor; changes nothing else. Worth it where
/// the next few addresses are known and lie far apart.
#[inline(always)]
pub(crate) fn prefetch<T>(data: &[T], at: usize) {
    if let Some(place) = data.get(at) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch reads nothing and faults nowhere, and every x86-64 processor has it.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = place;
    }
}

/// The same for the beginning of a row of `length` numbers that starts at `data[start]`.
#[inline(always)]
pub(crate) fn prefetch_row<T>(data: &[T], start: usize, length: usize) {
    for line in (0..length.min(AHEAD)).step_by(64 / size_of::<T>()) {
        prefetch(data, start + line);
    }
}
