//! Which paths rules allow and deny.

use super::{of_path, rule};

#[test]
fn plain_paths_below_the_project_are_allowed() {
    for (pattern, path) in [
        ("src/**/*.rs", "src/a.rs"),
        ("src/**/*.rs", "src/a/b/c.rs"),
        ("src/**/*.rs", "/home/u/shop/src/a.rs"),
        ("src/**/*.rs", "./src/./a.rs"),
        ("src/**/*.rs", "src//a.rs"),
        ("src/**", "src/a b/c (1).rs"),
        ("src/?.rs", "src/a.rs"),
        ("src/*a*", "src/banana"),
        ("**", "a"),
        ("**/x/**/y", "x/y"),
        ("**/x/**/y", "a/x/x/b/y"),
        (".github/**", ".github/workflows/ci.yml"),
        ("src/.*", "src/.x"),
        ("/home/u/shop/src/*", "src/a.rs"),
        ("/home/*/shop/src/*", "/home/u/shop/src/a.rs"),
    ] {
        assert_eq!(
            of_path(&rule(&format!("path = \"{pattern}\""), "allow"), path),
            Some("allow"),
            "{pattern} {path}"
        );
    }
}

#[test]
fn whatever_might_be_another_file_is_left_to_a_person() {
    for (pattern, path) in [
        ("src/**/*.rs", ""),
        ("src/**/*.rs", "src"),
        ("src/**/*.rs", "src/a.rs.txt"),
        ("src/**/*.rs", "Src/a.rs"),
        ("src/**/*.rs", "src/a.RS"),
        ("src/**/*.rs", "lib/src/a.rs"),
        ("src/**/*.rs", "/src/a.rs"),
        ("src/**/*.rs", "/home/u/shop2/src/a.rs"),
        ("src/**/*.rs", "/home/u/src/a.rs"),
        ("src/**/*.rs", "src/../a.rs"),
        ("src/**/*.rs", "src/../../etc/a.rs"),
        ("src/**/*.rs", "src/a/../b.rs"),
        ("src/**/*.rs", "../shop/src/a.rs"),
        ("src/**/*.rs", "/home/u/shop/../shop/src/a.rs"),
        ("src/**/*.rs", "~/src/a.rs"),
        ("src/**/*.rs", "src/~/a.rs"),
        ("src/**/*.rs", "src/A~1/a.rs"),
        ("src/**/*.rs", "$HOME/src/a.rs"),
        ("src/**/*.rs", "src/$X/a.rs"),
        ("src/**/*.rs", "src/`x`/a.rs"),
        ("src/**/*.rs", "src\\a.rs"),
        ("src/**/*.rs", "C:/src/a.rs"),
        ("src/**/*.rs", "src/a:b.rs"),
        ("src/**/*.rs", "src/a\n.rs"),
        ("src/**/*.rs", "src/a\0.rs"),
        ("src/**/*.rs", "src/\u{202e}a.rs"),
        ("src/**/*.rs", "src/a\u{200b}.rs"),
        ("src/**/*.rs", "src/ü.rs"),
        ("src/**/*.rs", " src/a.rs"),
        ("src/**/*.rs", "src/ a.rs"),
        ("src/**/*.rs", "src/a.rs "),
        ("src/**/*.rs", "src/.rs"),
        ("src/**/*.rs", "src/.git/a.rs"),
        ("src/**", "src"),
        ("src/**", "src/."),
        ("src/**", "src/a."),
        ("src/*", "src/a/b"),
        ("**", ".env"),
        ("**", ".git/config"),
        ("**", "a/.git/hooks/x"),
        ("**", "/etc/passwd"),
        ("**", "/home/u/shop"),
        ("*", ".env"),
        ("?env", ".env"),
        ("/srv/**", "/srv/../etc/passwd"),
        ("/srv/**", "/srv"),
    ] {
        assert_eq!(
            of_path(&rule(&format!("path = \"{pattern}\""), "allow"), path),
            None,
            "{pattern} {path:?}"
        );
    }
    assert_eq!(
        of_path(&rule("path = \"src/**\"", "allow"), &format!("src/{}", "a/".repeat(2046))),
        Some("allow")
    );
    assert_eq!(of_path(&rule("path = \"src/**\"", "allow"), &format!("src/{}", "a/".repeat(2047))), None);
}

#[test]
fn whatever_may_be_the_file_is_denied() {
    for (pattern, path) in [
        (".env", ".env"),
        (".env", "/home/u/shop/.env"),
        (".env", "/home/u/shop/sub/.env"),
        (".env", "sub/.env"),
        (".env", "../.env"),
        (".env", "./a/../.env"),
        (".env", ".ENV"),
        (".env", ".env "),
        (".env", ".env."),
        (".env", ".env::$DATA"),
        (".env", "sub\\.env"),
        (".env", ".e\u{200b}nv"),
        (".env", "\u{202e}.env"),
        (".env", "~/x/.env"),
        (".env", "$HOME/.env"),
        (".env", "file:///home/u/.env"),
        ("*.PEM", "keys/a.pem"),
        ("secrets/**", "secrets"),
        ("secrets/**", "secrets/a/.b"),
        ("secrets/**", "Secrets/../secrets/x"),
        ("secrets/**", "x/../secrets/y"),
        ("/etc/**", "/etc/passwd"),
        ("/etc/**", "../../../etc/passwd"),
        ("/etc/**", "/home/../etc/passwd"),
        ("/etc/**", "//etc//passwd"),
        ("~/.ssh/**", "/home/u/.ssh/id_ed25519"),
        ("~/.ssh/**", "~/.ssh/id_ed25519"),
        ("**/.git/**", ".git/hooks/pre-commit"),
        ("**", ".x"),
    ] {
        assert_eq!(
            of_path(&rule(&format!("path = \"{pattern}\""), "deny"), path),
            Some("deny"),
            "{pattern} {path:?}"
        );
    }
    assert_eq!(of_path(&rule("path = \"x\"", "deny"), &"a/".repeat(3000)), Some("deny"));
    for (pattern, path) in [
        (".env", "env"),
        (".env", ".env.example"),
        ("secrets/**", "secrets2/a"),
        ("/etc/**", "etc/x"),
        ("/etc/**", "/home/etc/x"),
    ] {
        assert_eq!(
            of_path(&rule(&format!("path = \"{pattern}\""), "deny"), path),
            None,
            "{pattern} {path:?}"
        );
    }
}
