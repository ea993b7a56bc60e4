//! What `--help` says.

/// Of `cargo xtask` as a whole.
pub(crate) const OVERVIEW: &str = "\
Sets the project up, runs it and tests it.

  cargo xtask run      the server and its dashboard on http://127.0.0.1:8000
  cargo xtask test     everything that must hold: format, lints, tests, licences, size, stories in a browser
  cargo xtask check    the quick part of it: format, lints, licences
  cargo xtask dist     one binary with the dashboard inside
  cargo xtask setup    only fetches and builds the tools

Needs rustup, Node.js with npm, and a C compiler. Everything else it builds itself, once, into .tools/ of this
folder: Trunk, wasm-bindgen and cargo-deny (some ten minutes on two cores).

`cargo xtask COMMAND --help` tells the options of a command.";

/// Of `run`.
pub(crate) const RUN: &str = "\
Builds the dashboard and the server and serves both.

  cargo xtask run [--port 8000] [--dev | --release] [-- OPTIONS OF arcane serve]

  --port N     where to listen on this machine (8000)
  --release    small page, fast server (the default)
  --dev        quick builds: unoptimised page and server

Example: cargo xtask run --port 9000 -- --ephemeral

The page needs wasm-opt to be at its smallest. With npm on this machine it comes by itself; without, the page works
and is a little larger.";

/// Of `test`.
pub(crate) const TEST: &str = "\
Does everything that must hold before a change is merged and prints a table of it.

  cargo xtask test [--only STEP,…] [--skip STEP,…] [--keep-going] [--advisories]

Steps: format, lint, lint-web, test, deny, dashboard, size, stories.

  --only, --skip   some of the steps
  --keep-going     does not stop at the first step that fails
  --advisories     also asks the RustSec database about known vulnerabilities (needs the network)

The stories run in Chromium. On Debian and Ubuntu it is installed when it is missing; elsewhere, set CHROMIUM_PATH.";

/// Of `check`.
pub(crate) const CHECK: &str = "\
The quick part of `test`: format, lint, lint-web, deny.

  cargo xtask check [--keep-going] [--advisories]";

/// Of `dist`.
pub(crate) const DIST: &str = "\
Builds one binary that has the dashboard inside.

  cargo xtask dist";

/// Of `setup`.
pub(crate) const SETUP: &str = "\
Fetches and builds the tools that the other commands would fetch and build when they need them.

  cargo xtask setup";
