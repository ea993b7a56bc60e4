//! The names by which the page's program and its script know each other.
//!
//! wasm-bindgen calls each import by what it does and a hash, so that several programs could share a script. Here is one of each:
//! a count is enough. Hundreds of long names were 6 KB of the first load and more.

use std::collections::HashMap;

use anyhow::{Context as _, Result};

/// Digits of a hash.
const HASH_LEN: usize = 16;
/// How such a name begins.
const BEGINS: &str = "__wb";
/// What is before the first section of a program: its magic number and version.
const PREAMBLE_LEN: usize = 8;
/// The section of imports.
const IMPORTS: u8 = 2;

/// Long names, and what they become.
#[derive(Default)]
pub(crate) struct Glue {
    names: HashMap<String, String>,
}

impl Glue {
    /// A script with short names. The names of programs are learned here.
    pub(crate) fn shorten_script(&mut self, script: &str) -> String {
        let mut short = String::with_capacity(script.len());
        let mut rest = script;
        while let Some(at) = rest.find(BEGINS) {
            let (before, from) = rest.split_at(at);
            let len = from.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$');
            let (name, after) = from.split_at(len.unwrap_or(from.len()));
            let hash = name.len().saturating_sub(HASH_LEN);
            let is_hashed =
                name[..hash].ends_with('_') && name[hash..].bytes().all(|b| b.is_ascii_hexdigit());
            short.push_str(before);
            if is_hashed {
                let next = format!("w{}", self.names.len());
                short.push_str(self.names.entry(name.to_owned()).or_insert(next));
            } else {
                short.push_str(name);
            }
            rest = after;
        }
        short + rest
    }

    /// A program whose imports have the script's names.
    pub(crate) fn shorten_program(&self, program: &[u8]) -> Result<Vec<u8>> {
        let (preamble, mut rest) =
            program.split_at_checked(PREAMBLE_LEN).context("the program has no beginning")?;
        let mut short = preamble.to_vec();
        while let Some((&id, after)) = rest.split_first() {
            let (section, after) = counted(after)?;
            short.push(id);
            if id == IMPORTS {
                put_counted(&mut short, &self.shorten_imports(section)?);
            } else {
                put_counted(&mut short, section);
            }
            rest = after;
        }
        Ok(short)
    }

    /// Every text in the section that is one of the names: names stand behind their length, and nothing else is as long.
    fn shorten_imports(&self, section: &[u8]) -> Result<Vec<u8>> {
        let mut short = Vec::with_capacity(section.len());
        let mut rest = section;
        while !rest.is_empty() {
            let named = counted(rest).ok().and_then(|(text, after)| {
                let name = std::str::from_utf8(text).ok()?;
                Some((self.names.get(name)?, after))
            });
            if let Some((name, after)) = named {
                put_counted(&mut short, name.as_bytes());
                rest = after;
            } else {
                let (&byte, after) = rest.split_first().context("an import without an end")?;
                short.push(byte);
                rest = after;
            }
        }
        Ok(short)
    }
}

/// What a length stands before (LEB128), and what follows.
fn counted(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let mut len = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        len |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return bytes[at + 1..].split_at_checked(len).context("a length beyond the end");
        }
    }
    anyhow::bail!("a length without an end")
}

fn put_counted(to: &mut Vec<u8>, bytes: &[u8]) {
    let mut len = bytes.len();
    while len >= 0x80 {
        to.push(u8::try_from(len & 0x7f).unwrap_or(0) | 0x80);
        len >>= 7;
    }
    to.push(u8::try_from(len).unwrap_or(0));
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_and_script_go_on_knowing_each_other() {
        let (get, has) = ("__wbg_get_0123456789abcdef", "__wbg_has_fedcba9876543210");
        let mut glue = Glue::default();
        let script = glue.shorten_script(&format!("{{{has}: 1, {get}: {has}, __wbindgen_cast: 2}}"));
        assert_eq!(script, "{w0: 1, w1: w0, __wbindgen_cast: 2}");
        let program = |names: [&str; 2]| {
            let mut imports = vec![2];
            for name in names {
                put_counted(&mut imports, b"./page.js");
                put_counted(&mut imports, name.as_bytes());
                imports.extend([0, 5]);
            }
            let mut program = b"\0asm\x01\0\0\0".to_vec();
            for (id, section) in [(1, &vec![7; 200]), (IMPORTS, &imports), (10, &vec![0])] {
                program.push(id);
                put_counted(&mut program, section);
            }
            program
        };
        assert_eq!(glue.shorten_program(&program([get, has])).unwrap(), program(["w1", "w0"]));
    }

    #[test]
    fn half_a_program_is_refused() {
        assert!(Glue::default().shorten_program(b"\0asm").is_err());
        assert!(Glue::default().shorten_program(b"\0asm\x01\0\0\0\x02\x7f").is_err());
    }
}
