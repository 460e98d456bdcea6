//! The trusted certificate authorities: those of the machine, or only those of the policy.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use trimtab_core::failure::Failure;
use trimtab_core::port::PortResult;

/// One HTTP client for each set of authorities; a warm function reuses its connections.
#[derive(Debug, Default)]
pub(crate) struct Trusts(Mutex<BTreeMap<Option<String>, SharedHttpConnector>>);

impl Trusts {
    /// The client that trusts these authorities in PEM, or those of the machine if there are none.
    pub(crate) fn connector(&self, operation: &'static str, ca: Option<&str>) -> PortResult<SharedHttpConnector> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = ca.map(str::to_owned);
        if let Some(connector) = known.get(&key) {
            return Ok(connector.clone());
        }
        let unreadable = || Failure::permanent(operation, "the certificates in ca cannot be read");
        if ca.is_some_and(|ca| !is_readable(ca)) {
            return Err(unreadable());
        }
        let store = ca.map_or_else(TrustStore::default, |ca| TrustStore::empty().with_pem_certificate(ca.as_bytes()));
        let context = TlsContext::builder().with_trust_store(store).build().map_err(|_| unreadable())?;
        let connector =
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build();
        let connector = SharedHttpConnector::new(connector);
        known.insert(key, connector.clone());
        Ok(connector)
    }
}

/// Whether the text contains certificates, each usable as an authority.
fn is_readable(ca: &str) -> bool {
    let mut store = RootCertStore::empty();
    let mut all = CertificateDer::pem_slice_iter(ca.as_bytes());
    all.all(|certificate| certificate.is_ok_and(|certificate| store.add(certificate).is_ok())) && !store.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_certificates_are_refused() {
        let trusts = Trusts::default();
        for bad in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(trusts.connector("kubeflow:ListRuns", Some(bad)).is_err(), "{bad}");
        }
        assert!(trusts.connector("kubeflow:ListRuns", None).is_ok());
    }
}
