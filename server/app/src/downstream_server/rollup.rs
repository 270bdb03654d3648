//! Telling the server above of this server, those below it and all their computers
//! ([MS-WSUSSS] 3.2.4.5).
//!
//! It is a reconciler: what differs from what was acknowledged is told, and remembered as told only
//! after that. Whatever is cut off is told once more by the next call.

use std::collections::HashSet;

use headwater_model::ClientId;
use headwater_policy::rollup::{Change, RollupLimits, ServerReport, StatusReport};
use headwater_policy::rollup_plan::{self as plan, Arrivals, Candidate, ROWS_PER_REQUEST_MAX};
use headwater_store::{Acknowledged, ToldRow};
use headwater_upstream::Upstream;
use ring::digest::{SHA256, digest};

use crate::admin::groups::random_guid;
use crate::error::AppError;
use crate::start::App;

/// Computers of one step: their status is in memory at once.
const PAGE_MAX: usize = 1_500;
/// Who deletes a computer that the server above has deleted.
const BY: &str = "upstream server";

/// Why a rollup failed. What was acknowledged before is not told again.
#[derive(Debug, thiserror::Error)]
pub enum RollupError {
    #[error("the upstream server did not take the rollup")]
    Upstream(#[from] headwater_upstream::Error),
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<headwater_store::Error> for RollupError {
    fn from(error: headwater_store::Error) -> Self {
        Self::App(error.into())
    }
}

/// What was told. Nothing at all when the server above knows everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RolledUp {
    pub servers: usize,
    pub computers: usize,
    /// Computers whose status was told.
    pub statuses: usize,
    /// The server above had no time for the rest: it wants to be told after a minute at the
    /// earliest ([MS-WSUSSS] 3.2.4.5).
    pub later: bool,
}

/// A computer on its way.
struct Outgoing {
    computer: i64,
    changes: i64,
}

impl App {
    /// Tells the server above what it does not know yet.
    pub async fn roll_up(&self, upstream: &Upstream) -> Result<RolledUp, RollupError> {
        let _one_at_a_time = self.rolling_up.lock().await;
        let configuration = upstream.rollup_configuration().await?;
        let told = self.store.begin_rollup(configuration.server, configuration.reset).await?;
        let servers = self.server_reports(upstream).await?;
        let hash = hash_of(&servers);
        let is_untold = configuration.is_detailed && self.store.is_untold().await?;
        if told == Some(hash) && !is_untold {
            return Ok(RolledUp::default());
        }
        for batch in servers.chunks(configuration.limits.servers_max) {
            upstream.rollup_servers(batch, self.clock.now()).await?;
        }
        self.store.servers_told(hash).await?;
        let mut rolled_up = RolledUp { servers: servers.len(), ..RolledUp::default() };
        if configuration.is_detailed {
            self.roll_up_computers(upstream, configuration.limits, &mut rolled_up).await?;
        }
        let RolledUp { servers, computers, statuses, later } = rolled_up;
        metrics::counter!("headwater_rolled_up_computers_total").increment(computers as u64);
        tracing::info!(servers, computers, statuses, later, "told the upstream server");
        Ok(rolled_up)
    }

    /// This server and those below it, in the order in which they are told.
    async fn server_reports(&self, upstream: &Upstream) -> Result<Vec<ServerReport>, AppError> {
        let synced = *self.downstream.synced();
        let last_sync = match synced {
            Some(synced) => Some(synced),
            None => self.store.last_sync().await?,
        };
        let own = ServerReport {
            server: self.server.id,
            name: upstream.account_name().to_owned(),
            parent: headwater_policy::rollup::ASKED_SERVER,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            is_replica: self.downstream.replica_of().is_some(),
            last_sync,
            last_rollup: Some(self.clock.now()),
            summary: self.server_summary().await?,
        };
        let below = self.store.downstream_servers().await?.into_iter().map(|server| ServerReport {
            server: server.id,
            name: server.name,
            parent: server.parent,
            version: server.version,
            is_replica: server.is_replica.unwrap_or(false),
            last_sync: server.last_sync,
            last_rollup: server.last_rollup,
            summary: server.summary.unwrap_or_default(),
        });
        Ok(plan::servers(own, below.collect()))
    }

    async fn roll_up_computers(
        &self,
        upstream: &Upstream,
        limits: RollupLimits,
        rolled_up: &mut RolledUp,
    ) -> Result<(), RollupError> {
        let served = self.live.served_full();
        let arrivals: Arrivals =
            served.catalogue.index.revisions().iter().map(|revision| revision.arrived_at).collect();
        drop(served);
        let mut after = 0;
        loop {
            let rows = self.store.untold(self.server.id, after, PAGE_MAX.min(limits.computers_max)).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.computer;
            let (mut outgoing, mut candidates): (Vec<Outgoing>, Vec<Candidate>) =
                rows.into_iter().map(candidate).unzip();
            rolled_up.computers += candidates.len();
            self.tell_computers(upstream, &mut outgoing, &mut candidates).await?;
            self.tell_statuses(upstream, limits, &arrivals, &outgoing, &candidates, rolled_up).await?;
            if rolled_up.later {
                return Ok(());
            }
            let told: Vec<(i64, i64)> = outgoing.iter().map(|one| (one.computer, one.changes)).collect();
            self.store.changes_told(&told).await?;
        }
    }

    /// Tells which computers there are, with the details that are wanted. Those that were deleted
    /// above are forgotten here, and go out of the lists.
    async fn tell_computers(
        &self,
        upstream: &Upstream,
        outgoing: &mut Vec<Outgoing>,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), RollupError> {
        let changes = upstream.rollup_computers(&plan::computers(candidates), self.clock.now()).await?;
        let of = |change| {
            let asked = changes.iter().filter(move |(_, found)| *found == change);
            asked.map(|(client, _)| client.clone()).collect::<HashSet<ClientId>>()
        };
        let (wanted, mut deleted) = (of(Change::NewParent), of(Change::Deleted));
        self.remember_details(outgoing, candidates, |one| !wanted.contains(&one.report.client)).await?;
        let again = plan::computers_again(candidates, &wanted);
        if !again.is_empty() {
            let changes = upstream.rollup_computers(&again, self.clock.now()).await?;
            deleted.extend(
                changes.into_iter().filter(|(_, change)| *change == Change::Deleted).map(|one| one.0),
            );
            self.remember_details(outgoing, candidates, |_| true).await?;
        }
        let gone: Vec<ClientId> = candidates
            .iter()
            .map(|one| one.report.client.clone())
            .filter(|one| deleted.contains(one))
            .collect();
        if !gone.is_empty() {
            let _order = self.live.in_order().await;
            self.store.forget_computers(&gone, BY, self.clock.now()).await?;
            self.live.forget(&gone);
            let mut stays = candidates.iter().map(|one| !deleted.contains(&one.report.client));
            outgoing.retain(|_| stays.next().unwrap_or(true));
            candidates.retain(|one| !deleted.contains(&one.report.client));
        }
        Ok(())
    }

    /// Remembers whose details are known above.
    async fn remember_details(
        &self,
        outgoing: &[Outgoing],
        candidates: &[Candidate],
        are_known: impl Fn(&Candidate) -> bool,
    ) -> Result<(), RollupError> {
        let pairs = outgoing.iter().zip(candidates);
        let told =
            pairs.map(|(one, candidate)| (one.computer, are_known(candidate).then_some(candidate.details)));
        Ok(self.store.details_told(&told.collect::<Vec<_>>()).await?)
    }

    /// Tells of the updates on computers: what changed, or all where a report was missed above.
    async fn tell_statuses(
        &self,
        upstream: &Upstream,
        limits: RollupLimits,
        arrivals: &Arrivals,
        outgoing: &[Outgoing],
        candidates: &[Candidate],
        rolled_up: &mut RolledUp,
    ) -> Result<(), RollupError> {
        let mut missed = HashSet::new();
        for numbers in plan::numbers(candidates).chunks(limits.numbers_max) {
            missed.extend(upstream.out_of_sync(self.server.id, numbers).await?);
        }
        let served = self.live.served_full();
        let report = |one: &Candidate| {
            plan::status(one, missed.contains(&one.report.client), arrivals, &served.catalogue.numbers)
        };
        let reports: Vec<StatusReport> = candidates.iter().filter_map(report).collect();
        let mut pairs = outgoing.iter().zip(candidates);
        for batch in plan::batches(reports, limits.statuses_max, ROWS_PER_REQUEST_MAX) {
            if !upstream.rollup_status(self.server.id, &batch, self.clock.now(), instance_id).await? {
                rolled_up.later = true;
                return Ok(());
            }
            rolled_up.statuses += batch.len();
            // The reports are in the order of the candidates.
            let acknowledged = batch.iter().filter_map(|report| {
                let (one, candidate) =
                    pairs.find(|(_, candidate)| candidate.report.client == report.client)?;
                let status = candidate.status.clone()?;
                Some(Acknowledged { computer: one.computer, number: report.number, status })
            });
            self.store.status_told(&acknowledged.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}

fn candidate(row: ToldRow) -> (Outgoing, Candidate) {
    let outgoing = Outgoing { computer: row.computer, changes: row.changes };
    let details = hash(&format!("{:?}", row.report.details));
    (outgoing, Candidate { report: row.report, details, status: row.status, told: row.told })
}

/// The hash of what is told of servers, but for when it is told.
fn hash_of(servers: &[ServerReport]) -> [u8; 8] {
    let (own, below) = match servers.split_last() {
        Some((own, below)) => (Some(ServerReport { last_rollup: None, ..own.clone() }), below),
        None => (None, servers),
    };
    hash(&format!("{own:?} {below:?}"))
}

/// The first eight bytes of the SHA-256. A version that writes values otherwise tells everything
/// once more.
fn hash(text: &str) -> [u8; 8] {
    let mut hash = [0; 8];
    hash.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..8]);
    hash
}

/// A new id for a report. No one looks at it but to tell reports apart.
fn instance_id() -> headwater_model::Guid {
    headwater_model::Guid::from_bytes(random_guid().unwrap_or_default())
}
