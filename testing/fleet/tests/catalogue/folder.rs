//! A catalogue on disk.

use std::fs;

use headwater_fleet::{Catalogue, Spec, WriteError, write};

#[test]
fn documents_and_files_are_written_beside_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new");
    let spec = Spec { content_bytes_max: Some(400_000), ..Spec::new(150) };
    let catalogue = Catalogue::new(spec).unwrap();
    let summary = write(&catalogue, &path).unwrap();
    assert_eq!(summary.documents, 150);
    assert_eq!(summary.categories + summary.detectoids + summary.software, 150);
    assert_eq!(summary.files, summary.content_files);
    assert!(summary.content_files > 50 && summary.content_bytes <= 400_000, "{summary:?}");

    let mut files = 0;
    for document in catalogue.documents() {
        let name = format!("{}-r{}.xml", document.identity.id, document.identity.revision);
        assert_eq!(fs::read_to_string(path.join(name)).unwrap(), document.xml);
        for file in &document.files {
            let bytes = fs::read(path.join("content").join(file.content_path())).unwrap();
            assert_eq!(bytes.len() as u64, file.bytes);
            assert_eq!(Some(bytes), file.content());
            files += 1;
        }
    }
    assert_eq!(files, summary.files);
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("precious"), "").unwrap();
    let result = write(&Catalogue::new(Spec::new(100)).unwrap(), folder.path());
    assert!(matches!(result, Err(WriteError::NotEmpty(path)) if path == folder.path()));
}
