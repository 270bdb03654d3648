//! From a configuration to a registered computer, and back to it after a change of server.

use std::collections::HashSet;

use headwater_model::{Timestamp, UpdateId, UpdateIdentity};
use headwater_wsus::simple_auth::GetAuthorizationCookie;
use headwater_wsus::wusp::{
    CategoryRelationship, Cookie, GetConfig, GetCookie, RefreshCache, RefreshCacheResult, RegisterComputer,
    StartCategoryScan,
};

use super::sync::Pass;
use super::{CLIENT_PATH, Exchange, Progress, Task, Violation, Walk, WalkError, read};
use crate::Cached;
use crate::computer::PROTOCOL_VERSION;

/// Identities of one call (fact 29).
const REFRESHED_AT_ONCE: usize = 200;

impl Walk {
    pub(super) fn get_config(&self) -> Exchange {
        Exchange::new(CLIENT_PATH, &GetConfig { protocol_version: PROTOCOL_VERSION.to_owned() })
    }

    pub(super) fn take_config(&mut self, answer: &str) -> Result<Progress, WalkError> {
        let config = read::<GetConfig>(answer)?.result;
        if config.auth_info.len() != 1 {
            return Err(Violation::PlugIns(config.auth_info.len()).into());
        }
        self.memory.config = Some(config);
        Ok(Progress::Done)
    }

    /// Asks where the configuration says (fact 11).
    pub(super) fn get_authorization_cookie(&self) -> Exchange {
        let config = self.memory.config.as_ref();
        let path = config.and_then(|config| config.auth_info.first()).map(|plug_in| &plug_in.service_url);
        let path = format!("/{}", path.map_or("", |path| path.trim_start_matches('/')));
        Exchange::new(&path, &self.computer.authorize())
    }

    pub(super) fn take_authorization(&mut self, answer: &str) -> Result<Progress, WalkError> {
        self.memory.authorization = Some(read::<GetAuthorizationCookie>(answer)?.result);
        Ok(Progress::Done)
    }

    /// The first call has an old cookie without data (fact 13).
    pub(super) fn get_cookie(&self, now: Timestamp) -> Option<Exchange> {
        let old = self.memory.cookie.clone();
        let request = GetCookie {
            auth_cookies: vec![self.memory.authorization.clone()?],
            old_cookie: old.or(Some(Cookie { expiration: now, encrypted_data: Vec::new() })),
            last_change: self.memory.config.as_ref()?.last_change,
            current_time: now,
            protocol_version: PROTOCOL_VERSION.to_owned(),
        };
        Some(Exchange::new(CLIENT_PATH, &request))
    }

    pub(super) fn take_cookie(&mut self, answer: &str) -> Result<Progress, WalkError> {
        self.memory.cookie = Some(read::<GetCookie>(answer)?.result);
        (self.memory.authorization, self.memory.renew) = (None, false);
        Ok(Progress::Done)
    }

    pub(super) fn register_computer(&self) -> Option<Exchange> {
        let request = RegisterComputer {
            cookie: self.memory.cookie.clone()?,
            computer_info: self.computer.info.clone(),
        };
        Some(Exchange::new(CLIENT_PATH, &request))
    }

    pub(super) fn take_registration(&mut self, answer: &str) -> Result<Progress, WalkError> {
        read::<RegisterComputer>(answer)?;
        self.memory.registered = true;
        Ok(Progress::Done)
    }

    /// Each category is a group of its own, as in the captured request.
    pub(super) fn start_category_scan(&self, categories: &[UpdateId]) -> Option<Exchange> {
        let requested = (0..).zip(categories).map(|(index, category)| CategoryRelationship {
            index_of_and_group: index,
            category_id: *category,
        });
        let request = StartCategoryScan { requested_categories: requested.collect() };
        Some(Exchange::new(CLIENT_PATH, &request))
    }

    pub(super) fn take_categories(
        &mut self,
        asked: &[UpdateId],
        answer: &str,
    ) -> Result<Progress, WalkError> {
        let preferred = read::<StartCategoryScan>(answer)?.preferred_category_ids;
        if let Some(other) = preferred.iter().find(|category| !asked.contains(category)) {
            return Err(Violation::CategoryNotAsked(*other).into());
        }
        if !preferred.is_empty() {
            self.tasks.push_front(Task::Sync(Pass::filtered(preferred)));
        }
        Ok(Progress::Done)
    }

    pub(super) fn refresh_cache(&self, left: &[UpdateIdentity]) -> Option<Exchange> {
        let batch = &left[..left.len().min(REFRESHED_AT_ONCE)];
        let request = RefreshCache { cookie: self.memory.cookie.clone()?, global_ids: batch.to_vec() };
        Some(Exchange::new(CLIENT_PATH, &request))
    }

    /// Gathers the new numbers; with the last batch they replace the old ones. What the server does
    /// not know is forgotten, for its old number means something else now.
    pub(super) fn take_refreshed(
        &mut self,
        left: &mut Vec<UpdateIdentity>,
        known: &mut Vec<RefreshCacheResult>,
        answer: &str,
    ) -> Result<Progress, WalkError> {
        let asked: HashSet<UpdateIdentity> = left.iter().take(REFRESHED_AT_ONCE).copied().collect();
        for refreshed in read::<RefreshCache>(answer)?.results {
            if !asked.contains(&refreshed.global_id) {
                return Err(Violation::IdentityNotAsked(refreshed.global_id).into());
            }
            if known.iter().any(|other| other.revision_id == refreshed.revision_id) {
                return Err(Violation::Twice(refreshed.revision_id).into());
            }
            known.push(refreshed);
        }
        left.drain(..left.len().min(REFRESHED_AT_ONCE));
        if !left.is_empty() {
            return Ok(Progress::More);
        }
        let mut old = std::mem::take(&mut self.memory.cache);
        for refreshed in known.drain(..) {
            let number = old.of_update(refreshed.global_id.id).map(|(id, _)| id);
            if let Some(cached) = number.and_then(|id| old.remove(id)) {
                let (is_leaf, deployment) = (refreshed.is_leaf, refreshed.deployment);
                self.memory.cache.insert(refreshed.revision_id, Cached { is_leaf, deployment, ..cached });
            }
        }
        self.memory.foreign = false;
        Ok(Progress::Done)
    }
}
