//! An authority of a test's own, and what trusts it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arcane_server::config::{Config, Dashboard, NetConfig, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use super::{PATIENCE, TestServer};

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two authorities of one name are one with a wrong key.
        let name = format!("authority {} of a test", MADE.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, dir: tempfile::tempdir().unwrap() };
        std::fs::write(authority.file(), authority.issuer.pem()).unwrap();
        authority
    }

    /// Its own certificate, as a file.
    pub fn file(&self) -> PathBuf {
        self.dir.path().join("authority.pem")
    }

    /// A new certificate for this machine, and its key, in PEM.
    pub fn issue(&self) -> (String, String) {
        self.issue_with(|_| ())
    }

    pub fn issue_with(&self, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Files of a new pair, which are looked at often.
    pub fn files(&self) -> TlsFiles {
        let files = TlsFiles::new(self.dir.path().join("cert.pem"), self.dir.path().join("key.pem"));
        write(&files, &self.issue());
        TlsFiles { look_every: std::time::Duration::from_millis(20), ..files }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A client that trusts it alone.
    pub fn http_client(&self) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(self.issuer.pem().as_bytes()).unwrap();
        reqwest::Client::builder().tls_certs_only([root]).build().unwrap()
    }

    /// What trusts it and offers a protocol within TLS.
    pub fn client(&self, version: &'static SupportedProtocolVersion, protocol: &str) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        Arc::new(config).into()
    }

    /// A connection to a server, secured, for this protocol.
    pub async fn connect(&self, server: &TestServer, protocol: &str) -> TlsStream<TcpStream> {
        self.secure(server.raw().await, protocol).await
    }

    pub async fn secure(&self, stream: TcpStream, protocol: &str) -> TlsStream<TcpStream> {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        self.client(&version::TLS13, protocol).connect(name, stream).await.unwrap()
    }
}

/// Puts a certificate and its key into files.
pub fn write(files: &TlsFiles, (certificate, key): &(String, String)) {
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
}

/// A server with a certificate of this authority, unless others are named, and a client that trusts it.
pub async fn server(authority: &Authority, net: NetConfig) -> TestServer {
    let net = NetConfig { tls: Some(net.tls.unwrap_or_else(|| authority.files())), ..net };
    let mut server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    server.http = authority.http_client();
    server
}

/// What a future gives, if it does in time.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: in time"))
}

/// Everything until the server ends the connection, however it does.
pub async fn until_ended(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut all = Vec::new();
    let _ = in_time("the connection ends", stream.read_to_end(&mut all)).await;
    String::from_utf8_lossy(&all).into_owned()
}

/// A request after which the server ends the connection.
pub const GET: &[u8] = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
