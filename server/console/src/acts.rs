//! What can be done with one computer, by the forms that there are for many.

use headwater_api::ComputerSummary;
use headwater_manager::{Manager, Mirror};

use crate::failure::Failure;
use crate::fields::encoded;
use crate::members::wsus_href;
use crate::session::Visitor;

/// The forms that are there for the computers of a WSUS group, for this one.
pub(crate) struct Acts {
    pub move_href: String,
    pub delete_href: String,
}

/// Whoever may decide for all its groups may move and delete it.
pub(crate) async fn acts(
    manager: &Manager,
    visitor: &Visitor,
    mirror: &Mirror,
    computer: &ComputerSummary,
) -> Result<Option<Acts>, Failure> {
    let within = visitor.groups(manager).await?;
    let groups = || computer.groups.iter().map(|group| group.id);
    // One that is in no other group, or in groups that its server alone has, is in All Computers.
    let all = mirror.tree.groups.iter().find(|group| group.built_in).map(|group| group.id);
    let Some(group) = groups().find(|id| mirror.tree.group(*id).is_some()).or(all) else { return Ok(None) };
    if !groups().chain([group]).all(|id| within.has(id)) {
        return Ok(None);
    }
    let href = |act| format!("{}&act={act}&id={}", wsus_href(group), encoded(computer.id.as_str()));
    Ok(Some(Acts { move_href: href("move"), delete_href: href("delete") }))
}
