//! Updates, and what is decided about them.

use headwater_app::admin::approvals::{Decline, NewRevisions, Outcome, Standing, Standings, Terms};
use headwater_app::admin::updates::UpdateFilter;
use headwater_app::{AppError, Served};
use headwater_catalog::{Behavior, CategoryKind, Facts, Impact, Kind, Reboot, UpdateIx};
use headwater_model::{EulaId, Guid, UpdateId, UpdateIdentity};
use headwater_policy::approval::Action;
use headwater_policy::compliance::UpdateNumber;
use headwater_policy::seen::Seen;
use headwater_wsus::wsusar::*;

use super::{Asked, int, invalid, required};

const INSTALL: i32 = 0;
const UNINSTALL: i32 = 1;
const NOT_APPROVED: i32 = 2;
const BLOCK: i32 = 3;

/// The number of an action. What is not approved is detected all the same (fact 75).
pub(super) fn number(action: Option<Action>) -> i32 {
    match action {
        Some(Action::Install) => INSTALL,
        Some(Action::Uninstall) => UNINSTALL,
        Some(Action::Block) => BLOCK,
        Some(Action::Detect) | None => NOT_APPROVED,
    }
}

/// What the catalogue has of an update that a client names.
pub(super) fn known(served: &Served, update: UpdateId) -> Result<UpdateIx, AppError> {
    let found = served.catalogue.index.update_by_id(update).filter(|at| is_update(served, *at));
    found.ok_or_else(|| AppError::NotFound(format!("the catalogue has no update {update}")))
}

/// Categories and detectoids come with what needs them.
fn is_update(served: &Served, at: UpdateIx) -> bool {
    matches!(served.catalogue.index.revision(served.newest(at)).kind, Kind::Software | Kind::Driver)
}

/// Parts of bundles are in no list (fact 24).
fn is_listed(served: &Served, at: UpdateIx) -> bool {
    is_update(served, at) && served.catalogue.index.revision(served.newest(at)).explicitly_deployable
}

/// The updates that a scope and a publication state mean.
pub(super) fn in_scope(
    asked: &Asked<'_>,
    served: &Served,
    scope: Option<&str>,
    publication_state: i32,
) -> Result<Vec<UpdateIx>, AppError> {
    let states = approved_states(scope).map_err(invalid)?;
    let expired = match publication_state {
        PUBLISHED => Some(false),
        EXPIRED => Some(true),
        PUBLISHED_OR_EXPIRED => None,
        other => return Err(invalid(format!("there is no publication state {other}"))),
    };
    let is_expired = |at: UpdateIx| served.catalogue.index.revision(served.newest(at)).expired;
    let mut found = asked.app.find_updates(served, &UpdateFilter::default());
    found.retain(|at| is_listed(served, *at));
    found.retain(|at| states.has(decision(served, *at)) && expired.is_none_or(|it| it == is_expired(*at)));
    Ok(found)
}

/// Refuses a scope where only all updates are counted.
pub(super) fn must_be_all(scope: Option<&str>, publication_state: i32) -> Result<(), AppError> {
    let is_all = approved_states(scope).map_err(invalid)? == ApprovedStates::ALL;
    match is_all && publication_state == PUBLISHED_OR_EXPIRED {
        true => Ok(()),
        false => Err(invalid("only all updates are counted for each computer: name no other scope")),
    }
}

fn decision(served: &Served, at: UpdateIx) -> Decision {
    let index = &served.catalogue.index;
    let newest = index.newest_complete(at).map(|at| index.revision(at).identity.revision);
    let mut standing = served.offers.approvals(at).filter(|approval| approval.action.is_some()).peekable();
    if served.offers.declined.contains(&index.update(at).id) {
        Decision::Declined
    } else if standing.peek().is_none() {
        Decision::NotApproved
    } else if standing.any(|approval| approval.revision.is_none() || approval.revision == newest) {
        Decision::NewestApproved
    } else {
        Decision::EarlierApproved
    }
}

pub(super) async fn search(
    asked: &Asked<'_>,
    message: ExecuteSPSearchUpdates,
) -> Result<ExecuteSPSearchUpdatesResponse, AppError> {
    let served = asked.app.live.served_full();
    let found = in_scope(asked, &served, message.update_scope_xml.as_deref(), message.publication_state)?;
    let standings = asked.app.standings(&served).await?;
    Ok(ExecuteSPSearchUpdatesResponse { result: Some(complete(&served, &standings, &found)) })
}

pub(super) async fn simple_search(
    asked: &Asked<'_>,
    message: ExecuteSPSimpleSearchUpdates,
) -> Result<ExecuteSPSimpleSearchUpdatesResponse, AppError> {
    let served = asked.app.live.served_full();
    let filter = UpdateFilter { search: message.search_text, ..UpdateFilter::default() };
    let mut found = asked.app.find_updates(&served, &filter);
    found.retain(|at| is_listed(&served, *at));
    let standings = asked.app.standings(&served).await?;
    Ok(ExecuteSPSimpleSearchUpdatesResponse { result: Some(complete(&served, &standings, &found)) })
}

pub(super) async fn count(
    asked: &Asked<'_>,
    message: ExecuteSPGetUpdateCount,
) -> Result<ExecuteSPGetUpdateCountResponse, AppError> {
    let served = asked.app.live.served_full();
    let found = in_scope(asked, &served, message.update_scope_xml.as_deref(), message.publication_state)?;
    Ok(ExecuteSPGetUpdateCountResponse { result: int(found.len()) })
}

/// The newest revision, with all that its document says; no other is answered.
pub(super) async fn by_id(
    asked: &Asked<'_>,
    message: ExecuteSPGetUpdateById,
) -> Result<ExecuteSPGetUpdateByIdResponse, AppError> {
    let wanted = UpdateIdentity::from(required(message.id, "id")?);
    let served = asked.app.live.served_full();
    let newest = known(&served, wanted.id).ok().filter(|at| newest(&served, *at) == wanted);
    let Some(at) = newest else { return Ok(ExecuteSPGetUpdateByIdResponse { result: None }) };
    let standings = asked.app.standings(&served).await?;
    let facts = asked.app.update_page(wanted.id).await?.facts;
    let mut row = row(&served, &standings, at);
    add_facts(&mut row, &facts, message.preferred_culture.as_deref());
    let mut result = complete(&served, &standings, &[at]);
    let text =
        |text: &String| UpdateTextRow { revision_id: row.revision_id, text: Some(text.clone()) }.to_row();
    result.bulletins = facts.security_bulletins.iter().map(text).collect();
    result.info_urls = facts.more_info_urls.iter().map(text).collect();
    result.minimal_properties = vec![row.to_row()];
    Ok(ExecuteSPGetUpdateByIdResponse { result: Some(result) })
}

fn newest(served: &Served, at: UpdateIx) -> UpdateIdentity {
    served.catalogue.index.revision(served.newest(at)).identity
}

/// [MS-WSUSSS] 3.2.4.2, *CategoryType*
pub(super) fn category_type(kind: CategoryKind) -> &'static str {
    match kind {
        CategoryKind::Classification => "UpdateClassification",
        CategoryKind::Product => "Product",
        CategoryKind::ProductFamily => "ProductFamily",
        CategoryKind::Company => "Company",
    }
}

fn complete(served: &Served, standings: &Standings, found: &[UpdateIx]) -> CompleteUpdates {
    const CATEGORIES: [CategoryKind; 4] = [
        CategoryKind::Classification,
        CategoryKind::Product,
        CategoryKind::ProductFamily,
        CategoryKind::Company,
    ];
    let mut updates = CompleteUpdates::default();
    for at in found {
        let newest = served.newest(*at);
        let revision_id = served.catalogue.index.revision(newest).id.0;
        updates.minimal_properties.push(row(served, standings, *at).to_row());
        for kind in CATEGORIES {
            let titles = served.titles(newest, kind).into_iter();
            updates.localized_category_title_rows.extend(titles.map(|title| {
                let (category_type, title) = (category_type(kind).to_owned(), Some(title.to_owned()));
                CategoryTitleRow { revision_id, category_type, title }.to_row()
            }));
        }
        let articles = served.catalogue.card(newest).kb.iter();
        updates
            .kb_articles
            .extend(articles.map(|kb| UpdateTextRow { revision_id, text: Some(kb.to_string()) }.to_row()));
    }
    updates
}

/// What is at hand of every update. The rest is nil: it stands in the documents.
fn row(served: &Served, standings: &Standings, at: UpdateIx) -> UpdateRow {
    let index = &served.catalogue.index;
    let update = index.update(at);
    let newest = served.newest(at);
    let (revision, card) = (index.revision(newest), served.catalogue.card(newest));
    let number = |number: headwater_policy::compliance::UpdateNumber| int(number.0);
    let must_accept = |licence: EulaId| !standings.accepted_licences.contains(&licence);
    let decision = decision(served, at);
    UpdateRow {
        update_id: update.id,
        revision_number: int(revision.identity.revision),
        revision_id: revision.id.0,
        local_update_id: served.catalogue.numbers.number(update.id).map(number),
        is_leaf: Some(update.is_leaf),
        installation_supported: None,
        installation_impact: None,
        installation_reboot_behavior: None,
        installation_requires_network: None,
        installation_can_request_user_input: None,
        uninstallation_supported: None,
        uninstallation_impact: None,
        uninstallation_reboot_behavior: None,
        uninstallation_requires_network: None,
        uninstallation_can_request_user_input: None,
        update_type: Some(format!("{:?}", revision.kind)),
        publication_state: Some(if revision.expired { EXPIRED } else { PUBLISHED }),
        creation_date: Time(None),
        is_approved: Some(served.approved_groups(at) > 0),
        update_state: None,
        eula_id: card.licence.as_ref().map(|licence| Guid::from_bytes(*licence.id.as_bytes())),
        requires_license_agreement_acceptance: Some(
            card.licence.as_ref().is_some_and(|licence| must_accept(licence.id)),
        ),
        is_declined: Some(decision == Decision::Declined),
        has_stale_update_approvals: Some(decision == Decision::EarlierApproved),
        is_latest_revision: Some(true),
        arrival_date: Time(Some(revision.arrived_at)),
        has_superseded_updates: Some(!revision.supersedes.is_empty()),
        legacy_name: None,
        msrc_severity: card.severity.map(|severity| format!("{severity:?}")),
        title: Some(card.title.to_string()),
        description: None,
        release_notes: None,
        has_earlier_revision: Some(update.revisions.len() > 1),
        is_superseded: Some(served.superseded(at)),
        is_wsus_infrastructure_update: None,
        update_source: None,
    }
}

fn add_facts(row: &mut UpdateRow, facts: &Facts, culture: Option<&str>) {
    if let Some(texts) = facts.texts(culture.into_iter().chain(["en"])) {
        row.title = Some(texts.title.clone());
        row.description = texts.description.clone();
    }
    row.creation_date = Time(facts.created_at);
    row.legacy_name = facts.legacy_name.clone();
    let installation = facts.installation;
    row.installation_supported = Some(true);
    row.installation_impact = Some(impact(installation));
    row.installation_reboot_behavior = Some(reboot(installation));
    row.installation_requires_network = Some(installation.requires_network);
    row.installation_can_request_user_input = Some(installation.can_request_user_input);
    row.uninstallation_supported = Some(facts.uninstallation.is_some());
    row.uninstallation_impact = facts.uninstallation.map(impact);
    row.uninstallation_reboot_behavior = facts.uninstallation.map(reboot);
    row.uninstallation_requires_network = facts.uninstallation.map(|it| it.requires_network);
    row.uninstallation_can_request_user_input = facts.uninstallation.map(|it| it.can_request_user_input);
}

/// With the numbers of the update agent's own interface (fact 80).
fn impact(behavior: Behavior) -> i32 {
    match behavior.impact {
        Impact::Normal => 0,
        Impact::Minor => 1,
        Impact::Exclusive => 2,
    }
}

fn reboot(behavior: Behavior) -> i32 {
    match behavior.reboot {
        Reboot::Never => 0,
        Reboot::Always => 1,
        Reboot::Possible => 2,
    }
}

pub(super) async fn deployments(
    asked: &Asked<'_>,
    message: ExecuteSPGetDeployments,
) -> Result<ExecuteSPGetDeploymentsResponse, AppError> {
    let served = asked.app.live.served_full();
    let found = in_scope(asked, &served, message.update_scope_xml.as_deref(), message.publication_state)?;
    let found: std::collections::HashSet<UpdateId> =
        found.into_iter().map(|at| served.catalogue.index.update(at).id).collect();
    let mut approvals = asked.app.standings(&served).await?.approvals;
    approvals.retain(|(standing, _)| found.contains(&standing.approval.update));
    let result = approvals.iter().map(|(standing, revision)| deployment(standing, *revision)).collect();
    Ok(ExecuteSPGetDeploymentsResponse { result })
}

fn deployment(standing: &Standing, revision: u32) -> GenericReadableRow {
    const ACTIVE: i32 = 1;
    let approval = &standing.approval;
    DeploymentRow {
        deployment_time: Time(Some(approval.changed_at)),
        status: Some(ACTIVE),
        action: number(approval.action),
        go_live_time: Time(Some(approval.changed_at)),
        deadline: Deadline(approval.deadline),
        admin_name: Some(standing.by.clone()),
        deployment_id: standing.deployment,
        is_assigned: Some(true),
        update_id: approval.update,
        revision_number: int(revision),
        target_group_id: approval.group,
    }
    .to_row()
}

/// Approves what is the newest revision, or takes back what is approved and declined (fact 75).
pub(super) async fn deploy(
    asked: &Asked<'_>,
    message: ExecuteSPDeployUpdate1,
) -> Result<ExecuteSPDeployUpdate1Response, AppError> {
    let (app, operator) = (asked.app, asked.operator()?);
    let wanted = UpdateIdentity::from(required(message.update_id, "updateId")?);
    let action = match message.deployment_action {
        INSTALL => Some(Action::Install),
        UNINSTALL => Some(Action::Uninstall),
        BLOCK => Some(Action::Block),
        NOT_APPROVED => None,
        other => return Err(invalid(format!("there is no action {other} to deploy with"))),
    };
    if action == Some(Action::Install) && !message.is_assigned {
        return Err(invalid("installations that users may choose are not served: set `isAssigned`"));
    }
    let group = message.target_group_id;
    let served = app.live.served_full();
    let newest = newest(&served, known(&served, wanted.id)?);
    let terms = match action {
        Some(_) if wanted != newest => {
            return Err(AppError::Refused(format!("{newest} is the newest revision: approve that")));
        }
        Some(action) => {
            Some(Terms { action, deadline: message.deadline.0, new_revisions: NewRevisions::Follow })
        }
        None => None,
    };
    if terms.is_none() && served.offers.declined.contains(&wanted.id) {
        done(app.decline(operator, &[wanted.id], Decline::Undeclined, &Seen::default()).await?)?;
    }
    done(app.approve(operator, &[wanted.id], group, terms, &Seen::default()).await?)?;
    let standings = app.standings(&app.live.served_full()).await?;
    let made = standings
        .approvals
        .iter()
        .find(|(standing, _)| (standing.approval.update, standing.approval.group) == (wanted.id, group));
    let result = made.map(|(standing, revision)| deployment(standing, *revision));
    Ok(ExecuteSPDeployUpdate1Response { result })
}

pub(super) async fn decline(
    asked: &Asked<'_>,
    message: ExecuteSPDeclineUpdate,
) -> Result<ExecuteSPDeclineUpdateResponse, AppError> {
    done(
        asked
            .app
            .decline(asked.operator()?, &[message.update_id], Decline::Declined, &Seen::default())
            .await?,
    )?;
    Ok(ExecuteSPDeclineUpdateResponse {})
}

pub(super) async fn accept_licence(
    asked: &Asked<'_>,
    message: ExecuteSPAcceptEula,
) -> Result<ExecuteSPAcceptEulaResponse, AppError> {
    let update = required(message.update_id, "updateId")?.update_id;
    let licence = EulaId::from_bytes(*message.eula_id.as_bytes());
    asked.app.accept_licence(asked.operator()?, licence, update).await?;
    Ok(ExecuteSPAcceptEulaResponse {})
}

/// Of an update in any revision: all have the terms of the newest.
pub(super) async fn licence_file(
    asked: &Asked<'_>,
    message: ExecuteSPGetEulaFile,
) -> Result<ExecuteSPGetEulaFileResponse, AppError> {
    let licence = EulaId::from_bytes(*message.id.as_bytes());
    let preferred = message.preferred_culture.as_deref();
    let file = asked.app.licence_file(licence, message.update_id, preferred).await?;
    Ok(ExecuteSPGetEulaFileResponse { result: Some(file) })
}

pub(super) async fn delete(
    asked: &Asked<'_>,
    message: ExecuteSPDeleteUpdate,
) -> Result<ExecuteSPDeleteUpdateResponse, AppError> {
    let number = u32::try_from(message.local_update_id).map(UpdateNumber).ok();
    let update = number.and_then(|number| asked.app.live.served().catalogue.numbers.id(number));
    let missing = || AppError::NotFound(format!("there is no update {}", message.local_update_id));
    done(asked.app.delete_updates(asked.operator()?, &[update.ok_or_else(missing)?]).await?)?;
    Ok(ExecuteSPDeleteUpdateResponse {})
}

pub(super) async fn delete_by_id(
    asked: &Asked<'_>,
    message: ExecuteSPDeleteUpdateByUpdateID,
) -> Result<ExecuteSPDeleteUpdateByUpdateIDResponse, AppError> {
    done(asked.app.delete_updates(asked.operator()?, &[message.update_id]).await?)?;
    Ok(ExecuteSPDeleteUpdateByUpdateIDResponse {})
}

/// One update was named, and either it is done or there is a reason.
fn done(outcome: Outcome) -> Result<(), AppError> {
    match outcome.refused.into_iter().next() {
        None => Ok(()),
        Some((_, reason)) => Err(AppError::Refused(reason)),
    }
}
