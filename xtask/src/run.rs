//! `cargo xtask run`: the shortest way from nothing to a served page.

use std::ffi::OsString;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::lanes::{Job, Lanes, clock};
use crate::project::{Build, Project};
use crate::{dashboard, page, process, tools};

/// Builds what is missing and becomes the server.
pub(crate) fn perform(project: &Project, port: u16, build: Build, serve: Vec<OsString>) -> Result<()> {
    let page = if build == Build::Release { optimised(project)? } else { quickly(project, port, build)? };
    tools::tidy(project);
    let mut server = project.command(project.server(build));
    server.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--dashboard"]).arg(page);
    server.args(serve);
    process::become_it(&mut server)
}

/// The page and the server as they are shipped, one after the other.
fn optimised(project: &Project) -> Result<std::path::PathBuf> {
    println!(
        "Building the page and the server as they are shipped, which takes about {RELEASE_MINUTES} minutes"
    );
    println!("on two cores when nothing is there yet.");
    dashboard::build(project)?;
    process::run(&mut project.cargo_build(Build::Release), COMPILER)?;
    Ok(project.dist())
}

/// Page and server side by side, without the optimisers that only pay for what is shipped.
fn quickly(project: &Project, port: u16, build: Build) -> Result<std::path::PathBuf> {
    let started = Instant::now();
    tools::wasm_target(project)?;
    let tool = tools::wasm_bindgen(project)?;
    let there = tools::is_there(project, &tool);
    println!("{}", announcement(port, !there || !project.server(build).is_file()));
    // The page first: its crates wait for each other most, and what comes after it can use a core that is left over.
    let mut page = vec![Job { name: "page", command: project.cargo_build_page(build) }];
    if !there {
        page.push(Job { name: "wasm-bindgen", command: tools::install(project, &tool) });
    }
    let server = vec![Job { name: "server", command: project.cargo_build(build) }];
    let of = page.len() + server.len() + 1;
    let mut lanes = Lanes::new(vec![page, server], &project.target().join("run"), started)?;
    let mut done = 0;
    while let Some(ended) = lanes.next()? {
        done += 1;
        if !ended.status.success() {
            println!("\n━━ {}\n{}", ended.name, ended.said());
            bail!("`{}` failed ({}): {COMPILER}", ended.line, ended.status);
        }
        let took = ended.took.as_secs_f64();
        println!(
            "{} {} is done after {took:.0} s: {done} of {of} steps",
            clock(started.elapsed()),
            ended.name
        );
    }
    let page = page::assemble(project, build)?;
    println!("{} the page is put together: {of} of {of} steps", clock(started.elapsed()));
    Ok(page)
}

const COMPILER: &str =
    "the compiler's message above says what is wrong (is there a C compiler, and a package registry?)";
/// Measured on two cores, with nothing there but rustup.
const MINUTES: u8 = 8;
const RELEASE_MINUTES: u8 = 13;

/// What will happen, and how long it will take.
fn announcement(port: u16, first_time: bool) -> String {
    let time = if first_time {
        format!("The first time takes about {MINUTES} minutes on two cores; after that it takes seconds.")
    } else {
        "All of it was built before: only what has changed since is built anew.".to_owned()
    };
    format!(
        "Building the page and the server side by side, then serving http://127.0.0.1:{port}\n{time}\n\
         What the compilers say is in target/run. `--release` builds both as they are shipped."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_is_told_how_long_it_takes() {
        assert!(announcement(8000, true).contains("about 8 minutes"));
        assert!(!announcement(8000, false).contains("minutes"));
        assert!(announcement(9000, false).contains("http://127.0.0.1:9000"));
    }
}
