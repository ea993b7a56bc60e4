//! Compressed copies of the page's files, so that the server never compresses.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Smaller files cost more as a copy than they save.
const WORTH_IT_BYTES: usize = 512;
/// What compression does something for.
const TEXTUAL: [&str; 10] = ["html", "css", "js", "mjs", "wasm", "svg", "json", "txt", "webmanifest", "map"];

/// Every file in a folder and below it, in order.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("looking into {}", dir.display()))? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Puts a `.br` and a `.gz` beside every file that gains by it.
pub(crate) fn folder(folder: &Path) -> Result<()> {
    for file in files(folder)?.iter().filter(|file| has_extension(file, &TEXTUAL)) {
        let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        if bytes.len() < WORTH_IT_BYTES {
            continue;
        }
        for (ending, packed) in [("br", brotli(&bytes)?), ("gz", gzip(&bytes)?)] {
            if packed.len() < bytes.len() {
                let copy = with_ending(file, ending);
                fs::write(&copy, packed).with_context(|| format!("writing {}", copy.display()))?;
            }
        }
    }
    Ok(())
}

/// Whether a file's name ends in one of some extensions.
pub(crate) fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    file.extension().and_then(|extension| extension.to_str()).is_some_and(|ext| extensions.contains(&ext))
}

/// `app.js` → `app.js.br`.
pub(crate) fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &params).context("compressing with brotli")?;
    Ok(packed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).context("compressing with gzip")?;
    encoder.finish().context("compressing with gzip")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_texts_get_two_copies_and_the_rest_none() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("deep")).unwrap();
        fs::write(dir.path().join("deep/app.js"), "let spell = 'summon';\n".repeat(100)).unwrap();
        fs::write(dir.path().join("tiny.js"), "1").unwrap();
        fs::write(dir.path().join("picture.png"), [7; 5000]).unwrap();
        folder(dir.path()).unwrap();
        let names: Vec<String> = files(dir.path())
            .unwrap()
            .iter()
            .map(|file| file.strip_prefix(dir.path()).unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["deep/app.js", "deep/app.js.br", "deep/app.js.gz", "picture.png", "tiny.js"]);
        let packed = fs::read(dir.path().join("deep/app.js.gz")).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut text).unwrap();
        assert_eq!(text, "let spell = 'summon';\n".repeat(100));
    }
}
