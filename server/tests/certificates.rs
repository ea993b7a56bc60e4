//! The certificate and the key of a server: reread when they change, and refused when they cannot be used.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, NetConfig, TlsFiles};
use support::TestServer;
use support::authority::{Authority, GET, in_time, server, until_ended};
use tokio::io::AsyncWriteExt;

async fn shown(authority: &Authority, server: &TestServer) -> Vec<u8> {
    let stream = authority.connect(server, "http/1.1").await;
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn new_connections_get_the_certificate_that_is_there_now() {
    let authority = Authority::new();
    let files = authority.files();
    let server = server(&authority, NetConfig { tls: Some(files.clone()), ..NetConfig::default() }).await;
    let mut old = authority.connect(&server, "http/1.1").await;
    let first = shown(&authority, &server).await;
    // What cannot be used changes nothing.
    let (certificate, key) = authority.issue();
    std::fs::write(&files.certificate, &certificate).unwrap();
    for _ in 0..10 {
        tokio::time::sleep(files.look_every).await;
        assert_eq!(shown(&authority, &server).await, first);
    }
    std::fs::write(&files.key, &key).unwrap();
    let replaced = async { while shown(&authority, &server).await == first {} };
    in_time("the certificate is replaced", replaced).await;
    // A file is removed, and another put in its place.
    let second = shown(&authority, &server).await;
    std::fs::remove_file(&files.key).unwrap();
    support::authority::write(&files, &authority.issue());
    let replaced = async { while shown(&authority, &server).await == second {} };
    in_time("the certificate is replaced", replaced).await;

    old.write_all(GET).await.unwrap();
    assert!(until_ended(&mut old).await.starts_with("HTTP/1.1 200"), "an open connection goes on");
}

#[tokio::test]
async fn what_cannot_be_used_stops_the_server_at_once_and_is_named() {
    let authority = Authority::new();
    let dir = authority.dir().display().to_string();
    let file = |name: &str, text: &str| {
        let path = authority.dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ((certificate, key), (_, other_key)) = (authority.issue(), authority.issue());
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let cert = file("cert.pem", &certificate);
    let good_key = file("key.pem", &key);
    let refusal = async |certificate: &std::path::Path, key: &std::path::Path| {
        let net = NetConfig { tls: Some(TlsFiles::new(certificate, key)), ..NetConfig::default() };
        let opened = arcane_server::Server::open(Config { net, ..Config::default() }).await;
        opened.map(drop).unwrap_err().to_string().replace(&dir, "DIR")
    };
    let mut refusals = Vec::new();
    for (name, text) in [
        ("empty", String::new()),
        ("text", "hello".into()),
        ("swapped", key.clone()),
        ("cut", certificate[..certificate.len() / 2].into()),
        ("no-certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into()),
    ] {
        refusals.push(refusal(&file(name, &text), &good_key).await);
    }
    for (name, text) in [
        ("empty", String::new()),
        ("swapped", certificate.clone()),
        ("encrypted", encrypted),
        ("other", other_key),
        ("no-key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".into()),
    ] {
        refusals.push(refusal(&cert, &file(name, &text)).await);
    }
    refusals.push(refusal(&authority.dir().join("nowhere"), &good_key).await);
    refusals.push(refusal(&cert, authority.dir()).await);
    insta::assert_snapshot!(refusals.join("\n"), @"
    DIR/empty has no certificate; it takes PEM (-----BEGIN CERTIFICATE-----), the server's own certificate first
    DIR/text has no certificate; it takes PEM (-----BEGIN CERTIFICATE-----), the server's own certificate first
    DIR/swapped has no certificate; it takes PEM (-----BEGIN CERTIFICATE-----), the server's own certificate first, and the file has a private key: that is for --tls-key
    DIR/cut is broken PEM: a section has no end (-----END …-----)
    the first certificate of DIR/no-certificate cannot be used: it is no X.509 certificate of version 3
    DIR/empty has no private key; it takes PEM (-----BEGIN PRIVATE KEY-----)
    DIR/swapped has no private key; it takes PEM (-----BEGIN PRIVATE KEY-----), and the file has a certificate: that is for --tls-cert
    DIR/encrypted has no private key; it takes PEM (-----BEGIN PRIVATE KEY-----); the key is encrypted: `openssl pkey -in FILE -out PLAIN` writes it without a passphrase
    the key of DIR/other does not belong to the first certificate of DIR/cert.pem
    the key of DIR/no-key cannot be used: it takes RSA from 2048 bits on, ECDSA on P-256, P-384 or P-521, or Ed25519
    cannot read DIR/nowhere: No such file or directory (os error 2)
    cannot read DIR: Is a directory (os error 21)
    ");
    assert!(arcane_server::Server::open(Config::default()).await.is_ok());
}
