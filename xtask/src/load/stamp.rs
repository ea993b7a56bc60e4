//! The stamp that a publisher puts into every event and readers look for, whatever envelope a server wraps around it.

use memchr::memmem::Finder;

/// Bytes of a stamp: `~at:`, 15 digits of nanoseconds, `#`, 10 digits of number, `~`.
pub(crate) const STAMP_BYTES: usize = 31;
const OPENING: &[u8; 4] = b"~at:";
/// Where the number begins, behind its `#`.
const NUMBER_AT: usize = 20;
/// Most bytes of a stamp that a read can cut off.
const CUT_BYTES_MAX: usize = STAMP_BYTES - 1;

/// When an event was sent, and the how-manieth it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at_ns: u64,
    pub(crate) number: u64,
}

impl Stamp {
    /// As it stands in an event: no character of it needs escaping in JSON.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(OPENING);
        digits(self.at_ns, NUMBER_AT - 1 - OPENING.len(), out);
        out.push(b'#');
        digits(self.number, STAMP_BYTES - 1 - NUMBER_AT, out);
        out.push(b'~');
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes[NUMBER_AT - 1] != b'#' || bytes[STAMP_BYTES - 1] != b'~' {
            return None;
        }
        let at_ns = number(&bytes[OPENING.len()..NUMBER_AT - 1])?;
        Some(Self { at_ns, number: number(&bytes[NUMBER_AT..STAMP_BYTES - 1])? })
    }
}

fn digits(mut value: u64, count: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + count, b'0');
    for place in out[start..].iter_mut().rev() {
        *place += (value % 10) as u8;
        value /= 10;
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0, |sum: u64, digit| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0')))
}

/// Finds stamps; one serves all streams.
#[derive(Debug)]
pub(crate) struct Search(Finder<'static>);

impl Search {
    /// Ready to search.
    pub(crate) fn new() -> Self {
        Self(Finder::new(OPENING))
    }

    /// Tells of all whole stamps and returns how many bytes at the end may begin another one.
    fn whole(&self, bytes: &[u8], found: &mut impl FnMut(Stamp)) -> usize {
        let mut from = 0;
        while let Some(at) = self.0.find(&bytes[from..]).map(|at| from + at) {
            let Some(candidate) = bytes.get(at..at + STAMP_BYTES) else { return bytes.len() - at };
            match Stamp::read(candidate) {
                Some(stamp) => {
                    found(stamp);
                    from = at + STAMP_BYTES;
                }
                None => from = at + 1,
            }
        }
        let rest = &bytes[from..];
        (1..OPENING.len()).rev().find(|&len| rest.ends_with(&OPENING[..len])).unwrap_or(0)
    }
}

/// What one stream's last read cut off.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    bytes: [u8; CUT_BYTES_MAX],
    len: u8,
}

impl Cut {
    /// Tells of all stamps in the stream's next piece, those that began in an earlier piece included.
    pub(crate) fn search(&mut self, search: &Search, piece: &[u8], mut found: impl FnMut(Stamp)) {
        let mut rest = piece;
        let before = usize::from(self.len);
        if before > 0 {
            let taken = piece.len().min(CUT_BYTES_MAX);
            let mut seam = [0; 2 * CUT_BYTES_MAX];
            seam[..before].copy_from_slice(&self.bytes[..before]);
            seam[before..before + taken].copy_from_slice(&piece[..taken]);
            let seam = &seam[..before + taken];
            let open = search.whole(seam, &mut found);
            if taken == piece.len() {
                return self.keep(&seam[seam.len() - open..]);
            }
            rest = &piece[taken - open..];
        }
        let open = search.whole(rest, &mut found);
        self.keep(&rest[rest.len() - open..]);
    }

    fn keep(&mut self, tail: &[u8]) {
        self.bytes[..tail.len()].copy_from_slice(tail);
        self.len = tail.len() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pieces: &[&[u8]]) -> Vec<(u64, u64)> {
        let (search, mut cut, mut all) = (Search::new(), Cut::default(), Vec::new());
        for piece in pieces {
            cut.search(&search, piece, |stamp| all.push((stamp.at_ns, stamp.number)));
        }
        all
    }

    fn stream() -> Vec<u8> {
        let mut bytes = b"~~at: ~at:no stamp at all, and long enough~ ".to_vec();
        for number in 0..3 {
            bytes.extend(b"{\"task\":\"~a");
            Stamp { at_ns: 987_654_321 + number, number }.write(&mut bytes);
            Stamp { at_ns: 999_999_999_999_999, number: 9_999_999_999 }.write(&mut bytes);
            bytes.extend(b"\"}~at");
        }
        bytes
    }

    #[test]
    fn a_stamp_has_its_length() {
        let mut bytes = Vec::new();
        Stamp { at_ns: 12, number: 34 }.write(&mut bytes);
        assert_eq!(bytes, b"~at:000000000000012#0000000034~");
        assert_eq!(bytes.len(), STAMP_BYTES);
    }

    #[test]
    fn stamps_are_found_once_however_the_stream_is_cut() {
        let (stream, last) = (stream(), (999_999_999_999_999, 9_999_999_999));
        let expected: Vec<_> = (0..3).flat_map(|number| [(987_654_321 + number, number), last]).collect();
        assert_eq!(found(&[&stream]), expected);
        for size in 1..80 {
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(found(&pieces), expected, "pieces of {size} bytes");
        }
        for cut in 0..stream.len() {
            assert_eq!(found(&[&stream[..cut], b"", &stream[cut..]]), expected, "cut at {cut}");
        }
    }
}
