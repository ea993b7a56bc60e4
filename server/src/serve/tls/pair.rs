//! A certificate and its key, read from two files of PEM.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error, ServerConfig};

use super::validity::Validity;
use crate::config::TlsFiles;

/// Protocols that are offered within TLS (ALPN), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// Most bytes of one file. A chain has some kilobytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has more bytes than any certificate.
    #[error("{} has more than {FILE_BYTES_MAX} bytes, and is no file of certificates or of a key", .0.display())]
    TooLarge(PathBuf),
    /// The file begins PEM, and does not go on with it.
    #[error("{} is broken PEM: {detail}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// No certificate is in the file of certificates.
    #[error("{} has no certificate; it takes PEM (-----BEGIN CERTIFICATE-----), the server's own certificate first{}", path.display(), if *.has_key { ", and the file has a private key: that is for --tls-key" } else { "" })]
    NoCertificate {
        /// Which file.
        path: PathBuf,
        /// Whether it has a private key instead.
        has_key: bool,
    },
    /// No key is in the file of the key.
    #[error("{} has no private key; it takes PEM (-----BEGIN PRIVATE KEY-----){}", path.display(), hint.unwrap_or_default())]
    NoKey {
        /// Which file.
        path: PathBuf,
        /// What it seems to have instead.
        hint: Option<&'static str>,
    },
    /// The certificate is none that a server can show.
    #[error("the first certificate of {} cannot be used: it is no X.509 certificate of version 3", .0.display())]
    Certificate(PathBuf),
    /// The key is of no known kind.
    #[error("the key of {} cannot be used: it takes RSA from 2048 bits on, ECDSA on P-256, P-384 or P-521, or Ed25519", .0.display())]
    Key(PathBuf),
    /// The key is another one's.
    #[error("the key of {} does not belong to the first certificate of {}", key.display(), certificate.display())]
    Mismatch {
        /// The file of certificates.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

/// A pair that can be used, and from when to when its certificate holds, if it says so plainly.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) config: Arc<ServerConfig>,
    pub(super) validity: Option<Validity>,
}

impl Pair {
    /// When its certificate ends, Unix seconds.
    pub(super) fn expires_at(&self) -> Option<i64> {
        self.validity.map(|validity| validity.expires_at())
    }
}

/// Reads both files, and checks that each can be used and that they belong together.
pub(super) fn read(files: &TlsFiles) -> Result<Pair, PairError> {
    let chain = certificates(&files.certificate)?;
    let key = key(&files.key)?;
    let validity = chain.first().and_then(|own| Validity::of(own));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| unusable(files, &error))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Pair { config: Arc::new(config), validity })
}

fn unusable(files: &TlsFiles, error: &Error) -> PairError {
    match error {
        Error::InconsistentKeys(_) => {
            PairError::Mismatch { certificate: files.certificate.clone(), key: files.key.clone() }
        }
        Error::InvalidCertificate(_) | Error::NoCertificatesPresented => {
            PairError::Certificate(files.certificate.clone())
        }
        _ => PairError::Key(files.key.clone()),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PairError> {
    let text = contents(path)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| broken(path, &error))?;
    if chain.is_empty() {
        let has_key = PrivateKeyDer::from_pem_slice(&text).is_ok();
        return Err(PairError::NoCertificate { path: path.into(), has_key });
    }
    Ok(chain)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, PairError> {
    let text = contents(path)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(PairError::NoKey { path: path.into(), hint: instead(&text) }),
        Err(error) => Err(broken(path, &error)),
    }
}

/// What a file without a private key seems to have.
fn instead(text: &[u8]) -> Option<&'static str> {
    let has = |label: &str| text.windows(label.len()).any(|part| part == label.as_bytes());
    if has("ENCRYPTED PRIVATE KEY") {
        return Some(
            "; the key is encrypted: `openssl pkey -in FILE -out PLAIN` writes it without a passphrase",
        );
    }
    has("BEGIN CERTIFICATE").then_some(", and the file has a certificate: that is for --tls-cert")
}

fn broken(path: &Path, error: &pem::Error) -> PairError {
    let detail = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end (-----END …-----)".into(),
        pem::Error::Base64Decode(_) => "a section is no base64".into(),
        other => other.to_string(),
    };
    PairError::Pem { path: path.into(), detail }
}

fn contents(path: &Path) -> Result<Vec<u8>, PairError> {
    let unreadable = |source| PairError::Read { path: path.into(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(PairError::TooLarge(path.into()));
    }
    Ok(text)
}
