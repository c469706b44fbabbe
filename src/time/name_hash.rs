//! A number that follows from a name: what spreads in time those who would come all at once.

/// FNV-1a, 64 bits. Without a seed: every process and every restart comes to the same. Names
/// that differ in a letter differ in few bits, so that it is to be stirred before it is used.
pub fn of(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    /// Vectors of draft-eastlake-fnv, appendix C.
    #[test]
    fn it_is_the_hash_of_the_draft() {
        assert_eq!(super::of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(super::of("foobar"), 0x8594_4171_f739_67e8);
    }
}
