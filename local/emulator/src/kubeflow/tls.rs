//! A TLS listener with a certificate authority of its own, which no client trusts by default.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The timeout of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The URL of the listener and its certificate authority.
#[derive(Debug, Clone)]
pub(crate) struct ListenAddress {
    pub(crate) url: String,
    /// The certificate in PEM.
    pub(crate) ca: String,
}

/// Accepts TLS connections.
pub(crate) struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

/// Binds a listener on a free port, with a new certificate for `localhost`.
pub(crate) async fn bind() -> Result<(TlsListener, ListenAddress), Box<dyn std::error::Error + Send + Sync>> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.distinguished_name.push(DnType::CommonName, "The local cloud's own authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = authority.self_signed(&authority_key)?.pem();
    let key = KeyPair::generate()?;
    let names = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let certificate = names.signed_by(&key, &Issuer::new(authority, authority_key))?;
    let private = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    let tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("https://localhost:{}", tcp.local_addr()?.port());
    Ok((TlsListener { tcp, acceptor: TlsAcceptor::from(Arc::new(config)) }, ListenAddress { url, ca }))
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    /// A failed handshake is ignored, and the next connection is accepted.
    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.tcp).await;
            let agreed = tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = agreed {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
