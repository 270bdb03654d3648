//! The managing server and the WSUS of one process: linked the way that any others are, by the Linkage's
//! address and its code.

use std::time::Duration;

use headwater_app::App;
use headwater_linkage::Linkage;
use headwater_manager::{Manager, ManagerError};
use headwater_model::chain;

use crate::node::Node;

/// By whom the record says that it was linked.
const BY: &str = "headwater up";
/// On one machine all of it is a moment's work; the start does not wait for longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// How the managing server stands with the WSUS of its process.
#[derive(Debug)]
pub enum Own {
    Linked,
    /// There is a reason for it not to be linked, and nothing to be done.
    Other,
    /// With what to do.
    Failed {
        why: String,
    },
}

/// Links them, unless they are or should not be.
pub async fn see_to(node: &Node) -> Own {
    let (Some(app), Some(manager), Some(linkage), Some(url)) =
        (&node.app, &node.manager, &node.linkage, &node.linkage_url)
    else {
        return Own::Other;
    };
    if let Some(parent) = &node.config.linkage.parent {
        tracing::info!(parent, "not linked: this Linkage waits at the one above to be paired");
        return Own::Other;
    }
    let linking = link(app, manager, linkage, url);
    let failed = match tokio::time::timeout(PATIENCE, linking).await {
        Ok(Ok(own)) => return own,
        Ok(Err(error)) => chain(&error),
        Err(_) => format!("the Linkage at {url} did not answer within {} s", PATIENCE.as_secs()),
    };
    Own::Failed {
        why: format!("not linked: {failed}; start again, or try `headwater wsus link {url} --code CODE`"),
    }
}

async fn link(app: &App, manager: &Manager, linkage: &Linkage, url: &str) -> Result<Own, ManagerError> {
    let upstream = app.upstream_url();
    if let Some(linked) = manager.linked().await? {
        // A Linkage that forgot its managing server has another id, and the WSUS is the same.
        let is_here = linked.linkage == linkage.id() || linked.server == Some(app.server.id);
        if !is_here {
            tracing::info!(url = linked.url, "the managing server is linked with another WSUS");
            return Ok(Own::Other);
        }
        return still(manager, linkage, upstream, &linked.url, url).await;
    }
    if let Some(upstream) = upstream {
        tracing::info!(
            upstream,
            "not linked: this WSUS takes from another; link the top one with `headwater wsus link`"
        );
        return Ok(Own::Other);
    }
    let Some(code) = linkage.code() else {
        let manager = linkage.manager().unwrap_or_default();
        tracing::info!(manager, "not linked: the Linkage here belongs to another managing server");
        return Ok(Own::Other);
    };
    manager.link(url, &code, BY).await?;
    Ok(Own::Linked)
}

/// Whether a link of an earlier start holds; its Linkage may be at another port now.
async fn still(
    manager: &Manager,
    linkage: &Linkage,
    upstream: Option<String>,
    address: &str,
    url: &str,
) -> Result<Own, ManagerError> {
    let why = if linkage.code().is_some() {
        "the Linkage here forgot its managing server".to_owned()
    } else if let Some(upstream) = upstream {
        format!("the managing server here writes nothing, for this WSUS takes from {upstream} now")
    } else {
        if address != url {
            manager.relocate(url).await?;
        }
        return Ok(Own::Linked);
    };
    Ok(Own::Failed { why: format!("{why}; run `headwater wsus unlink`, and start again") })
}
