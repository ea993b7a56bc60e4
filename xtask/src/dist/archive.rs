//! An archive that is the same to the byte whenever and wherever it is made of the same files.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};

/// One file of an archive, or an empty folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it goes, with `/` between folders; an empty folder ends with it.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_program: bool,
}

/// A gzipped tar of entries within one folder: in the order of their names, of nobody in particular, and of one time.
pub(crate) fn pack(folder: &str, mut entries: Vec<Entry>, time_s: u64) -> Result<Vec<u8>> {
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    // The time of the gzip, and its system and name, stay empty.
    let mut packed = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::best());
    {
        let mut tar = tar::Builder::new(&mut packed);
        for Entry { path, bytes, is_program } in &entries {
            let is_folder = path.ends_with('/');
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(if is_folder {
                tar::EntryType::Directory
            } else {
                tar::EntryType::Regular
            });
            header.set_mode(if is_folder || *is_program { 0o755 } else { 0o644 });
            header.set_mtime(time_s);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(bytes.len() as u64);
            let path = format!("{folder}/{path}");
            tar.append_data(&mut header, &path, bytes.as_slice())
                .with_context(|| format!("putting {path} into the archive"))?;
        }
        tar.finish().context("finishing the archive")?;
    }
    packed.flush().context("compressing the archive")?;
    packed.finish().context("compressing the archive")
}

/// Lines of `sha256sum`.
pub(crate) fn sums(files: &[(String, Vec<u8>)]) -> String {
    let line = |(name, bytes): &(String, Vec<u8>)| format!("{}  {name}\n", sum(bytes));
    files.iter().map(line).collect()
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, text: &str) -> Entry {
        Entry { path: path.to_owned(), bytes: text.as_bytes().to_vec(), is_program: path == "arcane" }
    }

    #[test]
    fn an_archive_depends_on_its_files_alone() {
        let entries = vec![entry("arcane", "program"), entry("README.md", "read"), entry("data/", "")];
        let packed = pack("arcane-1", entries.clone(), 1_700_000_000).unwrap();
        let backwards = entries.into_iter().rev().collect();
        assert_eq!(packed, pack("arcane-1", backwards, 1_700_000_000).unwrap());

        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let entries = archive.entries().unwrap().map(Result::unwrap);
        let seen: Vec<_> = entries
            .map(|entry| {
                let header = entry.header();
                let owner = (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap());
                assert_eq!(owner, (0, 0, 1_700_000_000));
                (entry.path().unwrap().display().to_string(), header.mode().unwrap(), header.size().unwrap())
            })
            .collect();
        let expected =
            [("arcane-1/README.md", 0o644, 4), ("arcane-1/arcane", 0o755, 7), ("arcane-1/data/", 0o755, 0)];
        assert_eq!(seen, expected.map(|(path, mode, size)| (path.to_owned(), mode, size)));
    }

    #[test]
    fn sums_are_what_sha256sum_reads() {
        let sums = sums(&[("empty".to_owned(), vec![])]);
        assert_eq!(sums, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty\n");
    }
}
