//! Large results.

/// So many zeros. Memory for a large result comes from the system untouched, 4 KiB at a time on first use, which takes
/// longer than filling it; where the system has larger pages, this asks for them.
pub(crate) fn zeros<T: Copy + Default>(count: usize) -> Vec<T> {
    let zeros = vec![T::default(); count];
    ask_for_large_pages(&zeros);
    zeros
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages<T>(memory: &[T]) {
    const PAGE: usize = 1 << 21;
    let bytes = size_of_val(memory);
    if bytes < 2 * PAGE {
        return;
    }
    let start = memory.as_ptr().addr().next_multiple_of(PAGE);
    let end = (memory.as_ptr().addr() + bytes) / PAGE * PAGE;
    let start = memory.as_ptr().with_addr(start).cast_mut().cast();
    // SAFETY: the range lies inside of one allocation of ours, and the advice changes neither its contents nor who may use
    // it. Where it is not taken nothing is lost, so nobody looks at the answer.
    unsafe { libc::madvise(start, end.saturating_sub(start.addr()), libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages<T>(_: &[T]) {}

#[cfg(test)]
mod tests {
    #[test]
    fn all_are_zero_whatever_the_size() {
        for count in [0, 1, 1000, 3 << 20] {
            let zeros = super::zeros::<f32>(count);
            assert!(zeros.len() == count && zeros.iter().all(|x| *x == 0.0));
        }
    }
}
