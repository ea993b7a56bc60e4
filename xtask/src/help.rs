//! What `--help` says.

/// Of `cargo xtask` as a whole.
pub(crate) const OVERVIEW: &str = "\
Sets the project up, runs it and tests it.

  cargo xtask run      the server and its dashboard on http://127.0.0.1:8000; with --demo, and invented agents at work
  cargo xtask test     everything that must hold: format, floors, lints, tests, OpenAPI, licences, size, stories in a browser
  cargo xtask check    the quick part of it: format, floors, lints, licences
  cargo xtask compat   reads a compressed stream with Firefox and with websockets for Python
  cargo xtask agents   drives real coding agents, attached to a server, and says what was told of them
  cargo xtask bench    measures the server beside its peers
  cargo xtask bench-log  measures how fast events are kept, beside Redis and NATS
  cargo xtask cluster  lets servers of NATS suffer, and checks that a stream of theirs loses nothing
  cargo xtask hostile  attacks the server and a control with thousands of connections
  cargo xtask dist     what is shipped: an archive, bills of materials and sums
  cargo xtask setup    only fetches and builds the tools

Needs rustup, Node.js with npm, a C compiler, and Python for `test`. Everything else it builds itself, once, into .tools/ of this
folder: wasm-bindgen for `run`, also Trunk, wasm-split and cargo-deny for `test`, and cargo-cyclonedx for `dist`.

`cargo xtask COMMAND --help` tells the options of a command.";

/// Of `run`.
pub(crate) const RUN: &str = "\
Builds the dashboard and the server side by side and serves both. The first time takes about eight minutes on two cores,
later times take seconds; what the compilers say is in target/run.

  cargo xtask run [--port 8000] [--demo] [--dev | --release] [-- OPTIONS OF arcane serve]

  --port N     where to listen on this machine (8000)
  --demo       shows invented agents at work, ninety seconds again and again, and keeps nothing
  --release    page and server as they are shipped: small and fast, and twice as long to build
  --dev        page and server with all checks and no optimisation: for changing them

Example: cargo xtask run --port 9000 -- --ephemeral

With --release, the page needs wasm-opt to be at its smallest. With npm on this machine it comes by itself; without, the
page works and is a little larger.";

/// Of `test`.
pub(crate) const TEST: &str = "\
Does everything that must hold before a change is merged and prints a table of it.

  cargo xtask test [--only STEP,…] [--skip STEP,…] [--keep-going] [--advisories PATH]

Steps: format, floors, lint, lint-web, test, openapi, deny, dashboard, size, stories.

  --only, --skip   some of the steps
  --keep-going     does not stop at the first step that fails
  --advisories PATH   also looks for known vulnerabilities in the RustSec advisory database, of which PATH is a clone or
                   a copy (https://github.com/RustSec/advisory-db). Nothing is fetched

openapi reads the server's own description with openapi-spec-validator, Redocly and openapi-typescript, and tries the
server against it with schemathesis; their versions are in xtask/openapi/, they go into .tools/, and Python 3.10 or
newer with venv must be there.

The tests run in two lanes, so that those which wait do not keep those which compute; what each lane said is shown when
it ends, and is in target/tests. The stories run in Chromium, one after the other: drawing in software takes both cores.
A story that failed is played again with a trace, which is in end2end/test-results; one that passes then is flaky, fails
nothing and is named. On Debian, root gets the headless shell of Chromium when it is missing: all of Chromium works, too,
and takes twice the processor time. Elsewhere, install either, or set CHROMIUM_PATH.";

/// Of `check`.
pub(crate) const CHECK: &str = "\
The quick part of `test`: format, floors, lint, lint-web, deny.

  cargo xtask check [--keep-going] [--advisories PATH]

With --advisories PATH, deny also looks for known vulnerabilities in a clone or copy of the RustSec advisory database.";

/// Of `compat`.
pub(crate) const COMPAT: &str = "\
Reads and publishes a compressed stream with clients that are not everywhere, Firefox and websockets for Python, and says
what each agreed on with the server. docs/compatibility.md tells what is checked. (Chromium and ws for Node do the same in
the stories of `test`.)

  cargo xtask compat

On Debian and Ubuntu, Firefox ESR is installed when there is no Firefox; elsewhere, set FIREFOX_PATH. Python 3.10 or newer
must be there; its packages go into .tools/.";

/// Of `dist`.
pub(crate) const DIST: &str = "\
Builds what is shipped into target/dist: an archive with the program, which has the dashboard inside, a bill of materials
(CycloneDX) of the program and one of the page, and SHA256SUMS.

  cargo xtask dist [--target TRIPLE] [--check]

  --target TRIPLE   for which machine. On Linux, a static program for this machine (…-linux-musl), which needs musl-gcc
                    (`apt-get install musl-tools`); elsewhere this machine
  --check           builds all of it once more, in another folder, and compares the bytes

The archive also has the licences of all crates, completions and man pages, arcane.service for systemd, and a Containerfile,
which makes an image of the unpacked archive. What is built depends on the sources, the compilers and the tools, and not on the
folder, the time or the user. From nothing it takes about 15 minutes on two cores, with --check twice that.";

/// Of `setup`.
pub(crate) const SETUP: &str = "\
Fetches and builds the tools that the other commands would fetch and build when they need them: some seven minutes on two cores.

  cargo xtask setup";

/// Of `bench`.
pub(crate) const BENCH: &str = "\
Measures the server beside its peers and says which goals are met. A whole run, of some twenty minutes, renews
docs/benchmarks.md, which tells what is measured and how.

  cargo xtask bench [--rounds 5] [--secs 5] [--only SCENARIO,…] [--peers PEER,…] [--quick] [--write]
  cargo xtask bench --cluster [--rounds 1] [--secs 5] …

Scenarios: fanout-200, fanout-1000, steady-100, idle-5000, ingest, compressed, slow-1000, many-10000.
Peers: arcane (this project), bun, nats, raw (a C program that does the least). Bun is installed into .tools/ by npm, raw
needs a C compiler, nats-server and redis-server must be there already. Who cannot be had is skipped, and the tables say so.

With --cluster, three nodes on three nats-servers are measured beside one server and beside a JetStream stream without nodes, in some six minutes a round.
Scenarios: cluster-delivery, cluster-ingest, cluster-rooms-200, cluster-fanout-200, cluster-rooms-1000.
Peers: arcane, cluster, synced (servers that write to the disk before they acknowledge), jetstream. nats-server is the one of `cargo xtask cluster`.

  --rounds N     rounds of which medians are taken; in each, every peer has its turn (5)
  --secs S       how long a run takes (5)
  --only, --peers   some of the scenarios, some of the peers
  --quick        one round of a second: whether everything works, not how fast it is
  --write        renews docs/benchmarks.md although not everything was run

ARCANE_BINARY names a built server to measure instead of building one, ARCANE_RIG a built `arcane-rig`. Linux with two idle cores is needed for figures
that mean something. A missed goal is no failure; a run in which an event was lost, doubled or late in its order is.";

/// Of `bench-log`.
pub(crate) const BENCH_LOG: &str = "\
Measures how fast events are kept: the server's log beside Redis streams and NATS JetStream, in the same run.

  cargo xtask bench-log [--rounds 3]

Each server has a core, the load another one. redis-server and nats-server have to be on the PATH (`apt-get install
redis-server nats-server`); who is missing is skipped. Files are made in target/bench-log and removed.";

/// Of `hostile`.
pub(crate) const HOSTILE: &str = "\
Attacks the server, and a control (Bun) in turn with it, and says what 50 honest readers and an honest publisher notice.

  cargo xtask hostile [--connections 10000] [--seconds 10] [--rounds 3] [--binary PATH]

Attackers connect from one address and then from 250, a fifth of them each: saying nothing, sending half a handshake, becoming readers
that never read, sending a handshake a byte a second, and connecting anew every second. Server and honest clients have normal priority,
the attackers are nice by 10 and run while nobody else does (SCHED_IDLE). In the end the server is killed in the middle of an attack and started again on the same log.

  --connections N   attackers' connections (10000)
  --seconds S       how long each of the six phases of a round is measured (10); a round takes some two minutes
  --rounds N        how often (3); the table has the median of each phase's latencies, and the most that was held
  --binary PATH     a built server to attack instead of building one

Without a release build, readers and attackers take more of their core than they need:

  cargo run --release -p xtask -- hostile

Prints a table and fails if a bound is missed: under attack honest p99 is at most twice what it is without and at most the control's,
memory stays within the budget, open files come back, and every reader gets every event once and in order, also after `kill -9`.
docs/benchmarks.md has a table. Linux, two idle cores and as many open files as connections are needed.";

/// Of `agents`.
#[cfg(unix)]
pub(crate) const AGENTS: &str = "\
Drives the real programs of coding agents, attached by `arcane attach` alone, against a server, and compares what they did with what was
told of them: sessions, prompts, calls that work and fail, subagents, waits for a human, tokens.

  cargo xtask agents [--only claude,codex,gemini,copilot,qwen,opencode] [--binary PATH] [--headless | --answer] [--keep] [--watch PORT]

Each agent has an empty home, an empty project, made-up keys, a server of its own, and in the place of its vendor's model an endpoint on this
machine (xtask/agents/) that does what the prompt says. It works once without a terminal, and once in one, where a human says yes and no.
The programs are installed by npm into .tools/agents, in the versions of xtask/agents/package.json: some 2 GB.

  --only       some of them
  --binary     a built `arcane` instead of building one
  --answer       answers what claude, codex and qwen ask from elsewhere (allowed, refused, answered at the terminal, left alone), and
                 says how each question ended, instead of counting what is told; and lets claude and codex make one call again and
                 again, and refuses, leaves alone, allows and stops the next
  --headless   only the sessions without a terminal
  --keep       keeps each agent's folder: its home, its screen, the events, what it asked of the model
  --watch      shows the dashboard of dist/ at this port of this machine, one agent after the other

Fails if an event is lost or doubled, if a wait stays lit after its end, or if tokens are not what the model charged. Linux.";

/// Of `cluster`.
pub(crate) const CLUSTER: &str = "\
Runs three nodes on three NATS servers, publishes to them and reads from them while they suffer faults, and checks that no event is lost, doubled, missing or out of order,
and that every spell was decided on those before it.

  cargo xtask cluster [--seconds S | --minutes M] [--faults LIST] [--count N] [--seed N] …
  cargo xtask cluster up [--synced] [--raw [--servers 3]]
  cargo xtask cluster --raw [--faults LIST] [--count N] [--seed N] [--publishers N] [--synced] [--plant-loss]

  up               only runs servers and nodes, says where they are, and waits for Ctrl-C; with --until-closed also for the end of its input
  --raw            without nodes: a stream of the servers is published to and read by itself

  --faults LIST    with commas between them; a kind that is there twice comes twice as often; none: no faults
                   kill, stop, pause, step-down: what the leader of the room's stream suffers; cut, slow: the same on its way to the other servers;
                   kill-all: all servers at once; node-kill, node-stop, node-pause: what a node suffers
                   kill,node-kill,node-stop unless said (--raw: kill)
  --count N        so many faults; 3 unless said (--raw: 10)
  --seed N         decides faults, their order and what is published; another one each time unless said, and printed
  --synced         servers write through to the disk before they acknowledge
  --publishers N   publishers of each node; 2 unless said (--raw: in all, 3)
  --rate R         events a second, of all publishers together; 500 unless said (--raw: as many as are answered)
  --seconds S      how long it lasts at least; 30 unless said (--raw: until the last fault is over)

Of a run with nodes:

  --minutes M      faults follow each other for so long
  --events N       goes on until so many events were acknowledged
  --readers N      readers of each node; 1 unless said
  --casters N      casters of each node, which summon, invoke and banish three daemons without a pause; 1 unless said, 0 for figures of publishing alone
  --arrays P       of 100 publications so many are arrays of 2 to 50 events; 2 unless said
  --drop P         of 100 messages by which streams tell nodes what they have taken so many are lost on the way; none unless said
  --no-consumer    readers of a durable consumer do not take over from each other meanwhile
  --no-race        one key is not sent to all nodes at once meanwhile
  --release        nodes and rig are built for release: what they measure is only then worth something
  --arcane PATH    another program for the nodes than that of this workspace
  --keep           the nodes' files stay, logs among them; ARCANE_LOG says how much they log

nats-server comes from rig/requirements.txt into .tools, unless ARCANE_NATS_SERVER names another. A fault takes 2 to 20 s. Everything is on the loopback address, and
in folders that are removed.";

/// Of `load`.
pub(crate) const LOAD: &str = "\
One run of WebSocket clients and publishers against a server that is already there; prints a line of JSON.
`cargo xtask bench` makes its tables from such runs. Without a release build, the load is slower than the server:

  cargo run --release -p xtask -- load --port 8000 [--pid SERVER] [--clients N] [--secs S] …

  --peer P             what is spoken to: arcane (the default), ephemeral (the same without a log), bun, nats, raw, redis
  --port N             where it listens (8000); --publish-port N: where it takes events, if elsewhere
  --pid N              the server's process: adds its processor time and memory (Linux)
  --clients N          clients (1); --slow K: so many of them never read
  --fill               publishes, before measuring, more than the kernel keeps for a client that never reads
  --secs S             how long, 0.1 to 20 (1); the first fifth is not measured. --events N: at most so many events
  --window W           sends while fewer than W requests are unanswered and W events on their way (8)
  --rate R             sends R events a second instead
  --publishers N       connections that publish; what may be on its way is shared out among them (1)
  --publish WAY        http, ws, nats, redis or none; --hold is --publish none: clients that only stay
  --batch B            B events in a request (1)
  --rooms N            publishes to N rooms in turn, with --clients 0
  --varied             events as different as those of a realm at work, instead of one that is always the same
  --compress           clients ask for permessage-deflate
  --drain              stops the server at the end and waits until every client was told and is gone

Every reader must get every event once and in order; a run in which one does not is an error.";
