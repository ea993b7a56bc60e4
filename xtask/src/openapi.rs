//! The server's own description of its API, read and tried by tools that other people use.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::project::Project;
use crate::{process, tools};

/// Test cases of one route in one phase, without keys: some 20 s in all.
const EXAMPLES: u32 = 15;
/// The same of a server with keys, for each kind of token: what is refused is looked at no closer.
const GUARDED_EXAMPLES: u32 = 3;
/// Multiplies them, for a long run.
const TIMES: &str = "ARCANE_OPENAPI_TIMES";
/// Tokens of which each reaches another part of the API; the last one everything, by nothing but its own events.
const TOKENS: [&[&str]; 3] = [
    &["--can", "subscribe", "--rooms", "*"],
    &["--can", "publish,cast", "--rooms", "main"],
    &["--can", "subscribe,publish,cast,answer,metrics,admin", "--rooms", "*", "--only-spell", "voice"],
];
/// How long the server may take to hand its description out.
const FETCH_MAX: Duration = Duration::from_secs(20);

/// Checks that `/openapi.json` is valid, that generators read it, and that the server does what it says.
pub(crate) fn check(project: &Project, server: &Path) -> Result<()> {
    let settings = project.root.join("xtask/openapi");
    let python = tools::python(project, "openapi-python", &settings.join("requirements.txt"))?;
    let node = tools::npm_packages(project, "openapi")?
        .context("npm is missing: install Node.js 20 or newer (https://nodejs.org)")?;
    let work = project.target().join("openapi");
    fs::create_dir_all(&work).context("making target/openapi")?;
    let (program, data) = (server, work.join("data"));
    let server = Server::start(project, program, &data, None)?;
    let document = work.join("openapi.json");
    fs::write(&document, server.fetch("/openapi.json")?).context("writing target/openapi/openapi.json")?;

    let remedy = "server/src/http/document is where the description is made";
    let mut validator = project.command(&python);
    process::run(validator.args(["-m", "openapi_spec_validator"]).arg(&document), remedy)?;
    let tool = |path: &str| {
        let mut command = project.command("node");
        command.arg(node.join("node_modules").join(path)).env("REDOCLY_TELEMETRY", "off");
        command
    };
    let mut redocly = tool("@redocly/cli/bin/cli.js");
    redocly.arg("lint").arg(&document).arg("--config").arg(settings.join("redocly.yaml"));
    process::run(redocly.env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"), remedy)?;
    let types = work.join("openapi.d.ts");
    process::run(tool("openapi-typescript/bin/cli.js").arg(&document).arg("--output").arg(&types), remedy)?;
    process::run(tool("typescript/bin/tsc").args(["--noEmit", "--strict"]).arg(&types), remedy)?;

    let tried = Tried { project, python: &python, settings: &settings, document: &document };
    tried.by_schemathesis(&server.address, None, EXAMPLES)?;
    drop(server);
    let keys = work.join("keys.json");
    fs::write(&keys, said(project.command(program).args(["keys", "new"]))?)
        .context("writing target/openapi/keys.json")?;
    let server = Server::start(project, program, &data, Some(&keys))?;
    tried.by_schemathesis(&server.address, None, GUARDED_EXAMPLES)?;
    for rights in TOKENS {
        let mut token = project.command(program);
        token.args(["token", "new", "--sub", "schemathesis", "--keys"]).arg(&keys).args(rights);
        tried.by_schemathesis(&server.address, Some(said(&mut token)?.trim()), GUARDED_EXAMPLES)?;
    }
    Ok(())
}

/// What a command prints.
fn said(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::null()).output().context("running the server's program")?;
    ensure!(output.status.success(), "{command:?} failed");
    String::from_utf8(output.stdout).context("reading what the program prints")
}

/// What a server is tried with.
struct Tried<'a> {
    project: &'a Project,
    python: &'a Path,
    settings: &'a Path,
    document: &'a Path,
}

impl Tried<'_> {
    fn by_schemathesis(&self, address: &str, token: Option<&str>, examples: u32) -> Result<()> {
        let times = std::env::var(TIMES).ok().and_then(|times| times.parse().ok()).unwrap_or(1);
        let mut schemathesis = self.project.command(self.python);
        schemathesis.current_dir(self.document.parent().unwrap_or(Path::new(".")));
        schemathesis
            .args(["-m", "schemathesis.cli", "--config-file"])
            .arg(self.settings.join("schemathesis.toml"));
        schemathesis.arg("run").arg(self.document);
        schemathesis.args([
            "--url",
            &format!("http://{address}"),
            "--max-examples",
            &(examples * times).to_string(),
        ]);
        if let Some(token) = token {
            schemathesis.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        schemathesis.args(["--no-color", "--warnings", "off"]);
        schemathesis.env("SCHEMATHESIS_HOOKS", self.settings.join("hooks.py"));
        process::run(&mut schemathesis, "the description and the server do not agree: see the cases above")
    }
}

/// A server of its own, with an empty log.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(project: &Project, program: &Path, data: &Path, keys: Option<&Path>) -> Result<Self> {
        if data.exists() {
            fs::remove_dir_all(data).context("removing the log of the last time")?;
        }
        let mut command: Command = project.command(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-dashboard", "--data-dir"]).arg(data);
        if let Some(keys) = keys {
            // What is refused for coming too often says nothing of the route.
            command.arg("--keys").arg(keys).args(["--max-spells-per-s", "0", "--max-events-per-s", "0"]);
            command.args(["--max-new-rooms-per-min", "0", "--max-new-daemons-per-min", "0"]);
        }
        command.env_remove("ARCANE_CONFIG").env("ARCANE_LOG", "error").stdout(Stdio::piped());
        let mut process = command.spawn().context("starting the server")?;
        let output = process.stdout.take().context("reading what the server says")?;
        let mut server = Self { process, address: String::new() };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("reading what the server says")?;
        let address = line.trim().strip_prefix("listening on http://");
        address.context("the server did not start")?.clone_into(&mut server.address);
        Ok(server)
    }

    /// A body, whole: HTTP/1.0 ends it with the connection.
    fn fetch(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.address).context("connecting to the server")?;
        stream.set_read_timeout(Some(FETCH_MAX))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).with_context(|| format!("reading {path}"))?;
        let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{path}: no answer"))?;
        ensure!(head.lines().next().is_some_and(|status| status.contains(" 200")), "{path}: {head}");
        Ok(body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
