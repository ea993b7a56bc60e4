//! A client's mask (RFC 6455, 5.3), eight bytes at a time.

/// A mask, turned to the byte that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mask([u8; 4]);

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Unmasks the next bytes of a frame.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for chunk in words {
            *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0.iter().cycle()) {
            *byte ^= key;
        }
        self.0.rotate_left(rest.len() % 4);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_cut_unmasks_the_same(
            key in any::<[u8; 4]>(), bytes in proptest::collection::vec(any::<u8>(), 0..100), cut in 1_usize..20,
        ) {
            let expected: Vec<u8> = bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            let (mut mask, mut unmasked) = (Mask::new(key), bytes);
            unmasked.chunks_mut(cut).for_each(|chunk| mask.apply(chunk));
            prop_assert_eq!(unmasked, expected);
        }
    }
}
