//! The page as `cargo xtask run` serves it: what `web/index.html` asks Trunk for, without Trunk's optimisers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::project::{Build, Project};

/// What wasm-bindgen calls its two files.
const NAME: &str = "arcane-web";
/// Loads the program, as the script does that Trunk writes.
const LOADER: &str = "<link rel=\"modulepreload\" href=\"./arcane-web.js\" />\n    \
    <script type=\"module\">import init from './arcane-web.js'; \
    await init({ module_or_path: './arcane-web_bg.wasm' });</script>";

/// Puts the page together from its compiled program; wasm-bindgen must be there. Returns its folder.
pub(crate) fn assemble(project: &Project, build: Build) -> Result<PathBuf> {
    let page = project.local_page();
    if page.exists() {
        fs::remove_dir_all(&page).context("removing the page of the last time")?;
    }
    fs::create_dir_all(&page).context("making a folder for the page")?;
    let mut bindgen = project.command("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--out-name", NAME, "--out-dir"]);
    bindgen.arg(&page).arg(project.page_program(build));
    process::run(&mut bindgen, "delete .tools and try again")?;
    let web = project.root.join("web");
    let source = fs::read_to_string(web.join("index.html")).context("web/index.html cannot be read")?;
    let read =
        |name: &str| fs::read_to_string(web.join(name)).with_context(|| format!("web/{name} cannot be read"));
    let Written { html, copies } = write(&source, &read)?;
    fs::write(page.join("index.html"), html).context("writing the page")?;
    for copy in copies {
        let from = web.join(copy);
        let name = from.file_name().context("a file without a name")?;
        fs::copy(&from, page.join(name)).with_context(|| format!("copying {}", project.short(&from)))?;
    }
    Ok(page)
}

/// A page, and the files that it needs beside it.
#[derive(Debug, PartialEq)]
struct Written {
    html: String,
    copies: Vec<PathBuf>,
}

/// Replaces what is meant for Trunk by what Trunk would put there.
fn write(source: &str, read: &dyn Fn(&str) -> Result<String>) -> Result<Written> {
    const OPEN: &str = "<link data-trunk ";
    let mut written = Written { html: String::with_capacity(source.len()), copies: Vec::new() };
    let mut rest = source;
    while let Some((before, from)) = rest.split_once(OPEN) {
        let (tag, after) = from.split_once('>').context("a link in web/index.html has no end")?;
        written.html.push_str(before);
        let href = attribute(tag, "href").context("a link for Trunk without href")?;
        match attribute(tag, "rel") {
            Some("copy-file") => written.copies.push(Path::new(href).to_owned()),
            Some("inline") if attribute(tag, "type") == Some("css") => {
                written.html.extend(["<style>", &read(href)?, "</style>"]);
            }
            Some("rust") => written.html.push_str(LOADER),
            _ => bail!("web/index.html asks Trunk for <{tag}>: xtask/src/page.rs has to know what that is"),
        }
        rest = after;
    }
    written.html.push_str(rest);
    Ok(written)
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = tag.split_once(&format!("{name}=\""))?;
    Some(value.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(source: &str) -> Result<Written> {
        write(source, &|name| Ok(format!("/* {name} */")))
    }

    #[test]
    fn what_is_meant_for_trunk_is_replaced() {
        let written = from(
            "<head>\n<link data-trunk rel=\"copy-file\" href=\"../public/icon.svg\" />\n\
             <link rel=\"icon\" href=\"icon.svg\" />\n\
             <link data-trunk rel=\"inline\" type=\"css\" href=\"styles/page.css\" />\n\
             <link data-trunk rel=\"rust\" href=\"Cargo.toml\" data-bin=\"arcane-web\" />\n</head>",
        )
        .unwrap();
        assert_eq!(written.copies, [Path::new("../public/icon.svg")]);
        let expected = format!(
            "<head>\n\n<link rel=\"icon\" href=\"icon.svg\" />\n<style>/* styles/page.css */</style>\n{LOADER}\n</head>"
        );
        assert_eq!(written.html, expected);
    }

    #[test]
    fn what_it_does_not_know_is_an_error() {
        for link in ["rel=\"sass\" href=\"a.scss\"", "rel=\"rust\"", "rel=\"inline\" href=\"a.js\""] {
            assert!(from(&format!("<link data-trunk {link} />")).is_err(), "{link}");
        }
        assert!(from("<link data-trunk rel=\"rust\"").is_err());
    }

    #[test]
    fn it_knows_all_that_the_page_asks_for() {
        let source = include_str!("../../web/index.html");
        let written = from(source).unwrap();
        assert_eq!(source.matches("data-trunk").count(), 8);
        assert!(!written.html.contains("data-trunk"));
        assert_eq!(written.html.matches("<style>").count(), 5);
        assert_eq!(written.html.matches("<script").count(), 2);
    }
}
