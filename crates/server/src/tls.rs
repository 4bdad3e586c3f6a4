//! The certificate: an operator's own, or a self-signed one that is kept.

mod inspect;
mod reload;
mod self_signed;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Config;

pub use inspect::Facts;
pub use reload::keep_fresh;

/// Where a certificate and its key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The chain, PEM.
    pub cert: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// Whether the server made them itself.
    pub self_signed: bool,
}

/// A certificate that cannot be used, or made.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or closed to us.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        reason: io::Error,
    },
    /// A file that holds no certificate, or no key.
    #[error("{} holds no {what} in PEM form", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// Certificate and key are readable and do not work (together).
    #[error("{} and {} do not work together: {reason}", cert.display(), key.display())]
    Mismatch {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// What the TLS library says.
        reason: rustls::Error,
    },
    /// A self-signed certificate could not be made or kept.
    #[error("cannot make a certificate in {}: {reason}", directory.display())]
    NotMade {
        /// Where it was to be kept.
        directory: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Files {
    /// Those of the configuration, or the place of the self-signed ones, which
    /// may not be there yet.
    pub fn of(config: &Config) -> Self {
        match (&config.tls_cert, &config.tls_key) {
            (Some(cert), Some(key)) => Self {
                cert: cert.clone(),
                key: key.clone(),
                self_signed: false,
            },
            _ => self_signed::place(&config.data_dir),
        }
    }

    /// The same, and the self-signed ones made if there are none or they end soon.
    ///
    /// # Errors
    /// If that fails.
    pub fn ensure(config: &Config) -> Result<Self, TlsError> {
        let files = Self::of(config);
        if files.self_signed {
            self_signed::ensure(&files, &config.public_ip)?;
        }
        Ok(files)
    }

    /// The settings of a TLS listener.
    ///
    /// # Errors
    /// If the files cannot be read or do not fit together.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = read(&self.cert, "certificate", |pem| {
            let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>()?;
            if chain.is_empty() {
                Err(PemError::NoItemsFound)
            } else {
                Ok(chain)
            }
        })?;
        let key = read(&self.key, "private key", PrivateKeyDer::from_pem_slice)?;

        let mismatch = |reason| TlsError::Mismatch {
            cert: self.cert.clone(),
            key: self.key.clone(),
            reason,
        };
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(mismatch)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(mismatch)?;
        // WebSocket upgrades are HTTP/1.1.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn read<T>(
    path: &Path,
    what: &'static str,
    parse: impl Fn(&[u8]) -> Result<T, PemError>,
) -> Result<T, TlsError> {
    let pem = std::fs::read(path).map_err(|reason| TlsError::Unreadable {
        path: path.to_owned(),
        reason,
    })?;
    parse(&pem).map_err(|_| TlsError::Empty {
        path: path.to_owned(),
        what,
    })
}

#[cfg(test)]
mod tests;
