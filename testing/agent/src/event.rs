//! What an agent reports ([MS-WUSP] 2.2.2.3.1, facts 40 to 42).

use std::fmt::Write as _;

use headwater_model::{Guid, Timestamp, UpdateId, UpdateIdentity};
use headwater_wsus::reporting::{
    BasicData, ComputerTargetIdentifier, DetailedVersion, ExtendedData, PrivateData, ReportEventBatch,
    ReportingEvent,
};
use headwater_wsus::wusp::{Cookie, DeploymentAction};

use crate::computer::CLIENT_VERSION;
use crate::{Cache, Cached, Computer, UpdateType};

/// The result of an installation that needs a restart (fact 40).
const RESTART_REQUIRED: i32 = 0x0024_0005;

/// One event, without what all of one computer have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: i32,
    pub update: Option<UpdateIdentity>,
    /// An HRESULT; zero for success.
    pub result: i32,
    /// What stands for %1, %2 and so on in the text of the event.
    pub replacements: Vec<String>,
    pub misc: Vec<String>,
}

impl Event {
    fn new(id: i32, replacements: &[&str]) -> Self {
        let replacements = replacements.iter().map(|text| (*text).to_owned()).collect();
        Self { id, update: None, result: 0, replacements, misc: Vec::new() }
    }

    fn of(self, update: UpdateIdentity) -> Self {
        Self { update: Some(update), ..self }
    }

    /// 147: a scan found so many updates to install.
    pub fn detected(updates: usize) -> Self {
        Self::new(147, &[&updates.to_string()])
    }

    /// 148: a scan failed.
    pub fn detection_failed(result: i32) -> Self {
        Self { result, ..Self::new(148, &[&hexadecimal(result)]) }
    }

    /// 156: the inventory of a computer, sent with 147 (fact 41).
    pub fn status(cache: &Cache) -> Self {
        let reported = |cached: &&Cached| {
            let deployed = matches!(
                cached.deployment.action,
                DeploymentAction::Install
                    | DeploymentAction::OptionalInstall
                    | DeploymentAction::Uninstall
                    | DeploymentAction::PreDeploymentCheck
            );
            deployed && cached.is_leaf && cached.update_type == UpdateType::Software
        };
        let list = |is: fn(&Cached) -> bool| {
            let cached = cache.iter().map(|(_, cached)| cached).filter(reported);
            cached.filter(|cached| is(cached)).map(|cached| cached.identity.id).collect::<Vec<_>>()
        };
        let needed = list(|cached| cached.evaluation.installable);
        let installed = list(|cached| cached.evaluation.installed);
        Self::inventory(&[('U', &needed), ('V', &installed)])
    }

    /// 156 with these lists by their tags; an empty one is left out.
    pub fn inventory(lists: &[(char, &[UpdateId])]) -> Self {
        let mut event = Self::new(156, &[]);
        for (tag, updates) in lists.iter().filter(|(_, updates)| !updates.is_empty()) {
            let mut list = format!("{tag}=");
            for update in *updates {
                // Writing to a `String` does not fail.
                let _ = write!(list, "{};", update.to_string().to_uppercase());
            }
            event.misc.push(list.trim_end_matches(';').to_owned());
        }
        event
    }

    /// 167
    pub fn download_started(update: UpdateIdentity) -> Self {
        Self::new(167, &[]).of(update)
    }

    /// 162
    pub fn download_succeeded(update: UpdateIdentity) -> Self {
        Self::new(162, &[]).of(update)
    }

    /// 161
    pub fn download_failed(update: UpdateIdentity, result: i32) -> Self {
        Self { result, ..Self::new(161, &[]).of(update) }
    }

    /// 181
    pub fn installation_started(update: UpdateIdentity, title: &str) -> Self {
        Self::new(181, &[title]).of(update)
    }

    /// 183
    pub fn installation_succeeded(update: UpdateIdentity, title: &str) -> Self {
        Self::new(183, &[title]).of(update)
    }

    /// 182
    pub fn installation_failed(update: UpdateIdentity, title: &str, result: i32) -> Self {
        Self { result, ..Self::new(182, &[&hexadecimal(result), title]).of(update) }
    }

    /// 201: installed but for a restart.
    pub fn installation_pending(update: UpdateIdentity) -> Self {
        Self { result: RESTART_REQUIRED, ..Self::new(201, &[]).of(update) }
    }
}

fn hexadecimal(result: i32) -> String {
    format!("{result:#010x}")
}

/// Puts events into a message, each with an id of its own from `instance`.
pub fn batch(
    computer: &Computer,
    cookie: Cookie,
    now: Timestamp,
    events: &[Event],
    mut instance: impl FnMut() -> Guid,
) -> ReportEventBatch {
    let event_batch = events.iter().map(|event| reporting_event(computer, now, event, instance()));
    ReportEventBatch { cookie, client_time: now, event_batch: event_batch.collect() }
}

fn reporting_event(computer: &Computer, now: Timestamp, event: &Event, instance: Guid) -> ReportingEvent {
    let none = UpdateIdentity { id: UpdateId::from_u128(0), revision: 0 };
    let basic_data = BasicData {
        target_id: ComputerTargetIdentifier { sid: computer.client_id.clone() },
        sequence_number: 0,
        time_at_target: now,
        event_instance_id: instance,
        namespace_id: 1,
        event_id: event.id,
        source_id: 101,
        update_id: Some(event.update.unwrap_or(none)),
        win32_hresult: event.result,
        app_name: Some("Headwater".to_owned()),
    };
    let mut misc = vec![format!("G={CLIENT_VERSION}"), "Q=1".to_owned()];
    misc.extend(event.misc.iter().cloned());
    let info = &computer.info;
    let extended_data = ExtendedData {
        replacement_strings: event.replacements.clone(),
        misc_data: misc,
        computer_brand: info.computer_manufacturer.clone(),
        computer_model: info.computer_model.clone(),
        bios_revision: info.bios_version.clone(),
        // The same computer calls itself AMD64 when it registers (fact 15).
        processor_architecture: Some("Amd64Compatible".to_owned()),
        os_version: Some(DetailedVersion {
            major: info.os_major_version,
            minor: info.os_minor_version,
            build: info.os_build_number,
            revision: 65_792,
            ..DetailedVersion::default()
        }),
        os_locale_id: 1033,
        device_id: None,
    };
    ReportingEvent {
        basic_data,
        extended_data: Some(extended_data),
        private_data: Some(PrivateData::default()),
    }
}

#[cfg(test)]
mod tests {
    use headwater_wsus::soap::encode_request;

    use super::*;

    fn text(events: &[Event]) -> String {
        let computer = Computer::new("e1da06a3-5601-43c9-bac3-52d5db701494", "host.example");
        let cookie = Cookie { expiration: Timestamp::EPOCH, encrypted_data: vec![0] };
        let time = "2026-10-04T15:20:47.397Z".parse().expect("a time");
        encode_request(&batch(&computer, cookie, time, events, || Guid::from_u128(7)))
    }

    #[test]
    fn a_detection_is_about_no_update() {
        let text = text(&[Event::detected(2)]);
        assert!(text.contains(
            "<NamespaceID>1</NamespaceID><EventID>147</EventID><SourceID>101</SourceID><UpdateID>\
             <UpdateID>00000000-0000-0000-0000-000000000000</UpdateID><RevisionNumber>0</RevisionNumber></UpdateID>"
        ));
        assert!(text.contains("<ReplacementStrings><string>2</string></ReplacementStrings>"));
        assert!(text.contains("<PrivateData/>"));
    }

    #[test]
    fn an_inventory_lists_in_upper_case_and_leaves_out_what_is_empty() {
        let ids = [UpdateId::from_u128(0xab), UpdateId::from_u128(1)];
        let event = Event::inventory(&[('U', &ids), ('V', &[])]);
        assert_eq!(
            event.misc,
            ["U=00000000-0000-0000-0000-0000000000AB;00000000-0000-0000-0000-000000000001"]
        );
    }

    #[test]
    fn a_failure_has_its_result_as_a_number_and_as_text() {
        let text = text(&[Event::detection_failed(-2_145_123_272)]);
        assert!(text.contains("<Win32HResult>-2145123272</Win32HResult>"));
        assert!(text.contains("<string>0x80240438</string>"));
    }
}
