//! The calls of SyncUpdates ([MS-WUSP] 3.1.5.7).

use std::collections::HashSet;

use headwater_model::UpdateId;
use headwater_wsus::wusp::{
    CategoryIdentifier, ComputerHardwareSpecification, DeploymentAction, SyncInfo, SyncUpdateParameters,
    SyncUpdates, UpdateInfo,
};

use super::{CLIENT_PATH, Exchange, Progress, SYNC_CALLS_MAX, StopRule, Violation, Walk, WalkError, read};
use crate::products::{self, Products};
use crate::{Cache, Cached, Core, Evaluator, UpdateType};

/// One sequence of calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    /// The categories of a category scan; empty for all.
    filter: Vec<UpdateId>,
    calls: u32,
    /// Deployed revisions that are not part of this scan: they stay cached and are not listed.
    pub(super) unlisted: HashSet<i32>,
}

/// What a call told the server.
struct Call {
    listed: HashSet<i32>,
    installed: HashSet<UpdateId>,
}

impl Pass {
    pub fn filtered(filter: Vec<UpdateId>) -> Self {
        Self { filter, ..Self::default() }
    }
}

impl Walk {
    /// The first call of an agent without cache has no lists at all (fact 18).
    pub(super) fn sync_updates(&self, pass: &Pass) -> Option<Exchange> {
        let lists = self.memory.cache.lists(&pass.unlisted);
        let products = if pass.filter.is_empty() { Products::Installed } else { Products::None };
        let filter = pass.filter.iter().map(|id| CategoryIdentifier { id: *id });
        let parameters = SyncUpdateParameters {
            installed_non_leaf_update_ids: lists.installed_non_leaf,
            other_cached_update_ids: lists.other,
            cached_driver_ids: lists.drivers,
            filter_category_ids: filter.collect(),
            need_two_group_out_of_scope_updates: true,
            also_perform_regular_sync: Some(false),
            computer_spec: Some(ComputerHardwareSpecification::default()),
            ..SyncUpdateParameters::default()
        };
        self.sync_call(parameters, products)
    }

    /// Nothing where the software stage was told that there are no drivers.
    pub(super) fn sync_drivers(&self) -> Option<Exchange> {
        if self.memory.no_drivers {
            return None;
        }
        let lists = self.memory.cache.lists(&HashSet::new());
        let parameters = SyncUpdateParameters {
            installed_non_leaf_update_ids: lists.installed_non_leaf,
            other_cached_update_ids: lists.other,
            system_spec: Some(self.computer.devices.clone()),
            cached_driver_ids: lists.drivers,
            skip_software_sync: true,
            also_perform_regular_sync: Some(false),
            computer_spec: Some(ComputerHardwareSpecification::default()),
            feature_score_matching_key: Some("AMD64.10.0".to_owned()),
            ..SyncUpdateParameters::default()
        };
        self.sync_call(parameters, Products::Installed)
    }

    fn sync_call(&self, parameters: SyncUpdateParameters, products: Products) -> Option<Exchange> {
        let cookie = self.memory.cookie.clone()?;
        let mut exchange = Exchange::new(CLIENT_PATH, &SyncUpdates { cookie, parameters });
        products::insert(&mut exchange.body, products);
        Some(exchange)
    }

    pub(super) fn take_page(
        &mut self,
        pass: &mut Pass,
        answer: &str,
        evaluator: &dyn Evaluator,
    ) -> Result<Progress, WalkError> {
        let info = self.read_page(answer)?;
        pass.calls += 1;
        self.memory.no_drivers = info.driver_sync_not_needed == Some(true);
        let only_leaves = info.new_updates.iter().all(|update| update.is_leaf);
        let (nothing_new, truncated) = (info.new_updates.is_empty(), info.truncated);
        if nothing_new && truncated {
            return Err(Violation::TruncatedWithoutNews.into());
        }
        let lists = self.memory.cache.lists(&pass.unlisted);
        let call = Call {
            installed: self.memory.cache.updates(&lists.installed_non_leaf),
            listed: [lists.installed_non_leaf, lists.other, lists.drivers].concat().into_iter().collect(),
        };
        let deployed = info.deployed_out_of_scope_revision_ids.clone();
        self.apply(info, &call, evaluator)?;
        pass.unlisted.extend(deployed);
        let done = match self.stop {
            StopRule::NothingNew => nothing_new,
            StopRule::OnlyLeaves => !truncated && only_leaves,
        };
        match done {
            true => Ok(Progress::Done),
            false if pass.calls >= SYNC_CALLS_MAX => Err(WalkError::TooManyCalls),
            false => Ok(Progress::More),
        }
    }

    /// One call is all of it.
    pub(super) fn take_drivers(
        &mut self,
        answer: &str,
        evaluator: &dyn Evaluator,
    ) -> Result<Progress, WalkError> {
        let info = self.read_page(answer)?;
        let lists = self.memory.cache.lists(&HashSet::new());
        let call = Call {
            installed: self.memory.cache.updates(&lists.installed_non_leaf),
            listed: lists.drivers.into_iter().collect(),
        };
        self.apply(info, &call, evaluator)?;
        Ok(Progress::Done)
    }

    /// Reads an answer and keeps its cookie, which ends when the one before does (fact 14).
    fn read_page(&mut self, answer: &str) -> Result<SyncInfo, WalkError> {
        let mut info = read::<SyncUpdates>(answer)?.result;
        self.scan.sync_calls += 1;
        let new = info.new_cookie.take().ok_or(Violation::NoCookie)?;
        let old = self.memory.cookie.as_ref().map_or(new.expiration, |old| old.expiration);
        if new.expiration != old {
            return Err(Violation::OtherExpiration { old, new: new.expiration }.into());
        }
        self.memory.cookie = Some(new);
        Ok(info)
    }

    /// Brings the cache to what the answer says.
    fn apply(&mut self, info: SyncInfo, call: &Call, evaluator: &dyn Evaluator) -> Result<(), Violation> {
        let mut named = HashSet::new();
        let mut once = |id: i32| if named.insert(id) { Ok(id) } else { Err(Violation::Twice(id)) };
        let known = |id: i32| if call.listed.contains(&id) { Ok(id) } else { Err(Violation::NotListed(id)) };
        for id in info.out_of_scope_revision_ids {
            let id = once(known(id)?)?;
            self.memory.cache.remove(id);
            self.scan.out_of_scope.push(id);
        }
        for id in info.deployed_out_of_scope_revision_ids {
            self.scan.deployed_out_of_scope.push(once(known(id)?)?);
        }
        for update in info.changed_updates {
            let id = once(known(update.id)?)?;
            let deployment = update.deployment.ok_or(Violation::NoDeployment(id))?;
            if let Some(cached) = self.memory.cache.get_mut(id) {
                (cached.is_leaf, cached.deployment) = (update.is_leaf, deployment);
            }
            self.scan.changed.push(id);
        }
        for update in info.new_updates {
            let id = once(update.id)?;
            if call.listed.contains(&id) {
                return Err(Violation::NewThoughListed(id));
            }
            self.memory.cache.add(update, &call.installed, evaluator)?;
            self.scan.new.push(id);
        }
        Ok(())
    }
}

impl Cache {
    /// Evaluates a new revision and takes it in.
    fn add(
        &mut self,
        update: UpdateInfo,
        installed: &HashSet<UpdateId>,
        evaluator: &dyn Evaluator,
    ) -> Result<(), Violation> {
        let UpdateInfo { id, deployment, is_leaf, xml } = update;
        let deployment = deployment.ok_or(Violation::NoDeployment(id))?;
        let xml = xml.ok_or(Violation::NoXml(id))?;
        let core = Core::read(&xml).map_err(|reason| Violation::Core { id, reason })?;
        self.check(&core, deployment.action, installed)?;
        let evaluation = evaluator.evaluate(&core);
        let (identity, update_type) = (core.identity, core.update_type);
        self.insert(id, Cached { identity, update_type, is_leaf, deployment, evaluation, extended: None });
        Ok(())
    }

    fn check(
        &self,
        core: &Core<'_>,
        action: DeploymentAction,
        installed: &HashSet<UpdateId>,
    ) -> Result<(), Violation> {
        let identity = core.identity;
        if let Some((_, other)) = self.of_update(identity.id) {
            return Err(Violation::TwoRevisions { first: other.identity, second: identity });
        }
        if !core.prerequisites.iter().all(|clause| clause.iter().any(|id| installed.contains(id))) {
            return Err(Violation::PrerequisitesMissing(identity));
        }
        let required = core.prerequisites.iter().flatten();
        let mut leaves = required.filter(|id| self.of_update(**id).is_some_and(|(_, cached)| cached.is_leaf));
        if let Some(required) = leaves.next() {
            return Err(Violation::LeafIsRequired { required: *required, by: identity });
        }
        let evaluated = matches!(core.update_type, UpdateType::Category | UpdateType::Detectoid);
        if evaluated && action != DeploymentAction::Evaluate {
            return Err(Violation::NotEvaluated(identity));
        }
        Ok(())
    }
}
