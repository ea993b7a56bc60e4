//! Secrets that are known by where they stand in a command: behind a flag, or at a place that a program has for them. Pure.

use std::ops::Range;

use super::named::is_secret;

/// Flags of one letter, or of one dash, whose value is a secret, by program.
const FLAGS: [(&str, &[&str]); 22] = [
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
    /// Which of the words behind flags is a password: `htpasswd -b FILE USER PASSWORD`.
    password_at: Option<usize>,
    place: usize,
}

/// Adds where they are.
pub(super) fn find(text: &str, spans: &mut Vec<Range<usize>>) {
    let (words, quoted) = words(text);
    // Commands that are given to others: `bash -c '…'`. What is in quotes has no more of them, so this ends.
    for inner in quoted {
        let from = spans.len();
        find(&text[inner.clone()], spans);
        spans[from..].iter_mut().for_each(|span| *span = span.start + inner.start..span.end + inner.start);
    }
    let mut command = Command::default();
    for (n, span) in words.iter().enumerate() {
        let word = &text[span.clone()];
        let ended = n.checked_sub(1).map_or(0, |before| words[before].end);
        if text[ended..span.start].contains('\n') && !text[..ended].ends_with('\\') {
            command = Command::default();
        }
        let value = words.get(n + 1).map(|next| bare(text, next)).filter(|next| {
            let value = &text[next.clone()];
            !value.is_empty() && !value.starts_with(['$', '-', '<'])
        });
        if matches!(word, "|" | "||" | "&&" | ";") {
            command = Command::default();
            continue;
        }
        command.learn(word);
        if let Some(own) = command.in_its_own_word(word) {
            spans.push(span.start + own..span.end);
        }
        let behind = |at: usize| text[..at].split_ascii_whitespace().next_back();
        let is_set = behind(span.start) == Some("set") && is_secret(word, false);
        if let Some(value) = value
            && (is_set || command.takes(word, &text[value.clone()]))
        {
            spans.push(value);
        }
        if command.is_password(word) {
            spans.push(bare(text, span));
        }
        if word.ends_with(';') {
            command = Command::default();
        }
    }
}

impl<'t> Command<'t> {
    fn learn(&mut self, word: &'t str) {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        if let Some((program, flags)) = FLAGS.iter().find(|(program, _)| *program == name) {
            (self.program, self.flags, self.place) = (program, flags, 0);
        }
        self.is_mysql |= MYSQL.iter().any(|program| name.starts_with(program));
        self.takes_password |= name == "login";
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
        if self.program.is_empty() && word.starts_with("-u") && word.len() > 2 && word.contains(':') {
            return Some(2);
        }
        let flag =
            self.flags.iter().find(|flag| flag.len() == 2 && word.len() > 2 && word.starts_with(**flag))?;
        IN_ONE_WORD.contains(&self.program).then_some(flag.len())
    }

    /// Whether a flag takes a secret.
    fn takes(&self, flag: &str, value: &str) -> bool {
        match flag {
            "-u" | "--user" | "--proxy-user" => value.contains(':'),
            "-H" | "--header" => false,
            "-p" if self.takes_password => true,
            "-p" if self.is_mysql => false,
            flag if self.flags.contains(&flag) => true,
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

/// Words as a shell takes them apart: what stands in quotes that begin with a word, or behind a `=` or `:`, is part of it.
/// Also returns what stands in those quotes, where it is several words.
fn words(text: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let (mut words, mut quoted, mut at) = (Vec::new(), Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
            let opens =
                matches!(bytes[at], b'"' | b'\'') && (at == start || matches!(bytes[at - 1], b'=' | b':'));
            let end = opens.then(|| memchr::memchr(bytes[at], &bytes[at + 1..])).flatten();
            if let Some(end) = end {
                let inner = at + 1..at + 1 + end;
                if bytes[inner.clone()].iter().any(u8::is_ascii_whitespace) {
                    quoted.push(inner);
                }
            }
            at += end.map_or(1, |end| end + 2);
        }
        words.push(start..at);
    }
    (words, quoted)
}

/// A word without its quotes.
fn bare(text: &str, span: &Range<usize>) -> Range<usize> {
    let word = &text[span.clone()];
    let front = word.len() - word.trim_start_matches(['"', '\'']).len();
    let inner = word[front..].trim_end_matches(['"', '\'', ';']);
    span.start + front..span.start + front + inner.len()
}
