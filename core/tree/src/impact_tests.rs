use super::*;

fn id(number: u128) -> ServerId {
    ServerId::from_u128(number)
}

/// A file is named by its size.
fn file(size_bytes: u64, is_held: bool) -> File {
    let mut sha1 = [0; 20];
    sha1[..8].copy_from_slice(&size_bytes.to_le_bytes());
    File { sha1: Sha1Digest(sha1), size_bytes, is_held }
}

/// Those that are missing, then those that are held.
fn told(missing: &[u64], held: &[u64]) -> Files {
    let files = missing.iter().map(|size| file(*size, false));
    Files::Told(files.chain(held.iter().map(|size| file(*size, true))).collect())
}

fn target(server: u128, files: Vec<Files>) -> Target {
    Target { server: id(server), files }
}

fn fetches(updates: &[u16]) -> Steps {
    Steps { fetched: updates.to_vec(), ..Steps::default() }
}

fn unknown() -> Steps {
    Steps { is_unknown: true, ..Steps::default() }
}

fn member(server: u128, name: &str, steps: Steps) -> Member {
    let (client, is_silent) = (format!("id-{name}").parse().expect("an id"), name.contains("silent"));
    Member { client, server: id(server), name: name.to_owned(), is_silent, steps }
}

fn known(known: u64) -> Bytes {
    Bytes { known, ..Bytes::default() }
}

#[test]
fn only_those_that_need_it_act_and_each_link_is_counted() {
    let targets = [
        target(1, vec![told(&[], &[700])]),
        target(2, vec![told(&[700], &[])]),
        target(3, vec![told(&[70], &[630])]),
        target(4, vec![told(&[], &[700])]),
    ];
    let members = vec![
        member(2, "pc3", fetches(&[0])),
        member(2, "PC1", fetches(&[0])),
        member(2, "pc2", Steps::default()),
        member(2, "silent", unknown()),
        member(1, "pc4", Steps::default()),
        // It has downloaded it, or removes it.
        member(1, "pc5", Steps { acts_at_once: true, ..Steps::default() }),
        // The approval does not reach its server.
        member(9, "pc9", fetches(&[0])),
    ];
    let found = impact(&targets, members);
    let two = OnServer {
        computers: 4,
        acting: 2,
        unknown: 1,
        silent: 1,
        fetched: known(700),
        sent: Bytes { known: 1_400, updates_unknown: 0, may_be_more: true },
        names: vec!["PC1".to_owned(), "pc3".to_owned()],
    };
    let one = OnServer { computers: 2, acting: 1, names: vec!["pc5".to_owned()], ..OnServer::default() };
    let three = OnServer { fetched: known(70), ..OnServer::default() };
    assert_eq!(found.servers, [(id(1), one), (id(2), two), (id(3), three)]);
    let listed: Vec<_> =
        found.computers.iter().map(|one| (&*one.name, one.acts, one.fetched.whole())).collect();
    let expected =
        [("PC1", true, Some(700)), ("pc3", true, Some(700)), ("pc5", true, Some(0)), ("silent", false, None)];
    assert_eq!(listed, expected);
}

#[test]
fn a_file_of_several_updates_goes_once_over_each_link() {
    // Two updates share the file of 30 bytes, and a third has one that is there with the first.
    let targets = [target(1, vec![told(&[100, 30], &[5]), told(&[200, 30], &[]), told(&[], &[5])])];
    let found = impact(&targets, vec![member(1, "a", fetches(&[0, 1, 2])), member(1, "b", fetches(&[1]))]);
    let (_, on) = &found.servers[0];
    assert_eq!((on.fetched, on.sent), (known(330), known(335 + 230)));
}

#[test]
fn a_size_that_is_not_known_is_never_nothing_and_never_hidden_in_a_sum() {
    let sent = |files: Vec<Files>, steps: Vec<Steps>| {
        let members = steps.into_iter().map(|steps| member(1, "pc", steps)).collect();
        impact(&[target(1, files)], members).servers[0].1.sent
    };
    let some = || vec![told(&[7], &[]), Files::NotKnown];
    let bytes = |known, updates_unknown, may_be_more| Bytes { known, updates_unknown, may_be_more };
    assert_eq!(sent(some(), vec![fetches(&[0, 1]), fetches(&[0])]), bytes(14, 1, false));
    assert_eq!(sent(some(), vec![fetches(&[1]), fetches(&[1])]), bytes(0, 1, false));
    assert_eq!(sent(some(), vec![fetches(&[0])]), bytes(7, 0, false));
    assert_eq!(sent(some(), vec![unknown(), Steps::default()]), bytes(0, 0, true));
    let both = Steps { is_unknown: true, ..fetches(&[0]) };
    assert_eq!(sent(some(), vec![both]), bytes(7, 0, true));
    assert_eq!(sent(some(), vec![Steps::default()]).whole(), Some(0));
    assert_eq!(bytes(7, 1, false).whole(), None);
    assert_eq!(bytes(7, 0, true).whole(), None);
    let fetched = impact(&[target(1, some())], Vec::new()).servers[0].1.fetched;
    assert_eq!(fetched, bytes(7, 1, false));
}

#[test]
fn who_lacks_an_update_takes_what_another_tells_of_it() {
    let targets = [
        target(1, vec![Files::NotKnown, told(&[], &[20])]),
        // It holds the file of the first update for another one.
        target(2, vec![Files::AsAbove, told(&[], &[10, 20])]),
        target(3, vec![Files::AsAbove, Files::AsAbove]),
        target(4, vec![Files::NotKnown, Files::NotKnown]),
        target(5, vec![told(&[10, 11], &[]), told(&[20], &[])]),
    ];
    let members = vec![member(1, "a", fetches(&[0, 1])), member(4, "b", fetches(&[0]))];
    let found = impact(&targets, members).servers;
    let fetched: Vec<Bytes> = found.iter().map(|(_, on)| on.fetched).collect();
    let unknown = |updates_unknown| Bytes { updates_unknown, ..Bytes::default() };
    // What a Microsoft WSUS holds of its own nobody tells, though others tell how long the files are.
    assert_eq!(fetched, [unknown(1), known(11), known(41), unknown(2), known(41)]);
    assert_eq!((found[0].1.sent, found[3].1.sent), (known(41), known(21)));
    let nobody = [target(1, vec![Files::NotKnown]), target(2, vec![Files::AsAbove])];
    let found = impact(&nobody, vec![member(2, "a", fetches(&[0]))]).servers;
    assert_eq!((found[1].1.fetched, found[1].1.sent), (unknown(1), unknown(1)));
}

#[test]
fn where_nothing_is_fetched_nothing_is_missing() {
    let removes = || Steps { acts_at_once: true, ..Steps::default() };
    let found = impact(&[target(1, Vec::new()), target(2, Vec::new())], vec![member(1, "a", removes())]);
    let expected = OnServer { computers: 1, acting: 1, names: vec!["a".to_owned()], ..OnServer::default() };
    assert_eq!(found.servers, [(id(1), expected)]);
}

#[test]
fn some_are_named_and_all_are_listed() {
    let members = (0..50).map(|number| member(1, &format!("pc{number:02}"), fetches(&[0]))).collect();
    let found = impact(&[target(1, vec![told(&[1], &[])])], members);
    let (_, on) = &found.servers[0];
    assert_eq!((on.names.len(), on.names[NAMED_MAX - 1].as_str(), on.acting), (NAMED_MAX, "pc19", 50));
    assert_eq!((found.computers.len(), found.computers[49].name.as_str()), (50, "pc49"));
}
