//! Connections to services.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::config::NotifyUrl;
use crate::gate::origin::is_loopback;

/// How long a service may take for its answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// A client for the address of one target. It follows nothing that leads elsewhere: what a message says is for this service alone.
pub(super) fn open(url: &NotifyUrl) -> Result<reqwest::Client, String> {
    let mut roots = RootCertStore::empty();
    if url.url().scheme() == "https" {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(
                "this system names no authority whose certificates could be trusted, which https:// needs; install them \
                 (ca-certificates), or name a file of them with SSL_CERT_FILE"
                    .into(),
            );
        }
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .timeout(TIMEOUT)
        .user_agent(concat!("arcane/", env!("CARGO_PKG_VERSION")));
    if is_loopback(url.url().host_str().unwrap_or_default()) {
        // What a proxy calls by these names is its own machine.
        client = client.no_proxy();
    }
    client.build().map_err(|error| error.without_url().to_string())
}
