//! What is UTF-8 and what is not.

/// Every sequence of the groups 6.5 to 6.23, and whether it is UTF-8. From Markus Kuhn's stress test.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub fn sequences() -> Vec<(&'static str, bool, Vec<Vec<u8>>)> {
    let list = |sequences: &[&[u8]]| sequences.iter().map(|bytes| bytes.to_vec()).collect::<Vec<_>>();
    let lonely = |from: u8, to: u8| (from..to).flat_map(|byte| [byte, b' ']).collect::<Vec<u8>>();
    let cut: [&[u8]; 10] = [
        b"\xC0",
        b"\xE0\x80",
        b"\xF0\x80\x80",
        b"\xF8\x80\x80\x80",
        b"\xFC\x80\x80\x80\x80",
        b"\xDF",
        b"\xEF\xBF",
        b"\xF7\xBF\xBF",
        b"\xFB\xBF\xBF\xBF",
        b"\xFD\xBF\xBF\xBF\xBF",
    ];
    // The last two code points of each plane.
    let non_characters = (0..=16_u32)
        .flat_map(|plane| [plane << 16 | 0xFFFE, plane << 16 | 0xFFFF])
        .map(|code| char::from_u32(code).unwrap().to_string().into_bytes());
    vec![
        (
            "6.5",
            true,
            list(&[
                b"hello$world",
                b"hello\xC2\xA2world",
                b"hello\xE2\x82\xACworld",
                b"hello\xF0\xA4\xAD\xA2world",
                "κόσμε".as_bytes(),
            ]),
        ),
        (
            "6.6",
            true,
            (0..="κόσμε".len())
                .filter(|at| "κόσμε".is_char_boundary(*at))
                .map(|at| "κόσμε".as_bytes()[..at].to_vec())
                .collect(),
        ),
        (
            "6.6",
            false,
            (0.."κόσμε".len())
                .filter(|at| !"κόσμε".is_char_boundary(*at))
                .map(|at| "κόσμε".as_bytes()[..at].to_vec())
                .collect(),
        ),
        ("6.7", true, list(&[b"\x00", b"\xC2\x80", b"\xE0\xA0\x80", b"\xF0\x90\x80\x80"])),
        ("6.8", false, list(&[b"\xF8\x88\x80\x80\x80", b"\xFC\x84\x80\x80\x80\x80"])),
        ("6.9", true, list(&[b"\x7F", b"\xDF\xBF", b"\xEF\xBF\xBF", b"\xF4\x8F\xBF\xBF"])),
        ("6.10", false, list(&[b"\xF7\xBF\xBF\xBF", b"\xFB\xBF\xBF\xBF\xBF", b"\xFD\xBF\xBF\xBF\xBF\xBF"])),
        ("6.11", true, list(&[b"\xED\x9F\xBF", b"\xEE\x80\x80", b"\xEF\xBF\xBD", b"\xF4\x8F\xBF\xBF"])),
        ("6.11", false, list(&[b"\xF4\x90\x80\x80"])),
        (
            "6.12",
            false,
            list(&[
                b"\x80",
                b"\xBF",
                b"\x80\xBF",
                b"\x80\xBF\x80",
                b"\x80\xBF\x80\xBF",
                b"\x80\xBF\x80\xBF\x80",
                b"\x80\xBF\x80\xBF\x80\xBF",
            ]),
        ),
        ("6.12", false, vec![(0x80..=0xBF).collect()]),
        (
            "6.13",
            false,
            vec![
                lonely(0xC0, 0xDF),
                lonely(0xE0, 0xEF),
                lonely(0xF0, 0xF7),
                lonely(0xF8, 0xFB),
                lonely(0xFC, 0xFD),
            ],
        ),
        ("6.14", false, list(&cut)),
        ("6.15", false, vec![cut.concat()]),
        ("6.16", false, list(&[b"\xFE", b"\xFF", b"\xFE\xFE\xFF\xFF"])),
        (
            "6.17",
            false,
            list(&[
                b"\xC0\xAF",
                b"\xE0\x80\xAF",
                b"\xF0\x80\x80\xAF",
                b"\xF8\x80\x80\x80\xAF",
                b"\xFC\x80\x80\x80\x80\xAF",
            ]),
        ),
        (
            "6.18",
            false,
            list(&[
                b"\xC1\xBF",
                b"\xE0\x9F\xBF",
                b"\xF0\x8F\xBF\xBF",
                b"\xF8\x87\xBF\xBF\xBF",
                b"\xFC\x83\xBF\xBF\xBF\xBF",
            ]),
        ),
        (
            "6.19",
            false,
            list(&[
                b"\xC0\x80",
                b"\xE0\x80\x80",
                b"\xF0\x80\x80\x80",
                b"\xF8\x80\x80\x80\x80",
                b"\xFC\x80\x80\x80\x80\x80",
            ]),
        ),
        (
            "6.20",
            false,
            list(&[
                b"\xED\xA0\x80",
                b"\xED\xAD\xBF",
                b"\xED\xAE\x80",
                b"\xED\xAF\xBF",
                b"\xED\xB0\x80",
                b"\xED\xBE\x80",
                b"\xED\xBF\xBF",
            ]),
        ),
        (
            "6.21",
            false,
            list(&[
                b"\xED\xA0\x80\xED\xB0\x80",
                b"\xED\xA0\x80\xED\xBF\xBF",
                b"\xED\xAD\xBF\xED\xB0\x80",
                b"\xED\xAD\xBF\xED\xBF\xBF",
                b"\xED\xAE\x80\xED\xB0\x80",
                b"\xED\xAE\x80\xED\xBF\xBF",
                b"\xED\xAF\xBF\xED\xB0\x80",
                b"\xED\xAF\xBF\xED\xBF\xBF",
            ]),
        ),
        ("6.22", true, non_characters.collect()),
        ("6.23", true, ('\u{FFF9}'..='\u{FFFF}').map(|special| special.to_string().into_bytes()).collect()),
    ]
}
