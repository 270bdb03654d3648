use std::io::Cursor;
use std::path::PathBuf;

use headwater_encoding::cabinet::pack_blob;
use proptest::prelude::*;

use super::*;
use crate::oracle;

const A: &str = "56309036-4c77-4dd9-951a-99ee9c246a94";
const B: &str = "6964aab4-c5b5-43bd-a17d-ffb4346a8e1d";

/// What was taken of a package: `name=text` for documents, `name:size:text` for files.
fn contents(package: Package) -> Result<Vec<String>, String> {
    let mut taken = Vec::new();
    let read = package.read(|entry| {
        taken.push(match entry {
            Entry::Document(document) => format!("{}={}", document.name, document.xml),
            Entry::File(file) => {
                let mut text = String::new();
                file.bytes.read_to_string(&mut text).unwrap();
                format!("{}:{}:{text}", file.name, file.size_bytes)
            }
        });
        Ok::<(), PackageError>(())
    });
    read.map(|()| taken).map_err(|error| chain(&error))
}

/// An error and its causes, as a log shows them.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn listing(updates: usize) -> String {
    let update = format!("<Update UpdateId=\"{A}\" RevisionNumber=\"1\"><Files /></Update>");
    format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><ExportPackage ServerID=\"{A}\" \
         CreationTime=\"2024-06-19T17:11:14Z\" FormatVersion=\"1.0\" ProtocolVersion=\"1.20\"><Languages />\
         <Files><File Digest=\"hlQslyYcRtWzeaQ+yJX5fq9Am6I=\" MUUrl=\"http://a/b.cab\" Name=\"b.cab\" />\
         <File Digest=\"hlQslyYcRtWzeaQ+yJX5fq9Am6I=\" /></Files><Updates>{}</Updates></ExportPackage>",
        update.repeat(updates)
    )
}

fn record(id: &str, revision: u32, xml: &str) -> String {
    format!("{id},{revision:08x},{:08x},{xml}\r\n", xml.encode_utf16().count())
}

/// A cabinet with these members in one folder: that of a blob, with another directory.
fn cabinet(members: &[(&str, &str)]) -> Vec<u8> {
    let content: String = members.iter().map(|(_, content)| *content).collect();
    let blob = pack_blob(content.as_bytes()).unwrap();
    let data = &blob[65..];
    let mut directory = Vec::new();
    let mut offset = 0_u32;
    for (name, content) in members {
        directory.extend((content.len() as u32).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend([0; 8]);
        directory.extend(name.as_bytes());
        directory.push(0);
        offset += content.len() as u32;
    }
    let mut cabinet = blob[..44].to_vec();
    cabinet[28] = members.len() as u8;
    cabinet[36..40].copy_from_slice(&(44 + directory.len() as u32).to_le_bytes());
    cabinet.extend(directory);
    cabinet.extend(data);
    cabinet
}

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// What is taken of a file, or why it is not, without its path.
#[track_caller]
fn check_file(bytes: &[u8], expected: Result<&[&str], &str>) {
    let (_folder, path) = written("p", bytes);
    let found = match Package::open(&path) {
        Ok(package) => contents(package),
        Err(error) => Err(chain(&error)),
    };
    let prefix = format!("{}: ", path.display());
    let found = found.map_err(|message| message.strip_prefix(&prefix).expect("its path").to_owned());
    match expected {
        Ok(entries) => assert_eq!(found.unwrap(), entries),
        Err(message) => assert_eq!(found.unwrap_err(), message),
    }
}

#[track_caller]
fn check_records(metadata: &str, expected: Result<&[&str], &str>) {
    check_file(&cabinet(&[("package.xml", &listing(1)), ("metadata.txt", metadata)]), expected);
}

#[test]
fn an_export_gives_its_documents() {
    let xml = "<a>\r\n\u{20ac}\u{1f600},</a>\r\n";
    let metadata = record(A, 1, xml) + &record(B, 0x65, "<b/>");
    let expected = [format!("{A}/1={xml}"), format!("{B}/101=<b/>")];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let package = listing(2);
    check_file(&cabinet(&[("package.xml", &package), ("metadata.txt", &metadata)]), Ok(&expected));
    check_file(&cabinet(&[("metadata.txt", &metadata), ("package.xml", &package)]), Ok(&expected));
    check_file(&cabinet(&[("package.xml", &listing(0)), ("metadata.txt", "")]), Ok(&[]));
}

#[test]
fn an_export_says_what_it_is() {
    let (_folder, path) = written("e", &cabinet(&[("package.xml", &listing(2)), ("metadata.txt", "")]));
    let package = Package::open(&path).unwrap();
    assert_eq!(package.documents_total(), Some(2));
    let listing = package.listing().unwrap();
    assert_eq!(listing.server.unwrap().to_string(), A);
    assert_eq!(listing.created_at.unwrap().to_string(), "2024-06-19T17:11:14Z");
    assert_eq!(listing.locations.len(), 1);
    assert_eq!(listing.locations[0].url, "http://a/b.cab");
}

#[test]
fn records_are_as_long_as_they_say() {
    let damaged = |what: &str| format!("record 1 of metadata.txt is damaged: {what}");
    let check = |metadata: &str, what: &str| check_records(metadata, Err(&damaged(what)));
    check("x", "it is cut off");
    check(&record(A, 1, "<a/>")[..50], "it is cut off");
    check(&format!("{A},00000001,00000004,<a/>"), "it is cut off");
    check(&format!("{A},00000001,0bffffff,<a/>\r\n"), "it is cut off");
    check(&format!("{A},00000001,00000003,<a/>\r\n"), "it does not end where its length says");
    check(&format!("{A},00000001,00000005,<a/>\r\n\r\n"), "it does not end where its length says");
    check(&format!("{A},00000001,00000001,\u{1f600}\r\n"), "its length cuts a character");
    check(&format!("{A},+0000001,00000004,<a/>\r\n"), "its head is not well-formed");
    check(&format!("{A};00000001,00000004,<a/>\r\n"), "its head is not well-formed");
    check(&record("x".repeat(36).as_str(), 1, "<a/>"), "its head is not well-formed");
    check_records("", Err("metadata.txt ends after 0 of 1 documents"));
    let long = format!("{A},00000001,ffffffff,<a/>\r\n");
    check_records(&long, Err(&format!("the document `{A}/1` has more than 201326592 bytes")));
}

const NO_EXPORT: &str =
    "the cabinet is no wsusutil export, which holds package.xml and metadata.txt, compressed with LZX";

#[test]
fn what_is_no_export_is_told_what_was_expected() {
    let nothing = "is no package: expected a wsusutil export (.cab), a folder of update documents or such a folder as .tar";
    check_file(b"", Err(nothing));
    check_file(b"PK\x03\x04", Err(nothing));
    check_file(
        &[0x1f, 0x8b, 8, 0],
        Err("is compressed with gzip: expected a wsusutil export to a name in .cab, or a .tar as it is"),
    );
    check_file(&pack_blob(b"ab").unwrap(), Err(NO_EXPORT));
    check_file(&cabinet(&[("package.xml", "<a/>"), ("c", "")]), Err(NO_EXPORT));
    check_file(&cabinet(&[("package.xml", ""), ("package.xml", "")]), Err(NO_EXPORT));
    check_file(&cabinet(&[("package.xml", "<a/>"), ("metadata.txt", "")]), Err(NO_EXPORT));
    check_file(
        &cabinet(&[("package.xml", &listing(0).replace("1.0\" P", "2.0\" P")), ("metadata.txt", "")]),
        Err("package.xml is of the format `2.0`, not 1.0"),
    );
    check_file(
        &cabinet(&[("package.xml", "<ExportPackage FormatVersion=\"1.0\">"), ("metadata.txt", "")]),
        Err("package.xml is not valid: the document ends inside an element"),
    );
    let missing = Package::open(Path::new("/no/such/package")).map(|_| ()).unwrap_err();
    assert!(chain(&missing).starts_with("/no/such/package: cannot be read: "), "{}", chain(&missing));
}

/// Offsets and sizes in the directory that are not true.
#[test]
fn a_directory_that_lies() {
    let good = cabinet(&[("package.xml", &listing(1)), ("metadata.txt", &record(A, 1, "<a/>"))]);
    let lying = |at: usize, bytes: [u8; 4]| {
        let mut cabinet = good.clone();
        cabinet[at..at + 4].copy_from_slice(&bytes);
        cabinet
    };
    const CUT_OFF: &str = "the cabinet is damaged: unexpected end of file";
    check_file(&lying(44, [0xff; 4]), Err(NO_EXPORT));
    check_file(&lying(48, [1, 0, 0, 0]), Err(NO_EXPORT));
    check_file(&lying(72, [0xff, 0, 0, 0]), Err(CUT_OFF));
    check_file(&lying(76, [0xff; 4]), Err(NO_EXPORT));
    // The second member is said to begin behind the end of the folder.
    let mut cabinet = lying(44, [0, 0, 0, 16]);
    cabinet[76..80].copy_from_slice(&[0, 0, 0, 16]);
    check_file(&cabinet, Err(CUT_OFF));
}

fn tar_of(members: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A member whose name the builder would not write.
fn hostile(name: &str, kind: tar::EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    [header.as_bytes().as_slice(), &[0; 1024]].concat()
}

#[test]
fn an_archive_gives_what_comes() {
    let long = format!("{}.cab", "n".repeat(150));
    let archive = tar_of(&[("f/b.bin", "12"), ("f/a.XML", "<a/>"), (&long, "3"), ("e", "")]);
    let expected = ["b.bin:2:12", "a.XML=<a/>", &format!("{long}:1:3"), "e:0:"];
    check_file(&archive, Ok(&expected));
    let streamed = Package::archive("s", Cursor::new(archive));
    assert_eq!(streamed.documents_total(), None);
    assert_eq!(contents(streamed).unwrap(), expected);
}

#[test]
fn an_archive_may_be_of_pax() {
    let mut builder = tar::Builder::new(Vec::new());
    let long = format!("d/{}.cab", "n".repeat(150));
    builder.append_pax_extensions([("mtime", b"1.5".as_slice()), ("path", long.as_bytes())]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(1);
    builder.append_data(&mut header, "short", b"1".as_slice()).unwrap();
    builder.append_pax_extensions([("size", b"9".as_slice())]).unwrap();
    let archive = builder.into_inner().unwrap();
    let mut taken = Vec::new();
    let read = Package::archive("s", Cursor::new(archive)).read(|entry| {
        if let Entry::File(file) = entry {
            taken.push((file.name, file.size_bytes));
        }
        Ok::<(), PackageError>(())
    });
    assert_eq!(taken, [(long[2..].to_owned(), 1)]);
    assert!(matches!(read.unwrap_err().reason, Reason::PaxSize));
}

/// Nothing of a package is a path.
#[test]
fn names_are_labels() {
    check_file(&hostile("../../etc/passwd", tar::EntryType::Regular), Ok(&["passwd:0:"]));
    check_file(&hostile("C:\\windows\\a.xml", tar::EntryType::Regular), Ok(&["a.xml="]));
    for name in ["..", "a/..", "/", "a\u{1}b"] {
        check_file(&hostile(name, tar::EntryType::Regular), Err("an entry has no plain name"));
    }
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Char, tar::EntryType::Fifo] {
        check_file(&hostile("a", kind), Err("`a` is a link or a device: only files are taken"));
    }
}

#[test]
fn an_archive_must_be_whole() {
    let archive = tar_of(&[("a.xml", "<a/>"), ("b", "12")]);
    check_file(&archive[..1024], Err("the archive is cut off"));
    check_file(&archive[..1300], Err("the archive is damaged: failed to read entire block"));
    check_file(&archive[..514], Err("`a.xml` cannot be read: unexpected end of file"));
    let file = tar_of(&[("b", "12")]);
    let read = Package::archive("s", Cursor::new(file[..513].to_vec())).read(|entry| {
        let Entry::File(file) = entry else { panic!("a document") };
        let error = file.bytes.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        Ok::<(), PackageError>(())
    });
    assert!(read.is_err());
    check_file(&tar_of(&[("a.xml", "\u{fffd}"), ("b.xml", "")]), Ok(&["a.xml=\u{fffd}", "b.xml="]));
}

#[test]
fn a_folder_gives_its_documents_first() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    fs::create_dir(folder.path().join("0a")).unwrap();
    write("a.bin", b"1");
    write("b.xml", b"\xff\xfe<\0b\0/\0>\0");
    write("0a/c.xml", b"<c/>");
    write("0a/d.bin", b"22");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("e.bin")).unwrap();
    let package = Package::open(folder.path()).unwrap();
    assert_eq!(package.documents_total(), Some(2));
    assert_eq!(contents(package).unwrap(), ["c.xml=<c/>", "b.xml=<b/>", "d.bin:2:22", "a.bin:1:1"]);

    write("f.xml", b"\xff");
    let error = contents(Package::open(folder.path()).unwrap()).unwrap_err();
    assert!(error.ends_with(": the document `f.xml` is text neither in UTF-8 nor in UTF-16"), "{error}");
}

#[test]
fn a_folder_without_documents_is_no_package() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.cab"), b"1").unwrap();
    let error = Package::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(
        error.to_string().ends_with(": the folder has no update document: expected files that end in .xml")
    );
}

/// Reading blocks, so it is done on a thread of its own.
#[test]
fn a_package_goes_to_another_thread() {
    fn check<T: Send>() {}
    check::<Package>();
    check::<PackageError>();
}

#[test]
fn the_taker_stops_the_reading() {
    #[derive(Debug, PartialEq)]
    enum Stopped {
        Full,
        Package,
    }
    impl From<PackageError> for Stopped {
        fn from(_: PackageError) -> Self {
            Self::Package
        }
    }
    let archive = || Package::archive("s", Cursor::new(tar_of(&[("a", "1"), ("b", "2")])));
    assert_eq!(archive().read(|_| Err(Stopped::Full)), Err(Stopped::Full));
    assert_eq!(archive().read(|_| Ok::<(), Stopped>(())), Ok(()), "what is unread is passed over");
}

#[test]
fn the_real_export() {
    let Some(path) = real_export() else { return };
    let package = Package::open(&path).unwrap();
    assert_eq!(package.documents_total(), Some(4_125));
    let listing = package.listing().unwrap();
    assert_eq!(listing.server.unwrap().to_string(), "a86cecaa-02ab-44a1-a09d-cac309aa7a3e");
    assert_eq!(listing.created_at.unwrap().to_string(), "2024-06-19T17:11:14Z");
    assert!(listing.locations.is_empty());
    let (mut documents, mut units_max, mut last) = (0, 0, String::new());
    let read = package.read(|entry| {
        let Entry::Document(document) = entry else { panic!("a file") };
        assert!(
            document.xml.starts_with("<upd:Update ") && document.xml.trim_end().ends_with("</upd:Update>")
        );
        documents += 1;
        units_max = units_max.max(document.xml.encode_utf16().count());
        last = document.name;
        Ok::<(), PackageError>(())
    });
    assert!(read.is_ok());
    assert_eq!((documents, units_max), (4_125, 850_355));
    assert_eq!(last, "c9271d48-0475-4f60-8f70-ff5a771e6247/200");
}

fn real_export() -> Option<PathBuf> {
    let root = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("wsus-data/export/wsus-export-2024-07.cab");
    if path.is_file() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", path.display());
    eprintln!("skipped: {} is missing", path.display());
    None
}

proptest! {
    #[test]
    fn damaged_exports_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>()
    ) {
        let metadata = record(A, 1, "<a>\u{20ac}</a>") + &record(B, 2, "<b/>");
        let mut bytes = cabinet(&[("package.xml", &listing(2)), ("metadata.txt", &metadata)]);
        // A checksum of zero is not checked, so that damage reaches the decoder.
        let data = u32::from_le_bytes([bytes[36], bytes[37], bytes[38], bytes[39]]) as usize;
        bytes[data..data + 4].fill(0);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        oracle::fuzz_export(&bytes);
        oracle::fuzz_export(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn damaged_archives_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = tar_of(&[("a.xml", "<a/>"), (&"n".repeat(150), "3"), ("b", "12")]);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        oracle::fuzz_archive(&bytes);
        oracle::fuzz_archive(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn records_are_read_as_they_were_written(documents in prop::collection::vec("\\PC{0,20}(\r\n)?", 0..4), garbage in "[0-9a-f,\r\n\u{20ac}]{0,70}") {
        let metadata: String = documents.iter().map(|xml| record(A, 7, xml)).collect();
        let mut records = crate::records::Records::new(metadata.as_bytes());
        for xml in &documents {
            prop_assert_eq!(&records.next().unwrap().unwrap().xml, xml);
        }
        prop_assert_eq!(records.next().unwrap(), None);
        oracle::fuzz_records((metadata + &garbage).as_bytes());
    }
}
