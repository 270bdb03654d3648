//! Comparing bytes.

/// How many bytes `a` and `b` have in common at their start.
pub(crate) fn common_bytes(a: &[u8], b: &[u8]) -> usize {
    let mut common = 0;
    while let (Some(x), Some(y)) = (a[common..].first_chunk::<8>(), b[common..].first_chunk::<8>()) {
        let differing = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differing != 0 {
            return common + differing.trailing_zeros() as usize / 8;
        }
        common += 8;
    }
    common + a[common..].iter().zip(&b[common..]).take_while(|(x, y)| x == y).count()
}
