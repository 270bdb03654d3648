//! What ties an answer to one TLS channel.

use md5::{Digest as _, Md5};

/// The MD5 of the channel bindings ([MS-NLMP] 2.2.2.1, MsvAvChannelBindings): a server that looks at
/// them (Extended Protection) refuses answers that came over another channel than the one they were
/// made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelBindings([u8; 16]);

impl ChannelBindings {
    /// There is no TLS, or nothing is known of it.
    pub const NONE: Self = Self([0; 16]);

    /// The MD5 of a `gss_channel_bindings_struct` (RFC 4121, 4.1.1.2).
    pub const fn from_md5(hash: [u8; 16]) -> Self {
        Self(hash)
    }

    /// Bindings of the type `tls-server-end-point`. `certificate_hash` is the hash of the server's
    /// certificate by the function of its signature, SHA-256 where that is MD5 or SHA-1 (RFC 5929, 4.1).
    pub fn tls_server_end_point(certificate_hash: &[u8]) -> Self {
        let data = [b"tls-server-end-point:", certificate_hash].concat();
        // Neither side's address is bound: four fields of zeros stand for their types and lengths.
        let bindings = [&[0; 16][..], &(data.len() as u32).to_le_bytes(), &data].concat();
        Self(Md5::digest(bindings).into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of ntlm-auth, another client.
    #[test]
    fn bindings_of_a_certificate() {
        let certificate_hash = [
            0xe3, 0xca, 0x49, 0x27, 0x1e, 0x50, 0x89, 0xcc, 0x48, 0xce, 0x82, 0x10, 0x9f, 0x13, 0x24, 0xf4,
            0x1d, 0xbe, 0xdd, 0xc2, 0x9a, 0x77, 0x74, 0x10, 0xc7, 0x38, 0xf7, 0x86, 0x8c, 0x4f, 0xf4, 0x05,
        ];
        let expected =
            [0x6e, 0xa1, 0x9d, 0xf0, 0x66, 0xda, 0x46, 0x22, 0x05, 0x1f, 0x9c, 0x4f, 0x92, 0xc6, 0xdf, 0x74];
        assert_eq!(
            ChannelBindings::tls_server_end_point(&certificate_hash),
            ChannelBindings::from_md5(expected)
        );
    }
}
