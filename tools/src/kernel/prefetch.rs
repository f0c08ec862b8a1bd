//! Asking for memory before it is needed.

/// How many numbers of a row are fetched ahead; the processor sees by itself how they go on.
const AHEAD: usize = 64;

/// Brings the cache line of `data[at]`, if there is one, closer to the processor; changes nothing else. Worth it where
/// the next few addresses are known and lie far apart.
#[inline(always)]
pub(crate) fn prefetch<T>(data: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    ask::<T, { std::arch::x86_64::_MM_HINT_T0 }>(data, at);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (data, at);
}

/// The same, but no closer than the second cache: for more than the first one holds beside what is at work.
#[inline(always)]
pub(super) fn prefetch_far<T>(data: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    ask::<T, { std::arch::x86_64::_MM_HINT_T1 }>(data, at);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (data, at);
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ask<T, const HINT: i32>(data: &[T], at: usize) {
    if let Some(place) = data.get(at) {
        // SAFETY: a prefetch reads nothing and faults nowhere, and every x86-64 processor has it.
        unsafe { std::arch::x86_64::_mm_prefetch::<HINT>(std::ptr::from_ref(place).cast()) };
    }
}

/// [`prefetch`] for the beginning of a row of `length` numbers that starts at `data[start]`.
#[inline(always)]
pub(crate) fn prefetch_row<T>(data: &[T], start: usize, length: usize) {
    for line in (0..length.min(AHEAD)).step_by(64 / size_of::<T>()) {
        prefetch(data, start + line);
    }
}
