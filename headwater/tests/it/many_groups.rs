//! As many groups as a large organisation has, at the top and in a replica: everything about them is right, and
//! takes seconds.

use std::time::{Duration, Instant};

use headwater_api::{HostGroupChange, NewHostGroup};
use headwater_testkit::Administrator;
use headwater_wsus_admin as admin;
use tempfile::TempDir;

use crate::process::run;
use crate::tree::{FIRST_PASSWORD, Node, changed, differences, members, pair, sync};

/// Of an ordinary run; a release asks for 4,000, of which making them one by one takes most of the time.
const GROUPS: usize = 500;
/// Those that are put beneath one host group.
const BENEATH: usize = 100;
/// What nothing here takes, on a debug build and a busy machine.
const TIME_MAX: Duration = Duration::from_secs(60);

fn groups() -> usize {
    std::env::var("HEADWATER_GROUPS").map_or(GROUPS, |groups| groups.parse().expect("a number"))
}

/// A way to time what an operator waits for.
struct Stopwatch(Instant);

impl Stopwatch {
    #[track_caller]
    fn lap(&mut self, what: &str) {
        let took = std::mem::replace(&mut self.0, Instant::now()).elapsed();
        assert!(took < TIME_MAX, "{what}: {took:?}");
    }
}

/// The administration service, as another tool asks it.
pub(super) fn tool(wsus: &Node) -> admin::Wsus {
    let access = admin::Access {
        address: wsus.server.updates_url().parse().expect("an address"),
        credentials: admin::Credentials::Basic {
            user: "admin".to_owned(),
            password: admin::Secret::new(FIRST_PASSWORD),
        },
        ca_pem: None,
        plain_http: admin::PlainHttp::OnLoopback,
        patience: admin::Patience::default(),
    };
    admin::Wsus::new(access).expect("a driver")
}

pub(super) fn administrator(node: &Node) -> Administrator {
    let token = std::fs::read_to_string(node.data.join("admin.token")).expect("a token");
    Administrator::new(node.server.told("console "), token.trim())
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_groups_take_seconds() {
    let groups = groups();
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    let mut watch = Stopwatch(Instant::now());
    let tool = tool(&top);
    for number in 0..groups {
        tool.create_group(&format!("Group {number:04}"), None).await.expect("is made");
    }
    watch.0 = Instant::now();
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    watch.lap("the replica takes them");
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    pair(&manager, &berlin, &berlin).await;
    top.computer(1).await;
    berlin.computer(2).await;
    top.done(&["computer", "move", "pc1.test.example", "--group", "Group 0001"]);
    watch.0 = Instant::now();
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    watch.lap("hostgroup import --from-wsus");
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    watch.lap("wsus sync --dry-run");
    let listed = manager.json(&["hostgroup", "list"])["items"].as_array().map(Vec::len);
    assert_eq!(listed, Some(groups));
    watch.lap("hostgroup list");

    // A host here and there, and everything beneath one group.
    for number in [2, groups - 1] {
        manager.done(&["hostgroup", "add", &format!("Group {number:04}"), "pc2"]);
    }
    watch.lap("hostgroup add, twice");
    let operator = administrator(&manager);
    let put = operator.ask(|api| {
        api.create_host_group(&NewHostGroup { name: "Everything".to_owned(), ..NewHostGroup::default() })?;
        for number in 0..BENEATH {
            let change =
                HostGroupChange { parent: Some("Everything".to_owned()), ..HostGroupChange::default() };
            api.set_host_group(&format!("Group {number:04}"), &change)?;
        }
        Ok(())
    });
    put.await.expect("are put beneath it");
    watch.0 = Instant::now();
    let plan = folder.path().join("plan.json").display().to_string();
    let output = run(&manager.data, &["wsus", "group", "preview", "Everything", "--save", &plan]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    watch.lap("wsus group preview");
    manager.done(&["wsus", "group", "apply", &plan]);
    watch.lap("wsus group apply");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    watch.lap("wsus sync");
    assert_eq!(members(&berlin, &format!("Group {:04}", groups - 1)), ["pc2"]);
    assert_eq!(members(&top, "Group 0001"), ["pc1"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    watch.lap("wsus sync, again");

    let console = manager.server.told("console ");
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().max_redirects(0).build());
    let form = [("name", "admin"), ("password", FIRST_PASSWORD)];
    let signed_in = agent.post(format!("{console}/sign-in")).send_form(form).expect("answers");
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("a text").to_owned();
    let session = cookie.split(';').next().expect("a cookie");
    watch.0 = Instant::now();
    let last = format!("Group {:04}", groups - 1);
    let found = format!("/groups?find={}", last.replace(' ', "+"));
    for page in ["/", "/groups", &found, "/groups?group=Everything", "/updates", "/computers"] {
        let text = agent.get(format!("{console}{page}")).header("cookie", session).call().expect("answers");
        let text = text.into_body().read_to_string().expect("text");
        // Both lists of groups are of one page, and what is looked for is found.
        assert!(page != found || text.contains(&last), "{page}");
        assert!(text.len() < 100_000, "{page}: {} bytes", text.len());
        watch.lap(page);
    }
}
