//! TLS between parties that the managing server's authority knows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use headwater_model::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};

use crate::{Authority, Key, KeyError, Party, Term};

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

/// By what clock the terms of certificates are judged.
#[derive(Clone)]
pub struct Watch(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Watch {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl TimeProvider for Watch {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix((self.0)()))
    }
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(at.as_micros().max(0) as u64 / 1_000_000))
}

/// When TLS is to judge a certificate that is shown now.
fn judged_at(certificate: &CertificateDer<'_>, now: UnixTime) -> UnixTime {
    let now = Timestamp::EPOCH.plus_seconds(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    unix(Term::judged_at(certificate, now))
}

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
    pub(crate) fn client(&self, watch: &Watch) -> Result<Arc<ClientConfig>, TlsError> {
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots(&self.authority)?, provider()).build()?;
        let config = ClientConfig::builder_with_details(provider(), Arc::new(watch.clone()))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Lenient(verifier)))
            .with_client_auth_cert(
                vec![CertificateDer::from(self.certificate.clone())],
                private(&self.key),
            )?;
        Ok(Arc::new(config))
    }
}

/// Serves as a party, and asks others for certificates of the same authority: they may have none, and are
/// nobody then.
pub fn paired_server(identity: &Identity, watch: &Watch) -> Result<Arc<ServerConfig>, TlsError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(&identity.authority)?, provider())
        .allow_unauthenticated()
        .build()?;
    let config = ServerConfig::builder_with_details(provider(), Arc::new(watch.clone()))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(Lenient(verifier)))
        .with_single_cert(vec![CertificateDer::from(identity.certificate.clone())], private(&identity.key))?;
    Ok(Arc::new(config))
}

/// Serves before there is an authority, with a certificate of its own that proves nothing: what is said
/// is proved by the code of the pairing.
pub fn anonymous_server(key: &Key, now: Timestamp) -> Result<Arc<ServerConfig>, TlsError> {
    let own = Authority::generate(now)?;
    // One that ran out would be told as that to whoever expects another party here.
    let certificate = own.certify(Party::Manager, &key.public(), Term::of_authority(now))?;
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

/// Verifies as TLS does, but takes a certificate that ran out until its grace is over ([`Term`]).
#[derive(Debug)]
struct Lenient<V: ?Sized>(Arc<V>);

impl ServerCertVerifier for Lenient<WebPkiServerVerifier> {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let now = judged_at(certificate, now);
        self.0.verify_server_cert(certificate, others, name, stapled, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

impl ClientCertVerifier for Lenient<dyn ClientCertVerifier> {
    fn client_auth_mandatory(&self) -> bool {
        self.0.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.0.verify_client_cert(certificate, others, judged_at(certificate, now))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
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
