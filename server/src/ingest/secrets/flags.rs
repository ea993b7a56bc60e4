//! Secrets that are known by where they stand in a command: behind a flag, or at a place that a program has for them. Pure.

use std::ops::Range;

use super::named::{is_assigned_secret, is_plain, is_secret};
use super::word::{self, Reading, bare, is_variable, parts, words};

/// How deep commands are looked for within quotes and substitutions of others.
const DEPTH_MAX: usize = 4;

/// Flags of one letter, or of one dash, whose value is a secret, by program.
const FLAGS: [(&str, &[&str]); 26] = [
    ("redis-cli", &["-a"]),
    ("zip", &["-P"]),
    ("unzip", &["-P"]),
    ("7z", &["-p"]),
    ("7za", &["-p"]),
    ("openssl", &["-k", "-K", "-pass", "-passin", "-passout"]),
    ("sshpass", &["-p"]),
    ("mysql", &["-p"]),
    ("ldapsearch", &["-w"]),
    ("ldapmodify", &["-w"]),
    ("ldapadd", &["-w"]),
    ("sqlcmd", &["-P"]),
    ("bcp", &["-P"]),
    ("mosquitto_pub", &["-P"]),
    ("mosquitto_sub", &["-P"]),
    ("ipmitool", &["-P"]),
    ("mongosh", &["-p"]),
    ("mongo", &["-p"]),
    ("mongodump", &["-p"]),
    ("mongorestore", &["-p"]),
    ("keytool", &["-storepass", "-keypass"]),
    ("snmpwalk", &["-A", "-X", "-c"]),
    ("twine", &["-p"]),
    ("http", &["-a"]),
    ("https", &["-a"]),
    ("xh", &["-a"]),
];
/// Programs of [`FLAGS`] whose value stands in the flag's own word: `-pSECRET`.
const IN_ONE_WORD: [&str; 6] = ["zip", "unzip", "7z", "7za", "sshpass", "redis-cli"];
/// Programs that take a password by `-pSECRET`, and whose `-p` alone asks for one.
const MYSQL: [&str; 2] = ["mysql", "mariadb"];
/// Before `name=SECRET`.
const LITERAL: &str = "--from-literal=";

/// What is known of the command that the words are of.
#[derive(Default)]
struct Command<'t> {
    /// The latest program of those that take secrets.
    program: &'t str,
    flags: &'static [&'static str],
    is_mysql: bool,
    takes_password: bool,
    /// The word before said that a name follows: `set`, `setx`, with flags between.
    sets: bool,
    /// `secrets set NAME=SECRET`, `vault kv put PATH NAME=SECRET`.
    sets_secrets: bool,
    /// `cargo login SECRET`.
    logs_in_with: bool,
    /// What it reads is a secret: `docker login --password-stdin`.
    reads_secret: bool,
    /// Which of the words behind flags is a password: `htpasswd -b FILE USER PASSWORD`.
    password_at: Option<usize>,
    place: usize,
    last: &'t str,
}

/// Adds where they are.
pub(super) fn find(text: &str, spans: &mut Vec<Range<usize>>) {
    look(text, 0..text.len(), Reading::default(), DEPTH_MAX, spans);
    if word::may_be_prose(text) {
        look(text, 0..text.len(), Reading { is_prose: true, in_double: false }, DEPTH_MAX, spans);
    }
}

fn look(text: &str, within: Range<usize>, reading: Reading, depth: usize, spans: &mut Vec<Range<usize>>) {
    let words = words(text, within.clone(), reading);
    let mut command = Command::default();
    // Where the commands before this one and this one begin.
    let (mut before, mut start) = (0, 0);
    let is_operator = |word: &str| word.starts_with(['|', '&', ';', '(', ')', '\n']);
    for (n, span) in words.iter().enumerate() {
        let word = &text[span.clone()];
        if is_operator(word) {
            (before, start) = (start, n);
            command = Command::default();
            continue;
        }
        let plain = &text[bare(text, span, reading)];
        let (sets, read_secret) = (command.sets, command.reads_secret);
        command.learn(plain);
        if command.reads_secret && !read_secret && &text[words[start].clone()] == "|" {
            let printed = &words[before..start];
            let is_printed = printed.iter().any(|word| matches!(&text[word.clone()], "echo" | "printf"));
            let printed =
                printed.iter().filter(|_| is_printed).filter(|word| !is_printer(&text[(*word).clone()]));
            printed.for_each(|word| push(text, word.clone(), reading, spans));
        }
        if let Some(own) = command.in_its_own_word(word) {
            push(text, span.start + own..span.end, reading, spans);
        }
        let value = words.get(n + 1).filter(|next| !is_operator(&text[(*next).clone()]));
        if let Some(value) = value
            && !is_flag(&text[value.clone()])
            && (sets && is_assigned_secret(plain) || command.takes(plain, &text[value.clone()]))
        {
            push(text, value.clone(), reading, spans);
        }
        if command.is_password(plain) || command.reads_secret && command.last == "<<<" {
            push(text, span.clone(), reading, spans);
        }
        command.last = plain;
    }
    if words.iter().any(|word| text[word.clone()].ends_with("chpasswd")) {
        let named = words.iter().filter(|word| text[(*word).clone()].contains(':'));
        named.for_each(|word| push(text, word.clone(), reading, spans));
    }
    if depth == 0 {
        return;
    }
    for part in parts(text, within, reading) {
        if text[part.inner.clone()].contains(|c: char| c.is_ascii_whitespace()) {
            let in_double = part.by == word::Enclosure::Double;
            look(text, part.inner, Reading { in_double, ..reading }, depth - 1, spans);
        }
    }
}

fn push(text: &str, span: Range<usize>, reading: Reading, spans: &mut Vec<Range<usize>>) {
    let inner = bare(text, &span, reading);
    let is_literal = text[span.clone()].starts_with('\'');
    if !is_plain(&text[inner.clone()]) && (is_literal || !is_variable(&text[span])) {
        spans.push(inner);
    }
}

/// Words of a command that prints which are no secrets.
fn is_printer(word: &str) -> bool {
    word.starts_with(['-', '|', '&', ';', '(', ')', '\n', '<', '>'])
        || matches!(word, "echo" | "printf" | "cat" | "'%s'" | "\"%s\"")
}

/// `-x`, `--long`, `--long=…`, which are no values, and where a value is read from a file.
fn is_flag(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let dashes = word.len() - name.len();
    let name = name.split('=').next().unwrap_or_default();
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    word.starts_with(['<', '>']) || dashes == 2 && is_name || dashes == 1 && name.len() < 2
}

impl<'t> Command<'t> {
    fn learn(&mut self, word: &'t str) {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        if let Some((program, flags)) = FLAGS.iter().find(|(program, _)| *program == name) {
            (self.program, self.flags, self.place) = (program, flags, 0);
        }
        self.is_mysql |= MYSQL.iter().any(|program| name.starts_with(program));
        self.takes_password |= name == "login";
        self.logs_in_with |= name == "login" && self.last == "cargo";
        self.reads_secret |=
            matches!(word, "--password-stdin" | "--with-token") || word == "-S" && self.last == "sudo";
        self.sets = matches!(name, "set" | "setx" | "setenv") || self.sets && word.starts_with('-');
        self.sets_secrets |= matches!(word, "config:set")
            || matches!(word, "set" | "import") && matches!(self.last, "secret" | "secrets")
            || self.program == "vault" && matches!(word, "put" | "patch" | "write");
        if name == "vault" {
            self.program = name;
        }
        if name == "htpasswd" {
            (self.program, self.place) = (name, 0);
        } else if self.program == "htpasswd" && word.starts_with('-') && word.contains('b') {
            self.password_at = Some(if word.contains('n') { 2 } else { 3 });
        }
    }

    /// Where a secret begins in a word that has its flag as well.
    fn in_its_own_word(&self, word: &str) -> Option<usize> {
        if self.is_mysql && word.len() > 2 && word.starts_with("-p") && !word.starts_with("-p=") {
            return Some(2);
        }
        if let Some(literal) = word.strip_prefix(LITERAL) {
            return literal.find('=').map(|at| LITERAL.len() + at + 1);
        }
        for flag in ["--user=", "--proxy-user="] {
            if word.starts_with(flag) && has_password(&word[flag.len()..]) {
                return Some(flag.len());
            }
        }
        if self.sets_secrets && !word.starts_with('-') {
            return word.find('=').map(|at| at + 1).filter(|at| *at < word.len());
        }
        let cluster = word.bytes().take_while(|byte| *byte == b'-' || byte.is_ascii_alphabetic()).count();
        if self.program.is_empty() && is_cluster(&word[..cluster]) && has_password(&word[cluster..]) {
            return Some(cluster);
        }
        if self.program.is_empty() && word.starts_with("-u") && has_password(&word[2..]) {
            return Some(2);
        }
        let flag =
            self.flags.iter().find(|flag| flag.len() == 2 && word.len() > 2 && word.starts_with(**flag))?;
        IN_ONE_WORD.contains(&self.program).then_some(flag.len())
    }

    /// Whether a flag takes a secret.
    fn takes(&self, flag: &str, value: &str) -> bool {
        if self.logs_in_with {
            return true;
        }
        match flag {
            "-u" | "-U" | "--user" | "--proxy-user" => has_password(value),
            "-H" | "--header" => false,
            "-p" if self.takes_password => true,
            "-p" if self.is_mysql => false,
            "--body" | "-b" if self.sets_secrets => true,
            flag if self.flags.contains(&flag) => true,
            flag if is_cluster(flag) && has_password(value) => true,
            flag => {
                let name = flag.trim_start_matches('-');
                let is_long = flag.starts_with("--") || flag.starts_with('-') && name.len() > 2;
                is_long && !flag.contains(['=', ':']) && is_secret(name, false)
            }
        }
    }

    /// Counts a word behind flags: whether it is where a password stands.
    fn is_password(&mut self, word: &str) -> bool {
        if self.password_at.is_none() || word.starts_with('-') {
            return false;
        }
        self.place += 1;
        self.password_at == Some(self.place)
    }
}

/// Flags of one letter in one word, the last of which takes a user: `-sSLu`.
fn is_cluster(flag: &str) -> bool {
    let letters = flag.strip_prefix('-').unwrap_or_default();
    letters.ends_with(['u', 'U']) && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a user's name has a password behind it that is more than a variable.
fn has_password(value: &str) -> bool {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    inner.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !is_variable(password))
}
