//! The states of updates on computers: by update, and by computer.

use clap::ValueEnum;
use headwater_api::{
    ComputerUpdate, ComputerUpdateState, Page, StatesQuery, UpdateComputer, UpdateComputerOrder,
    UpdateComputersQuery,
};
use headwater_model::Timestamp;
use headwater_words::approval::state as word;
use headwater_words::error::meaning;
use headwater_words::moment::age;

use crate::arguments::Part;
use crate::failure::{Exit, Failure};
use crate::names::UpdateName;
use crate::session::{Reader, Session};
use crate::table::{Column, Table};
use crate::update::rest;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum StateChoice {
    Failed,
    Needed,
    Downloaded,
    PendingRestart,
    /// It was not reported since the update is there
    Unknown,
    Installed,
    NotApplicable,
    /// Every state
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ComputerOrderChoice {
    Name,
    Server,
    /// The worst first
    State,
    /// By why it failed
    Error,
    /// The latest change first
    Since,
}

fn query(state: Option<StateChoice>, part: &Part) -> StatesQuery {
    StatesQuery {
        state: state.and_then(|state| match state {
            StateChoice::Failed => Some(ComputerUpdateState::Failed),
            StateChoice::Needed => Some(ComputerUpdateState::Needed),
            StateChoice::Downloaded => Some(ComputerUpdateState::Downloaded),
            StateChoice::PendingRestart => Some(ComputerUpdateState::PendingRestart),
            StateChoice::Unknown => Some(ComputerUpdateState::Unknown),
            StateChoice::Installed => Some(ComputerUpdateState::Installed),
            StateChoice::NotApplicable => Some(ComputerUpdateState::NotApplicable),
            StateChoice::All => None,
        }),
        all: matches!(state, Some(StateChoice::All)),
        limit: Some(part.limit),
        after: part.after.clone(),
    }
}

/// `headwater update computers`.
pub(crate) fn computers(
    update: &UpdateName,
    state: Option<StateChoice>,
    (sort, reverse): (Option<ComputerOrderChoice>, bool),
    part: &Part,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let update = session.update(update)?;
    let StatesQuery { state, all, limit, after } = query(state, part);
    let sort = sort.map(|order| match order {
        ComputerOrderChoice::Name => UpdateComputerOrder::Name,
        ComputerOrderChoice::Server => UpdateComputerOrder::Server,
        ComputerOrderChoice::State => UpdateComputerOrder::State,
        ComputerOrderChoice::Error => UpdateComputerOrder::Error,
        ComputerOrderChoice::Since => UpdateComputerOrder::Since,
    });
    let query = UpdateComputersQuery { state, all, sort, reverse, limit, after };
    let answer = session.client.update_computers(update, &query)?;
    session.show(&answer, computers_text)
}

/// `headwater computer updates`.
pub(crate) fn updates(
    computer: &str,
    state: Option<StateChoice>,
    part: &Part,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let computer = session.computer(computer)?;
    let answer = session.client.computer_updates(&computer, &query(state, part))?;
    session.show(&answer, |page, reader| match page.items.as_slice() {
        [] => "No update is in that state on it.".into(),
        updates => updates_table(updates, reader) + &rest(page, "update"),
    })
}

fn computers_text(page: &Page<UpdateComputer>, reader: Reader) -> String {
    if page.items.is_empty() {
        return "On no computer is it in that state.".into();
    }
    let has_servers = page.items.iter().any(|one| one.server.is_some());
    let mut columns = vec![Column::Long("NAME")];
    if has_servers {
        columns.push(Column::Long("SERVER"));
    }
    columns.extend([Column::Long("STATE"), Column::Text("SINCE")]);
    let mut table = Table::new(&columns).wrapping();
    for one in &page.items {
        let mut cells = vec![one.name.clone()];
        if has_servers {
            cells.push(one.server.as_ref().map_or_else(String::new, |server| server.name.clone()));
        }
        let silent = if one.silent { ", silent" } else { "" };
        cells.push(format!("{}{silent}", stated(one.state, one.error.as_deref())));
        cells.push(one.since.map_or_else(String::new, |since| age(since, reader.now)));
        table.row(cells);
    }
    table.text(reader.width) + &rest(page, "computer")
}

pub(crate) fn updates_table(updates: &[ComputerUpdate], reader: Reader) -> String {
    let columns = [Column::Text("ID"), Column::Long("TITLE"), Column::Long("STATE"), Column::Text("SINCE")];
    let mut table = Table::new(&columns).wrapping();
    for update in updates {
        // Since then there is nothing.
        let is_told = update.since > Timestamp::EPOCH;
        table.row([
            update.id.to_string().chars().take(8).collect(),
            update.title.clone(),
            stated(update.state, update.error.as_deref()),
            if is_told { age(update.since, reader.now) } else { String::new() },
        ]);
    }
    table.text(reader.width)
}

/// `failed 0x80240022: …`.
fn stated(state: ComputerUpdateState, error: Option<&str>) -> String {
    let meant = error.and_then(meaning).map_or_else(String::new, |meaning| format!(": {meaning}"));
    error.map_or_else(|| word(state).to_owned(), |error| format!("{} {error}{meant}", word(state)))
}
