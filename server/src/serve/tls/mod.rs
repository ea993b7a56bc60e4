//! What connections are secured with: read at the start, and again when its files change.

mod changes;
mod pair;
mod validity;

use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use changes::{Changes, Stamps};
use pair::Pair;
pub use pair::PairError;

use crate::clock;
use crate::config::TlsFiles;
use crate::metrics::Metrics;

/// The pair that new connections get. Those that are open keep theirs.
#[derive(Debug)]
pub(super) struct Tls {
    files: TlsFiles,
    /// A whole configuration and not only its certificate: sessions that were secured with one before cannot be taken up again.
    current: RwLock<Arc<ServerConfig>>,
    /// What the files were when they were read at the start.
    began: Stamps,
    /// When the certificate that was read at the start ends, Unix seconds, if it says so plainly.
    expires_at: Option<i64>,
}

impl Tls {
    pub(super) fn open(files: &TlsFiles) -> Result<Self, PairError> {
        let began = Stamps::of(files);
        let pair = pair::read(files)?;
        warn(files, &pair);
        let expires_at = pair.expires_at();
        Ok(Self { files: files.clone(), current: RwLock::new(pair.config), began, expires_at })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)).into()
    }

    /// Reads the files again when they have changed, and keeps the metrics told when the certificate ends, for as long as this is
    /// awaited.
    pub(super) async fn keep_current(&self, metrics: &Metrics) {
        metrics.certificate_expires(self.expires_at);
        let mut changes = Changes::since(self.began);
        loop {
            tokio::time::sleep(self.files.look_every).await;
            let files = self.files.clone();
            // A file may be on a disk that does not answer.
            let Ok(now) = tokio::task::spawn_blocking(move || Stamps::of(&files)).await else { return };
            if !changes.are_due(now) {
                continue;
            }
            let files = self.files.clone();
            let Ok(read) = tokio::task::spawn_blocking(move || pair::read(&files)).await else { return };
            self.replace(read, metrics);
        }
    }

    fn replace(&self, read: Result<Pair, PairError>, metrics: &Metrics) {
        match read {
            Ok(pair) => {
                let certificate = self.files.certificate.display();
                tracing::info!(%certificate, "new connections get the certificate that is there now");
                warn(&self.files, &pair);
                metrics.certificate_expires(pair.expires_at());
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = pair.config;
            }
            Err(error) => {
                tracing::error!(%error, "the changed TLS files cannot be used; the certificate from before stays");
            }
        }
    }
}

fn warn(files: &TlsFiles, pair: &Pair) {
    if let Some(warning) = pair.validity.and_then(|validity| validity.warning(clock::now())) {
        tracing::warn!(certificate = %files.certificate.display(), "{warning}");
    }
}
