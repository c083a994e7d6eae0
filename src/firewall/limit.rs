//! `limit rate 10/second burst 5 packets`: a bucket of tokens (`nft_limit`).

use crate::time::{Duration, Instant};

/// What a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many packets or bytes ...
    pub rate: u64,
    /// ... in this time.
    pub per: Duration,
    /// How many more at once.
    pub burst: u64,
    /// Bytes are counted, not packets.
    pub bytes: bool,
    /// `over`: what exceeds the rate matches, not what is within it.
    pub over: bool,
}

/// A limit and what is left of it.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    limit: Limit,
    /// Nanoseconds that have not been spent, up to `most`.
    tokens: u128,
    most: u128,
    last: Instant,
}

impl Bucket {
    /// A full bucket at the start of the simulation.
    pub(super) fn new(limit: Limit) -> Self {
        let per = u128::from(limit.per.as_nanos());
        let rate = u128::from(limit.rate.max(1));
        let most = if limit.bytes {
            per * (rate + u128::from(limit.burst)) / rate
        } else {
            per / rate * u128::from(limit.burst)
        };
        Self { limit, tokens: most, most, last: Instant::START }
    }

    /// Whether a packet of `len` bytes matches; if it is within the limit its tokens are spent.
    pub(super) fn matches(&mut self, now: Instant, len: u32) -> bool {
        let per = u128::from(self.limit.per.as_nanos());
        let rate = u128::from(self.limit.rate.max(1));
        let cost = if self.limit.bytes { per * u128::from(len) / rate } else { per / rate };
        self.tokens = self.most.min(self.tokens + u128::from(now.since(self.last).as_nanos()));
        self.last = now;
        let within = self.tokens >= cost;
        if within {
            self.tokens -= cost;
        }
        within != self.limit.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let limit = Limit { rate: 10, per: Duration::from_secs(1), burst: 5, bytes: false, over: false };
        let mut bucket = Bucket::new(limit);
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let passed = (0..100).filter(|i| bucket.matches(at(i * 10), 100)).count();
        assert_eq!(passed, 5 + 9, "5 at once, then one each 100 ms up to 990 ms");
        let mut over = Bucket::new(Limit { over: true, ..limit });
        let stopped = (0..100).filter(|i| over.matches(at(i * 10), 100)).count();
        assert_eq!(stopped, 86);
        let mut bytes = Bucket::new(Limit { rate: 1000, burst: 500, bytes: true, ..limit });
        assert!([1000, 500].into_iter().all(|len| bytes.matches(at(0), len)));
        assert!(!bytes.matches(at(0), 1));
    }
}
