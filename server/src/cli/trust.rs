//! Whose certificates a command trusts, and what is said of one that it does not.

use std::error::Error as StdError;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};

/// The authorities of the system, and those of the file `ca`. Where nothing is secured none is read, and none is needed.
pub(super) fn config(secured: bool, ca: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let roots = if secured { authorities(ca)? } else { RootCertStore::empty() };
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

fn authorities(ca: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    // A system has hundreds; one that is of an unknown kind is no reason to trust none.
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca {
        add(&mut roots, path).with_context(|| format!("--ca {}", path.display()))?;
    }
    if roots.is_empty() {
        bail!("this system names no authority whose certificates could be trusted; name one with --ca FILE");
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, path: &Path) -> anyhow::Result<()> {
    let text = std::fs::read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.context("broken PEM")?;
    if certificates.is_empty() {
        bail!("there is no certificate in it; it takes PEM (-----BEGIN CERTIFICATE-----)");
    }
    for certificate in certificates {
        roots.add(certificate).ok().context("there is a certificate in it that cannot be read")?;
    }
    Ok(())
}

/// What a failed connection says about TLS, if it failed for that.
pub(super) fn refusal(error: &(dyn StdError + 'static), url: &str) -> Option<String> {
    Some(match reason(error)? {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!(
                "the certificate of {url} is of no authority that is trusted here; --ca FILE names one's own"
            )
        }
        // The library has no name of its own for it, and it is what `openssl req -x509` makes.
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            format!("the certificate of {url} is an authority's (CA:TRUE), and no server's")
        }
        Error::InvalidCertificate(reason) => format!("the certificate of {url} cannot be trusted: {reason}"),
        Error::InvalidMessage(_) => {
            format!("what answers at {url} does not speak TLS; without TLS the address begins with http://")
        }
        other => format!("{url} cannot be spoken to through TLS: {other}"),
    })
}

/// What TLS said, somewhere in a chain of errors.
fn reason<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    if let Some(reason) = error.downcast_ref() {
        return Some(reason);
    }
    // An error of I/O gives the source of what it holds, and not that itself.
    let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    held.and_then(|held| reason(held)).or_else(|| reason(error.source()?))
}
