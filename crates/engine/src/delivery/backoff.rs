//! When it is tried again.

/// The wait before attempt `n + 1` after `n` failures: doubling from `first_ms` to `max_ms`, then a random half of it taken off so that many
/// workers do not come back together.
pub fn wait_ms(failures: u32, first_ms: i64, max_ms: i64, jitter: u64) -> i64 {
    let factor = 1_i64.checked_shl(failures.min(30)).unwrap_or(i64::MAX);
    let full = first_ms.saturating_mul(factor).clamp(0, max_ms.max(0));
    let half = full / 2;
    let random = i64::try_from(jitter >> 1).unwrap_or(0);
    full - half + if half > 0 { random % half } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::wait_ms;

    #[test]
    fn waits_grow_stay_bounded_and_never_vanish() {
        for failures in 0..80 {
            for jitter in [0, 1, u64::MAX / 2, u64::MAX] {
                let wait = wait_ms(failures, 500, 300_000, jitter);
                assert!(
                    (250..=300_000).contains(&wait),
                    "{failures} {jitter}: {wait}"
                );
            }
        }
        assert!(wait_ms(9, 500, 300_000, 0) > wait_ms(3, 500, 300_000, u64::MAX));
    }
}
