//! GetAuthorizationCookie of the SimpleAuth service ([MS-WUSP] 3.1.5.3).

use headwater_model::{ClientId, GroupId, ProtocolVersion};
use headwater_store::ComputerWrite;

use super::Token;
use crate::cookie::{Cookie, Purpose};
use crate::error::{AppError, ClientFault};
use crate::live::COMPUTERS_MAX;
use crate::start::{App, COOKIE_SECONDS, Targeting};
use crate::writer::WriteError;

/// The longest DNS name and the longest list of groups that are kept, in bytes.
const NAME_BYTES_MAX: usize = 512;

impl App {
    /// Makes the computer known and gives it the cookie that GetCookie wants.
    pub async fn get_authorization_cookie(
        &self,
        client: &str,
        dns_name: &str,
        target_groups: &str,
    ) -> Result<Token, ClientFault> {
        let client: ClientId = client.parse().map_err(|_| ClientFault::InvalidParameters("clientId"))?;
        let dns_name = dns_name.trim();
        if dns_name.is_empty() || dns_name.len() > NAME_BYTES_MAX || dns_name.chars().any(char::is_control) {
            return Err(ClientFault::InvalidParameters("dnsName"));
        }
        if target_groups.len() > NAME_BYTES_MAX {
            return Err(ClientFault::InvalidParameters("targetGroupName"));
        }
        let (now, dns_name) = (self.clock.now(), dns_name.to_lowercase());
        if self.live.member(&client).is_some() {
            self.flag_other_name(&client, &dns_name).await?;
        } else if self.live.computers() >= COMPUTERS_MAX {
            tracing::warn!(dns_name, "there are {COMPUTERS_MAX} computers: no more are taken in");
            return Err(ClientFault::ServerBusy);
        }
        self.write(ComputerWrite::Enroll {
            client: client.clone(),
            dns_name,
            requested_group: target_groups.trim().to_owned(),
            groups: self.targeted(target_groups),
            at: now,
        })
        .await?;
        let cookie = Cookie {
            client,
            protocol: ProtocolVersion::new(0, 0),
            config_change: self.server.config_change,
            watermark: 0,
            membership: 0,
            expires: now.plus_seconds(COOKIE_SECONDS),
        };
        self.seal(Purpose::Authorization, &cookie)
    }

    /// Tells operators of a known computer that says another name than before: it was renamed, or two
    /// share an id, or one passes for the other (threat A10).
    pub(super) async fn flag_other_name(&self, client: &ClientId, name: &str) -> Result<(), ClientFault> {
        let known = self.store.computer_name(client).await.map_err(AppError::from)?;
        if let Some(known) = known.filter(|known| known != name) {
            tracing::warn!(%client, known, name, "a computer has another name than before");
            metrics::counter!("headwater_computers_renamed_total").increment(1);
        }
        Ok(())
    }

    /// With client-side targeting, the groups of these names.
    fn targeted(&self, names: &str) -> Option<Vec<GroupId>> {
        (self.settings.targeting == Targeting::ClientSide)
            .then(|| self.live.served().offers.groups.requested(names))
    }

    /// Writes and waits until it is durable.
    pub(crate) async fn write(&self, write: ComputerWrite) -> Result<(), ClientFault> {
        self.writer.write(write).await.map_err(|error| match error {
            WriteError::Busy => ClientFault::ServerBusy,
            WriteError::Failed => ClientFault::Internal(AppError::Internal("an agent's write failed")),
        })
    }
}
