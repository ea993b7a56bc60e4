//! Tables that are no rules: each error says which table, which key, and what would be right.

use super::super::Rules;

fn refused(text: &str) -> String {
    let mut file: toml::Table = text.parse().unwrap();
    let wrong = Rules::read(file.remove("rules").unwrap()).unwrap_err();
    format!("{}: {}", wrong.place, wrong.detail)
}

#[test]
fn a_rule_that_cannot_be_used_is_named_with_table_key_and_remedy() {
    let of = |rule: &str| refused(&format!("[[rules]]\nname = \"a\"\n{rule}"));
    let allow = |rule: &str| of(&format!("decision = \"allow\"\n{rule}"));
    insta::assert_snapshot!(refused("rules = 3"), @"rules: expected an array of tables: write [[rules]]");
    insta::assert_snapshot!(refused("rules = [3]"), @"[[rules]] 1: expected a table: [[rules]]");
    insta::assert_snapshot!(refused("[rules]\nname = \"a\""), @"rules: expected an array of tables: write [[rules]]");
    insta::assert_snapshot!(refused("[[rules]]\ndecision = \"ask\""), @r#"[[rules]] 1: name: is missing; an answer in the log names its rule: name = "tests""#);
    insta::assert_snapshot!(refused("[[rules]]\nname = 3"), @"[[rules]] 1: name: must be a string");
    insta::assert_snapshot!(refused("[[rules]]\nname = \"\""), @r#"[[rules]] 1: name: "" must not be empty"#);
    insta::assert_snapshot!(refused("[[rules]]\nname = \"a\\u202eb\""), @r#"[[rules]] 1: name: "a⟨RLO⟩b" has characters that are not seen: a⟨RLO⟩b"#);
    insta::assert_snapshot!(refused(&format!("[[rules]]\nname = \"{}\"", "x".repeat(65))), @r#"[[rules]] 1: name: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" has 65 bytes; it has at most 64"#);
    insta::assert_snapshot!(of("decision = \"ask\"\n[[rules]]\nname = \"a\"\ndecision = \"ask\""), @"[[rules]] 2 (a): name: rule 1 has the same; the log names rules, so each needs a name of its own");
    insta::assert_snapshot!(of(""), @r#"[[rules]] 1 (a): decision: is missing; write "allow", "deny" or "ask""#);
    insta::assert_snapshot!(of("decision = \"permit\""), @r#"[[rules]] 1 (a): decision: "permit" is no decision; write "allow", "deny" or "ask""#);
    insta::assert_snapshot!(of("decision = true"), @r#"[[rules]] 1 (a): decision: must be a string; write "allow", "deny" or "ask""#);
    insta::assert_snapshot!(of("decision = \"ask\"\nmessage = \"no\""), @r#"[[rules]] 1 (a): message: is told to agents that are denied; decision is "ask""#);
    insta::assert_snapshot!(of("decision = \"deny\"\nmessage = \"\""), @"[[rules]] 1 (a): message: must not be empty");
    insta::assert_snapshot!(of("decision = \"ask\"\nagent = \"a b\""), @"[[rules]] 1 (a): agent: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
    insta::assert_snapshot!(of("decision = \"ask\"\ntools = \"Bash\""), @r#"[[rules]] 1 (a): tools: is not known; did you mean "tool"?"#);
    insta::assert_snapshot!(of("decision = \"ask\"\nqqq = 1"), @"[[rules]] 1 (a): qqq: is not known; there are name, agent, project, tool, command, exact, path, decision, message");
    insta::assert_snapshot!(of("decision = \"ask\"\ncommand = \"ls\"\npath = \"a\""), @"[[rules]] 1 (a): path: stands beside a command; a rule has one of them: write two rules");
    insta::assert_snapshot!(allow(""), @"[[rules]] 1 (a): decision: allows everything; name what it allows: a tool, a command or a path");
    insta::assert_snapshot!(allow("agent = \"claude\"\nproject = \"shop\""), @"[[rules]] 1 (a): decision: allows everything; name what it allows: a tool, a command or a path");
    insta::assert_snapshot!(allow("command = \"a; b\""), @r#"[[rules]] 1 (a): command: is no plain beginning of a command, such as "cargo test"; what is allowed has letters, digits and - _ . / : , @ + = only, and sets no variable"#);
    insta::assert_snapshot!(allow("command = \"'a' b\""), @r#"[[rules]] 1 (a): command: is no plain beginning of a command, such as "cargo test"; what is allowed has letters, digits and - _ . / : , @ + = only, and sets no variable"#);
    insta::assert_snapshot!(allow("command = \"A=1 b\""), @r#"[[rules]] 1 (a): command: is no plain beginning of a command, such as "cargo test"; what is allowed has letters, digits and - _ . / : , @ + = only, and sets no variable"#);
    insta::assert_snapshot!(allow("command = \"sudo -n\""), @"[[rules]] 1 (a): command: allows any command, as sudo runs what follows it; name that, too");
    insta::assert_snapshot!(of("decision = \"deny\"\ncommand = \"curl | sh\""), @r#"[[rules]] 1 (a): command: has '|'; it is the first words of one command, such as "git push""#);
    insta::assert_snapshot!(of("decision = \"deny\"\ncommand = \"A=1 rm\""), @r#"[[rules]] 1 (a): command: begins with no name of a program, such as "git push""#);
    insta::assert_snapshot!(allow("path = \"src/*.{rs,toml}\""), @"[[rules]] 1 (a): path: has '{'; a pattern has names, '/', '*', '?' and '**': write a rule for each of several, and '?' for one odd letter");
    insta::assert_snapshot!(allow("path = \"src/\""), @r#"[[rules]] 1 (a): path: ends in '/'; for all that is in a folder write "src/**""#);
    insta::assert_snapshot!(allow("path = \"src/../x\""), @r#"[[rules]] 1 (a): path: has ".."; write the path without it"#);
    insta::assert_snapshot!(allow("path = \"src//x\""), @"[[rules]] 1 (a): path: has two slashes in a row");
    insta::assert_snapshot!(allow("path = \"src/**.rs\""), @r#"[[rules]] 1 (a): path: has "**.rs"; '**' stands alone between slashes: "src/**/*.rs""#);
    insta::assert_snapshot!(allow("path = \"~/x\""), @"[[rules]] 1 (a): path: has '~'; paths with it are never allowed by a rule");
    insta::assert_snapshot!(allow("path = \"/**\""), @r#"[[rules]] 1 (a): path: allows files anywhere on the machine; begin with a folder's name: "/srv/data/**""#);
    insta::assert_snapshot!(allow("tool = \"Bash\""), @r#"[[rules]] 1 (a): tool: allows every command; name one: command = "cargo test""#);
    insta::assert_snapshot!(allow("command = \"git\""), @r#"[[rules]] 1 (a): command: allows all that git can do; write more of it, such as "git …", or exact = true"#);
    insta::assert_snapshot!(allow("command = \"git -C x\""), @r#"[[rules]] 1 (a): command: allows all that git can do; write more of it, such as "git …", or exact = true"#);
    insta::assert_snapshot!(allow("command = \"uv run\""), @"[[rules]] 1 (a): command: allows any command, as uv runs what follows it; name that, too");
    insta::assert_snapshot!(allow("command = \"find . -name\""), @"[[rules]] 1 (a): command: allows any command, as find may run what follows it; write all of it, and exact = true");
    insta::assert_snapshot!(allow("path = \"a\"\nexact = true"), @r#"[[rules]] 1 (a): exact: says that nothing may follow a command; write one: command = "cargo test""#);
    insta::assert_snapshot!(allow("command = \"ls\"\nexact = 1"), @"[[rules]] 1 (a): exact: must be true or false");
    insta::assert_snapshot!(of("decision = \"deny\"\ncommand = \"ls\"\nexact = true"), @"[[rules]] 1 (a): exact: is for rules that allow; what denies or asks looks for its words anywhere");
    insta::assert_snapshot!(of("decision = \"deny\"\nproject = \"/home/u/shop\""), @"[[rules]] 1 (a): project: is the name of a folder, not its path: the last part of it");
    insta::assert_snapshot!(of("decision = \"deny\"\ntool = \"mcp__*\""), @"[[rules]] 1 (a): tool: is compared whole, without wildcards: write a rule for each tool");
    let many: String = (0..257).map(|n| format!("[[rules]]\nname = \"{n}\"\ndecision = \"ask\"\n")).collect();
    insta::assert_snapshot!(refused(&many), @"rules: there are 257; there may be 256");
}

#[test]
fn words_that_never_begin_a_command_are_refused() {
    for command in [" ", "A=1", "A=1 rm", "if", "{", "x/", "@", "rm*", "?", "[a]", "# x", "x # y"] {
        for decision in ["allow", "deny", "ask"] {
            let text = format!("[[rules]]\nname = \"a\"\ncommand = \"{command}\"\ndecision = \"{decision}\"");
            assert!(
                Rules::read(text.parse::<toml::Table>().unwrap().remove("rules").unwrap()).is_err(),
                "{text}"
            );
        }
    }
}

/// Beginnings of commands after which anything may follow that is run, or that decides what is done.
const RUNS_ANYTHING: [&str; 91] = [
    "bash",
    "sh -c",
    "sudo",
    "sudo -n",
    "sudo -u root",
    "env",
    "env -i",
    "env A=1",
    "xargs",
    "xargs -n 1",
    "nohup",
    "time",
    "timeout 60",
    "sudo bash",
    "sudo bash -c",
    "ssh host",
    "eval",
    ".",
    "source",
    "/bin/bash",
    "python3",
    "python3 -c",
    "node -e",
    "npx",
    "su root",
    "command",
    "nohup sudo env",
    "BASH",
    "find",
    "git",
    "cargo",
    "uv run",
    "poetry run",
    "uv run python",
    "docker exec",
    "docker exec box",
    "docker run",
    "docker run image",
    "docker compose",
    "docker compose exec web",
    "kubectl exec",
    "kubectl exec pod --",
    "npm exec",
    "pnpm dlx",
    "go run",
    "mise exec",
    "mise x --",
    "direnv exec",
    "direnv exec .",
    "find . -exec",
    "find . -name",
    "fd x",
    "git rebase --exec",
    "git submodule",
    "git submodule foreach",
    "git bisect run",
    "noglob",
    "repeat",
    "repeat 1",
    "xvfb-run",
    "script",
    "script -q x",
    "tmux new",
    "hyperfine ls",
    "git -C",
    "git -C x",
    "git -c",
    "git -c a=b",
    "docker -v",
    "git --no-pager",
    "npm --prefix x",
    "cargo +nightly",
    "uv",
    "python3.11",
    "python3.11 -c",
    "python3 -Ic",
    "python3 -u",
    "python3 -m",
    "python3 -W ignore",
    "perl -ne",
    "perl5.36",
    "node -pe",
    "node --inspect",
    "ruby -ne",
    "gawk",
    "awk -f",
    "deno run",
    "bun run",
    "sudo python3",
    "time cargo",
    "nohup git -C x",
];
/// Those that name what is run.
const RUNS_ONE_THING: [&str; 40] = [
    "make",
    "cargo test",
    "sudo systemctl status",
    "bash check.sh",
    "time cargo test",
    "timeout 60 cargo test",
    "ssh host uptime",
    "python3 -m pytest",
    "python3 check.py",
    "npx tsc",
    "docker ps",
    "node check.js",
    "env A=1 cargo test",
    "xargs wc",
    "cargo +nightly test",
    "git -C x status",
    "git --no-pager log",
    "npm --prefix=x test",
    "uv run pytest",
    "uv run python -m pytest",
    "docker exec box ls",
    "docker compose exec web ls",
    "docker compose ps",
    "kubectl exec pod -- ls -l",
    "kubectl get",
    "npm exec tsc",
    "npm run",
    "pnpm dlx tsc",
    "go run ./tool",
    "mise exec node@20 -- node x.js",
    "git submodule status",
    "git submodule foreach git status",
    "python3.11 -m pytest",
    "python3 -Im pytest",
    "python3 -u check.py",
    "deno run check.ts",
    "bun test",
    "awk -f x.awk",
    "tar xf",
    "make all",
];

#[test]
fn what_runs_any_command_is_allowed_only_with_what_it_runs() {
    let read = |command: &str| {
        let text = format!("[[rules]]\nname = \"a\"\ncommand = \"{command}\"\ndecision = \"allow\"");
        Rules::read(text.parse::<toml::Table>().unwrap().remove("rules").unwrap()).is_ok()
    };
    for command in RUNS_ANYTHING {
        assert!(!read(command), "{command}");
    }
    for command in RUNS_ONE_THING {
        assert!(read(command), "{command}");
    }
    for command in ["find . -name x", "git -C x", "docker -v", "node --version"] {
        assert!(read(&format!("{command}\"\nexact = true\n#\"")), "{command}");
    }
}
