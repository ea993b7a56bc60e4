//! What is known of programs: which run what follows them, or what they read, or code. Pure.

/// Programs that run what follows them, or what they are told: all words after one may be programs, or commands of their own.
const RUNNERS: [&str; 80] = [
    "sudo",
    "doas",
    "pkexec",
    "runuser",
    "env",
    "command",
    "builtin",
    "exec",
    "nohup",
    "time",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "timeout",
    "stdbuf",
    "setsid",
    "watch",
    "entr",
    "strace",
    "ltrace",
    "valgrind",
    "unbuffer",
    "flock",
    "chroot",
    "unshare",
    "nsenter",
    "systemd-run",
    "caffeinate",
    "arch",
    "proot",
    "fakeroot",
    "busybox",
    "toybox",
    "npx",
    "bunx",
    "trap",
    "start",
    "noglob",
    "nocorrect",
    "repeat",
    "-",
    "setarch",
    "linux32",
    "linux64",
    "i386",
    "x86_64",
    "prlimit",
    "cpulimit",
    "numactl",
    "cgexec",
    "setpriv",
    "gosu",
    "su-exec",
    "sg",
    "firejail",
    "bwrap",
    "xvfb-run",
    "dbus-run-session",
    "dbus-launch",
    "perf",
    "gdb",
    "hyperfine",
    "script",
    "tmux",
    "screen",
    "nix-shell",
    "dumb-init",
    "tini",
    "catatonit",
    "rlwrap",
    "torsocks",
    "torify",
    "proxychains",
    "proxychains4",
    "catchsegv",
    "eatmydata",
    "chronic",
    "expect",
    "uvx",
];
/// Programs that run what they read, too.
const SHELLS: [&str; 28] = [
    "bash",
    "sh",
    "zsh",
    "dash",
    "ash",
    "ksh",
    "mksh",
    "csh",
    "tcsh",
    "fish",
    "nu",
    "rbash",
    "yash",
    "pwsh",
    "powershell",
    "cmd",
    "wsl",
    "su",
    "ssh",
    "eval",
    "source",
    ".",
    "xargs",
    "parallel",
    "iex",
    "invoke-expression",
    "at",
    "batch",
];
/// Programs that run code of their language, whatever number is in their names.
const INTERPRETERS: [&str; 26] = [
    "python",
    "ipython",
    "pypy",
    "node",
    "nodejs",
    "ts-node",
    "tsx",
    "deno",
    "bun",
    "perl",
    "ruby",
    "irb",
    "php",
    "lua",
    "luajit",
    "tclsh",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "osascript",
    "rscript",
    "julia",
    "groovy",
    "elixir",
    "guile",
];
/// How many words after a program, options left out, it takes until it is known what runs, where that is never known: what follows may run whatever was said before.
pub(super) const NEVER: usize = usize::MAX;

/// Whether a program runs what follows it.
pub(super) fn is_listed(name: &str) -> bool {
    RUNNERS.contains(&name)
        || is_shell(name)
        || ["ld-linux", "ld-musl", "ld.so"].iter().any(|loader| name.starts_with(loader))
}

/// Whether a program runs what it reads.
pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

/// The language that a program runs code of: `python` for `python3.11`.
pub(super) fn language(name: &str) -> Option<&str> {
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.contains(&name).then_some(name)
}

/// How many words after a program, options left out, it takes until it is known what runs; 0: it runs nothing that follows.
pub(super) fn operands(name: &str) -> usize {
    match name {
        "script" | "tmux" | "screen" | "bwrap" | "hyperfine" | "nix-shell" | "sg" | "gdb" | "find" | "fd"
        | "fdfind" => NEVER,
        "ssh" | "chroot" | "flock" | "timeout" | "taskset" | "chrt" | "su" | "runuser" | "repeat"
        | "setarch" | "gosu" | "su-exec" | "perf" | "cgexec" => 2,
        name => usize::from(is_listed(name)),
    }
}

/// How many words after a command of a program (`docker exec`, `uv run`) it takes until it is known what runs; 0: the command runs nothing that follows.
pub(super) fn operands_of_command(program: &str, command: &str) -> usize {
    match (program, command) {
        (
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" | "kubectl" | "oc" | "lxc"
            | "incus",
            "exec" | "run",
        )
        | ("mise" | "rtx", "exec" | "x")
        | ("direnv", "exec")
        | ("rustup", "run") => 2,
        ("vagrant" | "gcloud" | "gh", "ssh") | ("nix", "develop" | "shell") | ("git", "--exec") => NEVER,
        ("npm" | "pnpm" | "bun", "x") | ("adb", "shell") | (_, "exec" | "dlx" | "foreach") => 1,
        (
            "uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "rye" | "pixi" | "pipx" | "conda" | "mamba"
            | "micromamba" | "go" | "deno" | "bun" | "nix" | "git" | "heroku",
            "run",
        ) => 1,
        _ => 0,
    }
}
