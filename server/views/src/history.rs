//! What was done, by whom and when.

use headwater_api::{Change, HistoryQuery, Page, UpdateRef};
use headwater_app::{App, AppError, Served, admin};

use crate::{groups, paging};

/// The newest changes, of one update or group if one is named.
pub async fn list(app: &App, query: &HistoryQuery) -> Result<Page<Change>, AppError> {
    let limit = paging::limit(query.limit);
    let changes = app.history(query.update, query.group, limit as u32).await?;
    let served = app.live.served();
    Ok(Page { items: changes.into_iter().map(|one| change(&served, one)).collect(), next: None, total: None })
}

pub(crate) fn change(served: &Served, change: admin::updates::Change) -> Change {
    let title = |id| served.catalogue.title(id).map(str::to_owned);
    Change {
        at: change.at,
        by: change.by,
        what: change.what,
        update: change.update.map(|id| UpdateRef { id, title: title(id) }),
        group: change.group.map(|id| groups::reference(served, id)),
        from: change.before,
        to: change.after,
        outside: false,
    }
}
