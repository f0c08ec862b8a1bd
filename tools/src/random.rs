//! A small random generator that starts from a seed: the same seed gives the same numbers in the same order.
//!
//! xoshiro256++ keeps 256 bits of state and passes the usual batteries of tests; splitmix64 spreads a seed of 64 bits
//! over them. Not for secrets.
//! Sources: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021;
//! G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

use crate::value::Seed;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: [u64; 4],
    /// Normal numbers come in pairs; the second waits here.
    spare: Option<f64>,
}

impl Random {
    /// The stream that begins at a seed.
    pub(crate) fn new(seed: Seed) -> Self {
        let mut seed = seed.get();
        Random { state: std::array::from_fn(|_| splitmix64(&mut seed)), spare: None }
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let bits = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        bits
    }

    /// A number from 0 up to but not including 1, all 53 bits of it random.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A whole number below `n`, each as likely as the other. `n` must not be 0.
    ///
    /// D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        // The few products that would favour some numbers are drawn again.
        let unfair = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= unfair {
                return (product >> 64) as usize;
            }
        }
    }

    /// Puts items into a random order, each order as likely as the other (R. Fisher, F. Yates, 1938).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// A number from the standard normal distribution (Marsaglia and Bray's polar method).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let f = (-2.0 * s.ln() / s).sqrt();
                self.spare = Some(v * f);
                return u * f;
            }
        }
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_authors_code() {
        // Oracle: the reference C code at prng.di.unimi.it, state 1, 2, 3, 4 and seed 1477776061723855037.
        let mut random = Random { state: [1, 2, 3, 4], spare: None };
        let first: [u64; 4] = std::array::from_fn(|_| random.bits());
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
        let mut seed = 1_477_776_061_723_855_037;
        assert_eq!(
            [splitmix64(&mut seed), splitmix64(&mut seed)],
            [1_985_237_415_132_408_290, 2_979_275_885_539_914_483]
        );
    }

    #[test]
    fn whole_numbers_are_even() {
        let mut random = Random::new(Seed::from(5));
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[random.below(6)] += 1;
        }
        // Five standard deviations: 5 * sqrt(60000 * 1/6 * 5/6) = 456.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 456), "{counts:?}");
    }

    #[test]
    fn uniform_numbers_fill_the_interval() {
        let mut random = Random::new(Seed::default());
        let numbers: Vec<f64> = (0..10_000).map(|_| random.uniform()).collect();
        assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = numbers.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 5.0 * (1.0_f64 / 12.0 / 10_000.0).sqrt(), "{mean}");
    }
}
