//! Which commands a rule denies or asks about: all that come to it in some reading, and few others.

use std::time::{Duration, Instant};

use super::{of_command, rule, rules};

/// Longest time for a command, of a program without optimisation on a busy machine: linear ones take a tenth, quadratic ones five times as much.
const READ_MAX: Duration = Duration::from_secs(10);

/// What runs `rm` in some reading.
const RUNS_RM: &[&str] = &[
    "rm",
    "rm x",
    "rm -rf /",
    "  rm   -rf  x",
    "/bin/rm x",
    "../../bin/rm x",
    "./rm",
    "RM x",
    "rm.exe x",
    "\"rm\" x",
    "'rm' x",
    "r\"m\" x",
    "r''m x",
    "\\rm x",
    "r\\m x",
    "r\\\nm x",
    "$'rm' x",
    "$'\\x72m' x",
    "$'\\162\\155' x",
    "$\"rm\" x",
    "r$@m x",
    "r${x}m x",
    "$x rm y",
    "$X/bin/rm y",
    "r$(true)m",
    "/bin/r? x",
    "/bin/[r]m x",
    "r\u{200b}m x",
    "\u{feff}rm x",
    "rm\u{a0}x",
    "rm\tx",
    "rm${IFS}x",
    "rm$IFS-r",
    "{rm,-rf,x}",
    "${X:-rm} x",
    "@rm x",
    // After operators.
    "true; rm x",
    "true;rm x",
    "true && rm x",
    "true||rm x",
    "true | rm x",
    "true & rm x",
    "true |& rm x",
    "true\nrm x",
    "true\r\nrm x",
    "(rm x)",
    "{ rm x; }",
    "if true; then rm x; fi",
    "while true; do rm x; done",
    "for f in *; do rm $f; done",
    "case x in a) rm x;; esac",
    "! rm x",
    "f() { rm x; }; f",
    "function f { rm x; }",
    "coproc rm x",
    ">log rm x",
    "2>/dev/null rm x",
    "<in rm x",
    ">&2 rm x",
    "true > log; rm x",
    // After settings and programs that run others.
    "A=1 rm x",
    "A=1 B='x y' rm x",
    "A+=1 rm x",
    "A[0]=1 rm x",
    "A= rm",
    "sudo rm x",
    "sudo -n rm x",
    "sudo -u root rm x",
    "sudo -- rm x",
    "env rm x",
    "env -i A=1 rm x",
    "env -u A rm x",
    "command rm x",
    "nohup rm x",
    "time rm x",
    "time -p rm x",
    "nice -n 10 rm x",
    "timeout 5 rm x",
    "timeout -k 1 5s rm x",
    "exec rm x",
    "builtin rm",
    "xargs rm",
    "ls | xargs -n 1 rm -rf",
    "xargs -I {} rm {}",
    "sudo env A=1 nohup time rm x",
    "doas rm",
    "busybox rm x",
    "setsid rm x",
    "/usr/bin/sudo /bin/rm x",
    "\"sudo\" rm x",
    "$SUDO rm x",
    "\"$SUDO\" rm x",
    "stdbuf -oL rm",
    "find . -exec rm {} \\;",
    "find . -type f -execdir rm {} +",
    "fd -x rm",
    "ssh host rm x",
    "docker exec box rm x",
    "docker run -it image rm x",
    "uv run rm x",
    // What a shell is told.
    "bash -c 'rm x'",
    "bash -c \"rm x\"",
    "sh -c rm",
    "/bin/sh -ec 'true; rm x'",
    "zsh -lc 'rm x'",
    "bash -c 'bash -c \"rm x\"'",
    "sudo bash -c 'cd / && rm x'",
    "eval rm x",
    "eval 'rm x'",
    "eval \"r\" 'm'; rm",
    "env -S 'rm x'",
    "ssh host 'rm x'",
    "su -c 'rm x'",
    "xargs sh -c 'rm \"$@\"'",
    "trap 'rm x' EXIT",
    "watch 'rm x'",
    "bash <<< 'rm x'",
    "echo 'rm x' | sh",
    "<<< true rm x",
    "<<< $x rm y",
    "<<< $@ rm y",
    "nohup &>f -- rm x",
    "true &>f rm x",
    "r\\m$IFS-r x",
    "${x:-rm y {}",
    "${x:-r\\m} y",
    "${x:- r\"m\"} y",
    "* rm x",
    "printf '%s' 'rm x' | sudo bash -s",
    "bash <<E\nrm x\nE",
    "cat <<E | sh\nrm x\nE\n",
    "git rebase -x 'rm x' main",
    "parallel 'rm {}' ::: a",
    // Substitutions, in quotes too.
    "echo $(rm x)",
    "echo `rm x`",
    "echo \"$(rm x)\"",
    "echo \"a `rm x` b\"",
    "echo \"$(echo \"$(rm x)\")\"",
    "cat <(rm x)",
    "tee >(rm x)",
    "echo ${x:-$(rm y)}",
    "echo \"${x:-`rm y`}\"",
    "$(rm x)",
    "a=$(rm x)",
    "a=(1 2); rm x",
    "cat <<E\n$(rm x)\nE",
    "echo $((1+1)); rm x",
    "$(true) rm x",
    "echo $(case a in a) rm x;; esac)",
    // What is not closed, or hides a beginning.
    "true # don't\nrm x",
    "echo it's; rm x",
    "echo 'a\n' ; rm x",
    "echo \"a ; rm x",
    "cat <<'E'\nit's\nE\nrm x",
    "cat <<-E\n\tit's\n\tE\nrm x",
    "echo $((1<<2))\nrm x",
    "echo a#b; rm x",
    "true;# x\nrm x",
    "(((((rm x)))))",
    "cd C:\\x & C:\\bin\\rm.exe y",
    "r^m x",
    // Comments end, and begin where a word does.
    "x=`ls # list`; rm y",
    "echo `true # x` ; rm y",
    "echo \u{2003}#; rm y",
    "echo \u{a0}#; rm y",
    "echo \u{b}#; rm y",
    "echo \u{c}#; rm y",
    "echo \r#; rm y",
    "echo a\\ #; rm y",
    "echo a\\\n#; rm y",
    "echo $(true)#; rm y",
    "echo <(true)#; rm y",
    "(true)# it's\nrm x; echo 'y'",
    "{fd}>/dev/null rm x",
];

#[test]
fn a_program_is_found_wherever_it_runs() {
    let rules = rule("command = \"rm\"", "deny");
    for command in RUNS_RM {
        assert_eq!(of_command(&rules, command), Some("deny"), "{command:?}");
    }
}

#[test]
fn what_only_names_a_program_is_not_denied() {
    let rules = rule("command = \"rm\"", "deny");
    for command in [
        "",
        "ls",
        "echo rm",
        "grep rm x",
        "git rm x",
        "docker rm x",
        "npm rm x",
        "rmdir x",
        "farm",
        "xrm",
        "rm-all",
        "man rm",
        "ls rm",
        "cat rm",
        "echo 'rm x'",
        "echo \"; rm x\"",
        "git commit -m 'x; rm y'",
        "git commit -m \"first; rm x\"",
        "git commit -m \"say \\\"x\\\"; rm y\"",
        "echo a # ; rm x",
        "# rm x",
        "echo > rm",
        "cat < rm",
        "cat <<E\nrm x\nE",
        "echo 'rm x' | cat",
        "echo 'rm x'; bash y",
        "cat > a.sh <<'E'\nit's\nrm x\nE\nls",
        "echo $rm",
        "echo ${rm}",
        "rg -n '(rm|mv) x'",
        "sed 's/a/rm/'",
        "case x in *) ls;; esac",
        "echo 'rm x' > a; bash b",
        "echo '{ rm, x }; rm y'",
        "git log --format=rm",
        "grep -xrm a",
        "tar -xrm a",
    ] {
        assert_eq!(of_command(&rules, command), None, "{command:?}");
    }
}

#[test]
fn words_are_found_with_options_between_them() {
    let rules = rule("command = \"git push --force\"", "deny");
    for command in [
        "git push --force",
        "git push origin main --force",
        "git -C /x push --force",
        "git -c a=b --no-pager push --force",
        "git push --force=x",
        "GIT PUSH --force",
        "git --git-dir=x push -u origin --force",
        "git  push\t--force",
        "cd x && git push --force",
        "git \"push\" '--force'",
    ] {
        assert_eq!(of_command(&rules, command), Some("deny"), "{command:?}");
    }
    for command in [
        "git push",
        "git push -f",
        "git push --force-with-lease",
        "git pull --force",
        "git commit push --force",
        "git --force; push",
        "git push; ls --force",
    ] {
        assert_eq!(of_command(&rules, command), None, "{command:?}");
    }
}

#[test]
fn words_are_found_after_what_is_set_chosen_or_told_besides() {
    for (words, command) in [
        ("git push", "git {push,origin,main}"),
        ("git push", "git pu{sh,}"),
        ("git push", "echo git push | sh"),
        ("git push", "printf 'git %s' push | bash"),
        ("git push", "env -S'git push'"),
        ("git push", "env -i -Sgit push"),
        ("git push", "hyperfine 'git push'"),
        ("make deploy", "make X=1 deploy"),
        ("make deploy", "make ENV=prod deploy"),
        ("make deploy", "make all deploy"),
        ("make deploy", "make -j4 all X=1 test deploy"),
        ("just deploy", "just build deploy"),
        ("mvn deploy", "./mvnw clean; mvn clean deploy"),
        ("mise run deploy", "mise run build ::: deploy"),
        ("cargo publish", "cargo +nightly publish"),
        ("cargo publish", "cargo +stable --locked publish"),
        ("gcloud compute instances delete", "gcloud beta compute instances delete x"),
        ("gcloud compute instances delete", "gcloud --project x alpha compute instances delete x"),
    ] {
        let rules = rule(&format!("command = \"{words}\""), "deny");
        assert_eq!(of_command(&rules, command), Some("deny"), "{command:?}");
    }
    for (words, command) in [
        ("make deploy", "make redeploy"),
        ("make deploy", "make all; echo deploy"),
        ("cargo publish", "cargo help publish"),
        ("gcloud delete", "gcloud list delete"),
        ("git push", "git stash push"),
    ] {
        let rules = rule(&format!("command = \"{words}\""), "deny");
        assert_eq!(of_command(&rules, command), None, "{command:?}");
    }
}

#[test]
fn letters_of_options_are_found_apart_and_together() {
    let rules = rule("command = \"rm -rf\"", "deny");
    for command in ["rm -rf x", "rm -fr x", "rm -r -f x", "rm x -r -f", "rm -rvf x", "rm -f x -r"] {
        assert_eq!(of_command(&rules, command), Some("deny"), "{command:?}");
    }
    for command in ["rm x", "rm -r x", "rm -f x", "sort -r -f; rm x"] {
        assert_eq!(of_command(&rules, command), None, "{command:?}");
    }
    assert_eq!(of_command(&rule("command = \"rm -rf /\"", "deny"), "rm -r -f /"), Some("deny"));
    assert_eq!(of_command(&rule("command = \"rm -rf /\"", "deny"), "rm -rf ./x"), None);
    assert_eq!(of_command(&rule("command = \"/bin/rm\"", "deny"), "rm x"), Some("deny"));
}

#[test]
fn what_cannot_be_read_is_denied() {
    let rules = rule("command = \"rm\"", "deny");
    let nested = (0..12).fold("true".to_owned(), |command, _| format!("eval {command} ';' x"));
    for command in [
        format!("echo {}", "x".repeat(128 * 1024)),
        "(".repeat(1000),
        "$(".repeat(1000),
        "eval ".repeat(40) + "';' x",
        nested,
        "cat <<E ".repeat(100),
    ] {
        assert_eq!(of_command(&rules, &command), Some("deny"), "{} bytes", command.len());
    }
}

#[test]
fn a_hostile_command_is_read_in_bounded_time() {
    let many: String = (0..256)
        .map(|n| format!("[[rules]]\nname = \"{n}\"\ncommand = \"rm x{n} -qz\"\ndecision = \"deny\"\n"))
        .collect();
    let rules = rules(&many);
    for part in [
        "rm;",
        "sudo rm ",
        "rm -a ",
        "$(x) rm ",
        "$(a) if ",
        "<<E\n",
        "${",
        "'",
        "\"",
        "`",
        "a=(",
        "<<E\nE\n",
        "eval ';' ",
        "{a,b} ",
        "git -a ",
        "sudo -arm --b=rm ",
        "$(x) {rm,x} ",
        "echo rm|sh;",
        "printf %s%s ",
    ] {
        let command = part.repeat(100_000 / part.len());
        let from = Instant::now();
        of_command(&rules, &command);
        assert!(from.elapsed() < READ_MAX, "{part:?}: {:?}", from.elapsed());
    }
}

#[test]
fn who_denies_goes_before_who_asks_and_that_before_who_allows() {
    let table = |name: &str, decision: &str| {
        format!("[[rules]]\nname = \"{name}\"\ncommand = \"ls\"\ndecision = \"{decision}\"\n")
    };
    for (names, expected) in [
        (&["allow", "ask", "deny"][..], "deny"),
        (&["deny", "ask", "allow"], "deny"),
        (&["allow", "ask"], "ask"),
        (&["ask", "allow"], "ask"),
        (&["allow"], "allow"),
    ] {
        let text: String = names.iter().map(|decision| table(decision, decision)).collect();
        assert_eq!(of_command(&rules(&text), "ls -l"), Some(expected), "{names:?}");
    }
    // Asking is eager, too.
    let text = table("allow", "allow") + "[[rules]]\nname = \"x\"\ncommand = \"env\"\ndecision = \"ask\"\n";
    assert_eq!(of_command(&rules(&text), "ls env"), Some("allow"));
}
