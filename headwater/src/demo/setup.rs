//! The first start of the demonstration: what an administrator would do, once. Each step looks whether it
//! is done, so that a start that was cut off is completed by the next.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use headwater_app::admin::approvals::Terms;
use headwater_app::admin::updates::UpdateFilter;
use headwater_app::{App, AppError, Operator, UpdateState};
use headwater_fleet::{Catalogue, Spec};
use headwater_manager::{Manager, ManagerError};
use headwater_model::{GroupId, UpdateId};
use headwater_policy::approval::Action;
use headwater_policy::group::ALL_COMPUTERS;
use headwater_policy::seen::Seen;

use super::computers::{self, Computer};
use super::{DRIFTING, DemoError, SILENT, Server};

/// Documents of the invented catalogue.
const UPDATES: u32 = 400;
/// Its two products with updates, and what administrators know instead.
const PRODUCTS: [(&str, &str); 2] =
    [("Beacon Store 2012", "Windows 11"), ("Cobalt Server 2013", "Windows Server 2022")];
/// Bytes of its files together: each server keeps those of what is approved.
const CONTENT_BYTES: u64 = 4 << 20;
/// The groups of the top, which its replicas have too.
const GROUPS: [&str; 4] = ["Pilot", "Workstations", "Servers", "Branches"];
const PILOT: &str = "Pilot";
/// What follows from a step on other servers comes within seconds, or not at all.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(100);

fn operator() -> Operator {
    Operator::administrator("demo")
}

/// Says which update fails.
pub(super) async fn set_up(manager: &Manager, servers: &[Server]) -> Result<Option<UpdateId>, DemoError> {
    let begun = Instant::now();
    let [top, lower @ ..] = servers else { return Ok(None) };
    let is_new = manager.host_groups().await?.is_empty();
    if top.app.catalogue_counts().revisions == 0 {
        import(&top.app).await?;
    }
    let failing = failing(&top.app);
    decide(&top.app, &GROUPS, failing).await?;
    for server in lower {
        follow(server, servers).await?;
    }
    for server in lower {
        pair(manager, server).await?;
    }
    if is_new {
        said(begun, &format!("{} updates; {} servers follow and are paired", UPDATES, lower.len()));
        in_step(manager, servers).await?;
        for server in servers.iter().filter(|server| server.site.decides_alone()) {
            decide(&server.app, &[server.site.group], failing).await?;
        }
        let computers = computers::register(servers, failing).await;
        said(begun, &format!("{computers} computers have made contact"));
        join(servers).await?;
        manager.import_host_groups(&operator().name).await?;
        drift(servers).await?;
    }
    fall_silent(manager, lower).await?;
    said(begun, "the computers scan, install, fail and restart from here on");
    Ok(failing)
}

#[allow(clippy::print_stdout)]
fn said(begun: Instant, what: &str) {
    println!("demo      {what}   ({:.1} s)", begun.elapsed().as_secs_f64());
}

async fn import(app: &App) -> Result<(), DemoError> {
    let folder = app.settings.data.join("demo-catalogue");
    let target = folder.clone();
    let written = tokio::task::spawn_blocking(move || write_catalogue(&target));
    written.await.map_err(|_| AppError::Internal("writing the catalogue was stopped"))??;
    app.import(&operator(), "invented catalogue", folder.clone(), |_| {}).await?;
    std::fs::remove_dir_all(&folder).map_err(io(&folder))?;
    Ok(())
}

fn write_catalogue(folder: &Path) -> Result<(), DemoError> {
    if folder.exists() {
        // Left by a start that was cut off.
        std::fs::remove_dir_all(folder).map_err(io(folder))?;
    }
    let spec = Spec { content_bytes_max: Some(CONTENT_BYTES), ..Spec::new(UPDATES) };
    let catalogue = Catalogue::new(spec).map_err(|error| DemoError::Refused(error.to_string()))?;
    headwater_fleet::write(&catalogue, folder).map_err(|error| DemoError::Refused(error.to_string()))?;
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let document = std::fs::read_to_string(&path).map_err(io(&path))?;
            let named = PRODUCTS.iter().fold(document, |text, (from, to)| text.replace(from, to));
            std::fs::write(&path, named).map_err(io(&path))?;
        }
    }
    Ok(())
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> AppError {
    let path = path.display().to_string();
    move |source| AppError::Io { path: path.clone(), source }
}

/// What can be approved, in an order that is the same at every start.
fn approvable(app: &App) -> Vec<UpdateId> {
    let served = app.live.served();
    let found = app.find_updates(&served, &UpdateFilter::default());
    let wanted = found.into_iter().filter(|at| served.state(*at) == UpdateState::Approvable);
    let mut ids: Vec<UpdateId> = wanted.map(|at| served.catalogue.index.update(at).id).collect();
    ids.sort_unstable();
    ids
}

/// A security update that nothing supersedes.
fn failing(app: &App) -> Option<UpdateId> {
    let served = app.live.served();
    let index = &served.catalogue.index;
    approvable(app).into_iter().find(|id| {
        let is_security = served.catalogue.title(*id).is_some_and(|title| title.contains("Security Update"));
        is_security && index.update_by_id(*id).is_some_and(|at| !served.superseded(at))
    })
}

/// Makes groups, and approves a share of the updates for each and the failing one for all.
async fn decide(app: &App, groups: &[&str], failing: Option<UpdateId>) -> Result<(), DemoError> {
    let by = operator();
    let mut ids = Vec::with_capacity(groups.len());
    for name in groups {
        ids.push(match group(app, name) {
            Some(id) => id,
            None => app.create_group(&by, name, None).await?.group.id,
        });
    }
    if app.catalogue_counts().approvals > 0 {
        return Ok(());
    }
    let updates = approvable(app);
    let week = app.clock.now().plus_seconds(7 * 86_400);
    let share = (updates.len() / groups.len()).max(1);
    for ((number, id), updates) in ids.into_iter().enumerate().zip(updates.chunks(share)) {
        let deadline = (number == 0).then_some(week);
        app.approve(&by, updates, id, Some(Terms { deadline, ..Action::Install.into() }), &Seen::default())
            .await?;
    }
    let failing: Vec<UpdateId> = failing.into_iter().collect();
    app.approve(&by, &failing, ALL_COMPUTERS, Some(Action::Install.into()), &Seen::default()).await?;
    Ok(())
}

fn group(app: &App, name: &str) -> Option<GroupId> {
    app.live.served().offers.groups.by_name(name).map(|group| group.id)
}

/// The server above may be at another port than at the last start.
async fn follow(server: &Server, servers: &[Server]) -> Result<(), DemoError> {
    let Some((above, mode)) = server.site.above else { return Ok(()) };
    let url = &servers[above].updates_url;
    if server.app.upstream_url().as_ref() != Some(url) {
        server.app.set_upstream(&operator(), url, None, mode).await?;
    }
    Ok(())
}

/// Carries the code of a Linkage to the managing server, once it waits at the one above.
async fn pair(manager: &Manager, server: &Server) -> Result<(), DemoError> {
    let Some(linkage) = &server.node.linkage else { return Ok(()) };
    let paired = async || {
        let Some(code) = linkage.code() else { return Ok(true) };
        match manager.pair(&linkage.id().to_string(), &code, &operator().name).await {
            Ok(()) => Ok(true),
            Err(ManagerError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    };
    until(&format!("the Linkage of {} is paired", server.site.name), paired).await
}

/// Waits until every server has what the top has, and the managing server knows all of them.
async fn in_step(manager: &Manager, servers: &[Server]) -> Result<(), DemoError> {
    let wanted = servers[0].app.catalogue_counts();
    for server in servers {
        let same = async || {
            let here = server.app.catalogue_counts();
            let decided = server.site.decides_alone() || here.approvals == wanted.approvals;
            Ok(here.revisions == wanted.revisions && decided)
        };
        until(&format!("{} has what the server above has", server.site.name), same).await?;
    }
    let known = async || Ok(manager.show().await?.servers.len() == servers.len());
    until("the managing server knows every server", known).await
}

async fn until(what: &str, holds: impl AsyncFn() -> Result<bool, DemoError>) -> Result<(), DemoError> {
    let begun = Instant::now();
    while !holds().await? {
        if begun.elapsed() > PATIENCE {
            return Err(DemoError::Late { what: what.to_owned(), seconds: PATIENCE.as_secs() });
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Puts every computer into its group, on the server that it reports to.
async fn join(servers: &[Server]) -> Result<(), DemoError> {
    for server in servers {
        let groups: HashMap<&str, GroupId> =
            GROUPS.iter().filter_map(|name| Some((*name, group(&server.app, name)?))).collect();
        for computer in computers::of(server.site) {
            let name = group_of(&computer);
            let id = groups.get(name).copied().or_else(|| group(&server.app, name));
            let id =
                id.ok_or_else(|| DemoError::Refused(format!("{}: no group {name}", server.site.name)))?;
            server.app.move_computer(&operator(), &computer.client()?, &[id]).await?;
        }
    }
    Ok(())
}

/// The first workstation of each place is one that tries things out.
fn group_of(computer: &Computer) -> &'static str {
    match computer {
        _ if computer.site.decides_alone() => computer.site.group,
        Computer { is_server: true, .. } => "Servers",
        Computer { number: 1, .. } => PILOT,
        _ => computer.site.group,
    }
}

/// Somebody moves a member by hand.
async fn drift(servers: &[Server]) -> Result<(), DemoError> {
    let Some(server) = servers.iter().find(|server| server.site.name == DRIFTING) else { return Ok(()) };
    let moved = computers::of(server.site).find(|computer| group_of(computer) == server.site.group);
    if let (Some(computer), Some(pilot)) = (moved, group(&server.app, PILOT)) {
        server.app.move_computer(&operator(), &computer.client()?, &[pilot]).await?;
    }
    Ok(())
}

/// The Linkage of one place hangs up; the managing server hears of it within seconds.
async fn fall_silent(manager: &Manager, lower: &[Server]) -> Result<(), DemoError> {
    let silent = lower.iter().filter(|server| server.site.name == SILENT);
    silent.for_each(|server| server.node.fall_silent());
    let known = async || {
        let servers = manager.show().await?.servers;
        Ok(servers.iter().any(|server| server.name == SILENT && !server.reached))
    };
    until(&format!("{SILENT} is not reached"), known).await
}
