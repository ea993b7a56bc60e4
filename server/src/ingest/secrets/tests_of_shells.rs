//! Secrets in commands, quoted and escaped in every way that a shell has: none may come through.

use proptest::prelude::*;

use super::word::{Reading, bare, blanks, is_variable, may_be_prose, parts, words};
use super::{MASK, masked};

/// What stands for a secret in the table.
const SECRET: &str = "hunter2";

/// `@@` is the secret.
const HIDDEN: &[&str] = &[
    // A user with a password.
    "curl -su u:@@ https://example.org",
    "curl -ku u:@@ x",
    "curl -vu u:@@ x",
    "curl -sSLu \"u:@@\" x",
    "curl --user=u:@@ x",
    "curl -U a:@@ x",
    "curl -u $USER:@@ x",
    "curl -u \"${U}:@@\" x",
    "curl -u user:\\\n@@ x",
    "curl -u 'u':@@ x",
    "curl -u u:\"a @@\" x",
    // Values that begin as variables do.
    "DB_PASS='$@@' run",
    "password=\"%@@\"",
    "password='(@@'",
    "password='{@@'",
    "password='<@@'",
    "password=[masked@@",
    "password=[masked]@@",
    "DB_PASS=\"$(cat x)@@\" run",
    "DB_PASS=${X:-@@} run",
    "DB_PASS=\"${X:-@@}\" run",
    "DB_PASS=${X}@@ run",
    "DB_PASS=(a @@) run",
    "tool --token '$@@'",
    "tool --token ${X:-@@}",
    "tool --token \"-@@\"",
    // Quotes of more than a line.
    "export DB_PASS=\"a\n@@\"",
    "export DB_PASS='a\n@@'",
    "X_TOKEN=\"a\n@@\nb\" run",
    "curl -H \"Authorization: Bearer\n@@\" x",
    "curl -H 'Cookie: a=b; c=@@' x",
    "export DB_PASS='a\n@@",
    // Escapes and joins.
    "DB_PASS=\"a \\\" @@\" run",
    "DB_PASS=a\\\"@@ run",
    "DB_PASS=a\\ @@ run",
    "DB_PASS=\"\"@@ run",
    "DB_PASS=\"a\"@@ run",
    "DB_PASS='a'\\''@@' run",
    "tool --token=$'@@' x",
    "tool --token $'a\\' @@' x",
    "tool --token a\\ @@ x",
    "tool --token \"a\"'b @@' x",
    "password+=@@",
    "password = \"\"\"@@\"\"\"",
    "password=\"\"\"a @@\"\"\"",
    "export \"DB_PASS=a @@\"",
    "export 'DB_PASS='@@",
    "curl -H \"X-Api-Key: \"@@ x",
    // JSON.
    "curl -d \"{\\\"password\\\":\\\"@@\\\"}\" x",
    "curl -d \"{\\\"password\\\": \\\"a \\\\\\\" @@\\\"}\" x",
    "curl -d '{\"password\":\"@@\"}' x",
    "curl -d '{\"password\":\"'\"$A\"'@@\"}' x",
    "{\"password\":\"a\\\"@@\"}",
    "{\"apiKey\":[\"@@\"]}",
    "{\"apiKey\": [\"a\", \"b]\", \"@@\"]}",
    "{\"credentials\": {\"a\": \"@@\"}}",
    "{'password': 'a b @@'}",
    // Programs that are no bare words.
    "(redis-cli -a @@ ping)",
    "x=$(redis-cli -a @@ ping)",
    "x=\"$(redis-cli -a @@ ping)\"",
    "x=`redis-cli -a @@ ping`",
    "sh -c 'redis-cli -a @@'",
    "sh -c \"redis-cli -a \\\"b @@\\\"\"",
    "sh -c \"cd x && curl -su u:@@ y\"",
    "cd x&&redis-cli -a @@ ping",
    "cd x;redis-cli -a @@ ping",
    "redis-cli -a \\\n @@ ping",
    "redis-cli -a @@;ls",
    // Names.
    "DBPASS=@@ run",
    "helm install x --set dbPass=@@ y",
    "setx DB_PASS @@",
    "set -x DB_PASS @@",
    "set -gx DB_PASS '@@'",
    "export MY_KEY=@@",
    "curl https://example.org/?key=@@",
    "curl 'https://example.org/?a=1&key=@@&b=1'",
    "git clone https://@@@host/x",
    // Programs.
    "mysql -p'a @@' app",
    "twine upload -p @@ x",
    "cargo login @@",
    "cargo login --registry x @@",
    "chpasswd <<< root:@@",
    "echo root:@@ | sudo chpasswd",
    "echo 'root:@@' | chpasswd",
    "fly secrets set X=@@",
    "vault kv put secret/x value=@@",
    "heroku config:set A='@@'",
    "curl -su\"u:@@\" x",
    "http -a u:@@ x",
    "docker login -u me --password-stdin <<< @@",
    "echo '@@' | docker login --password-stdin",
    "a && printf '%s' @@ | gh auth login --with-token",
    "echo @@ | sudo -S ls",
    "tool --token a's!@@' x",
    "it's so: tool --token 'a b @@' don't",
];

/// What must stay readable, the secret left out.
const READABLE: &[(&str, &str)] = &[
    ("curl -su u:@@ https://example.org", "curl -su [masked] https://example.org"),
    ("cd x&&redis-cli -a @@ ping", "cd x&&redis-cli -a [masked] ping"),
    ("(redis-cli -a @@ ping)", "(redis-cli -a [masked] ping)"),
    ("sh -c 'redis-cli -a @@ ping' x", "sh -c 'redis-cli -a [masked] ping' x"),
    ("DB_PASS=\"a \\\" @@\" run it", "DB_PASS=\"[masked]\" run it"),
    ("sh -c \"PASSWORD=@@ run it\"", "sh -c \"PASSWORD=[masked] run it\""),
    ("{\"password\":\"@@\",\"user\":\"me\"}", "{\"password\":\"[masked]\",\"user\":\"me\"}"),
    ("curl -d '{\"password\":\"@@\",\"a\":1}' x", "curl -d '{\"password\":\"[masked]\",\"a\":1}' x"),
    ("curl -H 'X-Api-Key: @@' https://example.org", "curl -H 'X-Api-Key: [masked]' https://example.org"),
    ("curl 'https://h/?a=1&key=@@&b=1' x", "curl 'https://h/?a=1&key=[masked]&b=1' x"),
    ("mytool --password @@ && ls", "mytool --password [masked] && ls"),
    ("sh -c 'export TOKEN=\"a @@\"; run it'", "sh -c 'export TOKEN=\"[masked]\"; run it'"),
    ("cat x | gh auth login --with-token < y", "cat x | gh auth login --with-token < y"),
    ("x=$(redis-cli -a @@ ping) y", "x=$(redis-cli -a [masked] ping) y"),
    ("tool --token \"$TOKEN\" --verbose x", "tool --token \"$TOKEN\" --verbose x"),
    ("curl -u \"$U:$P\" https://example.org", "curl -u \"$U:$P\" https://example.org"),
    ("TOKEN=${TOKEN} run --token --verbose", "TOKEN=${TOKEN} run --token --verbose"),
    ("git clone ssh://git@host/x && set -x", "git clone ssh://git@host/x && set -x"),
    ("sort -k 2 x | grep 'key: a' > KEY", "sort -k 2 x | grep 'key: a' > KEY"),
    ("docker run -it --rm x && cargo login --help", "docker run -it --rm x && cargo login --help"),
];

#[test]
fn no_quoting_brings_a_secret_through() {
    let mut seen = Vec::new();
    for text in HIDDEN {
        let text = text.replace("@@", SECRET);
        let out = masked(&text);
        if out.contains(SECRET) || !out.contains(MASK) {
            seen.push(format!("{text:?} became {out:?}"));
        }
        let twice = masked(&out).into_owned();
        if twice != out {
            seen.push(format!("{out:?} again became {twice:?}"));
        }
    }
    assert!(seen.is_empty(), "{} of {}:\n{}", seen.len(), HIDDEN.len(), seen.join("\n"));
}

#[test]
fn the_rest_of_a_command_stays_readable() {
    for (text, want) in READABLE {
        assert_eq!(masked(&text.replace("@@", SECRET)), *want);
    }
}

/// A secret as a word of a shell, quoted as `how` says, piece by piece.
fn quoted(pieces: &[(String, u8)]) -> String {
    pieces.iter().fold(String::new(), |word, (piece, how)| {
        word + &match how {
            0 => piece.chars().fold(String::new(), |word, c| {
                if c.is_ascii_alphanumeric() { format!("{word}{c}") } else { format!("{word}\\{c}") }
            }),
            1 => format!("'{}'", piece.replace('\'', "'\\''")),
            2 => {
                piece.chars().fold("\"".to_owned(), |word, c| {
                    if "\"\\$`".contains(c) { format!("{word}\\{c}") } else { format!("{word}{c}") }
                }) + "\""
            }
            _ => format!("$'{}'", piece.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn a_secret_in_any_quoting_is_masked(
        pieces in prop::collection::vec(("[ -~]{0,6}Zq9[ -~]{0,6}", 0_u8..4), 1..5),
        front in prop::sample::select(vec![
            "PASSWORD=", "export DB_PASS=", "tool --token ", "tool --token=", "redis-cli -a ", "cd x&&A_SECRET=",
            "sh x; (tool --api-key ", "x=$(API_KEY=",
        ]),
    ) {
        let text = format!("{front}{} readable", quoted(&pieces));
        let out = masked(&text);
        prop_assert!(!out.contains("Zq9"), "{text} became {out}");
        // Where a quote may be an apostrophe of an English word, both readings are masked: that may take the rest.
        prop_assert!(may_be_prose(&text) || out.ends_with(" readable"), "{text} became {out}");
    }

    #[test]
    fn odd_texts_are_masked_without_a_fault(
        text in "(token=|password: |-u |\"|'|\\\\|\\$\\(|\\$\\{|`|\\)|\\}|\\[|:|=|&|é| |\n|a){0,40}",
    ) {
        let _ = masked(&text);
    }
}

/// With time that grows with the square of the text, each of these would take minutes.
#[test]
fn hostile_texts_of_a_quarter_of_a_mebibyte_are_masked() {
    for piece in [
        "password=\"",
        "\\",
        "\"\\\"",
        "$(",
        "'",
        "token=$A ",
        "a='pw=$A'",
        ": ",
        "-u a:",
        "${",
        "`",
        "it's ",
    ] {
        let text = piece.repeat((1 << 18) / piece.len());
        assert!(!masked(&text).is_empty(), "{piece}");
    }
}

proptest! {
    /// What it splits joins to the whole, but for the blanks between.
    #[test]
    fn words_and_blanks_are_the_whole(text in "[ab \\\\\"'$(){}`;&\n<é=:-]{0,60}", in_double: bool, is_prose: bool) {
        let reading = Reading { in_double, is_prose };
        let (mut done, mut joined) = (0, String::new());
        for word in words(&text, 0..text.len(), reading) {
            prop_assert!(word.start < word.end && blanks(&text, done, text.len()) == word.start);
            joined += &text[done..word.start];
            joined += &text[word.clone()];
            let bare = bare(&text, &word, reading);
            prop_assert!(bare.start >= word.start && bare.end <= word.end);
            let _ = (&text[bare], is_variable(&text[word.clone()]));
            done = word.end;
        }
        joined += &text[done..];
        prop_assert_eq!(&joined, &text);
        let mut last = 0;
        for part in parts(&text, 0..text.len(), reading) {
            prop_assert!(part.inner.start >= last);
            let _ = &text[part.inner.clone()];
            last = part.inner.end;
        }
    }
}

#[test]
fn a_word_is_read_as_a_shell_does() {
    let cases: [(&str, &[&str]); 8] = [
        ("a b&&c", &["a", "b", "&&", "c"]),
        ("a\\ b \"c \\\" d\"e", &["a\\ b", "\"c \\\" d\"e"]),
        ("x=$'a\\'b' c", &["x=$'a\\'b'", "c"]),
        ("\"$(a \"b c\")d\" e", &["\"$(a \"b c\")d\"", "e"]),
        ("-a \\\n S", &["-a", "S"]),
        ("u:\\\nS t", &["u:\\\nS", "t"]),
        ("'a b", &["'a b"]),
        ("cat <<< ${X:-a b}", &["cat", "<<<", "${X:-a b}"]),
    ];
    for (text, want) in cases {
        let got: Vec<_> =
            words(text, 0..text.len(), Reading::default()).into_iter().map(|word| &text[word]).collect();
        assert_eq!(got, want);
    }
}
