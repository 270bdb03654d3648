//! The console: pages of a managing server, rendered here and alive in a browser. They hold no rule.
//!
//! | path | what |
//! | --- | --- |
//! | `/` | Overview: the drawing, and what needs attention |
//! | `/servers/{id}` | one WSUS server, and what is wanted of it |
//! | `/servers/{id}/delete` | deleting the record of one that is gone |
//! | `/updates`, `/updates/{id}`, `/approve` | updates, one of them, the preview of an approval |
//! | `/updates/decline`, `/updates/withdraw` | the same for all that are selected in the list |
//! | `/updates/{id}/licence` | its licence terms |
//! | `/updates/{id}/computers` | the computers on which it is in a state |
//! | `/halts` | the updates that were halted |
//! | `/cleanup` | what a clean-up of the tree would do, and doing it |
//! | `/computers`, `/computers/{id}` | computers, one of them |
//! | `/reports`, `/reports/{name}` | how the computers stand, and each report as CSV |
//! | `/reports/failures` | what failed on which computer |
//! | `/groups` | host groups, WSUS groups, and the difference |
//! | `/groups/host`, `/groups/wsus` | the members of one of either, to be changed |
//! | `/runs`, `/runs/{number}` | synchronisations of the tree |
//! | `/link` | linking, pairing, revoking, relinking, examining |
//! | `/operators` | operators, tokens of programs, one's own password |
//! | `/history` | what operators did |
//! | `/live`, `/live/age` | server-sent events: what has changed; the age of what pages show |
//! | `/sign-in`, `/sign-out`, `/assets/…` | |
//!
//! What is on screen has a URL. Whatever changes something is a POST with the session's own token in it.

mod acts;
mod assets;
mod chart;
mod clean_up;
mod computers;
mod confirm;
mod csv;
mod drawing;
mod failure;
mod failures;
mod fields;
mod frame;
mod groups;
mod heads;
mod history;
mod link;
mod live;
mod look;
mod members;
mod needs;
mod operators;
mod overview;
mod relink;
mod reports;
mod runs;
mod server;
mod session;
mod updates;
mod wrong;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::routing::{get, post};
use headwater_manager::Manager;

/// What a managing server adds to the console's URL space for people.
pub fn router(manager: Arc<Manager>) -> Router {
    Router::new()
        .route("/", get(overview::show))
        .route("/servers/{id}", get(server::show).post(server::set))
        .route("/servers/{id}/delete", get(server::ask_delete).post(server::delete))
        .route("/updates", get(updates::list))
        .route("/updates.csv", get(updates::export))
        .route("/updates/decline", get(updates::many::ask_decline).post(updates::many::decline))
        .route("/updates/withdraw", get(updates::many::ask_withdraw).post(updates::many::withdraw))
        .route("/updates/{id}", get(updates::one::show))
        .route("/updates/{id}/computers", get(updates::computers::show))
        .route("/updates/{id}/withdraw", get(updates::ask::withdraw).post(updates::one::withdraw))
        .route("/updates/{id}/licence", get(updates::licence::show))
        .route("/updates/{id}/accept-licence", post(updates::licence::accept))
        .route("/updates/{id}/decline", get(updates::ask::decline).post(updates::one::decline))
        .route("/updates/{id}/undecline", post(updates::one::undecline))
        .route("/updates/{id}/halt", get(updates::ask::halt).post(updates::one::halt))
        .route("/halts", get(updates::halts::show))
        .route("/approve", get(updates::approve::preview).post(updates::approve::approve))
        .route("/approve.csv", get(updates::approve::export))
        .route("/cleanup", get(clean_up::show).post(clean_up::apply))
        .route("/computers", get(computers::list))
        .route("/computers.csv", get(computers::export))
        .route("/computers/{id}", get(computers::show))
        .route("/reports", get(reports::show))
        .route("/reports/failures", get(failures::show))
        .route("/reports/{name}", get(reports::export))
        .route("/groups", get(groups::show).post(groups::create))
        .route("/groups.csv", get(groups::export))
        .route("/groups/host", get(members::host_group).post(members::change_host_group))
        .route("/groups/wsus", get(members::wsus_group).post(members::change_computers))
        .route("/groups/wsus/create", post(members::create_group))
        .route("/groups/wsus/delete", get(members::ask_delete_group).post(members::delete_group))
        .route("/groups/import", post(groups::import))
        .route("/groups/apply", post(groups::apply))
        .route("/groups/undo", get(groups::ask::undo).post(groups::undo))
        .route("/groups/set", post(groups::set))
        .route("/groups/delete", get(groups::ask::delete).post(groups::delete))
        .route("/runs/schedule", post(runs::set_schedule))
        .route("/runs", get(runs::list))
        .route("/runs/stop", post(runs::stop))
        .route("/runs/{number}", get(runs::show))
        .route("/link", get(link::show).post(link::link))
        .route("/link/confirm", post(link::confirm))
        .route("/link/pair", post(link::pair))
        .route("/link/relink", post(relink::preview))
        .route("/link/relink/apply", post(relink::apply))
        .route("/link/unlink", get(link::ask_unlink).post(link::unlink))
        .route("/link/revoke", get(link::ask_revoke).post(link::revoke))
        .route("/history", get(history::show))
        .route("/history.csv", get(history::export))
        .route("/operators", get(operators::show).post(operators::create))
        .route("/operators/change", post(operators::change))
        .route("/operators/act", get(operators::ask).post(operators::act))
        .route("/tokens", post(operators::create_token))
        .route("/tokens/revoke", get(operators::ask_revoke).post(operators::revoke_token))
        .route("/live", get(live::events))
        .route("/live/age", get(live::age))
        .layer(middleware::from_fn(session::writing))
        // Whatever somebody's role is: a run that only compares writes nothing, and its handler says who may more.
        .route("/runs", post(runs::begin))
        .route("/operators/password", post(operators::password))
        .route("/sign-out", post(session::sign_out))
        .layer(middleware::from_fn_with_state(manager.clone(), session::admit))
        .route("/sign-in", get(session::sign_in_page).post(session::sign_in))
        .route("/assets/{name}", get(assets::show))
        .layer(middleware::from_fn_with_state(manager.clone(), failure::shown))
        .layer(middleware::from_fn(assets::harden))
        .with_state(manager)
}

type Shared = State<Arc<Manager>>;
