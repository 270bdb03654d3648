//! How an update is deployed to a computer.

use std::fmt::Display;

use headwater_model::{ProtocolVersion, Timestamp};
use headwater_xml::Error as XmlError;

use crate::soap::record::{enumeration, record};
use crate::soap::{Lexical, lexical_fields};

enumeration! {
    /// [MS-WUSP] 2.2.2.2.4 DeploymentAction
    pub enum DeploymentAction {
        /// Offered to the user, not installed by itself.
        OptionalInstall,
        Install,
        Uninstall,
        /// Only detected and reported.
        PreDeploymentCheck,
        Block,
        /// Neither offered nor reported: categories and detectoids (fact 24).
        Evaluate,
        /// Deployed as a member of another update.
        Bundle,
    }
}

record! {
    /// [MS-WUSP] 2.2.2.2.4 Deployment
    ///
    /// Agents refuse an update without one (fact 23).
    pub struct Deployment {
        /// Numbers apart from those of revisions (fact 24).
        "ID" => id: i32,
        "Action" => action: DeploymentAction,
        "Deadline" => deadline: Option<Timestamp>,
        "IsAssigned" => is_assigned: bool,
        "LastChangeTime" => last_change_time: ChangeDate,
        "DownloadPriority" => download_priority: Option<String>,
        /// Which hardware of the computer a driver matched, for protocol 1.6 and later (fact 26).
        "HardwareIds" => hardware_ids: Vec<String> [max crate::wusp::system_spec::HARDWARE_IDS_MAX, omit blank],
        "AutoSelect" => auto_select: Option<i32>,
        "AutoDownload" => auto_download: Option<i32>,
        "SupersedenceBehavior" => supersedence_behavior: Option<i32>,
    }
}

impl Deployment {
    /// Protocol versions below do not know the last three fields ([MS-WUSP] 2.2.2.2.4).
    const BEHAVIOUR_SINCE: ProtocolVersion = ProtocolVersion::new(1, 8);

    /// A deployment with what every one has, for a client of this version.
    pub fn new(id: i32, action: DeploymentAction, changed: Timestamp, client: ProtocolVersion) -> Self {
        let behaviour = (client >= Self::BEHAVIOUR_SINCE).then_some(0);
        Self {
            id,
            action,
            deadline: None,
            is_assigned: true,
            last_change_time: ChangeDate::of(changed),
            download_priority: None,
            hardware_ids: Vec::new(),
            auto_select: behaviour,
            auto_download: behaviour,
            supersedence_behavior: behaviour,
        }
    }
}

/// The day of a change: of its time the wire has the date only (fact 23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeDate(Timestamp);

impl ChangeDate {
    /// The day of a time.
    pub fn of(time: Timestamp) -> Self {
        const MICROS_PER_DAY: i64 = 86_400_000_000;
        let micros = time.as_micros();
        Self(Timestamp::from_micros(micros - micros.rem_euclid(MICROS_PER_DAY)))
    }
}

impl Lexical for ChangeDate {
    /// Reads a date, or a date and time of which it takes the date.
    fn parse(name: &'static str, text: &str, max: usize) -> Result<Self, XmlError> {
        let date = text.trim().split('T').next().unwrap_or_default();
        let midnight = Timestamp::parse(name, &format!("{date}T00:00:00Z"), max);
        midnight.map(Self).map_err(|_| XmlError::value(name, text, "expected a date such as 2026-10-04"))
    }

    fn display(&self) -> impl Display {
        self.0.date()
    }
}

lexical_fields!(ChangeDate);
