//! The files of updates.

use headwater_model::{Sha1Digest, Sha256Digest};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::draw::{Draws, Purpose};

/// A file that a generated document names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    pub name: String,
    pub bytes: u64,
    pub sha1: Sha1Digest,
    pub sha256: Sha256Digest,
    /// What its bytes are drawn from; none where size and digests are pretended.
    content: Option<Draws>,
}

impl GeneratedFile {
    /// The bytes of the file, where the catalogue has content.
    pub fn content(&self) -> Option<Vec<u8>> {
        self.content.clone().map(|draws| random_bytes(draws, self.bytes))
    }

    /// Where update servers keep it: the last two digits of the digest, the digest, and the
    /// extension of the name (fact 34).
    pub fn content_path(&self) -> String {
        let digest = format!("{:X}", self.sha1);
        let extension = self.name.rsplit_once('.').map_or("", |(_, extension)| extension);
        format!("{}/{digest}.{extension}", &digest[38..])
    }

    pub(crate) fn pretended(name: String, bytes: u64, draws: &mut Draws) -> Self {
        let mut digest = [0; 52];
        for part in digest.chunks_mut(8) {
            part.copy_from_slice(&draws.next().to_le_bytes()[..part.len()]);
        }
        let (mut sha1, mut sha256) = ([0; 20], [0; 32]);
        sha1.copy_from_slice(&digest[..20]);
        sha256.copy_from_slice(&digest[20..]);
        Self { name, bytes, sha1: Sha1Digest(sha1), sha256: Sha256Digest(sha256), content: None }
    }

    pub(crate) fn with_content(name: String, bytes: u64, draws: Draws) -> Self {
        let content = random_bytes(draws.clone(), bytes);
        Self {
            name,
            bytes,
            sha1: Sha1Digest(Sha1::digest(&content).into()),
            sha256: Sha256Digest(Sha256::digest(&content).into()),
            content: Some(draws),
        }
    }
}

fn random_bytes(mut draws: Draws, bytes: u64) -> Vec<u8> {
    let mut content = Vec::with_capacity(bytes as usize + 8);
    while content.len() < bytes as usize {
        content.extend_from_slice(&draws.next().to_le_bytes());
    }
    content.truncate(bytes as usize);
    content
}

/// Sizes for so many files that together stay within the limit: 1 KiB to 256 KiB, one in five hundred
/// about 8 MiB, and 1 KiB for all that come after the limit is reached.
pub(crate) fn content_sizes(seed: u64, files: u32, bytes_max: u64) -> Vec<u64> {
    const SMALLEST: u64 = 1 << 10;
    let mut draws = Draws::new(seed, Purpose::Content, 0);
    let mut left = bytes_max.saturating_sub(u64::from(files) * SMALLEST);
    let mut size = || {
        let wanted =
            if draws.permille(2) { draws.between(7 << 20, 9 << 20) } else { draws.magnitude(10, 18) };
        let more = (wanted - SMALLEST).min(left);
        left -= more;
        SMALLEST + more
    };
    (0..files).map(|_| size()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_the_digests_of_its_bytes() {
        let file = GeneratedFile::with_content("a.cab".into(), 1027, Draws::new(1, Purpose::Content, 7));
        let content = file.content().unwrap();
        assert_eq!(content.len(), 1027);
        assert_eq!(file.sha1.as_bytes()[..], Sha1::digest(&content)[..]);
        assert_eq!(file.sha256.as_bytes()[..], Sha256::digest(&content)[..]);
    }

    #[test]
    fn a_file_lies_where_update_servers_look() {
        let mut file = GeneratedFile::pretended("x.y.cab".into(), 1, &mut Draws::new(1, Purpose::Files, 0));
        file.sha1 = "86542c97261c46d5b379a43ec895f97eaf409ba2".parse().unwrap();
        assert_eq!(file.content_path(), "A2/86542C97261C46D5B379A43EC895F97EAF409BA2.cab");
    }

    #[test]
    fn content_stays_within_its_limit() {
        let sizes = content_sizes(1, 1000, 20 << 20);
        assert!(sizes.iter().sum::<u64>() <= 20 << 20);
        assert!(sizes.iter().all(|size| *size >= 1024));
        assert!(content_sizes(1, 1000, 1 << 30).iter().any(|size| *size > 7 << 20));
    }
}
