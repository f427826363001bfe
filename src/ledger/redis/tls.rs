//! TLS to a server.

use super::failure::Failure;
use super::socket::TimedSocket;
use crate::ledger::error::StoreError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A socket that encrypts. Its handshake is part of the first request.
pub(super) type TlsSocket = StreamOwned<ClientConnection, TimedSocket>;

/// The trusted certificates, and the name that the server's certificate must have.
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// For a host, whose certificate one of a file must have signed, or without a file one of the system.
    pub(super) fn new(host: &str, certificates: Option<&Path>) -> Result<Self, StoreError> {
        let roots = certificates.map_or_else(roots_of_system, roots_of_file)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(StoreError::new)?.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(host.to_owned());
        let name =
            name.map_err(|_| StoreError::new("the host of the address is no name of a certificate"))?;
        Ok(Tls { config: Arc::new(config), name })
    }

    /// Encrypts what goes over a socket.
    pub(super) fn wrap(&self, socket: TimedSocket) -> Result<TlsSocket, Failure> {
        let client = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let client = client.map_err(|error| Failure::from(io::Error::other(error)))?;
        Ok(StreamOwned::new(client, socket))
    }
}

/// Reads the certificates that the system trusts, as far as they are valid.
fn roots_of_system() -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        true => Err(StoreError::new("the system trusts no certificate; name a file of certificates")),
        false => Ok(roots),
    }
}

/// Reads certificates in PEM.
fn roots_of_file(path: &Path) -> Result<RootCertStore, StoreError> {
    let invalid =
        |why: String| StoreError::new(format!("`{}` is no file of certificates: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| invalid(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
        roots.add(certificate).map_err(|error| invalid(error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(invalid("it has none".to_owned())),
        false => Ok(roots),
    }
}
