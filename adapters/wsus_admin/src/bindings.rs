//! What ties a login to the TLS connection that it goes over: the hash of the server's certificate.

use headwater_ntlm::ChannelBindings;
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// Identifiers of signatures, as they stand in DER, with the hash that RFC 5929 (4.1) takes for them.
const SIGNATURES: &[(&[u8], &Algorithm)] = &[
    // RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512 (1.2.840.113549.1.1).
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], &SHA384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], &SHA512),
    // ECDSA with SHA-1, SHA-256, SHA-384, SHA-512 (1.2.840.10045.4).
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], &SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], &SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], &SHA384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], &SHA512),
];

/// The bindings of a connection to the server with this certificate. None where the certificate's
/// signature has no hash of its own, such as Ed25519, for which nobody has said what they are.
pub(crate) fn of_certificate(der: &[u8]) -> ChannelBindings {
    let Some(identifier) = signature(der) else { return ChannelBindings::NONE };
    match SIGNATURES.iter().find(|(known, _)| *known == identifier) {
        Some((_, algorithm)) => ChannelBindings::tls_server_end_point(digest(algorithm, der).as_ref()),
        None => ChannelBindings::NONE,
    }
}

/// The identifier of the signature: the first of the second member of the certificate (RFC 5280, 4.1).
fn signature(certificate: &[u8]) -> Option<&[u8]> {
    let (members, _) = value(certificate, SEQUENCE)?;
    let (_, after_content) = value(members, SEQUENCE)?;
    let (algorithm, _) = value(after_content, SEQUENCE)?;
    Some(value(algorithm, OBJECT_IDENTIFIER)?.0)
}

/// The value of the first element of `der`, which must have this tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], mut rest) = der.split_first_chunk()?;
    let mut bytes = usize::from(first);
    if first & 0x80 != 0 {
        let (length, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        // A certificate has at most 64 KiB in TLS, and three bytes count that far.
        if length.len() > 3 {
            return None;
        }
        bytes = length.iter().fold(0, |bytes, byte| bytes << 8 | usize::from(*byte));
        rest = after;
    }
    if found == tag { rest.split_at_checked(bytes) } else { None }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = CertificateParams::new(vec!["wsus.example".to_owned()]).expect("a name");
        certificate.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let cases = [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Some(&SHA256)),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Some(&SHA384)),
            (&rcgen::PKCS_ED25519, None),
        ];
        for (signature, hash) in cases {
            let der = certificate(signature);
            let expected = hash.map_or(ChannelBindings::NONE, |hash| {
                ChannelBindings::tls_server_end_point(digest(hash, &der).as_ref())
            });
            assert_eq!(of_certificate(&der), expected, "{signature:?}");
        }
    }

    #[test]
    fn no_certificate_has_no_bindings() {
        let whole = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        for length in 0..whole.len() {
            assert_eq!(of_certificate(&whole[..length]), ChannelBindings::NONE);
        }
        assert_eq!(of_certificate(&[0x30, 0xff, 0xff]), ChannelBindings::NONE);
    }
}
