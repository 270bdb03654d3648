//! What an operator wants of single servers of the tree.

use headwater_api::linkage::WsusMode;
use headwater_api::{ServerChange, ServerFollow, TreeServer};
use headwater_model::{ServerId, Timestamp};
use headwater_store::{AuditRow, ServerSettingsRow};
use headwater_tree::window::Window;
use jiff::tz::TimeZone;

use crate::{Manager, ManagerError};

impl Manager {
    /// What is wanted of a server, as it is now.
    pub async fn wanted_of(&self, server: ServerId) -> Result<ServerSettingsRow, ManagerError> {
        Ok(self.store.server_settings().await?.remove(&server).unwrap_or_default())
    }

    /// Sets what is wanted of a server, by its name or id.
    pub async fn set_server(
        &self,
        name: &str,
        change: &ServerChange,
        by: &str,
    ) -> Result<TreeServer, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let is_meant = |one: &&TreeServer| one.id.to_string() == name || one.name.eq_ignore_ascii_case(name);
        let mut server = tree.servers.iter().find(is_meant).cloned().ok_or_else(|| {
            ManagerError::NotFound(format!(
                "no WSUS server is named `{name}`; `headwater wsus show` lists those there are"
            ))
        })?;
        let before = told(&server);
        if let Some(follow) = change.follow {
            may_follow(&server, follow)?;
            server.follow = follow;
        }
        if let Some(window) = &change.window {
            server.window = match window.as_str() {
                "" => None,
                text => {
                    let window: Window = text.parse().map_err(invalid)?;
                    Some(window.to_string())
                }
            };
        }
        server.client_targeting = change.client_targeting.unwrap_or(server.client_targeting);
        let settings = ServerSettingsRow {
            follows: server.follow == ServerFollow::GroupsAndApprovals,
            window: server.window.clone(),
            client_targeting: server.client_targeting,
        };
        let done = AuditRow {
            before: Some(before),
            after: Some(told(&server)),
            ..AuditRow::of(self.now(), by, "set server", &server.name)
        };
        self.store.set_server(server.id, &settings, &done).await?;
        self.look_again();
        Ok(server)
    }

    /// The servers that a scheduled run left for later and that can be worked on now.
    pub(crate) async fn due(&self, now: Timestamp, zone: &TimeZone) -> Result<Vec<ServerId>, ManagerError> {
        let left = self.store.left_servers().await?;
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let settings = self.store.server_settings().await?;
        let is_due = |server: &ServerId| {
            let window = settings.get(server).and_then(|settings| settings.window.as_deref());
            closed(window, now, zone).is_none()
        };
        Ok(left.into_iter().filter(is_due).collect())
    }
}

/// The window of a server, if it has one that is closed.
pub(crate) fn closed(window: Option<&str>, now: Timestamp, zone: &TimeZone) -> Option<Window> {
    let window: Window = window?.parse().ok()?;
    let now = zone.to_datetime(jiff::Timestamp::from_microsecond(now.as_micros()).ok()?);
    let minute = u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).ok()?;
    (!window.is_open(minute)).then_some(window)
}

fn invalid(error: headwater_tree::window::WindowError) -> ManagerError {
    ManagerError::Invalid(error.to_string()).at("window")
}

/// Only an autonomous server decides for itself; of one that is not reached it is not known.
fn may_follow(server: &TreeServer, follow: ServerFollow) -> Result<(), ManagerError> {
    let why = match server.mode {
        _ if follow == ServerFollow::Nothing => return Ok(()),
        Some(WsusMode::Autonomous) => return Ok(()),
        Some(WsusMode::Replica) => "is a replica and gets groups and approvals by itself",
        Some(WsusMode::Top) => "is the top WSUS, which the others follow",
        None => "is not known: nobody has said yet whether it is autonomous",
    };
    Err(ManagerError::Refused(format!("{} {why}", server.name)))
}

fn told(server: &TreeServer) -> String {
    let follow = match server.follow {
        ServerFollow::Nothing => "takes updates only",
        ServerFollow::GroupsAndApprovals => "follows groups and approvals",
    };
    let window =
        server.window.as_ref().map_or_else(|| "at any time".to_owned(), |window| format!("in {window}"));
    let targeting = if server.client_targeting { ", groups by policy are meant" } else { "" };
    format!("{follow}, {window}{targeting}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::sample_server;
    use crate::sample;

    #[test]
    fn only_an_autonomous_server_follows() {
        let mut server = sample_server(ServerId::from_u128(1), "berlin").server;
        for (mode, refused) in [
            (Some(WsusMode::Autonomous), None),
            (Some(WsusMode::Replica), Some("berlin is a replica")),
            (Some(WsusMode::Top), Some("berlin is the top WSUS")),
            (None, Some("berlin is not known")),
        ] {
            server.mode = mode;
            let found =
                may_follow(&server, ServerFollow::GroupsAndApprovals).err().map(|error| error.to_string());
            assert_eq!(found.is_some(), refused.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().starts_with(refused.unwrap_or_default()));
            assert!(may_follow(&server, ServerFollow::Nothing).is_ok());
        }
    }

    #[test]
    fn a_window_is_by_the_clock_of_the_managing_server() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let is_closed = |at: &str| closed(Some("22:00-05:00"), at.parse().expect("a time"), &zone).is_some();
        assert!(is_closed("2026-11-27T20:59:59Z") && !is_closed("2026-11-27T21:00:00Z"));
        assert!(!is_closed("2026-07-01T02:59:00Z") && is_closed("2026-07-01T03:00:00Z"), "in summer");
        assert!(closed(None, Timestamp::EPOCH, &zone).is_none());
    }

    #[tokio::test]
    async fn who_was_left_for_later_is_due_once_its_window_opens() {
        let (_folder, manager) = sample::manager(|| Timestamp::EPOCH).await;
        let server = ServerId::from_u128(1);
        let settings =
            ServerSettingsRow { window: Some("22:00-05:00".to_owned()), ..ServerSettingsRow::default() };
        let done = AuditRow::of(Timestamp::EPOCH, "ada", "set server", "berlin");
        manager.store.set_server(server, &settings, &done).await.expect("writes");
        let due =
            async |at: &str| manager.due(at.parse().expect("a time"), &TimeZone::UTC).await.expect("reads");
        assert_eq!(due("2026-11-27T23:00:00Z").await, [], "nobody was left");
        manager.store.leave_server(server).await.expect("writes");
        assert_eq!(due("2026-11-27T21:59:00Z").await, []);
        assert_eq!(due("2026-11-27T22:00:00Z").await, [server]);
        assert_eq!(due("2026-11-27T22:00:15Z").await, [server], "no run has begun");
        manager.store.take_up_servers(&[server]).await.expect("writes");
        assert_eq!(due("2026-11-27T22:00:30Z").await, []);
    }
}
