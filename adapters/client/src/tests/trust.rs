//! Whom the client believes.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use super::fake::{Fake, json};
use crate::{Access, Client, Error};

/// A CA, as PEM, and a server with a certificate of it for this name.
fn authority(name: &str) -> (String, ServerConfig) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    let leaf = leaf.signed_by(&key, &ca).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("a configuration");
    (ca.pem(), config)
}

fn ask(config: ServerConfig, ca_pem: Option<&str>) -> Result<(), Error> {
    let fake = Fake::with_tls(config, &[json("200 OK", r#"{"items":[]}"#)]);
    let ca_pem = ca_pem.map(|pem| pem.as_bytes().to_vec());
    let client = Client::new(&Access { url: fake.url.clone(), token: "t0ken".into(), ca_pem });
    let answer = client.expect("a client").groups().map(drop);
    let request = fake.requests().remove(0);
    assert_eq!(request.head.contains("t0ken"), answer.is_ok(), "the token is for those who are trusted");
    answer
}

#[track_caller]
fn distrusted(answer: Result<(), Error>, reason: &str) {
    let error = answer.expect_err("not trusted");
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn a_server_with_its_own_ca_is_trusted_through_the_file() {
    let (ca, config) = authority("localhost");
    ask(config, Some(&ca)).expect("an answer");
}

#[test]
fn others_are_not_trusted() {
    let (_, config) = authority("localhost");
    distrusted(ask(config, None), "no CA that is trusted here");
    let (_, config) = authority("localhost");
    let (other_ca, _) = authority("localhost");
    distrusted(ask(config, Some(&other_ca)), "no CA that is trusted here");
    let (ca, config) = authority("wsus.example");
    distrusted(ask(config, Some(&ca)), "its certificate is for another name");
}

#[test]
fn a_file_that_holds_no_certificate_is_refused() {
    for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let access = Access {
            url: "https://wsus.example".into(),
            token: "t0ken".into(),
            ca_pem: Some(pem.as_bytes().to_vec()),
        };
        assert!(matches!(Client::new(&access), Err(Error::Authority)), "{pem}");
    }
}
