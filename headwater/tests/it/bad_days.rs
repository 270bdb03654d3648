//! A WSUS of the tree that answers badly: one clear line about it, the other servers are brought in step, and
//! once it answers again the next run finishes.

use std::net::SocketAddr;
use std::time::Instant;

use headwater_wsus::wusp::DeploymentAction;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::process::{catalogue, documents, run};
use crate::tree::{Node, administered, differences, eventually, known_to_all, pair, states, sync};

/// What stands between a Linkage and its WSUS.
#[derive(Debug, Clone, Copy)]
enum Answers {
    /// Whatever the WSUS says.
    Truly,
    /// This, to any request.
    With(&'static str),
    /// The connection ends after this part of an answer.
    Half(&'static str),
    /// Nothing follows this, and the connection stays.
    Silent(&'static str),
    /// Whatever the WSUS says, at this time by its clock.
    At(&'static str),
}

/// Stands between a Linkage and its WSUS, and answers as it is told.
struct Between {
    address: SocketAddr,
    answers: watch::Sender<Answers>,
}

impl Between {
    async fn before(target: &str) -> Self {
        let target: SocketAddr = target.trim_start_matches("http://").parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answers = watch::Sender::new(Answers::Truly);
        let current = answers.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client, target, current.clone()));
            }
        });
        Self { address, answers }
    }
}

/// A connection that was opened before the answers changed ends.
async fn answer(mut client: TcpStream, target: SocketAddr, mut answers: watch::Receiver<Answers>) {
    let current = *answers.borrow_and_update();
    let said = match current {
        Answers::Truly => {
            let Ok(mut server) = TcpStream::connect(target).await else { return };
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                _ = answers.changed() => {}
            }
            return;
        }
        Answers::At(date) => {
            let Ok(server) = TcpStream::connect(target).await else { return };
            let ((mut from, mut to), (mut asks, mut answers_to)) = (server.into_split(), client.into_split());
            tokio::select! {
                _ = tokio::io::copy(&mut asks, &mut to) => {}
                () = tell_dated(&mut from, &mut answers_to, date) => {}
                _ = answers.changed() => {}
            }
            return;
        }
        Answers::With(text) | Answers::Half(text) | Answers::Silent(text) => text,
    };
    // The request is read, so that the answer is not lost with it.
    let mut request = [0; 64 << 10];
    let _ = client.read(&mut request).await;
    let _ = client.write_all(said.as_bytes()).await;
    if !matches!(current, Answers::Silent(_)) {
        let _ = client.shutdown().await;
    }
    // Whatever is still sent is taken until the other side has had enough.
    while client.read(&mut request).await.is_ok_and(|read| read > 0) {}
}

/// Hands answers on with this date, which is as long as any.
async fn tell_dated(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, date: &str) {
    const FIELD: &[u8] = b"\r\ndate: ";
    let mut piece = vec![0; 256 << 10];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let said = &mut piece[..read];
        if let Some(at) = said.windows(FIELD.len()).position(|one| one.eq_ignore_ascii_case(FIELD)) {
            said[at + FIELD.len()..][..date.len()].copy_from_slice(date.as_bytes());
        }
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}

const DOWN: Answers =
    Answers::With("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

/// What is said of a server in a report.
fn problem(report: &Value, server: usize) -> String {
    report["servers"][server]["problem"].as_str().unwrap_or_default().to_owned()
}

/// A top WSUS with two replicas: Munich, and Berlin, whose Linkage asks the administration service by a way
/// that can be disturbed.
struct Tree {
    manager: Node,
    top: Node,
    munich: Node,
    between: Between,
    /// They run until the end.
    _berlin: [Node; 2],
}

impl Tree {
    /// A computer of Berlin is to be in the group of that name, and is not yet. `more` is part of the
    /// configuration of Berlin's Linkage.
    async fn start(folder: &TempDir, more: &str) -> Self {
        let manager = Node::start(folder, "hq", "\"manager\"", None);
        let top = Node::wsus(folder, "top", None);
        top.done(&["update", "import", &documents(&catalogue(120))]);
        top.done(&["group", "create", "Berlin"]);
        let munich = Node::wsus(folder, "munich", Some(&top));
        let wsus = Node::start_with(folder, "berlin", "\"update-server\"", "");
        wsus.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
        wsus.done(&["upstream", "sync", "--wait"]);
        let between = Between::before(wsus.server.updates_url()).await;
        let wsus_url = format!("http://{}", between.address);
        let more = format!("parent = \"{}\"\n{}{more}", top.linkage_url(), administered(folder, &wsus_url));
        let linkage = Node::start_with(folder, "berlin-linkage", "\"linkage\"", &more);
        manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
        pair(&manager, &munich, &munich).await;
        pair(&manager, &wsus, &linkage).await;
        wsus.computer(1).await;
        manager.done(&["hostgroup", "import", "--from-wsus"]);
        manager.done(&["hostgroup", "add", "Berlin", "pc1"]);
        Self { manager, top, munich, between, _berlin: [wsus, linkage] }
    }
}

/// A synchronisation while Berlin answers so: one line about it says this, and Munich is brought in step.
fn check(tree: &Tree, answers: Answers, word: &str) {
    tree.between.answers.send_replace(answers);
    let (report, code) = sync(&tree.manager.data, &[]);
    let of_berlin = problem(&report, 1);
    assert_eq!((code, states(&report)), (1, "in_step failed in_step".to_owned()), "{answers:?}: {report}");
    assert!(!of_berlin.is_empty() && !of_berlin.contains('\n'), "{answers:?}: {report}");
    assert!(of_berlin.contains(word), "{answers:?}: {of_berlin}");
}

/// Berlin answers again, and the next run does what is left.
fn finish(tree: &Tree) {
    tree.between.answers.send_replace(Answers::Truly);
    let (report, code) = sync(&tree.manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert!(report["servers"][1]["changed"].to_string().contains("added to Berlin"), "{report}");
    assert_eq!(sync(&tree.manager.data, &[]).1, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_wsus_holds_up_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::start(&folder, "answers_within_seconds = 2\n").await;
    let Tree { manager, top, munich, .. } = &tree;
    let begun = Instant::now();
    for said in ["", "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9000\r\n\r\n<soap"] {
        check(&tree, Answers::Silent(said), "berlin.test.example: it was silent for 2 seconds after Get");
    }
    // The limit is what a run waits for, twice: when it looks at the tree, and when it is the server's turn.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    let doctor = run(&manager.data, &["wsus", "doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("berlin.test.example: it was silent for 2 seconds"), "{said}");

    // A clock that is off is named, and nobody fails for it.
    for (date, side) in
        [("Mon, 02 Nov 2020 05:00:00 GMT", "behind"), ("Tue, 03 Nov 2099 05:00:00 GMT", "ahead of")]
    {
        tree.between.answers.send_replace(Answers::At(date));
        let doctor = run(&manager.data, &["wsus", "doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(said.contains("the clock of berlin.test.example is"), "{said}");
        assert!(said.contains(&format!("min {side} the managing server's")), "{said}");
    }

    // A halt waits for nobody.
    let mut agent = munich.computer(2).await;
    let update = known_to_all(top, std::slice::from_ref(&agent))[0].id;
    manager.done(&["update", "approve", &update.to_string(), "--group", "All Computers"]);
    check(&tree, Answers::Silent(""), "it was silent for 2 seconds");
    agent.scan().await.expect("scans");
    assert_eq!(agent.action(update), Some(DeploymentAction::Install));
    manager.done(&["update", "halt", &update.to_string()]);
    let is_offered = || {
        let shown = munich.json(&["update", "show", &update.to_string()]);
        !shown["approvals"].as_array().expect("approvals").is_empty()
    };
    eventually(|| !is_offered()).await;
    agent.scan().await.expect("scans");
    assert_ne!(agent.action(update), Some(DeploymentAction::Install));
    finish(&tree);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wsus_that_answers_badly_holds_up_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::start(&folder, "").await;
    let days = [
        (
            Answers::With("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "does not accept admin",
        ),
        (
            Answers::With("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "HTTP status 403",
        ),
        (
            Answers::With("HTTP/1.1 500 Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "HTTP status 500",
        ),
        (
            Answers::With("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<garble"),
            "is no SOAP",
        ),
        (
            Answers::Half("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n<soap:Envelope"),
            "before it is whole",
        ),
        (Answers::With("SSH-2.0-OpenSSH_9.2\r\n"), "the connection broke"),
    ];
    for (answers, word) in days {
        check(&tree, answers, word);
    }
    finish(&tree);
}

/// The Linkage of the top is reached and the WSUS behind it is down, as where the pool of IIS crashed.
#[tokio::test(flavor = "multi_thread")]
async fn a_halt_waits_for_a_top_that_is_down_behind_its_linkage() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::start(&folder, "top", "\"update-server\"", None);
    top.done(&["update", "import", &documents(&catalogue(120))]);
    let between = Between::before(top.server.updates_url()).await;
    let more = administered(&folder, &format!("http://{}", between.address));
    let linkage = Node::start_with(&folder, "top-linkage", "\"linkage\"", &more);
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    let agent = top.computer(1).await;
    let update = known_to_all(&top, std::slice::from_ref(&agent))[0].id.to_string();
    manager.done(&["update", "approve", &update, "--group", "All Computers"]);
    let is_offered =
        || !top.json(&["update", "show", &update])["approvals"].as_array().expect("a list").is_empty();
    assert!(is_offered());

    between.answers.send_replace(DOWN);
    let halt = manager.json(&["update", "halt", &update]);
    assert!(halt["done_at"].is_null() && halt["waits"].to_string().contains("HTTP status 503"), "{halt}");
    let listed = manager.json(&["update", "halts"])["items"][0].clone();
    assert!(listed["waits"].to_string().contains("HTTP status 503"), "{listed}");
    assert!(is_offered());
    between.answers.send_replace(Answers::Truly);
    eventually(|| !is_offered()).await;
    eventually(|| manager.json(&["update", "halts"])["items"][0]["done_at"].is_string()).await;
}

/// From the command to the lowest of three servers, beside one that is silent for longer than anybody waits. The
/// seconds are printed.
#[tokio::test(flavor = "multi_thread")]
async fn a_halt_comes_to_the_lowest_server_while_another_one_is_silent() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::start(&folder, "").await;
    let Tree { manager, top, munich, between, .. } = &tree;
    let shop = Node::wsus(&folder, "shop", Some(munich));
    pair(manager, &shop, &shop).await;
    let mut agent = shop.computer(2).await;
    let update = known_to_all(top, std::slice::from_ref(&agent))[0].id;
    let named = update.to_string();
    manager.done(&["update", "approve", &named, "--group", "All Computers"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 0, "{report}");
    agent.scan().await.expect("scans");
    assert_eq!(agent.action(update), Some(DeploymentAction::Install));

    between.answers.send_replace(Answers::Silent(""));
    let begun = Instant::now();
    let halt = manager.json(&["update", "halt", &named]);
    let answered = begun.elapsed();
    assert!(halt["done_at"].is_string(), "{halt}");
    while agent.action(update) == Some(DeploymentAction::Install) {
        // Whoever waited for the silent one would have waited for a minute and a half.
        assert!(begun.elapsed().as_secs() < 60, "it is offered still");
        agent.scan().await.expect("scans");
    }
    let taken = begun.elapsed();
    println!(
        "a halt: answered after {answered:.1?}, offered to no agent of the lowest server after {taken:.1?}"
    );
    between.answers.send_replace(Answers::Truly);
    eventually(|| {
        let shown = manager.json(&["update", "show", &named]);
        let servers = shown["servers"].as_array().expect("servers").clone();
        servers.len() == 4 && servers.iter().all(|one| one["arrival"] == "withdrawn")
    })
    .await;
}
