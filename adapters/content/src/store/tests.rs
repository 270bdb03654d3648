use std::time::Duration;

use futures_util::TryStreamExt as _;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

struct Fixture {
    store: ContentStore,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: ContentStore::open(folder.path()).unwrap(), folder }
    }

    /// As after a kill: another process opens the folder.
    fn reopen(self) -> Self {
        Self { store: ContentStore::open(self.folder.path()).unwrap(), folder: self.folder }
    }

    fn put(&self, bytes: &[u8]) -> FileDigests {
        let mut staged = self.store.stage(expected(bytes)).unwrap();
        staged.write(bytes).unwrap();
        staged.finish().unwrap()
    }

    fn parts(&self) -> usize {
        fs::read_dir(self.folder.path().join("staging")).unwrap().count()
    }

    fn path(&self, sha256: &Sha256Digest) -> PathBuf {
        let name = sha256.to_string();
        self.folder.path().join("files").join(&name[..2]).join(name)
    }

    fn part(&self, sha1: &Sha1Digest) -> PathBuf {
        self.folder.path().join("staging").join(format!("{sha1}.part"))
    }

    fn read(&self, sha256: &Sha256Digest) -> Vec<u8> {
        let file = self.store.open_verified(sha256).unwrap().unwrap();
        let mut bytes = vec![0; file.len() as usize];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    }
}

fn expected(bytes: &[u8]) -> Expected {
    let FileDigests { sha1, sha256, size_bytes } = FileDigests::of(bytes).unwrap();
    Expected { sha1, sha256: Some(sha256), size_bytes }
}

#[tokio::test]
async fn a_file_goes_in_and_comes_out() {
    let fixture = Fixture::new();
    let bytes: Vec<u8> = (0..600_000_u32).map(|n| (n / 7) as u8).collect();
    let digests = fixture.put(&bytes);
    assert_eq!(digests, FileDigests::of(&bytes[..]).unwrap());
    assert!(fixture.path(&digests.sha256).is_file());
    assert_eq!(fixture.parts(), 0);
    let file = fixture.store.open_verified(&digests.sha256).unwrap().unwrap();
    assert_eq!((file.len(), file.sha256()), (600_000, digests.sha256));
    let chunks: Vec<_> = file.stream(1..599_999).try_collect().await.unwrap();
    assert_eq!(chunks.concat(), bytes[1..599_999]);
}

#[test]
fn an_announced_file_that_is_not_there_yet_is_no_error() {
    let fixture = Fixture::new();
    let Expected { sha256: Some(sha256), .. } = expected(b"later") else { unreachable!() };
    assert!(fixture.store.open_verified(&sha256).unwrap().is_none());
    let mut staged = fixture.store.stage(expected(b"later")).unwrap();
    staged.write(b"late").unwrap();
    assert!(fixture.store.open_verified(&sha256).unwrap().is_none(), "half a file is not served");
    assert_eq!(fixture.store.verify(&sha256).unwrap(), Verdict::Missing);
    assert!(!fixture.store.remove(&sha256).unwrap());
    staged.write(b"r").unwrap();
    staged.finish().unwrap();
    assert_eq!(fixture.read(&sha256), b"later");
}

#[test]
fn an_empty_file_is_a_file() {
    let fixture = Fixture::new();
    let digests = fixture.put(b"");
    assert!(fixture.store.open_verified(&digests.sha256).unwrap().unwrap().is_empty());
}

#[test]
fn an_old_document_announces_no_sha256_and_learns_it() {
    let fixture = Fixture::new();
    let mut staged = fixture.store.stage(Expected { sha256: None, ..expected(b"old") }).unwrap();
    staged.write(b"old").unwrap();
    assert_eq!(Some(staged.finish().unwrap().sha256), expected(b"old").sha256);
}

#[test]
fn wrong_bytes_are_deleted_and_the_differing_digest_is_named() {
    let fixture = Fixture::new();
    let stage = |expected| {
        let mut staged = fixture.store.stage(expected).unwrap();
        staged.write(b"evil").unwrap();
        staged.finish().unwrap_err()
    };
    assert!(matches!(stage(expected(b"good")), Error::WrongSha1 { .. }));
    assert_eq!(fixture.parts(), 0);
    let colliding = Expected { sha256: expected(b"good").sha256, ..expected(b"evil") };
    assert!(matches!(stage(colliding), Error::WrongSha256 { .. }));
    assert_eq!(fixture.parts(), 0);
    assert!(fixture.store.list().unwrap().is_empty());
    fixture.put(b"evil");
}

#[test]
fn no_byte_beyond_the_announced_size_is_written() {
    let fixture = Fixture::new();
    let mut staged = fixture.store.stage(expected(b"1234")).unwrap();
    staged.write(b"123").unwrap();
    assert!(matches!(staged.write(b"45"), Err(Error::TooLong { size_bytes: 4, .. })));
    assert_eq!((staged.len(), staged.missing_bytes()), (3, 1));
    assert_eq!(fs::read(fixture.part(&expected(b"1234").sha1)).unwrap(), b"123");
    staged.write(b"4").unwrap();
    staged.finish().unwrap();
}

#[test]
fn an_incomplete_file_stays_to_be_resumed() {
    let fixture = Fixture::new();
    let mut staged = fixture.store.stage(expected(b"1234")).unwrap();
    staged.write(b"12").unwrap();
    let error = staged.finish().unwrap_err();
    assert!(matches!(error, Error::Incomplete { staged_bytes: 2, size_bytes: 4, .. }));
    let mut staged = fixture.store.stage(expected(b"1234")).unwrap();
    assert_eq!(staged.len(), 2);
    staged.write(b"34").unwrap();
    staged.finish().unwrap();
}

#[test]
fn a_source_that_cannot_resume_begins_again() {
    let fixture = Fixture::new();
    let mut staged = fixture.store.stage(expected(b"1234")).unwrap();
    staged.write(b"xyz").unwrap();
    staged.restart().unwrap();
    assert!(staged.is_empty());
    staged.write(b"1234").unwrap();
    staged.finish().unwrap();
}

#[test]
fn a_part_longer_than_announced_begins_again() {
    let fixture = Fixture::new();
    fs::write(fixture.part(&expected(b"1234").sha1), b"123456").unwrap();
    let mut staged = fixture.store.stage(expected(b"1234")).unwrap();
    assert_eq!(staged.len(), 0);
    staged.write(b"1234").unwrap();
    staged.finish().unwrap();
}

#[test]
fn one_file_has_one_writer() {
    let fixture = Fixture::new();
    let first = fixture.store.stage(expected(b"a")).unwrap();
    assert!(matches!(fixture.store.clone().stage(expected(b"a")), Err(Error::AlreadyStaging { .. })));
    fixture.store.stage(expected(b"b")).unwrap();
    drop(first);
    fixture.store.stage(expected(b"a")).unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_fit_is_refused_before_its_first_byte() {
    let fixture = Fixture::new();
    let huge = Expected { size_bytes: u64::MAX, ..expected(b"") };
    let error = fixture.store.stage(huge).unwrap_err();
    assert!(matches!(&error, Error::DiskFull { needed_bytes: u64::MAX, .. }), "{error}");
    assert!(fixture.store.free_bytes().unwrap().unwrap() > 0);
    assert!(fixture.store.stage(expected(b"")).is_ok(), "the claim is given back");
}

#[cfg(unix)]
#[test]
fn a_link_leads_nowhere() {
    let fixture = Fixture::new();
    let secret = fixture.folder.path().join("secret");
    fs::write(&secret, b"secret").unwrap();
    let digests = fixture.put(b"file");
    fs::remove_file(fixture.path(&digests.sha256)).unwrap();
    std::os::unix::fs::symlink(&secret, fixture.path(&digests.sha256)).unwrap();
    assert!(fixture.store.open_verified(&digests.sha256).is_err());
    assert!(fixture.store.verify(&digests.sha256).is_err());
    assert!(fixture.store.list().unwrap().is_empty());
    std::os::unix::fs::symlink(&secret, fixture.part(&digests.sha1)).unwrap();
    assert!(fixture.store.stage(expected(b"file")).is_err());
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_an_error() {
    let fixture = Fixture::new();
    let Expected { sha256: Some(sha256), .. } = expected(b"a") else { unreachable!() };
    fs::create_dir_all(fixture.path(&sha256)).unwrap();
    assert!(fixture.store.open_verified(&sha256).is_err());
}

#[test]
fn what_the_disk_changed_is_found_and_can_be_replaced() {
    let fixture = Fixture::new();
    let digests = fixture.put(b"sound");
    assert_eq!(fixture.store.verify(&digests.sha256).unwrap(), Verdict::Whole);
    fs::write(fixture.path(&digests.sha256), b"souna").unwrap();
    let found = FileDigests::of(&b"souna"[..]).unwrap().sha256;
    assert_eq!(fixture.store.verify(&digests.sha256).unwrap(), Verdict::Damaged { found });
    fixture.put(b"sound");
    assert_eq!(fixture.store.verify(&digests.sha256).unwrap(), Verdict::Whole);
}

#[test]
fn the_list_is_ordered_and_without_strangers() {
    let fixture = Fixture::new();
    let mut put: Vec<_> = (0..40_u8).map(|n| fixture.put(&vec![n; n as usize])).collect();
    fs::write(fixture.folder.path().join("files/lost+found"), b"").unwrap();
    fs::write(fixture.path(&put[0].sha256).with_file_name("readme"), b"").unwrap();
    let misplaced = fixture.path(&put[0].sha256).with_file_name("0".repeat(64));
    fs::write(misplaced, b"").unwrap();
    put.sort_by_key(|digests| digests.sha256);
    let put: Vec<_> =
        put.into_iter().map(|FileDigests { sha256, size_bytes, .. }| (sha256, size_bytes)).collect();
    let listed: Vec<_> =
        fixture.store.list().unwrap().iter().map(|file| (file.sha256, file.size_bytes)).collect();
    assert_eq!(listed, put);
}

#[cfg_attr(windows, ignore = "Wine keeps the name of a removed file until it is closed; Windows 10 does not")]
#[test]
fn a_removed_file_is_read_to_its_end() {
    let fixture = Fixture::new();
    let digests = fixture.put(b"read me");
    let file = fixture.store.open_verified(&digests.sha256).unwrap().unwrap();
    assert!(fixture.store.remove(&digests.sha256).unwrap());
    let mut bytes = [0; 7];
    file.read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"read me");
    assert!(fixture.store.open_verified(&digests.sha256).unwrap().is_none());
    assert!(fixture.store.list().unwrap().is_empty());
}

#[test]
fn stale_parts_go_but_not_those_in_use_nor_strangers() {
    let fixture = Fixture::new();
    for bytes in [b"1", b"2"] {
        fixture.store.stage(expected(bytes)).unwrap();
    }
    fs::write(fixture.folder.path().join("staging/readme"), b"").unwrap();
    let _in_use = fixture.store.stage(expected(b"3")).unwrap();
    let hour = Duration::from_secs(3_600);
    assert_eq!(fixture.store.remove_stale_parts(SystemTime::now() - hour).unwrap(), 0);
    assert_eq!(fixture.store.remove_stale_parts(SystemTime::now() + hour).unwrap(), 2);
    assert_eq!(fixture.parts(), 2);
}

#[test]
fn a_file_of_unknown_name_is_known_by_its_digests() {
    let fixture = Fixture::new();
    let announced = expected(b"of an update");
    let receive = |bytes: &[u8], announced: Expected| {
        let known = |digests: &FileDigests| (digests.sha1 == announced.sha1).then_some(announced);
        fixture.store.receive(&mut &*bytes, bytes.len() as u64, known)
    };
    assert_eq!(receive(b"of nothing", announced).unwrap(), None);
    assert!(fixture.store.list().unwrap().is_empty());
    let digests = receive(b"of an update", announced).unwrap().unwrap();
    assert_eq!(fixture.read(&digests.sha256), b"of an update");
    let again = receive(b"of an update", announced).unwrap().unwrap();
    assert_eq!((again, fixture.store.list().unwrap().len()), (digests, 1));

    let colliding = Expected { sha256: expected(b"other").sha256, ..announced };
    assert!(matches!(receive(b"of an update", colliding), Err(Error::WrongSha256 { .. })));
    let longer = Expected { size_bytes: 13, ..announced };
    assert!(matches!(receive(b"of an update", longer), Err(Error::Incomplete { staged_bytes: 12, .. })));
    assert_eq!(fixture.parts(), 0);
}

#[test]
fn a_reader_that_fails_leaves_nothing_and_a_kill_nothing_after_the_next_start() {
    let fixture = Fixture::new();
    struct Cut;
    impl io::Read for Cut {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    let announced = |_: &FileDigests| -> Option<Expected> { unreachable!() };
    let error = fixture.store.receive(&mut Cut, 5, announced).unwrap_err();
    assert!(matches!(error, Error::Unreadable(_)));
    #[cfg(unix)]
    {
        let error = fixture.store.receive(&mut io::empty(), u64::MAX, announced).unwrap_err();
        assert!(matches!(error, Error::DiskFull { needed_bytes: u64::MAX, .. }));
    }
    assert_eq!(fixture.parts(), 0);
    fs::write(fixture.folder.path().join("staging/7.incoming"), b"half").unwrap();
    fixture.store.stage(expected(b"1")).unwrap();
    assert_eq!(fixture.reopen().parts(), 1, "the part stays");
}

/// What a kill or a power cut does to the part that is being written.
#[derive(Debug, Clone)]
enum Loss {
    /// The process ends; the system keeps what was written.
    Kill,
    /// The system ends; the length is there, the last bytes are zeros.
    Zeros(usize),
    /// The system ends; the last bytes are gone.
    Cut(usize),
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        3 => Just(Loss::Kill),
        1 => (0..2_000_usize).prop_map(Loss::Zeros),
        1 => (0..2_000_usize).prop_map(Loss::Cut)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often a download is interrupted, it ends with the file itself, never with another one. Only a
    /// power cut costs a second beginning, and a kill costs nothing that was written.
    #[test]
    fn a_download_survives_every_interruption(
        bytes in proptest::collection::vec(1..255_u8, 1..20_000),
        attempts in proptest::collection::vec((0..8_000_usize, loss()), 0..8),
    ) {
        let mut fixture = Fixture::new();
        let expected = expected(&bytes);
        let part = fixture.part(&expected.sha1);
        let mut kept = 0;
        for (len, loss) in attempts {
            let mut staged = fixture.store.stage(expected).unwrap();
            let begin = staged.len() as usize;
            prop_assert_eq!(begin, kept);
            let end = (begin + len).min(bytes.len());
            bytes[begin..end].chunks(1_000).try_for_each(|chunk| staged.write(chunk)).unwrap();
            drop(staged);
            let mut on_disk = fs::read(&part).unwrap();
            match loss {
                Loss::Kill => {}
                Loss::Zeros(count) => on_disk.iter_mut().rev().take(count).for_each(|byte| *byte = 0),
                Loss::Cut(count) => on_disk.truncate(end.saturating_sub(count)),
            }
            kept = on_disk.len();
            fs::write(&part, on_disk).unwrap();
            fixture = fixture.reopen();
        }
        let finish = || {
            let mut staged = fixture.store.stage(expected).unwrap();
            let begin = staged.len() as usize;
            bytes[begin..].chunks(1_000).try_for_each(|chunk| staged.write(chunk)).unwrap();
            staged.finish()
        };
        let digests = match finish() {
            Err(Error::WrongSha1 { .. }) => finish().unwrap(),
            other => other.unwrap(),
        };
        prop_assert_eq!(fixture.read(&digests.sha256), bytes);
    }
}
