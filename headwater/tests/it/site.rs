//! A WSUS and its Linkage: in one process, or in two of which the Linkage speaks only Microsoft's administration
//! service.

use std::ops::Deref;

use tempfile::TempDir;

use crate::tree::{Node, Stopped, administered};

/// As a node it is the WSUS.
pub(super) struct Site {
    pub(super) wsus: Node,
    /// The Linkage where it is a process of its own.
    pub(super) before: Option<Node>,
}

/// The same while it does not run.
pub(super) struct StoppedSite {
    wsus: Stopped,
    before: Option<Stopped>,
}

impl Site {
    /// The top, or a replica of the one above, which it has synchronised with. `is_before`: the Linkage is a
    /// process of its own.
    pub(super) fn start(folder: &TempDir, name: &'static str, is_before: bool, above: Option<&Self>) -> Self {
        let parent = above.map(|above| format!("parent = \"{}\"\n", above.linkage_url())).unwrap_or_default();
        let (roles, more) = match is_before {
            true => ("\"update-server\"", ""),
            false => ("\"update-server\", \"linkage\"", parent.as_str()),
        };
        let wsus = Node::start_with(folder, name, roles, more);
        let before = is_before.then(|| {
            let more = format!("{parent}{}", administered(folder, wsus.server.updates_url()));
            Node::start_with(folder, format!("{name}-linkage").leak(), "\"linkage\"", &more)
        });
        if let Some(above) = above {
            wsus.done(&["upstream", "set", above.server.updates_url(), "--replica"]);
            wsus.done(&["upstream", "sync", "--wait"]);
        }
        Self { wsus, before }
    }

    pub(super) fn linkage(&self) -> &Node {
        self.before.as_ref().unwrap_or(&self.wsus)
    }

    pub(super) fn linkage_url(&self) -> String {
        self.linkage().linkage_url()
    }

    pub(super) fn code(&self) -> String {
        self.linkage().code()
    }

    pub(super) fn kill(self) -> StoppedSite {
        StoppedSite { wsus: self.wsus.kill(), before: self.before.map(Node::kill) }
    }
}

impl Deref for Site {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.wsus
    }
}

impl StoppedSite {
    pub(super) fn start_again(self) -> Site {
        Site { wsus: self.wsus.start_again(), before: self.before.map(Stopped::start_again) }
    }
}
