//! Choosing the upstream server and what is taken from it.

use std::sync::Arc;

use headwater_store::{UpstreamFilter, UpstreamMode, UpstreamSetting};
use headwater_upstream::Address;

use super::{Link, PlainHttp};
use crate::admin::chain;
use crate::error::AppError;
use crate::start::App;
use headwater_operators::Operator;

/// The longest list of one kind in a filter, and the longest name in it, in bytes.
const FILTER_MAX: usize = 2_000;
const NAME_BYTES_MAX: usize = 512;
/// The longest text of certificates, in bytes: a few dozen.
const CA_BYTES_MAX: usize = 256 << 10;

/// The upstream server and how it stands with it.
#[derive(Debug)]
pub struct UpstreamReport {
    pub setting: UpstreamSetting,
    /// The number of the run that is going.
    pub running: Option<i64>,
    pub last_run: Option<headwater_store::RunRow>,
}

/// What is told where there is no upstream server.
pub fn none_is_set() -> AppError {
    AppError::NotFound("no upstream server is set; name one with `headwater upstream set URL`".into())
}

impl App {
    /// The upstream server, if there is one.
    pub async fn upstream_report(&self) -> Result<Option<UpstreamReport>, AppError> {
        let Some(link) = self.downstream.link() else { return Ok(None) };
        let running = self.downstream.running();
        let ended = |run: &headwater_store::RunRow| Some(run.number) != running;
        let last_run = self.store.runs(2).await?.into_iter().find(ended);
        Ok(Some(UpstreamReport { setting: link.setting.clone(), running, last_run }))
    }

    /// Who the upstream server is, once it was told of this one.
    pub async fn upstream_id(&self) -> Result<Option<headwater_model::ServerId>, AppError> {
        Ok(self.store.rolled_up_to().await?)
    }

    /// The address of the upstream server, if there is one.
    pub fn upstream_url(&self) -> Option<String> {
        Some(self.downstream.link()?.setting.url.clone())
    }

    /// Takes updates from this server from now on, and as its replica everything that is decided
    /// there. `ca_pem` is the authority of its certificate where it is no public one.
    pub async fn set_upstream(
        &self,
        operator: &Operator,
        url: &str,
        ca_pem: Option<&str>,
        mode: UpstreamMode,
    ) -> Result<(), AppError> {
        let invalid = |error: headwater_upstream::Error| AppError::Invalid(chain(&error));
        let address: Address = url.parse().map_err(invalid)?;
        let may_be_plain = self.settings.downstream.plain_http == PlainHttp::Anywhere;
        if !address.is_https() && !address.is_this_machine() && !may_be_plain {
            return Err(AppError::Refused(format!(
                "{address} is plain HTTP: whoever is between could make computers run programs. Give its \
                 https:// address, or start this server with --insecure-http in a laboratory"
            )));
        }
        if ca_pem.is_some_and(|pem| pem.len() > CA_BYTES_MAX) {
            return Err(AppError::Invalid(format!(
                "the authority's file has more than {CA_BYTES_MAX} bytes; give only the certificates needed"
            )));
        }
        let url = address.to_string();
        let setting = UpstreamSetting {
            url: url.clone(),
            ca_pem: ca_pem.map(str::to_owned),
            mode,
            filter: UpstreamFilter::default(),
            generation: 0,
        };
        // Certificates are looked at before anything is written.
        Link::new(setting, &self.settings.downstream.name, self.server.id).map_err(invalid)?;
        self.store.set_upstream(&url, ca_pem, mode, &operator.name, self.clock.now()).await?;
        self.follow_setting().await
    }

    /// Limits what is taken; an empty list is no limit. All is looked at again, for other updates may
    /// be wanted now.
    pub async fn filter_upstream(
        &self,
        operator: &Operator,
        filter: &UpstreamFilter,
    ) -> Result<(), AppError> {
        self.must_have_upstream()?;
        for list in [&filter.products, &filter.classifications, &filter.languages] {
            if list.len() > FILTER_MAX || list.iter().any(|name| name.len() > NAME_BYTES_MAX) {
                return Err(AppError::Invalid(format!(
                    "a filter has at most {FILTER_MAX} entries of {NAME_BYTES_MAX} bytes"
                )));
            }
        }
        self.store.set_upstream_filter(filter, &operator.name, self.clock.now()).await?;
        self.follow_setting().await
    }

    /// Takes from no server any more; what is here stays, and is decided here from now on.
    pub async fn clear_upstream(&self, operator: &Operator) -> Result<(), AppError> {
        self.must_have_upstream()?;
        self.store.clear_upstream(&operator.name, self.clock.now()).await?;
        self.follow_setting().await
    }

    pub(super) fn must_have_upstream(&self) -> Result<Arc<Link>, AppError> {
        self.downstream.link().ok_or_else(none_is_set)
    }

    /// Refuses what only the server above decides, where this one is a replica.
    pub(crate) fn must_decide_here(&self) -> Result<(), AppError> {
        match self.downstream.replica_of() {
            None => Ok(()),
            Some(url) => Err(AppError::Refused(format!(
                "this server is a replica of {url}: groups, approvals and declines are made there"
            ))),
        }
    }

    async fn follow_setting(&self) -> Result<(), AppError> {
        let link = match self.store.upstream().await? {
            None => None,
            Some(setting) => {
                let link = Link::new(setting, &self.settings.downstream.name, self.server.id);
                Some(Arc::new(link.map_err(|error| AppError::Invalid(chain(&error)))?))
            }
        };
        self.downstream.link.send_replace(link);
        self.content.wake();
        Ok(())
    }
}
