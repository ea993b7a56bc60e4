//! A connection's stream with TLS on it: the handshake is a part of the first read, so it has the time of a first request.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::pulse::Pulse;
use super::wire::Wire;

/// The first byte of a handshake (RFC 8446, section 5.1): no request begins with it.
const HANDSHAKE: u8 = 22;

/// Whether a client began with TLS, for who answers it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Greeting(Arc<AtomicBool>);

impl Greeting {
    /// Whether the client asks in the clear what it may only ask within TLS.
    pub(crate) fn was_plain(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What hyper reads and writes where connections are secured.
///
/// The stream below tells the pulse of bytes: they are what a client sends and takes, whatever is in them. That a client has
/// ended its side is also said within TLS, and told here.
pub(crate) struct SecureWire {
    stage: Stage,
    pulse: Arc<Pulse>,
    tcp: Arc<TcpStream>,
}

enum Stage {
    /// Nothing has come yet.
    New(TlsAcceptor, Wire, Greeting),
    Handshake(Box<Accept<Wire>>),
    Open(Box<TlsStream<Wire>>),
    /// The client does not speak TLS: it is told so in its own protocol.
    Plain(Wire),
    Failed,
}

impl SecureWire {
    pub(crate) fn new(acceptor: TlsAcceptor, wire: Wire, pulse: Arc<Pulse>, greeting: Greeting) -> Self {
        let tcp = Arc::clone(wire.stream());
        Self { stage: Stage::New(acceptor, wire, greeting), pulse, tcp }
    }

    /// The stream below TLS.
    pub(crate) fn tcp(&self) -> &Arc<TcpStream> {
        &self.tcp
    }

    /// Goes on until bytes can be read and written.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&mut dyn Duplex>> {
        loop {
            match &mut self.stage {
                Stage::New(..) => {
                    let mut first = [0];
                    let mut first = ReadBuf::new(&mut first);
                    ready!(self.tcp.poll_peek(context, &mut first))?;
                    self.begin(first.filled().first().copied());
                }
                Stage::Handshake(accept) => {
                    self.stage = match ready!(Pin::new(&mut **accept).poll(context)) {
                        Ok(stream) => Stage::Open(Box::new(stream)),
                        Err(error) => {
                            self.stage = Stage::Failed;
                            tracing::debug!(%error, "a TLS handshake failed");
                            return Poll::Ready(Err(error));
                        }
                    }
                }
                Stage::Open(_) | Stage::Plain(_) | Stage::Failed => break,
            }
        }
        Poll::Ready(match &mut self.stage {
            Stage::Open(stream) => Ok(&mut **stream),
            Stage::Plain(wire) => Ok(wire),
            Stage::New(..) | Stage::Handshake(_) | Stage::Failed => Err(io::ErrorKind::NotConnected.into()),
        })
    }

    fn begin(&mut self, first: Option<u8>) {
        let Stage::New(acceptor, wire, greeting) = std::mem::replace(&mut self.stage, Stage::Failed) else {
            return;
        };
        self.stage = match first {
            // Methods are written in capitals (RFC 9110, section 9.1).
            Some(byte) if byte != HANDSHAKE && byte.is_ascii_uppercase() => {
                greeting.0.store(true, Ordering::Release);
                Stage::Plain(wire)
            }
            _ => Stage::Handshake(Box::new(acceptor.accept(wire))),
        };
    }
}

impl Drop for SecureWire {
    /// Says that the end is one, if there is place for the few bytes: a client cannot tell a connection that ends without
    /// from one that somebody on the way has cut.
    fn drop(&mut self) {
        let Stage::Open(stream) = &mut self.stage else { return };
        let (_, session) = stream.get_mut();
        session.send_close_notify();
        while session.wants_write() && session.write_tls(&mut AtOnce(&self.tcp)).is_ok_and(|n| n > 0) {}
    }
}

/// Writes what the kernel has place for now.
struct AtOnce<'a>(&'a TcpStream);

impl io::Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl AsyncRead for SecureWire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(ready!(self.poll_open(context))?);
        // What the kernel had no place for is written on while nothing more is: a WebSocket only reads then. An error shows
        // to who writes.
        let _ = stream.as_mut().poll_flush(context);
        let before = buffer.filled().len();
        ready!(stream.poll_read(context, buffer))?;
        if buffer.filled().len() == before && buffer.remaining() > 0 && !self.pulse.end(context.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SecureWire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(ready!(self.poll_open(context))?);
        // The library takes bytes ahead of the kernel: then a client that reads nothing would look like one that reads.
        ready!(stream.as_mut().poll_flush(context))?;
        stream.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(ready!(self.poll_open(context))?);
        ready!(stream.as_mut().poll_flush(context))?;
        stream.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.stage, Stage::New(..)) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(ready!(self.poll_open(context))?).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stage {
            Stage::Open(stream) => Pin::new(&mut **stream).poll_shutdown(context),
            Stage::New(_, wire, _) | Stage::Plain(wire) => Pin::new(wire).poll_shutdown(context),
            // Nothing that was said on it has to arrive.
            Stage::Handshake(_) | Stage::Failed => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use futures_util::future::poll_immediate;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Both ends of a connection, secured; the client's with a small window.
    async fn ends() -> (SecureWire, tokio_rustls::client::TlsStream<TcpStream>) {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = certified.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .and_then(|server| {
                server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key.into())
            });
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let client = client.unwrap().with_root_certificates(roots).with_no_client_auth();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let narrow = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let pulse = Arc::new(Pulse::new(Instant::now()));
        let wire = Wire::new(Arc::new(accepted), Arc::clone(&pulse));
        let acceptor = TlsAcceptor::from(Arc::new(server.unwrap()));
        let mut server = SecureWire::new(acceptor, wire, pulse, Greeting::default());
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(client));
        let (_, client) = tokio::join!(server.write_all(b"!"), connector.connect(name, narrow));
        (server, client.unwrap())
    }

    #[tokio::test]
    async fn a_write_is_taken_once_the_kernel_has_what_was_written_before() {
        const PIECE: usize = 1000;
        let (mut server, mut client) = ends().await;
        let mut taken = 1;
        while let Some(n) = poll_immediate(server.write(&[b'.'; PIECE])).await {
            taken += n.unwrap();
        }
        // What comes now comes from the kernel: nothing is written on.
        let (mut read, mut place) = (0, [0; PIECE]);
        while read + PIECE < taken {
            let chunk = tokio::time::timeout(PATIENCE, client.read(&mut place)).await;
            read += chunk.expect("what was taken before the last write is on its way").unwrap();
        }
        // The rest goes while it is waited for what the client says.
        let rest = async {
            while read < taken {
                read += client.read(&mut place).await.unwrap();
            }
        };
        tokio::select! {
            n = server.read_u8() => panic!("the client says nothing, but {n:?} came"),
            () = tokio::time::sleep(PATIENCE) => panic!("the rest waits"),
            () = rest => {}
        }
    }
}
