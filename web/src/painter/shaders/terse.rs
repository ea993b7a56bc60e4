//! A shader's text as it is shipped: without comments, and with the blanks alone that tell words apart. Done by the compiler.

/// The shader of a text, as [`terse`] makes it.
macro_rules! shader {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const LENGTH: usize = $crate::painter::shaders::terse::terse::<0>(TEXT).1;
        const BYTES: [u8; LENGTH] = $crate::painter::shaders::terse::terse::<LENGTH>(TEXT).0;
        match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("a shader is ASCII"),
        }
    }};
}
pub(super) use shader;

/// The first bytes of the text, and how many there are in all. A directive keeps its line.
pub(super) const fn terse<const N: usize>(text: &str) -> ([u8; N], usize) {
    let text = text.as_bytes();
    let (mut bytes, mut length, mut at) = ([0; N], 0, 0);
    let (mut last, mut blank, mut line, mut directive) = (b'\n', false, false, false);
    while at < text.len() {
        let byte = text[at];
        if byte == b'/' && at + 1 < text.len() && text[at + 1] == b'/' {
            while at < text.len() && text[at] != b'\n' {
                at += 1;
            }
            continue;
        }
        at += 1;
        if byte == b' ' || byte == b'\n' {
            blank = true;
            line |= byte == b'\n';
            continue;
        }
        let between = if byte == b'#' || directive && line {
            b'\n'
        } else if blank
            && (directive || is_word(last) && is_word(byte) || last == byte && (byte == b'-' || byte == b'+'))
        {
            b' '
        } else {
            0
        };
        directive = byte == b'#' || directive && !line;
        if between != 0 && last != b'\n' {
            if length < N {
                bytes[length] = between;
            }
            length += 1;
        }
        if length < N {
            bytes[length] = byte;
        }
        length += 1;
        (last, blank, line) = (byte, false, false);
    }
    (bytes, length)
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What it does, said by the compiler: the page's program has no tests of its own.
const _: () = {
    const SHORT: &str = shader!(
        "#version 300 es
// A comment.
#define A  1
float f(vec2 p){ return p.x - -p.y; } // another
  void main(){}"
    );
    const WISHED: &[u8] = b"#version 300 es\n#define A 1\nfloat f(vec2 p){return p.x- -p.y;}void main(){}";
    let short = SHORT.as_bytes();
    assert!(short.len() == WISHED.len());
    let mut at = 0;
    while at < short.len() {
        assert!(short[at] == WISHED[at]);
        at += 1;
    }
};
