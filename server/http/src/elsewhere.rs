//! What a managing server without an update server in its process does not do: each answer says where it is done.

use axum::http::StatusCode;

use crate::problem::Refusal;

fn refused(what: &str) -> Refusal {
    let detail = format!("this is a managing server without an update server of its own: {what}");
    Refusal::new(StatusCode::CONFLICT, "done elsewhere", detail)
}

pub(crate) async fn imports() -> Refusal {
    refused(
        "updates are imported on the linked WSUS, by `headwater update import` on its machine, or by wsusutil \
         import on a Microsoft WSUS; `headwater wsus sync` brings them down the tree",
    )
}

pub(crate) async fn server() -> Refusal {
    refused("`headwater wsus show` shows the servers of the tree, and `headwater wsus doctor` examines them")
}

pub(crate) async fn status() -> Refusal {
    refused("`headwater report compliance` says how the computers of the tree stand")
}

pub(crate) async fn history() -> Refusal {
    refused(
        "`headwater audit list` lists what was done here, and `headwater update show` what was done with an update",
    )
}

pub(crate) async fn policy() -> Refusal {
    refused(
        "computers take updates from a WSUS server of the tree: ask that one, by `headwater client policy` on its \
         machine",
    )
}

pub(crate) async fn upstream() -> Refusal {
    refused(
        "what a WSUS server takes, and from where, is set on that server, by `headwater upstream` on its machine or \
         in the console of a Microsoft WSUS",
    )
}

pub(crate) async fn downstream() -> Refusal {
    refused(
        "`headwater wsus show` shows the servers of the tree, and `headwater wsus server delete` deletes the record of \
         one that is gone",
    )
}

pub(crate) async fn synchronise() -> Refusal {
    refused("`headwater wsus sync` brings the tree in step, and with --with-upstream the top one first")
}

pub(crate) async fn runs() -> Refusal {
    refused("`headwater wsus runs` lists the synchronisations of the tree")
}
