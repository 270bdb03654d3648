//! TLS between parties that the managing server's authority knows.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

use crate::{Authority, Key, KeyError, Party};

/// A certificate or a key that TLS does not take.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate cannot be used")]
    Use(#[from] rustls::Error),
    #[error("the authority cannot be used")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The other side is not who it says.
#[derive(Debug, thiserror::Error)]
#[error("its certificate is not the one of {0}")]
pub struct PeerError(String);

/// A key with the certificate that the authority gave it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// PKCS #8.
    pub key: Vec<u8>,
    /// DER.
    pub certificate: Vec<u8>,
    /// DER.
    pub authority: Vec<u8>,
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn private(key: &[u8]) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()))
}

fn roots(authority: &[u8]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec()))?;
    Ok(Arc::new(roots))
}

impl Identity {
    /// Speaks as this party, to parties of the same authority only.
    pub(crate) fn client(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(&self.authority)?)
            .with_client_auth_cert(
                vec![CertificateDer::from(self.certificate.clone())],
                private(&self.key),
            )?;
        Ok(Arc::new(config))
    }
}

/// Serves as a party, and asks others for certificates of the same authority: they may have none, and are
/// nobody then.
pub fn paired_server(identity: &Identity) -> Result<Arc<ServerConfig>, TlsError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(&identity.authority)?, provider())
        .allow_unauthenticated()
        .build()?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![CertificateDer::from(identity.certificate.clone())], private(&identity.key))?;
    Ok(Arc::new(config))
}

/// Serves before there is an authority, with a certificate of its own that proves nothing: what is said
/// is proved by the code of the pairing.
pub fn anonymous_server(key: &Key) -> Result<Arc<ServerConfig>, TlsError> {
    let own = Authority::generate()?;
    let certificate = own.certify(Party::Manager, &key.public())?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], private(&key.secret()))?;
    Ok(Arc::new(config))
}

/// Refuses a certificate, which TLS has verified to be the authority's, that is another party's.
pub fn is_party(certificate: &CertificateDer<'_>, party: Party) -> Result<(), PeerError> {
    let other = || PeerError(party.name());
    let name = ServerName::try_from(party.name()).map_err(|_| other())?;
    let certificate = webpki::EndEntityCert::try_from(certificate).map_err(|_| other())?;
    certificate.verify_is_valid_for_subject_name(&name).map_err(|_| other())
}

/// Takes any certificate: for what anybody may be told, and for pairing.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

pub(crate) fn anonymous_client() -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider())))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
