//! Connections to real servers, and why there is none.

use super::super::tests::NatsServer;
use super::*;

fn options(server: &str) -> Options {
    Options { servers: vec![server.to_owned()], ..Options::default() }
}

async fn why(options: &Options) -> String {
    Connection::open(options).await.unwrap_err().to_string()
}

#[test]
fn pauses_grow_up_to_their_bound() {
    for attempt in 0..200 {
        assert!(pause(attempt) <= RETRY_MAX && pause(attempt) >= Duration::from_millis(25), "{attempt}");
    }
    assert!(pause(20) >= RETRY_MAX / 2);
}

#[tokio::test]
async fn what_is_no_address_is_told_without_its_password() {
    let errors = [
        why(&Options::default()).await,
        why(&options("nats://me:secret@:x")).await,
        why(&Options { tls_ca: Some("/none/ca.pem".into()), ..options("nats://127.0.0.1:1") }).await,
        why(&Options { credentials: Some("/none/a.creds".into()), ..options("nats://127.0.0.1:1") }).await,
        why(&options("nats://me:secret@127.0.0.1:1")).await,
    ];
    insta::assert_snapshot!(errors.join("\n"), @r#"
    "" is no list of addresses of nats-servers, for example nats://10.0.0.1:4222,nats://10.0.0.2:4222
    "nats://:x" is no list of addresses of nats-servers, for example nats://10.0.0.1:4222,nats://10.0.0.2:4222
    --log-tls-ca names /none/ca.pem, which cannot be read: No such file or directory (os error 2)
    --log-credentials names /none/a.creds, which cannot be read: No such file or directory (os error 2)
    no nats-server answers at nats://127.0.0.1:1: IO error: Connection refused (os error 111). Check that one runs there, and that this machine can reach it
    "#);
}

#[tokio::test]
async fn a_server_that_cannot_keep_rooms_is_told_with_what_to_set() {
    let Some(bare) = NatsServer::with("# without jetstream\n").await else { return };
    let small = NatsServer::with("max_payload: 64KB\n").await.unwrap();
    let locked = NatsServer::with("authorization { user: a, password: b }\n").await.unwrap();
    let mut errors = Vec::new();
    for (server, user, replicas) in [
        (&bare, "", Replicas::One),
        (&small, "", Replicas::One),
        (&locked, "", Replicas::One),
        (&locked, "a:c@", Replicas::One),
        (&locked, "a:b@", Replicas::Three),
    ] {
        let options = Options { replicas, ..options(&format!("nats://{user}{}", server.address())) };
        errors.push(why(&options).await.replace(&server.address(), "HOST:PORT"));
    }
    insta::assert_snapshot!(errors.join("\n"), @r"
    the nats-server at nats://HOST:PORT has no JetStream, or not for this account (nothing answers for it). Add `jetstream { store_dir: … }` to its configuration and to the account
    the nats-server at nats://HOST:PORT takes messages of 65536 bytes. Set max_payload in its configuration to 1MB or more, its default
    the nats-server at nats://HOST:PORT refuses this user or these credentials. Name a .creds file of an account that it knows (--log-credentials), or a user and a password in the address (--log nats://user:password@host:4222)
    the nats-server at nats://HOST:PORT refuses this user or these credentials. Name a .creds file of an account that it knows (--log-credentials), or a user and a password in the address (--log nats://user:password@host:4222)
    3 replicas need a cluster of at least three nats-servers, and the one at nats://HOST:PORT is alone. Set --log-replicas 1, or add servers
    ");
    assert!(Connection::open(&options(&format!("nats://a:b@{}", locked.address()))).await.is_ok());
}

#[tokio::test]
async fn a_connection_may_be_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = file("cert.pem", signed.cert.pem());
    let key = file("key.pem", signed.signing_key.serialize_pem());
    let tls = format!("tls {{ cert_file: {certificate:?}, key_file: {key:?} }}\n");
    let Some(server) = NatsServer::with(&tls).await else { return };
    let address = server.address().replace("127.0.0.1", "localhost");
    let with = |ca| Options { tls_ca: Some(ca), ..options(&format!("tls://{address}")) };
    assert!(Connection::open(&with(certificate)).await.is_ok());
    let error = why(&with(file("other.pem", other.cert.pem()))).await.replace(&address, "HOST:PORT");
    insta::assert_snapshot!(error, @"no encrypted connection to tls://HOST:PORT: IO error: invalid peer certificate: BadSignature. Check the authority (--log-tls-ca), the certificate (--log-tls-cert) and its key (--log-tls-key)");
}

#[tokio::test]
async fn a_connection_comes_back_by_itself() {
    let Some(mut server) = NatsServer::start().await else { return };
    let connection = Connection::open(&options(&server.url())).await.unwrap();
    assert!(connection.is_connected());
    assert_eq!(connection.warning(), None);
    let mut connected = connection.connected();
    server.kill();
    connected.wait_for(|is| !is).await.unwrap();
    assert!(!connection.is_connected());
    server.start_again().await;
    connected.wait_for(|is| *is).await.unwrap();
    assert!(connection.context().query_account().await.is_ok());
}
