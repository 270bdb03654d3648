//! Computers, as administrators see them.

use std::collections::BTreeSet;
use std::slice;

use headwater_model::{ClientId, GroupId, Timestamp};
use headwater_policy::group::{DOWNSTREAM_SERVERS, UNASSIGNED_COMPUTERS, is_built_in};
use headwater_policy::snapshot::Member;
use headwater_store::ComputerFilter;
pub use headwater_store::{ComputerRow, Contact};

use crate::error::AppError;
use crate::start::{App, Targeting};
use crate::writer::tell;
use headwater_operators::Operator;

impl App {
    /// Computers in a group and beneath it, or all; a page at a time.
    pub async fn computers(
        &self,
        search: Option<String>,
        group: Option<GroupId>,
        contact: Contact,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ComputerRow>, AppError> {
        let groups = match group {
            Some(group) => self.live.served().offers.groups.subtree(group),
            None => Vec::new(),
        };
        if group.is_some() && groups.is_empty() {
            return Err(AppError::NotFound("there is no such group; `group list` shows all".to_owned()));
        }
        let filter = ComputerFilter { search, groups, contact, after, limit };
        let heard = self.writer.heard();
        let mut rows = self.store.computers(&filter).await?;
        heard.tell_in(&mut rows);
        Ok(rows)
    }

    /// How many computers have had no contact since then.
    pub async fn silent_computers(&self, since: Timestamp) -> Result<u64, AppError> {
        Ok(self.store.silent_computers(since).await?)
    }

    pub async fn computer(&self, client: &ClientId) -> Result<ComputerRow, AppError> {
        let heard = self.writer.heard_of(client);
        let mut row = self.store.computer(client).await?.ok_or_else(|| unknown(client))?;
        if let Some(contact) = heard {
            tell(contact, &mut row);
        }
        Ok(row)
    }

    /// All computers of this server, or of those below it too.
    pub async fn all_computers(&self, with_downstream: bool) -> Result<Vec<ComputerRow>, AppError> {
        const PAGE: u32 = 10_000;
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page = self.computers(None, None, Contact::default(), after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            after = page.last().map_or(after, |row| row.computer);
            all.extend(page.into_iter().filter(|row| with_downstream || row.server.is_none()));
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Refuses to put computers into groups where they say themselves in which they are.
    pub fn must_target_here(&self) -> Result<(), AppError> {
        match self.settings.targeting {
            Targeting::ServerSide => Ok(()),
            Targeting::ClientSide => {
                Err(AppError::Refused("the computers of this server get their groups by policy".to_owned()))
            }
        }
    }

    /// Puts a computer into some groups and takes it out of others; says whether that changed anything.
    pub async fn change_groups(
        &self,
        operator: &Operator,
        client: &ClientId,
        add: &[GroupId],
        remove: &[GroupId],
    ) -> Result<bool, AppError> {
        self.must_target_here()?;
        if add.iter().chain(remove).any(|group| is_built_in(*group)) {
            return Err(AppError::Refused(
                "nobody is put into a built-in group or taken out of it: name another group".to_owned(),
            ));
        }
        let before: BTreeSet<GroupId> = self.computer(client).await?.groups.iter().copied().collect();
        let mut after = before.clone();
        after.extend(add);
        after.retain(|group| !remove.contains(group));
        // Whoever is in a group of their own is not unassigned.
        if after.len() > 1 {
            after.remove(&UNASSIGNED_COMPUTERS);
        }
        if after.is_empty() {
            after.insert(UNASSIGNED_COMPUTERS);
        }
        if after == before {
            return Ok(false);
        }
        self.move_computer(operator, client, &Vec::from_iter(after)).await?;
        Ok(true)
    }

    /// Puts a computer into exactly these groups; none means *Unassigned Computers*. The computer
    /// learns in its next call what is approved for it now.
    pub async fn move_computer(
        &self,
        operator: &Operator,
        client: &ClientId,
        groups: &[GroupId],
    ) -> Result<ComputerRow, AppError> {
        {
            let served = self.live.served();
            if let Some(missing) = groups.iter().find(|group| served.offers.groups.get(**group).is_none()) {
                return Err(AppError::NotFound(format!(
                    "there is no group {missing}; `group list` shows all"
                )));
            }
            if groups.contains(&DOWNSTREAM_SERVERS) {
                return Err(AppError::Refused("only update servers are downstream servers".to_owned()));
            }
        }
        self.check_own(client, "moved").await?;
        let unassigned = Member::unassigned();
        let groups = if groups.is_empty() { &unassigned } else { groups };
        let _order = self.live.in_order().await;
        let moved = self.store.move_computer(client, groups, &operator.name, self.clock.now()).await?;
        let moved = moved.ok_or_else(|| unknown(client))?;
        self.live.enroll(&[moved]);
        self.computer(client).await
    }

    pub async fn delete_computer(&self, operator: &Operator, client: &ClientId) -> Result<(), AppError> {
        self.check_own(client, "deleted").await?;
        let _order = self.live.in_order().await;
        if !self.store.delete_computer(client, &operator.name, self.clock.now()).await? {
            return Err(unknown(client));
        }
        self.live.forget(slice::from_ref(client));
        Ok(())
    }

    /// Deletes a computer whose last contact is the one that is named, or an earlier one; also one of a server below,
    /// where it is deleted already, for nothing tells this one.
    pub async fn delete_silent_computer(
        &self,
        operator: &Operator,
        client: &ClientId,
        last_contact: Timestamp,
    ) -> Result<(), AppError> {
        let made_contact = |at| Err(AppError::Refused(format!("it made contact on {at}")));
        let _order = self.live.in_order().await;
        if let Some((heard, _)) = self.writer.heard_of(client).filter(|(heard, _)| *heard > last_contact) {
            return made_contact(heard);
        }
        let now = self.clock.now();
        if !self.store.delete_silent_computer(client, last_contact, &operator.name, now).await? {
            let found = self.store.computer(client).await?;
            return found.map_or_else(|| Err(unknown(client)), |found| made_contact(found.last_contact));
        }
        self.live.forget(slice::from_ref(client));
        Ok(())
    }

    /// Refuses to decide about a computer of another server, whose next rollup would undo it.
    async fn check_own(&self, client: &ClientId, verb: &str) -> Result<(), AppError> {
        let Some(server) = self.computer(client).await?.server else { return Ok(()) };
        let servers = self.store.downstream_servers().await?;
        let name =
            servers.into_iter().find(|one| one.id == server).map_or(server.to_string(), |one| one.name);
        Err(AppError::Refused(format!("the computer reports to the server {name}, where it can be {verb}")))
    }
}

fn unknown(client: &ClientId) -> AppError {
    AppError::NotFound(format!("there is no computer {client}; `computer list` shows all"))
}
