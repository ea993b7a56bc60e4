//! The floors of the server: which folder may use which, as the table in ARCHITECTURE.md says, and that no two modules of
//! one folder use each other in a circle. Tests may use everything.

#![expect(clippy::unwrap_used, reason = "a test: failing is what a panic is for")]

mod circles;
mod source;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use source::{Arrow, Tree};
use table::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What is wrong with a tree, a sentence each.
fn faults(table: &Table, tree: &Tree) -> Vec<String> {
    let arrows = tree.arrows();
    let named = tree.folders();
    let unknown = named.iter().filter(|folder| !table.knows(folder));
    let mut faults: Vec<String> =
        unknown.map(|folder| format!("{folder}: has no row in the table of floors")).collect();
    faults.extend(
        table
            .folders()
            .filter(|folder| !named.contains(*folder))
            .map(|folder| format!("{folder}: has a row in the table of floors, and is not there")),
    );
    let forbidden: BTreeSet<String> = arrows
        .iter()
        .filter(|arrow| arrow.from[0] != arrow.to[0] && !table.allows(&arrow.from[0], &arrow.to[0]))
        .map(|Arrow { file, from, to, .. }| {
            format!("{file}: {} may not use {} ({})", from[0], to[0], to.join("::"))
        })
        .collect();
    faults.extend(forbidden);
    faults.extend(circles::of_siblings(&arrows));
    faults
}

#[test]
fn every_arrow_goes_down() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = Table::read(&text).unwrap();
    let tree = Tree::read(&root().join("server/src")).unwrap();
    assert!(tree.arrows().len() > 500, "the source is read");
    let faults = faults(&table, &tree);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

const TABLE: &str = "\
| floor | folder | is | may use |
|---|---|---|---|
| 2 | `lib` | all of it | all |
| 1 | `http` | routes | `bus` |
| 0 | `bus` | order | |
";

fn judged(files: &[(&str, &str)]) -> String {
    let tree = Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))).unwrap();
    faults(&Table::read(TABLE).unwrap(), &tree).join("\n")
}

#[test]
fn an_arrow_up_is_found_however_it_is_written() {
    let lib = ("lib.rs", "mod bus; mod http;");
    let http = ("http/mod.rs", "pub(crate) fn route() { crate::bus::emit(); }");
    assert_eq!(judged(&[lib, http, ("bus/mod.rs", "pub(crate) fn emit() {}")]), "");
    for text in [
        "use crate::http::route;",
        "use crate::{http::{route as there}};",
        "fn emit() { crate::http::route(); }",
        "fn emit() { super::http::route(); }",
        "mod inner { fn emit() -> super::super::http::Answer {} }",
        "pub use crate::http;",
        "fn emit() { log!(crate::http::route()); }",
    ] {
        assert!(judged(&[lib, http, ("bus/mod.rs", text)]).contains("bus may not use http"), "{text}");
    }
}

#[test]
fn tests_may_use_everything() {
    let lib = ("lib.rs", "mod bus; mod http;");
    let http = ("http/mod.rs", "");
    for bus in ["#[cfg(test)] mod tests { use crate::http::route; }", "#[cfg(test)] use crate::http::route;"]
    {
        assert_eq!(judged(&[lib, http, ("bus/mod.rs", bus)]), "", "{bus}");
    }
    let beside = ("bus/tests.rs", "use crate::http::route;");
    assert_eq!(judged(&[lib, http, ("bus/mod.rs", "#[cfg(test)] mod tests;"), beside]), "");
    assert!(judged(&[lib, http, ("bus/mod.rs", "mod tests;"), beside]).contains("may not use"));
}

#[test]
fn a_folder_without_a_row_is_found_and_a_row_without_a_folder() {
    let found = judged(&[("lib.rs", "mod bus; mod other;"), ("bus.rs", ""), ("other.rs", "")]);
    assert_eq!(
        found,
        "other: has no row in the table of floors\nhttp: has a row in the table of floors, and is not there"
    );
}

#[test]
fn a_circle_of_siblings_is_found_through_their_folder_too() {
    let lib = ("lib.rs", "mod bus; mod http;");
    let circle = |ring: &str, room: &str| {
        judged(&[
            lib,
            ("http/mod.rs", ""),
            ("bus/mod.rs", "mod ring; mod room; pub(crate) use room::Room;"),
            ("bus/ring.rs", ring),
            ("bus/room/mod.rs", room),
        ])
    };
    assert_eq!(circle("", "use super::ring::Ring;"), "");
    assert_eq!(
        circle("pub(crate) struct Ring(super::Bus);", "use super::ring::Ring;"),
        "",
        "the folder itself"
    );
    let found = circle("use super::Room;", "use super::ring::Ring;");
    assert!(found.starts_with("bus: a circle: ring -> room -> ring"), "{found}");
}
