//! Certificates: the administrator's, or one of our own authority.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use headwater_app::write_secret;

use crate::config::Config;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("`{path}` cannot be read or written")]
    Io { path: String, source: io::Error },
    #[error("`{path}` is no PEM file of the right kind: {reason}")]
    Pem { path: String, reason: String },
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
    #[error("the certificate cannot be used")]
    Use(#[from] rustls::Error),
}

/// The server side of TLS for a listener.
pub fn server_config(config: &Config, address: IpAddr) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let (chain, key) = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => (read_chain(certificate)?, read_key(key)?),
        _ => own_certificate(config, address)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = |reason: String| TlsError::Pem { path: path.display().to_string(), reason };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| pem(error.to_string()))?;
    certificates.collect::<Result<Vec<_>, _>>().map_err(|error| pem(error.to_string()))
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path)
        .map_err(|error| TlsError::Pem { path: path.display().to_string(), reason: error.to_string() })
}

/// A fresh certificate at each start, signed by an authority that stays in the data folder.
fn own_certificate(config: &Config, address: IpAddr) -> Result<Identity, TlsError> {
    let issuer = Issuer::new(authority_parameters()?, authority_key(&config.data)?);
    let mut names = config.tls.names.clone();
    names.extend(["localhost".to_owned(), "127.0.0.1".to_owned()]);
    if !address.is_unspecified() {
        names.push(address.to_string());
    }
    names.extend(config.name.clone().into_iter().chain(machine_name()));
    names.sort();
    names.dedup();
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.push(DnType::CommonName, "Headwater");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|reason| TlsError::Pem { path: "a new key".to_owned(), reason: reason.to_owned() })?;
    Ok((vec![certificate.der().clone()], key))
}

/// The name of this machine, in lower case.
pub fn machine_name() -> Option<String> {
    let name = match cfg!(windows) {
        true => std::env::var("COMPUTERNAME").ok(),
        false => std::fs::read_to_string("/etc/hostname").ok(),
    }?;
    Some(name.trim().to_lowercase()).filter(|name| !name.is_empty())
}

fn authority_parameters() -> Result<CertificateParams, TlsError> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "Headwater authority of this server");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

/// The key of this server's authority: made once with its certificate `ca.pem`, and readable by
/// the server's account only.
fn authority_key(data: &Path) -> Result<KeyPair, TlsError> {
    let (certificate_path, key_path) = (data.join("ca.pem"), data.join("ca-key.pem"));
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |source| TlsError::Io { path, source }
    };
    if key_path.exists() {
        let key = std::fs::read_to_string(&key_path).map_err(io(&key_path))?;
        return Ok(KeyPair::from_pem(&key)?);
    }
    let key = KeyPair::generate()?;
    let certificate = authority_parameters()?.self_signed(&key)?;
    std::fs::write(&certificate_path, certificate.pem()).map_err(io(&certificate_path))?;
    write_secret(&key_path, key.serialize_pem().as_bytes()).map_err(io(&key_path))?;
    Ok(key)
}
