//! A corpus of secrets, none of which may come through, and of texts that must.

use super::kinds::{KINDS, Kind, Letters};
use serde_json::{Value, json};

use super::{MASK, beginning, masked, masked_within};

/// So many letters of a kind; they are made here so that nobody takes them for real ones.
fn filler(letters: Letters, len: usize) -> String {
    let of = match letters {
        Letters::Hex => "0123456789abcdef",
        Letters::Upper => "ABCDEFGHJKLMNPQR7",
        _ => "aB3dE5gH7jK9mN1pQ",
    };
    of.chars().cycle().take(len).collect()
}

/// Where a name or a place tells that something is a secret: `@@`.
const PLACED: &[&str] = &[
    "export AWS_SECRET_ACCESS_KEY=@@",
    "aws_session_token = @@",
    "PGPASSWORD=@@ psql -h db",
    "MYSQL_PWD=@@ mysql",
    "password: @@",
    "{\"password\": \"@@\"}",
    "{'client_secret': '@@'}",
    "config.api-key=@@",
    "API_KEY=\"@@\" ./run",
    "curl -H 'Authorization: Bearer @@' https://example.org",
    "curl -H \"Authorization: Basic @@==\" https://example.org",
    "authorization: token @@",
    "curl -H 'X-Api-Key: @@' https://example.org",
    "curl -u admin:@@ https://example.org",
    "curl --user admin:@@ https://example.org",
    "curl -b 'Cookie: session=@@'",
    "git clone https://me:@@@github.com/a/b",
    "git clone https://@@@github.com/a/b",
    "psql postgres://app:@@@db/app",
    "redis-cli -u redis://default:@@@cache:6379",
    "mongodb+srv://root:@@@cluster/x",
    "https://example.org/?access_token=@@&x=1",
    "https://s3/x?X-Amz-Signature=@@",
    "https://blob/x?sv=1&sig=@@",
    "AccountKey=@@;EndpointSuffix=core",
    "SharedAccessKey=@@",
    "vault login --token @@",
    "gh auth login --with-token=@@",
    "mytool --password @@",
    "mytool --db-password '@@'",
    "sshpass -p @@ ssh host",
    "docker login -u me -p @@ registry",
    "mysql -uroot -p@@ app",
    "mysqldump -p@@ app",
    "npm config set //npm.example/:_authToken=@@",
    "machine_password := @@",
    "PASSPHRASE=@@",
    "signing_key: @@",
    "TWILIO_AUTH_TOKEN=@@",
    "CLOUDFLARE_API_TOKEN=@@",
    "export DB_PASS=@@",
    "export SMTP_PW='@@'",
    "aws configure set aws_secret_access_key @@",
    "npm config set //npm.example/:_authToken @@",
    "mysql -u root app\nsshpass -p @@ ssh host",
    "sshpass -e ssh host \\\n -p 22 && sshpass \\\n -p @@ ssh host",
    "bash -c 'mytool --password @@'",
    "ssh host \"mysql -uroot -p@@ app\"",
    "sh -c \"sh -c 'redis-cli -a @@ ping'\"",
    "redis-cli -h cache -a @@ ping",
    "zip -e -P @@ out.zip in",
    "zip -P@@ out.zip in",
    "7z x -p@@ in.7z",
    "/usr/bin/openssl enc -aes-256-cbc -k @@ -in a",
    "openssl rsa -passin pass:@@ -in key.pem",
    "kubectl create secret generic db --from-literal=pw=@@",
    "kubectl create secret generic db --from-literal=key='@@'",
    "PGPASSWORD='@@' pg_dump db",
    "mysql -u root -p@@ app",
    "curl -uadmin:@@ https://example.org",
    "curl -u 'admin:@@' https://example.org",
    "sshpass -p '@@' ssh host",
    "sshpass -p@@ ssh host",
    "docker login registry -u me -p @@",
    "echo x && podman login -p @@ registry",
    "htpasswd -b users me @@",
    "htpasswd -bnB me @@",
    "htpasswd -cb /etc/users me '@@'",
    "ldapsearch -x -D cn=admin -w @@ -b dc=x",
    "mongosh -u root -p @@ db",
    "keytool -list -storepass @@",
    "mytool --password 'two words @@'",
    "mosquitto_pub -u me -P @@ -t x",
    "curl https://hooks.slack.com/services/T0/B0/@@",
    "curl https://discord.com/api/webhooks/1/@@",
    "curl https://api.telegram.org/bot123:@@/getMe",
    "-----BEGIN RSA PRIVATE KEY-----\n@@\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n@@",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n@@\n-----END PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN EC PRIVATE KEY-----\n@@\n-----END EC PRIVATE KEY-----",
];

/// Secrets that a name or a place tells, with the words that may not come through.
fn placed() -> Vec<(String, String)> {
    let word = filler(Letters::Alnum, 24);
    let with = |text: &str| (text.replace("@@", &word), word.clone());
    let mut all: Vec<(String, String)> = PLACED.iter().map(|text| with(text)).collect();
    let bot = format!("12345678:{}", filler(Letters::Word, 35));
    all.push((format!("bot {bot} runs"), bot));
    all
}

#[test]
fn a_secret_of_any_kind_is_masked_wherever_it_stands() {
    let mut kinds = 0;
    for Kind(prefix, letters, min) in KINDS {
        let secret = format!("{prefix}{}", filler(*letters, min + 4));
        for text in [
            secret.clone(),
            format!("echo {secret} | tool"),
            format!("KEY_ID={secret}"),
            format!("[\"{secret}\"]"),
            format!("https://example.org/{secret}/x"),
        ] {
            let out = masked(&text);
            assert!(!out.contains(&secret) && out.contains(MASK), "{text} became {out}");
        }
        kinds += 1;
    }
    for (text, secret) in placed() {
        let out = masked(&text);
        assert!(!out.contains(&secret) && out.contains(MASK), "{text} became {out}");
        kinds += 1;
    }
    assert!(kinds >= 60, "{kinds} kinds");
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "cargo test -p arcane-server --test hooks",
        "git commit -m 'keys: tokens are read again'",
        "max_tokens=4096 input_tokens: 100",
        "token: 12",
        "PASSWORD=$PASSWORD run",
        "password: ${{ secrets.X }}",
        "c10a1a7e-3986-426e-9bd4-21ad810bee21",
        "toolu_probe0_0_2",
        "exec-5823cd23-8532-44f3-91b6-61b21b8cf09c",
        "https://github.com/a/b/pull/7#discussion",
        "ssh me@host.example.org",
        "skip-this-and-that-and-the-other-thing",
        "the bearer of bad news",
        "basic training starts",
        "let token = next_token();",
        "grep -rn 'fn secret' src",
        "cargo test -p arcane-server -- --nocapture",
        "gzip x | grep -P 'a.b' y",
        "mkdir -p a/b && zip -r out.zip a/b",
        "ssh -p 2222 host",
        "tar -xzf a.tar.gz -k",
        "git config set user.name me",
        "bypass=on compass: north",
        "don't run zip -r x y, it can't",
        "日本語のテキスト、秘密なし",
        "",
    ] {
        let out = masked(text);
        // An assignment within a program may be taken for one of a secret; nothing else may.
        if text.starts_with("let token") {
            continue;
        }
        assert_eq!(out, text);
    }
}

#[test]
fn masking_twice_changes_nothing_more() {
    for (text, _) in placed() {
        let once = masked(&text).into_owned();
        assert_eq!(masked(&once), once);
    }
}

#[test]
fn a_secret_is_masked_in_every_text_of_a_value() {
    for (text, secret) in placed() {
        let lines = format!("first\n{text}\nlast");
        let inner = json!({"stdout": lines, "exit": 0}).to_string();
        for value in [json!({"a": [{"stdout": lines}]}), json!({"a": inner}), Value::from(inner.clone())] {
            let out = masked_within(&value, 4096).to_string();
            assert!(!out.contains(&secret) && out.contains(MASK), "{value} became {out}");
        }
    }
    let plain = json!({"stdout": "two\nlines", "n": 1, "all": [true, null, "{}"]});
    assert_eq!(masked_within(&plain, 4096), plain);
    let large = json!(vec!["word ".repeat(1000); 1000]);
    assert!(masked_within(&large, 4096).to_string().len() < 16 * 1024);
    let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
    assert!(masked_within(&deep, 4096).to_string().len() < 100);
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_masked(text in ".{0,400}", at in 0_usize..400) {
        let secret = format!("ghp_{}", filler(Letters::Alnum, 36));
        let at = text.floor_char_boundary(at.min(text.len()));
        let with = format!("{} {secret} {}", &text[..at], &text[at..]);
        proptest::prop_assert!(!masked(&with).contains(&secret));
        let _ = masked(&text);
    }
}

/// What is cut through is not known any more: it is masked before.
#[test]
fn no_beginning_of_a_secret_is_left_where_a_text_is_cut() {
    for (text, secret) in placed() {
        let at = text.find(&secret).unwrap();
        for cut_at in [at + 1, at + secret.len() / 2, at + secret.len() - 1] {
            let padded = format!("{}{text} and more", "x ".repeat(40));
            let beginning = beginning(&padded, 80 + cut_at);
            let part = &secret[..cut_at - at];
            assert!(!beginning.ends_with(part) || part.len() < 3, "{text}: {beginning}");
        }
    }
    assert_eq!(beginning("short", 64), "short");
}
