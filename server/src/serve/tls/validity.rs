//! From when to when a certificate holds (RFC 5280, section 4.1.2.5). Pure.
//!
//! A server does not check its own certificate, and the library has no reason to read this of it; its operator has.

use arcane_shared::Timestamp;
use chrono::{DateTime, NaiveDateTime, Utc};

const SEQUENCE: u8 = 0x30;
/// The version of a certificate: `[0]`.
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The time in which a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Validity {
    /// Reads it from a certificate in DER; `None` if it is not where it has to be.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (mut certificate, _) = take(certificate, SEQUENCE)?;
        let (mut signed, _) = take(certificate, SEQUENCE)?;
        certificate = signed;
        if let Some((_, rest)) = take(certificate, VERSION) {
            certificate = rest;
        }
        // Serial number, algorithm of the signature, issuer.
        for _ in 0..3 {
            (_, _, certificate) = next(certificate)?;
        }
        (signed, _) = take(certificate, SEQUENCE)?;
        let (begin, rest) = time(signed)?;
        let (end, _) = time(rest)?;
        Some(Self { begin, end })
    }

    /// When it ends, Unix seconds.
    pub(super) fn expires_at(&self) -> i64 {
        self.end.timestamp()
    }

    /// What an operator has to know of it, if anything.
    pub(super) fn warning(&self, now: Timestamp) -> Option<String> {
        let now = DateTime::from_timestamp_micros(now.unix_micros())?;
        if self.end < now {
            return Some(format!("the certificate expired at {}: clients will refuse it", self.end));
        }
        (now < self.begin)
            .then(|| format!("the certificate holds only from {} on: clients will refuse it", self.begin))
    }
}

/// The contents of the next element, if it has this tag, and what follows it.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, contents, rest) = next(der)?;
    (found == tag).then_some((contents, rest))
}

/// Tag and contents of the next element, and what follows it.
fn next(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, first, rest @ ..] = der else { return None };
    let (len, rest) = match first {
        ..=0x7F => (usize::from(*first), rest),
        // Certificates have no more than 64 KiB in practice, and four bytes of length at most.
        0x81..=0x84 => {
            let (len, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (len.iter().fold(0, |len, byte| (len << 8) | usize::from(*byte)), rest)
        }
        0x80 | 0x85.. => return None,
    };
    let (contents, rest) = rest.split_at_checked(len)?;
    Some((*tag, contents, rest))
}

fn time(der: &[u8]) -> Option<(DateTime<Utc>, &[u8])> {
    let (tag, text, rest) = next(der)?;
    let text = std::str::from_utf8(text).ok()?;
    let year = match tag {
        // Two digits: 1950 to 2049.
        UTC_TIME if text.get(..2)?.parse::<u8>().ok()? >= 50 => "19",
        UTC_TIME => "20",
        GENERALIZED_TIME => "",
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(&format!("{year}{text}"), "%Y%m%d%H%M%SZ").ok()?;
    Some((time.and_utc(), rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn between(begin: (i32, u8, u8), end: (i32, u8, u8)) -> Vec<u8> {
        let mut params = CertificateParams::new(["arcane.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(begin.0, begin.1, begin.2);
        params.not_after = date_time_ymd(end.0, end.1, end.2);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_says_from_when_to_when_it_holds() {
        // After 2049 the year has four digits.
        let validity = Validity::of(&between((1999, 12, 31), (2051, 2, 3))).unwrap();
        assert_eq!(validity, Validity { begin: at("1999-12-31T00:00:00Z"), end: at("2051-02-03T00:00:00Z") });
        assert_eq!(validity.warning("2030-01-01T00:00:00".parse().unwrap()), None);
    }

    #[test]
    fn one_that_does_not_hold_now_is_warned_of() {
        let validity = Validity::of(&between((2020, 1, 1), (2021, 1, 1))).unwrap();
        let warning = |now: &str| validity.warning(now.parse().unwrap()).unwrap_or_default();
        insta::assert_snapshot!(warning("2021-01-01T00:00:01Z"), @"the certificate expired at 2021-01-01 00:00:00 UTC: clients will refuse it");
        insta::assert_snapshot!(warning("2019-12-31T23:59:59Z"), @"the certificate holds only from 2020-01-01 00:00:00 UTC on: clients will refuse it");
        assert_eq!(warning("2020-06-01T00:00:00Z"), "");
    }

    #[test]
    fn what_is_cut_or_changed_has_no_validity_and_does_no_harm() {
        let whole = between((2020, 1, 1), (2021, 1, 1));
        for len in 0..whole.len() {
            assert_eq!(Validity::of(&whole[..len]), None, "{len} bytes");
        }
        for at in 0..200 {
            let mut other = whole.clone();
            other[at] ^= 0xFF;
            let _ = Validity::of(&other);
        }
    }
}
