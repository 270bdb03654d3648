//! `up --demo`: a managing server over a tree of five WSUS servers, with sixty simulated computers, all of
//! it in one process and over the same sockets as real ones.
//!
//! Every server is a node of its own: data folder, Linkage, API. The first start sets the picture up by the
//! steps that an administrator would take ([`setup`]); later ones find it. Then the computers go on
//! ([`computers`]). One member was moved by hand, the Linkage of Munich is silent, and one update fails.

mod computers;
mod setup;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headwater_app::downstream_server::UpstreamMode;
use headwater_app::{App, AppError, DATABASE};
use headwater_linkage::LinkageError;
use headwater_manager::ManagerError;

use crate::config::{Config, ConfigError, Linkage, Role};
use crate::node::{Bound, Node, is_plain};
use crate::own_link::{self, Own};
use crate::serve::{Process, ServeError, announcement};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Manager(#[from] ManagerError),
    #[error("{0}")]
    Refused(String),
    #[error("after {seconds} s still not so: {what}; delete the data folder and start again")]
    Late { what: String, seconds: u64 },
}

/// A place with its WSUS server and its computers.
struct Site {
    name: &'static str,
    /// How names of computers begin.
    code: &'static str,
    /// The server above, by its place in [`SITES`], and what is taken from it.
    above: Option<(usize, UpstreamMode)>,
    workstations: u64,
    servers: u64,
    /// The group of its workstations.
    group: &'static str,
}

const SITES: [Site; 5] = [
    Site {
        name: "Headquarters",
        code: "HQ",
        above: None,
        workstations: 11,
        servers: 3,
        group: "Workstations",
    },
    Site {
        name: "Berlin",
        code: "BER",
        above: Some((0, UpstreamMode::Replica)),
        workstations: 14,
        servers: 2,
        group: "Workstations",
    },
    Site {
        name: "Munich",
        code: "MUC",
        above: Some((0, UpstreamMode::Replica)),
        workstations: 8,
        servers: 2,
        group: "Branches",
    },
    Site {
        name: "Potsdam",
        code: "POT",
        above: Some((1, UpstreamMode::Replica)),
        workstations: 9,
        servers: 1,
        group: "Branches",
    },
    Site {
        name: "Lab",
        code: "LAB",
        above: Some((0, UpstreamMode::Autonomous)),
        workstations: 8,
        servers: 2,
        group: "Test bench",
    },
];
/// The place whose Linkage and computers are silent, and the one where a member is moved by hand.
const SILENT: &str = "Munich";
const DRIFTING: &str = "Berlin";

/// One server of the picture.
#[derive(Clone)]
struct Server {
    site: &'static Site,
    node: Arc<Node>,
    app: Arc<App>,
    updates_url: String,
}

impl Site {
    /// An autonomous server takes updates only.
    fn decides_alone(&self) -> bool {
        matches!(self.above, Some((_, UpstreamMode::Autonomous)))
    }

    fn data(&self, asked: &Config) -> PathBuf {
        asked.data.join(self.name.to_lowercase())
    }

    /// The top has the roles and addresses that were asked for; the others have free ports.
    fn config(&self, asked: &Config, parent: Option<String>) -> Config {
        let name = Some(self.name.to_owned());
        if self.above.is_none() {
            return Config { name, ..asked.clone() };
        }
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Config {
            roles: vec![Role::UpdateServer, Role::Linkage],
            data: self.data(asked),
            updates: free,
            console: free,
            name,
            linkage: Linkage { listen: free, parent, ..asked.linkage.clone() },
            ..asked.clone()
        }
    }
}

/// Takes the addresses of all servers.
pub async fn bind(config: Config) -> Result<Vec<Bound>, ServeError> {
    check(&config)?;
    let mut bound: Vec<Bound> = Vec::with_capacity(SITES.len());
    for site in &SITES {
        let parent = match site.above {
            // Silent since the first start, which paired it.
            Some(_) if site.name == SILENT && is_paired(&site.data(&config))? => None,
            Some((above, _)) => bound[above].linkage_url()?,
            None => None,
        };
        bound.push(Bound::bind(site.config(&config, parent)).await?);
    }
    Ok(bound)
}

fn is_paired(data: &Path) -> Result<bool, LinkageError> {
    let shown = headwater_linkage::shown_identity(data).map_err(LinkageError::from)?;
    Ok(shown.is_some_and(|(_, manager)| manager.is_some()))
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let wrong = |advice: &str| Err(ConfigError::Meaning(advice.to_owned()));
    if !is_plain(config, config.updates) {
        return wrong("`--demo` speaks plain HTTP: keep `updates` on loopback");
    }
    if !matches!(config.place()?, headwater_store::Place::File(_)) {
        return wrong("`--demo` keeps five databases in its data folder: leave out the database's URL");
    }
    // It approves updates: nobody's server is to be taken for a demonstration.
    if config.data.join(DATABASE).exists() && !SITES[1].data(config).exists() {
        return Err(ConfigError::Meaning(format!(
            "`{}` holds a server that is no demonstration: choose another folder with --data",
            config.data.display()
        )));
    }
    if config.linkage.parent.is_some() {
        return wrong("`--demo` has the top WSUS of its tree: leave out `linkage.parent`");
    }
    Ok(())
}

/// Sets the picture up, or finds it, and lets the computers work until the stop.
pub async fn start(process: &mut Process, bound: Vec<Bound>) -> Result<(), ServeError> {
    let mut nodes = Vec::with_capacity(bound.len());
    for bound in bound {
        nodes.push(process.start(bound).await?);
    }
    let link = own_link::see_to(&nodes[0]).await;
    tell_where(&nodes[0], &link);
    if let Own::Failed { why } = link {
        return Err(DemoError::Refused(why).into());
    }
    let manager = nodes[0].manager.clone();
    let servers: Vec<Server> = SITES.iter().zip(nodes).filter_map(Server::of).collect();
    let failing = match &manager {
        Some(manager) => setup::set_up(manager, &servers).await?,
        None => None,
    };
    for server in servers {
        if server.site.name != SILENT {
            process.add(tokio::spawn(computers::work(server, failing, process.stopped())));
        }
    }
    if let Some(manager) = manager {
        manager.look_again();
    }
    Ok(())
}

impl Server {
    fn of((site, node): (&'static Site, Arc<Node>)) -> Option<Self> {
        Some(Self { site, app: node.app.clone()?, updates_url: node.updates_url.clone()?, node })
    }
}

#[allow(clippy::print_stdout)]
fn tell_where(node: &Node, link: &Own) {
    println!("{}", announcement(node, Some(link)));
}

/// What a newcomer does next, from a second terminal.
#[allow(clippy::print_stdout)]
pub fn tell_what_to_try(data: &Path) {
    let data = match data == Config::default().data {
        true => String::new(),
        false => format!(" --data {}", data.display()),
    };
    println!();
    println!("From a second terminal:");
    println!("  headwater wsus show{data}             the tree; {SILENT} is not reached");
    println!("  headwater wsus sync --dry-run{data}   one member was moved by hand on {DRIFTING}");
    println!("  headwater wsus sync{data}             repairs it; only {SILENT} is left");
    println!();
}
