//! Taking a certificate in place of an earlier one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_api::linkage::Renewal;
use headwater_model::{LinkageId, Timestamp};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{Authority, Key, KeyError, Paired, Party, PublicKey, Stage, Term, is_party};

/// Why another certificate is not taken; the one before stays.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    #[error("the new certificate cannot be read")]
    Unreadable,
    #[error("the new authority has another key than the managing server that this Linkage was paired with")]
    Authority,
    #[error("the new certificate is not of the managing server's authority, or is another's")]
    Other,
    #[error("the new certificate does not hold now: the clocks differ")]
    Term,
}

impl Authority {
    /// A certificate of this moment for a Linkage, with the authority's own.
    pub fn renew(&self, linkage: LinkageId, key: &PublicKey, now: Timestamp) -> Result<Renewal, KeyError> {
        let certificate = self.certify(Party::Linkage(linkage), key, Term::of_party(now))?;
        Ok(Renewal {
            authority: STANDARD.encode(&self.certificate),
            certificate: STANDARD.encode(certificate),
        })
    }
}

/// The key in a certificate, if the signature over it is one of `signer`.
fn key_of(certificate: &[u8], signer: &PublicKey) -> Result<Vec<u8>, RenewalError> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| RenewalError::Unreadable)?;
    let signature = &parsed.signature_value.data;
    if !signer.has_signed(parsed.tbs_certificate.as_ref(), signature) {
        return Err(RenewalError::Other);
    }
    Ok(parsed.public_key().subject_public_key.data.to_vec())
}

impl Paired {
    /// What a Linkage keeps once it has taken another certificate for the key that it has.
    pub fn renewed(
        &self,
        renewal: &Renewal,
        me: LinkageId,
        key: &Key,
        now: Timestamp,
    ) -> Result<Self, RenewalError> {
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| RenewalError::Unreadable);
        let (authority, certificate) = (decode(&renewal.authority)?, decode(&renewal.certificate)?);
        let its = key_of(&authority, &self.manager_key).map_err(|_| RenewalError::Authority)?;
        if its != self.manager_key.as_bytes() {
            return Err(RenewalError::Authority);
        }
        let is_mine = key_of(&certificate, &self.manager_key)? == key.public().as_bytes()
            && is_party(&CertificateDer::from(certificate.as_slice()), Party::Linkage(me)).is_ok();
        if !is_mine {
            return Err(RenewalError::Other);
        }
        let term = Term::read(&certificate).map_err(|_| RenewalError::Unreadable)?;
        if term.stage(now) != Stage::Sound {
            return Err(RenewalError::Term);
        }
        Ok(Self { authority, certificate, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certificate_for_this_key_by_the_authority_of_the_pairing_is_taken() {
        let (now, me) = (Timestamp::EPOCH.plus_seconds(1_000_000_000), LinkageId::from_u128(1));
        let make = || Authority::generate(now).expect("an authority");
        let (authority, stranger) = (make(), make());
        let (key, other) = (Key::generate().expect("a key"), Key::generate().expect("a key"));
        let paired = Paired {
            authority: authority.certificate.clone(),
            manager_key: authority.key.public(),
            certificate: vec![],
            manager: "hq".to_owned(),
        };
        let renew = |by: &Authority, id, of: &Key, at| by.renew(id, &of.public(), at).expect("a certificate");
        let take = |renewal: &Renewal| paired.renewed(renewal, me, &key, now);

        let good = renew(&authority, me, &key, now);
        let taken = take(&good).expect("is taken");
        assert_eq!(Term::read(&taken.certificate).expect("a term"), Term::of_party(now));
        assert_eq!((taken.manager_key, taken.manager), (paired.manager_key.clone(), "hq".to_owned()));

        let strangers = renew(&stranger, me, &key, now);
        assert!(matches!(take(&strangers), Err(RenewalError::Authority)));
        let mixed = Renewal { certificate: strangers.certificate, ..good.clone() };
        assert!(matches!(take(&mixed), Err(RenewalError::Other)));
        let anothers = renew(&authority, LinkageId::from_u128(2), &key, now);
        assert!(matches!(take(&anothers), Err(RenewalError::Other)));
        assert!(matches!(take(&renew(&authority, me, &other, now)), Err(RenewalError::Other)));
        let old = renew(&authority, me, &key, now.plus_seconds(-80 * 86_400));
        assert!(matches!(take(&old), Err(RenewalError::Term)));
        let garbled = Renewal { certificate: "AAAA".to_owned(), ..good };
        assert!(matches!(take(&garbled), Err(RenewalError::Unreadable)));
    }
}
