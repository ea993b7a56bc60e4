//! The setting of `arcane serve` about a listener that takes OpenTelemetry alone.

use std::net::SocketAddr;
use std::str::FromStr;

use clap::Args;

use crate::OtlpListener;

/// Where OpenTelemetry is taken, beside the server's own address.
#[derive(Debug, Clone, Args)]
pub(super) struct OtlpListen {
    /// Address of a listener of its own for OpenTelemetry over HTTP, or off; one that is taken is no reason not to start.
    #[arg(long, env = "ARCANE_OTLP_LISTEN", default_value = "127.0.0.1:4318", value_name = "ADDRESS")]
    otlp_listen: OtlpAddress,
}

/// An address, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OtlpAddress(Option<SocketAddr>);

impl FromStr for OtlpAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        let address = text.parse().map_err(|_| {
            format!("{text:?} is no address: it is IP:PORT, such as 127.0.0.1:4318 (port 0 takes a free one), or off")
        })?;
        Ok(Self(Some(address)))
    }
}

impl OtlpListen {
    /// Where it is to listen.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.otlp_listen.0
    }

    /// The listener, if there is to be one. A port that is taken is said, here and by `GET /health`: agents may as well send to the server's
    /// own address.
    pub(super) async fn bind(&self) -> Option<OtlpListener> {
        let listener = OtlpListener::bind(self.address()?).await;
        if let Some(error) = listener.error() {
            tracing::warn!(
                address = %listener.address(), %error,
                "no OpenTelemetry is taken at the address of --otlp-listen; the server's own address takes it as well. Another collector \
                 may be there: name another address, or off"
            );
        }
        Some(listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_off() {
        assert_eq!("off".parse(), Ok(OtlpAddress(None)));
        assert_eq!("[::1]:4318".parse(), Ok(OtlpAddress(Some("[::1]:4318".parse().unwrap()))));
        let refused = "localhost".parse::<OtlpAddress>().unwrap_err();
        insta::assert_snapshot!(refused, @r#""localhost" is no address: it is IP:PORT, such as 127.0.0.1:4318 (port 0 takes a free one), or off"#);
    }
}
