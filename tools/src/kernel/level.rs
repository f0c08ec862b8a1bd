//! Which instruction set runs: found once, and passed on as a value that proves the machine has it.

use std::sync::OnceLock;

/// An instruction set that this machine has.
pub(crate) trait Isa: Copy + Send + Sync {
    /// Whether a fused multiply-add is one instruction; otherwise it would be a slow call.
    const FUSED: bool;
    /// Whether registers of 512 bits hold 16-bit numbers too.
    const WIDE: bool;

    /// Runs `body` compiled for this instruction set. The closure has to be `#[inline(always)]`, and so has whatever it
    /// calls that is to profit.
    fn call<R>(self, body: impl FnOnce() -> R) -> R;
}

/// 32 registers of 512 bits. Exists only where they do.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

/// The same where products of 16-bit numbers are added up in one instruction.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vnni(());

/// 16 registers of 256 bits, and fused multiply-add. Exists only where they do.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

/// What every machine of the target has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

#[cfg(target_arch = "x86_64")]
impl Avx512 {
    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && Avx2::detect().is_some();
        found.then_some(Avx512(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl Vnni {
    pub(super) fn detect(_: Avx512) -> Option<Self> {
        is_x86_feature_detected!("avx512vnni").then_some(Vnni(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Avx2(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl Isa for Avx512 {
    const FUSED: bool = true;
    const WIDE: bool = true;

    #[inline(always)]
    fn call<R>(self, body: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
        fn compiled<R>(body: impl FnOnce() -> R) -> R {
            body()
        }
        // SAFETY: an `Avx512` is only made by `detect`, which asked the processor for each of these features.
        unsafe { compiled(body) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Isa for Vnni {
    const FUSED: bool = true;
    const WIDE: bool = true;

    #[inline(always)]
    fn call<R>(self, body: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,avx2,fma")]
        fn compiled<R>(body: impl FnOnce() -> R) -> R {
            body()
        }
        // SAFETY: a `Vnni` is only made by `detect`, of an `Avx512` and where the processor has the feature besides.
        unsafe { compiled(body) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Isa for Avx2 {
    const FUSED: bool = true;
    const WIDE: bool = false;

    #[inline(always)]
    fn call<R>(self, body: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<R>(body: impl FnOnce() -> R) -> R {
            body()
        }
        // SAFETY: an `Avx2` is only made by `detect`, which asked the processor for both features.
        unsafe { compiled(body) }
    }
}

impl Isa for Portable {
    // Other architectures that matter (aarch64) have it in their base.
    const FUSED: bool = cfg!(not(any(target_arch = "x86_64", target_arch = "x86")));
    const WIDE: bool = false;

    #[inline(always)]
    fn call<R>(self, body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// The choice between them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    /// The widest.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// What most machines of the last ten years have.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// The rest, and other architectures.
    Portable(Portable),
}

impl Level {
    /// All that this machine has, the best first.
    pub(crate) fn here() -> Vec<Level> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        levels.extend(Avx512::detect().map(Level::Avx512));
        #[cfg(target_arch = "x86_64")]
        levels.extend(Avx2::detect().map(Level::Avx2));
        levels.push(Level::Portable(Portable));
        levels
    }

    /// The best that this machine has.
    pub(crate) fn best() -> Level {
        static BEST: OnceLock<Level> = OnceLock::new();
        #[cfg(test)]
        if let Some(forced) = FORCED.get() {
            return forced;
        }
        *BEST.get_or_init(|| Level::here()[0])
    }
}

#[cfg(test)]
std::thread_local! {
    static FORCED: std::cell::Cell<Option<Level>> = const { std::cell::Cell::new(None) };
}

#[cfg(test)]
impl Level {
    /// Runs `body` with this level in place of the best one, on this thread.
    pub(crate) fn force<R>(self, body: impl FnOnce() -> R) -> R {
        FORCED.set(Some(self));
        let result = body();
        FORCED.set(None);
        result
    }
}

/// Evaluates a call with the best instruction set as one more argument, compiled for it.
macro_rules! dispatch {
    ($($path:ident)::+ ($($argument:expr),*)) => {
        match $crate::kernel::level::Level::best() {
            #[cfg(target_arch = "x86_64")]
            $crate::kernel::level::Level::Avx512(isa) => isa.call(#[inline(always)] || $($path)::+($($argument,)* isa)),
            #[cfg(target_arch = "x86_64")]
            $crate::kernel::level::Level::Avx2(isa) => isa.call(#[inline(always)] || $($path)::+($($argument,)* isa)),
            $crate::kernel::level::Level::Portable(isa) => $($path)::+($($argument,)* isa),
        }
    };
}
pub(super) use dispatch;

/// Runs `body` compiled for the best instruction set of this machine: plain loops in it become vector instructions, and
/// `mul_add` a fused multiply-add.
///
/// The compiler has to copy the body into the function that may use these instructions: write
/// `vectorized(#[inline(always)] || …)`, and mark what it calls `#[inline(always)]` too. Loops over arrays of a fixed
/// length (`as_chunks::<16>()`) vectorise best. Closures given to rayon start anew: call this inside them.
#[inline]
pub(crate) fn vectorized<R>(body: impl FnOnce() -> R) -> R {
    match Level::best() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(isa) => isa.call(body),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(isa) => isa.call(body),
        Level::Portable(isa) => isa.call(body),
    }
}
