//! Certificates of the link: renewed by themselves as time passes, and one of them revoked.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_api::linkage::PairingAnswer;
use headwater_app::Clock;
use headwater_http::{Limits, Listener};
use headwater_link::{Authority, Code, Key, ManagerSide, Party, PublicKey, Term};
use headwater_linkage::{Linkage, Microsoft, Wsus, follow_parent};
use headwater_manager::{Manager, follow_wsus};
use headwater_model::{LinkageId, ServerId, Timestamp};
use headwater_store::{LinkageRow, ManagerStore, Place};
use headwater_testkit::TestClock;
use headwater_wsus_admin::{Access, Account, Credentials, Password, Patience, PlainHttp, Secret};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::process::{json, run, stderr};
use crate::tree::{FIRST_PASSWORD, Node, eventually, exit, pair, states as in_report, sync};

const DAY: i64 = 86_400;

/// What `linkage.json` of a folder says.
fn kept(folder: &Path) -> Value {
    let bytes = std::fs::read(folder.join("linkage.json")).expect("it is there");
    serde_json::from_slice(&bytes).expect("is JSON")
}

fn bytes(base64: &Value) -> Vec<u8> {
    STANDARD.decode(base64.as_str().expect("a text")).expect("base64")
}

/// Until when the certificate holds that a Linkage keeps in its folder.
fn until(folder: &Path) -> Timestamp {
    Term::read(&bytes(&kept(folder)["paired"]["certificate"])).expect("a certificate").until
}

/// The day of the test that lets time pass.
static TODAY: AtomicI64 = AtomicI64::new(20_000);

fn day(number: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(number * DAY)
}

fn today() -> Timestamp {
    day(TODAY.load(Ordering::SeqCst))
}

/// A Linkage of a WSUS that does not answer: certificates are none of its business.
fn linkage(folder: &TempDir, clock: Clock) -> Arc<Linkage> {
    let access = Access {
        address: "http://127.0.0.1:9".parse().expect("an address"),
        credentials: Credentials::Ntlm(
            Account::new(r"EXAMPLE\nobody", Password::new("")).expect("an account"),
        ),
        ca_pem: None,
        plain_http: PlainHttp::OnLoopback,
        patience: Patience::default(),
    };
    let wsus = headwater_wsus_admin::Wsus::new(access).expect("a driver");
    let wsus = Wsus::Microsoft(Arc::new(Microsoft::new(wsus, "top.example".to_owned(), clock.now())));
    Linkage::open(folder.path(), wsus, clock).expect("opens")
}

/// Pairs them, and keeps the link as it is kept once the WSUS has said who it is.
async fn link(place: &Place, linkage: &Linkage, url: &str, now: Timestamp) {
    let today = || now;
    let store = ManagerStore::open(place).await.expect("opens");
    let authority = Authority::generate(today()).expect("an authority");
    store.authority(&authority.key.secret(), &authority.certificate, today()).await.expect("writes");
    let code = linkage.code().expect("a code");
    let (side, begin) = ManagerSide::begin(&Code::parse(&code).expect("a code"));
    let finished = side.finish(linkage.pair(&begin), &authority, "hq", today());
    let (id, key, finish): (LinkageId, PublicKey, _) = finished.expect("pairs");
    assert_eq!(linkage.pair(&finish), PairingAnswer::Finished);
    let row = LinkageRow {
        linkage: id,
        public_key: key.as_bytes().to_vec(),
        server: ServerId::from_u128(1),
        name: "top.example".to_owned(),
        paired_by: "ada".to_owned(),
        paired_at: today(),
        certificate_until: None,
    };
    store.add_linkage(&row, Some(url)).await.expect("writes");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_by_itself_as_time_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let linkage = linkage(&folder, Clock::from_fn(today));
    let address = "127.0.0.1:0".parse().expect("an address");
    let mut listener = Listener::bind(address, Limits::default()).await.expect("a port");
    let url = format!("https://{}/linkage", listener.address().expect("an address"));
    listener.secure_with(linkage.tls());
    let (stop, stopped) = watch::channel(false);
    let serving =
        tokio::spawn(listener.serve(headwater_http::linkage::router(linkage.clone()), stopped.clone()));
    let place = Place::file(folder.path().join("manager.sqlite"));
    link(&place, &linkage, &url, today()).await;
    assert_eq!(until(folder.path()), day(20_090));

    let manager = Arc::new(Manager::open(&place, "hq", today).await.expect("opens"));
    let following = tokio::spawn(follow_wsus(manager.clone(), stopped));
    let renewed_on = async |on: i64, runs_out: i64| {
        TODAY.store(on, Ordering::SeqCst);
        eventually(|| {
            manager.look_again();
            until(folder.path()) == day(runs_out)
        })
        .await;
    };
    // In the last third of both certificates; then after both ran out, while the grace lasts.
    renewed_on(20_061, 20_151).await;
    renewed_on(20_235, 20_325).await;

    // Off for longer than that, the Linkage is nobody's any more, and it is said what to do.
    TODAY.store(20_600, Ordering::SeqCst);
    let found = manager.doctor().await.expect("is linked").remove(0);
    assert!(found.what.contains("certificates: one ran out"), "{found:?}");
    assert!(found.what.contains("`headwater linkage unpair`"), "{found:?}");
    assert_eq!(until(folder.path()), day(20_325));
    stop.send_replace(true);
    following.await.expect("ends");
    serving.await.expect("ends");
}

/// A Linkage whose clock is hours off carries nothing out, and it is said whose clock differs and by how much.
/// Within minutes it is no matter.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_hours_off_is_named() {
    let hour = 3_600;
    for (seconds, said) in [
        (-5 * hour - 120, "top.example: the Linkage's clock is 5 h 2 min behind the managing server's"),
        (3 * hour, "top.example: the Linkage's clock is 3 h 0 min ahead of the managing server's"),
        (300, "top.example: it cannot be reached"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = TestClock::at(day(20_000));
        let linkage = linkage(&folder, clock.clock());
        let address = "127.0.0.1:0".parse().expect("an address");
        let mut listener = Listener::bind(address, Limits::default()).await.expect("a port");
        let url = format!("https://{}/linkage", listener.address().expect("an address"));
        listener.secure_with(linkage.tls());
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(listener.serve(headwater_http::linkage::router(linkage.clone()), stopped));
        let place = Place::file(folder.path().join("manager.sqlite"));
        link(&place, &linkage, &url, day(20_000)).await;
        let manager = Arc::new(Manager::open(&place, "hq", || day(20_000)).await.expect("opens"));
        clock.advance(seconds);
        let found = manager.doctor().await.expect("is linked").remove(0);
        assert!(found.what.contains(said), "{seconds}: {found:?}");
        stop.send_replace(true);
        serving.await.expect("ends");
    }
}

/// The clock of a lower server is hours off: that is said of this one, with what to do, and the others are read,
/// compared and shown as ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_lower_server_whose_clock_is_off_hides_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    let munich = Node::wsus(&folder, "munich", Some(&top));
    let berlin = Node::start(&folder, "berlin", "\"update-server\"", None);
    berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    pair(&manager, &munich, &munich).await;

    // Its Linkage runs here, by a clock that can be moved.
    let clock = TestClock::at(headwater_app::Clock::system().now());
    let access = Access {
        address: berlin.server.updates_url().parse().expect("an address"),
        credentials: Credentials::Basic { user: "admin".to_owned(), password: Secret::new(FIRST_PASSWORD) },
        ca_pem: None,
        plain_http: PlainHttp::OnLoopback,
        patience: Patience::default(),
    };
    let driver = headwater_wsus_admin::Wsus::new(access).expect("a driver");
    let wsus = Microsoft::new(driver, "berlin.test.example".to_owned(), clock.now());
    let own = tempfile::tempdir().expect("a folder");
    let linkage = Linkage::open(own.path(), Wsus::Microsoft(Arc::new(wsus)), clock.clock()).expect("opens");
    let (stop, stopped) = watch::channel(false);
    let parent = top.linkage_url().parse().expect("an address");
    let following = tokio::spawn(follow_parent(linkage.clone(), parent, stopped));
    eventually(|| {
        exit(&manager.data, &["wsus", "pair", "berlin.test.example", "--code", &code(&linkage)]) == 0
    })
    .await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, in_report(&report)), (0, "in_step in_step in_step".to_owned()), "{report}");

    berlin.computer(2).await;
    let knows = |name: &str| manager.json(&["computer", "list"]).to_string().contains(name);
    eventually(|| knows("pc2.test.example")).await;

    // It stands still besides, so that minutes of this test make no difference to what is said.
    clock.advance(3 * 3_600 + 1_800);
    let said = "berlin.test.example: the Linkage's clock is 3 h ";
    let shown = manager.json(&["wsus", "show"]);
    assert!(shown["problem"].is_null(), "{shown}");
    assert_eq!(states(&manager.data), "reached silent reached");
    let problem = shown["servers"][1]["problem"].to_string();
    assert!(problem.contains(said) && problem.contains("set right which of them is wrong"), "{shown}");
    let doctor = run(&manager.data, &["wsus", "doctor", "--output", "json"]);
    let findings = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(findings.contains(said) && findings.contains("munich.test.example answers"), "{findings}");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 1, "{report}");
    assert!(in_report(&report).ends_with(" in_step") && report.to_string().contains(said), "{report}");
    // The mirror goes on: what appears is read.
    munich.computer(1).await;
    eventually(|| knows("pc1.test.example")).await;
    // And what is known of the one that is not read is known by name.
    manager.done(&["hostgroup", "create", "Night", "--host", "pc2"]);

    clock.advance(-3 * 3_600 - 1_800);
    eventually(|| states(&manager.data) == "reached reached reached").await;
    stop.send_replace(true);
    following.await.expect("ends");
}

fn code(linkage: &Linkage) -> String {
    linkage.code().unwrap_or_default()
}

/// A certificate as those of before were: without an end.
async fn without_an_end(manager: &Path, linkage: &Path) {
    let store = ManagerStore::open(&Place::file(manager.join("manager.sqlite"))).await.expect("opens");
    let (secret, certificate) = store.authority(&[], &[], day(0)).await.expect("reads");
    store.close().await;
    let authority = Authority::from_parts(&secret, certificate).expect("an authority");
    let mut kept = kept(linkage);
    let key = Key::from_secret(&bytes(&kept["key"])).expect("a key").public();
    let me = kept["linkage"].as_str().expect("an id").parse().expect("an id");
    // As far as the authority's own reaches, for it vouches for nothing longer.
    let endless = Term { from: day(1_826), until: day(776_000) };
    let certificate = authority.certify(Party::Linkage(me), &key, endless).expect("a certificate");
    kept["paired"]["certificate"] = STANDARD.encode(certificate).into();
    std::fs::write(linkage.join("linkage.json"), kept.to_string()).expect("writes");
}

/// A tree of three servers; the one in the middle is an old pairing, is renewed, is stolen, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_server_is_revoked_and_paired_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    let shop = Node::wsus(&folder, "shop", Some(&berlin));
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    for (node, name) in [(&berlin, "berlin.test.example"), (&shop, "shop.test.example")] {
        manager.done(&["wsus", "pair", name, "--code", &node.code()]);
    }
    let in_days = |days: i64| headwater_app::Clock::system().now().plus_seconds(days * DAY);

    // As it was paired before certificates had an end.
    let (stopped_manager, stopped) = (manager.kill(), berlin.kill());
    without_an_end(&stopped_manager.data, &stopped.data).await;
    assert!(until(&stopped.data) > in_days(7_000));
    let (manager, berlin) = (stopped_manager.start_again(), stopped.start_again());
    eventually(|| until(&berlin.data) < in_days(91)).await;
    assert!(until(&berlin.data) > in_days(89));

    let refused = run(&manager.data, &["wsus", "revoke", "top.test.example"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("`headwater wsus unlink`"), "{}", stderr(&refused));
    assert_eq!(exit(&manager.data, &["wsus", "revoke", "nobody"]), 1);

    // Stolen: refused by the one above it, known to the one below it, and whatever is below is not reached.
    eventually(|| states(&manager.data) == "reached reached reached").await;
    let stolen = kept(&berlin.data);
    let revoked = json(&manager.data, &["wsus", "revoke", "BERLIN.test.example"]);
    assert_eq!(revoked["below"], serde_json::json!(["shop.test.example"]), "{revoked}");
    assert_eq!(revoked["not_told"], serde_json::json!([]), "{revoked}");
    assert_eq!(states(&manager.data), "reached none silent");
    assert_eq!(exit(&manager.data, &["wsus", "doctor"]), 1);
    assert_eq!(sync(&manager.data, &["--dry-run"]).1, 5);
    for node in [&top, &shop] {
        let list = kept(&node.data)["paired"]["revocations"]["body"].to_string();
        assert!(list.contains(stolen["linkage"].as_str().expect("an id")), "{list}");
    }

    // Its own operator sees why, and it has another key and another id.
    eventually(|| !kept(&berlin.data)["revoked_by"].is_null()).await;
    let fresh = kept(&berlin.data);
    assert_ne!((&fresh["linkage"], &fresh["key"]), (&stolen["linkage"], &stolen["key"]));
    let berlin = berlin.kill().start_again();
    assert!(berlin.server.told("warning ").contains("revoked this Linkage"));

    // Whoever has the old key gets nothing, and is named.
    let stopped = berlin.kill();
    std::fs::write(stopped.data.join("linkage.json"), stolen.to_string()).expect("writes");
    let berlin = stopped.start_again();
    let doctor = || {
        String::from_utf8_lossy(&run(&manager.data, &["wsus", "doctor", "--output", "json"]).stdout)
            .into_owned()
    };
    eventually(|| doctor().contains("berlin.test.example, which was revoked, still tries to connect at top"))
        .await;
    assert_eq!(states(&manager.data), "reached none silent");

    // In good hands again it is paired anew, and what is below it is reached again.
    eventually(|| berlin.data.join("pairing-code").exists()).await;
    // By its id: the one that it had after the revocation may still be known as waiting.
    let waits = kept(&berlin.data)["linkage"].as_str().expect("an id").to_owned();
    eventually(|| exit(&manager.data, &["wsus", "pair", &waits, "--code", &berlin.code()]) == 0).await;
    eventually(|| states(&manager.data) == "reached reached reached").await;
    assert!(kept(&berlin.data)["revoked_by"].is_null());
    assert_eq!(exit(&manager.data, &["wsus", "doctor"]), 0);

    // The console asks for the password again.
    let shop = kept(&shop.data)["linkage"].as_str().expect("an id").to_owned();
    // A wrong one brings the page again, with what was chosen.
    assert_eq!(revoke_in_console(&manager, &shop, "not the password"), 200);
    assert_eq!(states(&manager.data), "reached reached reached");
    assert_eq!(revoke_in_console(&manager, &shop, FIRST_PASSWORD), 303);
    assert_eq!(states(&manager.data), "reached reached none");
}

/// Signs in, fills in the form, and gives the status of the answer.
fn revoke_in_console(manager: &Node, linkage: &str, password: &str) -> u16 {
    let console = manager.server.told("console ");
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let credentials = [("name", "admin"), ("password", FIRST_PASSWORD), ("to", "/link")];
    let signed_in = agent.post(format!("{console}/sign-in")).send_form(credentials).expect("answers");
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("a text").to_owned();
    let session = cookie.split(';').next().expect("a cookie");
    let page = agent.get(format!("{console}/link")).header("cookie", session).call().expect("answers");
    let page = page.into_body().read_to_string().expect("a page");
    assert!(page.contains(&format!("<option value=\"{linkage}\"")), "{page}");
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = [("csrf", csrf.expect("a form")), ("linkage", linkage), ("password", password)];
    let asked = agent.post(format!("{console}/link/revoke")).header("cookie", session);
    asked.send_form(form).expect("answers").status().as_u16()
}

/// How far each server is reached, in the order of the tree.
fn states(manager: &Path) -> String {
    let shown = json(manager, &["wsus", "show"]);
    let servers = shown["servers"].as_array().expect("servers").iter();
    let state = |one: &Value| match (one["linkage"].is_null(), one["reached"] == true) {
        (true, _) => "none",
        (false, true) => "reached",
        (false, false) => "silent",
    };
    servers.map(state).collect::<Vec<_>>().join(" ")
}
