//! What a command has others run for it: programs that run what follows them, what is attached to their options, and what is written to a shell.

use super::{of_command, rule};

/// What runs `rm` by another program.
const RUNS_RM: &[&str] = &[
    // What is written to a shell.
    "/bin/echo 'rm x' | sh",
    "command echo 'rm x' | sh",
    "A=1 echo 'rm x' | sh",
    "{ echo 'rm x'; } | sh",
    "for i in 1; do echo 'rm x'; done | sh",
    "bash <(echo 'rm x')",
    "bash -c \"$(echo 'rm x')\"",
    "eval \"$(echo rm x)\"",
    "printf 'ls\\nrm x\\n' | sh",
    "printf '\\162m %s' x | sh",
    "echo -n rm x | sh",
    // What is attached to an option.
    "env -S'rm x'",
    "env --split-string='rm x'",
    "su -c'rm x'",
    "su --command='rm x'",
    "git rebase --exec='rm x' main",
    "fd --exec=rm",
    "fd -xrm",
    "sudo git rebase -x'rm x'",
    // More programs that run others.
    "noglob rm x",
    "nocorrect rm x",
    "repeat 1 rm x",
    "- rm x",
    "git submodule foreach rm x",
    "git submodule foreach 'rm x'",
    "script -qc 'rm x' /dev/null",
    "setarch -R rm x",
    "linux64 rm x",
    "prlimit rm x",
    "bwrap --dev / rm x",
    "gosu root rm x",
    "perf stat rm x",
    "hyperfine 'rm x'",
    "tmux new -d 'rm x'",
    "screen -dm rm x",
    "nix-shell --run 'rm x'",
    "nix develop -c rm x",
    "mise x -- rm y",
    "sg users -c 'rm x'",
    "tini -- rm x",
    "proxychains rm x",
    "pnpm dlx rm",
    "uvx rm",
    "/lib64/ld-linux-x86-64.so.2 /bin/rm x",
    "vagrant ssh -c 'rm x'",
    "gcloud compute ssh x --command 'rm x'",
    "gcloud compute ssh x --command='rm x'",
    "kubectl -n a --context b --kubeconfig c -v 6 exec pod -- rm x",
];

#[test]
fn a_program_is_found_that_another_one_runs() {
    let rules = rule("command = \"rm\"", "deny");
    for command in RUNS_RM {
        assert_eq!(of_command(&rules, command), Some("deny"), "{command:?}");
    }
}
