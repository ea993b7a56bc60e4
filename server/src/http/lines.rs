//! Lines of a stream that comes in pieces. Pure.

use bytes::{Buf, BytesMut};

/// What has come and is no whole line yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// So many bytes at the beginning hold no line break: each byte is looked at once, however small the pieces are.
    searched: usize,
    #[cfg(test)]
    looked_at: usize,
}

impl Lines {
    /// Takes what has come.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole line, without its line break.
    pub(super) fn next(&mut self) -> Option<BytesMut> {
        let offset = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
        #[cfg(test)]
        {
            self.looked_at += offset.map_or(self.buffer.len() - self.searched, |offset| offset + 1);
        }
        let Some(offset) = offset else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.searched + offset);
        self.buffer.advance(1);
        self.searched = 0;
        Some(line)
    }

    /// Gives back what longer lines had needed.
    pub(super) fn shrink(&mut self) {
        self.buffer = BytesMut::from(&self.buffer[..]);
    }

    /// Bytes of the line that is not over yet.
    pub(super) fn pending(&self) -> usize {
        self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> (Vec<Vec<u8>>, Lines) {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece.as_ref());
            while let Some(line) = lines.next() {
                all.push(line.to_vec());
            }
        }
        (all, lines)
    }

    #[test]
    fn each_byte_is_looked_at_once_however_small_the_pieces() {
        let text =
            [vec![b'x'; 200_000], vec![b'\n'], vec![b'y'; 1000], vec![b'\n'], b"rest".to_vec()].concat();
        let (all, lines) = read(text.chunks(1));
        assert_eq!((all[0].len(), all[1].len(), all.len(), lines.pending()), (200_000, 1000, 2, 4));
        assert_eq!(lines.looked_at, text.len());
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[a\n]{0,60}", size in 1_usize..10) {
            let mut expected: Vec<_> = text.split('\n').map(|line| line.as_bytes().to_vec()).collect();
            let rest = expected.pop().unwrap_or_default();
            let (all, lines) = read(text.as_bytes().chunks(size));
            prop_assert_eq!(all, expected);
            prop_assert_eq!(lines.pending(), rest.len());
            prop_assert_eq!(lines.looked_at, text.len());
        }
    }
}
