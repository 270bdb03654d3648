//! Keys, and the managing server's authority.

use std::time::Duration;

use headwater_model::{LinkageId, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};

use crate::{Party, Term};

/// A key, or what was made with it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a certificate could not be made")]
    Certificate(#[from] rcgen::Error),
    #[error("a key is damaged")]
    Damaged,
}

/// A private key of P-256.
pub struct Key {
    pair: KeyPair,
    signer: EcdsaKeyPair,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.public().fingerprint())
    }
}

impl Key {
    pub fn generate() -> Result<Self, KeyError> {
        Self::of(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
    }

    /// Reads what [`Key::secret`] gave.
    pub fn from_secret(pkcs8: &[u8]) -> Result<Self, KeyError> {
        Self::of(KeyPair::try_from(pkcs8).map_err(|_| KeyError::Damaged)?)
    }

    fn of(pair: KeyPair) -> Result<Self, KeyError> {
        let pkcs8 = pair.serialize_der();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &SystemRandom::new())
            .map_err(|_| KeyError::Damaged)?;
        Ok(Self { pair, signer })
    }

    /// PKCS #8, to be kept where only its owner reads it.
    pub fn secret(&self) -> Vec<u8> {
        self.pair.serialize_der()
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.pair.public_key_raw().to_vec())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signed = self.signer.sign(&SystemRandom::new(), message);
        Ok(signed.map_err(|_| KeyError::Damaged)?.as_ref().to_vec())
    }
}

/// A public key of P-256, as an uncompressed point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// The bytes of an uncompressed point.
    const LEN: usize = 65;

    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, KeyError> {
        let is_point = bytes.len() == Self::LEN && bytes[0] == 4;
        if is_point { Ok(Self(bytes)) } else { Err(KeyError::Damaged) }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of the key in groups of four hexadecimal digits, for people to compare.
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &self.0);
        let pairs: Vec<String> =
            hash.as_ref()[..16].chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect();
        pairs.join(" ")
    }

    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(message, signature).is_ok()
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// The managing server's authority: its key with its own certificate.
#[derive(Debug)]
pub struct Authority {
    pub key: Key,
    /// DER.
    pub certificate: Vec<u8>,
}

impl Authority {
    pub fn generate(now: Timestamp) -> Result<Self, KeyError> {
        Self::of(Key::generate()?, now)
    }

    /// The same key with a certificate of a new term. Whoever knows the earlier one takes both.
    pub fn of(key: Key, now: Timestamp) -> Result<Self, KeyError> {
        let mut parameters = parameters()?;
        set_term(&mut parameters, Term::of_authority(now));
        let certificate = parameters.self_signed(&key.pair)?.der().to_vec();
        Ok(Self { key, certificate })
    }

    pub fn from_parts(secret: &[u8], certificate: Vec<u8>) -> Result<Self, KeyError> {
        Ok(Self { key: Key::from_secret(secret)?, certificate })
    }

    /// A certificate for somebody's key, DER. It holds no longer than the authority's own.
    pub fn certify(&self, party: Party, key: &PublicKey, term: Term) -> Result<Vec<u8>, KeyError> {
        let issuer = Issuer::new(parameters()?, &self.key.pair);
        let mut parameters = CertificateParams::new(vec![party.name()])?;
        let own = Term::read(&self.certificate)?;
        set_term(&mut parameters, Term { until: term.until.min(own.until), ..term });
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, common_name(party));
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        Ok(parameters.signed_by(key, &issuer)?.der().to_vec())
    }
}

fn set_term(parameters: &mut CertificateParams, term: Term) {
    let time = |at: Timestamp| {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(at.as_micros().max(0) as u64 / 1_000_000)
    };
    (parameters.not_before, parameters.not_after) = (time(term.from), time(term.until));
}

fn common_name(party: Party) -> String {
    let id = |id: LinkageId| format!("Headwater Linkage {id}");
    match party {
        Party::Manager => "Headwater managing server".to_owned(),
        Party::Linkage(linkage) => id(linkage),
    }
}

fn parameters() -> Result<CertificateParams, KeyError> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "Headwater managing server's authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    Ok(parameters)
}
