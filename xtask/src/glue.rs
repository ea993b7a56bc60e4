//! The names by which the page's program and its script know each other.
//!
//! wasm-bindgen ends each with a hash, so that several programs could share a script. Here is one of each, and a hash is what
//! no compression makes shorter: hundreds of them were 6 KB of the first load.

use std::collections::{BTreeMap, HashMap};

/// Digits of a hash.
const HASH_LEN: usize = 16;
/// How such a name begins.
const BEGINS: &[u8] = b"__wb";

/// Names with a hash, and what they become.
#[derive(Default)]
pub(crate) struct Glue {
    names: HashMap<Vec<u8>, Vec<u8>>,
    /// How many names there are that differ in their hash only.
    counts: BTreeMap<Vec<u8>, usize>,
}

impl Glue {
    /// Makes hashes counts of the same length: from a script the names are learned.
    pub(crate) fn count_in_script(&mut self, script: &mut [u8]) {
        each_name(script, |name| {
            if !self.names.contains_key(name) {
                let stem = name[..name.len() - HASH_LEN].to_vec();
                let count = self.counts.entry(stem.clone()).or_default();
                self.names.insert(name.to_vec(), [stem, format!("{count:016x}").into_bytes()].concat());
                *count += 1;
            }
            self.replace(name);
        });
    }

    /// Makes them the same in the program.
    pub(crate) fn count_in_program(&self, program: &mut [u8]) {
        each_name(program, |name| self.replace(name));
    }

    fn replace(&self, name: &mut [u8]) {
        if let Some(counted) = self.names.get(name) {
            name.copy_from_slice(counted);
        }
    }
}

fn each_name(text: &mut [u8], mut act: impl FnMut(&mut [u8])) {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let mut at = 0;
    while let Some(found) = text[at..].windows(BEGINS.len()).position(|window| window == BEGINS) {
        let begin = at + found;
        let len = text[begin..].iter().take_while(|byte| is_part(byte)).count();
        let name = &mut text[begin..begin + len];
        let hash = name.len().saturating_sub(HASH_LEN);
        if name[..hash].ends_with(b"_") && name[hash..].iter().all(u8::is_ascii_hexdigit) {
            act(name);
        }
        at = begin + len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_and_script_go_on_knowing_each_other() {
        let mut script = *b"__wbg_get_0123456789abcdef(); __wbg_get_fedcba9876543210(); __wbg_get_0123456789abcdef: __wbg_get";
        let mut program = *b"4__wbg_get_fedcba9876543210\0 __wbindgen_cast __wbg_has_0123456789abcdef\0";
        let mut glue = Glue::default();
        glue.count_in_script(&mut script);
        glue.count_in_program(&mut program);
        assert_eq!(
            &script,
            b"__wbg_get_0000000000000000(); __wbg_get_0000000000000001(); __wbg_get_0000000000000000: __wbg_get"
        );
        // A name that the script does not have would be a mistake, and stays what it is.
        assert_eq!(&program, b"4__wbg_get_0000000000000001\0 __wbindgen_cast __wbg_has_0123456789abcdef\0");
    }
}
