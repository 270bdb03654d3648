//! A tree that somebody changed by hand: the dry run names exactly what is not in step, the run repairs
//! it, and every agent is offered exactly what the top approved for its groups. The same whether a Linkage
//! stands in its update server or speaks only the administration service.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use headwater_model::UpdateIdentity;
use headwater_simulated_agent::{Agent, Event};
use headwater_wsus::wusp::DeploymentAction;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::process::{catalogue, documents};
use crate::tree::{
    Node, administered, called, changed, differences, eventually, known_to_all, pair, states, sync,
};

/// How a Linkage reaches its WSUS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// It is in the same process.
    Directly,
    /// It asks the administration service, as it would ask a Microsoft WSUS.
    ApiRemoting30,
}

/// A connection between two servers that can be cut.
pub(super) struct Cable {
    address: SocketAddr,
    pub(super) is_whole: watch::Sender<bool>,
}

impl Cable {
    pub(super) async fn to(target: &str) -> Self {
        let target: SocketAddr = target.trim_start_matches("http://").parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let is_whole = watch::Sender::new(true);
        let state = is_whole.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, state.clone()));
            }
        });
        Self { address, is_whole }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn carry(mut client: TcpStream, target: SocketAddr, mut state: watch::Receiver<bool>) {
    if !*state.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|is_whole| !is_whole) => {}
    }
}

/// A WSUS and its Linkage.
struct Site {
    wsus: Node,
    /// Where it is a process of its own.
    linkage: Option<Node>,
    /// To the server above.
    cable: Option<Cable>,
}

impl Site {
    async fn start(folder: &TempDir, name: &'static str, speaks: Speaks, above: Option<&Site>) -> Self {
        let parent = above.map(|above| format!("parent = \"{}\"\n", above.linkage().linkage_url()));
        let parent = parent.unwrap_or_default();
        let (wsus, linkage) = match speaks {
            Speaks::Directly => {
                let roles = "\"update-server\", \"linkage\"";
                (Node::start_with(folder, name, roles, &parent), None)
            }
            Speaks::ApiRemoting30 => {
                let wsus = Node::start_with(folder, name, "\"update-server\"", "");
                let more = format!("{parent}{}", administered(folder, wsus.server.updates_url()));
                let before: &'static str = format!("{name}-linkage").leak();
                (wsus, Some(Node::start_with(folder, before, "\"linkage\"", &more)))
            }
        };
        let mut cable = None;
        if let Some(above) = above {
            let to = Cable::to(above.wsus.server.updates_url()).await;
            wsus.done(&["upstream", "set", &to.url(), "--replica"]);
            wsus.done(&["upstream", "sync", "--wait"]);
            cable = Some(to);
        }
        Self { wsus, linkage, cable }
    }

    fn linkage(&self) -> &Node {
        self.linkage.as_ref().unwrap_or(&self.wsus)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_by_hand_is_named_exactly_and_repaired() {
    check([Speaks::Directly; 4]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_repaired_where_every_linkage_speaks_only_the_administration_service() {
    check([Speaks::ApiRemoting30; 4]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_repaired_in_a_mixed_tree() {
    use Speaks::{ApiRemoting30, Directly};
    check([ApiRemoting30, Directly, ApiRemoting30, Directly]).await;
}

async fn check(speaks: [Speaks; 4]) {
    let folder = tempfile::tempdir().expect("a folder");
    let catalogue = catalogue(120);
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Site::start(&folder, "top", speaks[0], None).await;
    top.wsus.done(&["update", "import", &documents(&catalogue)]);
    for group in ["Pilot", "Berlin", "Lab"] {
        top.wsus.done(&["group", "create", group]);
    }
    let berlin = Site::start(&folder, "berlin", speaks[1], Some(&top)).await;
    let munich = Site::start(&folder, "munich", speaks[2], Some(&top)).await;
    let shop = Site::start(&folder, "shop", speaks[3], Some(&berlin)).await;
    let sites = [&top, &berlin, &munich, &shop];
    let linkage = top.linkage();
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    for site in &sites[1..] {
        pair(&manager, &site.wsus, site.linkage()).await;
    }

    // A computer at every server; the shop's is in two groups.
    let mut agents = Vec::new();
    for (number, site) in (1..).zip(sites) {
        agents.push(site.wsus.computer(number).await);
    }
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    for (group, hosts) in [("Pilot", ["pc1", "pc4"]), ("Berlin", ["pc2", "pc3"]), ("Lab", ["pc3", "pc4"])] {
        manager.done(&["hostgroup", "add", group, hosts[0], hosts[1]]);
    }
    let updates = known_to_all(&top.wsus, &agents);
    let [for_berlin, for_pilot, for_lab, added] = updates[..4] else { panic!("four updates: {updates:?}") };
    for (update, group) in [(for_berlin, "Berlin"), (for_pilot, "Pilot"), (for_lab, "Lab")] {
        manager.done(&["update", "approve", &update.id.to_string(), "--group", group]);
    }
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let expected = [vec![for_pilot], vec![for_berlin], vec![for_berlin, for_lab], vec![for_pilot, for_lab]];
    check_offers(&mut agents, &updates, &expected).await;

    // Nothing travels down while these three things are done by hand.
    for site in &sites[1..] {
        site.cable.as_ref().expect("a cable").is_whole.send_replace(false);
    }
    berlin.wsus.done(&["computer", "move", "pc2.test.example", "--group", "Pilot"]);
    top.wsus.done(&["group", "delete", "Lab"]);
    top.wsus.done(&["update", "approve", &added.id.to_string(), "--group", "Berlin"]);

    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!(code, 1);
    let mut wanted = vec![("top", "Group `Lab`, which a host group is made into, is gone.".to_owned())];
    for server in ["berlin", "munich", "shop"] {
        wanted.push((server, "Group `Lab` is only here.".to_owned()));
        let [of_lab, of_added] = [for_lab, added].map(|update| called(&manager, update.id, update));
        wanted.push((server, format!("Approval of {of_lab}, install, for `Lab` is only here.")));
        wanted.push((server, format!("Approval of {of_added}, install, for `Berlin` is missing.")));
    }
    wanted.push(("berlin", "Computer `pc2.test.example` is not in `Berlin`.".to_owned()));
    wanted.push(("berlin", "Computer `pc2.test.example` is in `Pilot` and is not to be.".to_owned()));
    let found = differences(&report);
    for (server, text) in &wanted {
        let is_it = |(at, said): &&(String, String)| at.starts_with(server) && said.starts_with(text);
        assert_eq!(found.iter().filter(is_it).count(), 1, "{server}: {text}: {found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");

    // Repaired: what the top approves is the truth, and the group is there again without approvals.
    for site in &sites[1..] {
        site.cable.as_ref().expect("a cable").is_whole.send_replace(true);
    }
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(states(&report), "in_step in_step in_step in_step");
    assert!(report["servers"][0]["changed"].to_string().contains("group Lab was made again"), "{report}");
    let expected = [vec![for_pilot], vec![for_berlin, added], vec![for_berlin, added], vec![for_pilot]];
    check_offers(&mut agents, &updates, &expected).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    for (site, expected) in sites.iter().zip([0, 0, 1, 1]) {
        let members = site.wsus.json(&["group", "members", "Lab"])["items"].clone();
        let own = members.as_array().expect("members").iter().filter(|one| one["server"].is_null());
        assert_eq!(own.count(), expected, "{members}");
    }

    // What computers need is counted over the whole tree, whichever server tells it.
    for agent in &mut agents {
        agent.report(&[Event::inventory(&[('U', &[for_pilot.id])])]).await.expect("reports");
    }
    let (id, all) = (for_pilot.id.to_string(), agents.len());
    eventually(|| manager.json(&["update", "show", &id])["status"]["needed"] == all).await;
    eventually(|| manager.json(&["update", "list", "--search", &id])["items"][0]["needed"] == all).await;
}

/// Every agent is offered exactly these to install.
pub(super) async fn check_offers(
    agents: &mut [Agent],
    updates: &[UpdateIdentity],
    expected: &[Vec<UpdateIdentity>],
) {
    for (agent, expected) in agents.iter_mut().zip(expected) {
        agent.scan().await.expect("scans");
        let installs = |one: &&UpdateIdentity| agent.action(one.id) == Some(DeploymentAction::Install);
        let offered: BTreeSet<UpdateIdentity> = updates.iter().filter(installs).copied().collect();
        assert_eq!(offered, expected.iter().copied().collect(), "{offered:?}");
    }
}
