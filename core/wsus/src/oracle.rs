//! Properties that hold for any bytes, for fuzzers and tests.

use crate::soap::{Dialect, Envelope, Message, Request, SoapVersion, decode_text, encode};
use crate::wsusar::{GenericReadableRow, RowKind};
use crate::wsusss::Anchor;
use crate::{reporting, simple_auth, wsusar, wsusss, wusp};

/// No bytes make reading panic, and what was understood is written so that it is understood and
/// written the same again.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_message(data: &[u8]) {
    let Ok(text) = decode_text(data, None) else { return };
    let Ok(envelope) = Envelope::parse(&text) else { return };
    if envelope.is_fault() {
        if let Ok(fault) = envelope.decode_fault() {
            let written = fault.encode(Dialect::Asmx, SoapVersion::V12);
            let again = Envelope::parse(&written).and_then(Envelope::decode_fault).expect("our own fault");
            assert_eq!(again.encode(Dialect::Asmx, SoapVersion::V12), written);
        }
        return;
    }
    operation::<wusp::GetConfig>(&text);
    operation::<wusp::GetCookie>(&text);
    operation::<wusp::RegisterComputer>(&text);
    operation::<wusp::StartCategoryScan>(&text);
    operation::<wusp::SyncUpdates>(&text);
    operation::<wusp::SyncPrinterCatalog>(&text);
    operation::<wusp::RefreshCache>(&text);
    operation::<wusp::GetExtendedUpdateInfo>(&text);
    operation::<wusp::GetExtendedUpdateInfo2>(&text);
    operation::<wusp::GetFileLocations>(&text);
    operation::<simple_auth::GetAuthorizationCookie>(&text);
    operation::<reporting::ReportEventBatch>(&text);
    operation::<wsusss::GetAuthConfig>(&text);
    operation::<wsusss::GetAuthorizationCookie>(&text);
    operation::<wsusss::GetCookie>(&text);
    operation::<wsusss::GetConfigData>(&text);
    operation::<wsusss::GetRevisionIdList>(&text);
    operation::<wsusss::GetUpdateData>(&text);
    operation::<wsusss::GetUpdateDecryptionData>(&text);
    operation::<wsusss::GetRelatedRevisionsForUpdates>(&text);
    operation::<wsusss::GetDeployments>(&text);
    operation::<wsusss::DownloadFiles>(&text);
    operation::<wsusss::Ping>(&text);
    operation::<wsusss::GetRollupConfiguration>(&text);
    operation::<wsusss::RollupDownstreamServers>(&text);
    operation::<wsusss::RollupComputers>(&text);
    operation::<wsusss::GetOutOfSyncComputers>(&text);
    operation::<wsusss::RollupComputerStatus>(&text);
}

/// No bytes make reading a message of the administration service panic, what was understood is written
/// so that it is understood the same again, and a row that is of a kind stays as it is when it is
/// written over with itself.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_administration(data: &[u8]) {
    let Ok(text) = decode_text(data, None) else { return };
    operation::<wsusar::ExecuteSPAcceptEula>(&text);
    operation::<wsusar::ExecuteSPAddComputerToTargetGroupAllowMultipleGroups>(&text);
    operation::<wsusar::ExecuteSPCreateTargetGroup1>(&text);
    operation::<wsusar::ExecuteSPCreateTargetGroup2>(&text);
    operation::<wsusar::ExecuteSPDeclineUpdate>(&text);
    operation::<wsusar::ExecuteSPDeleteComputer>(&text);
    operation::<wsusar::ExecuteSPDeleteDownstreamServer>(&text);
    operation::<wsusar::ExecuteSPDeleteUpdate>(&text);
    operation::<wsusar::ExecuteSPDeleteUpdateByUpdateID>(&text);
    operation::<wsusar::ExecuteSPDeleteTargetGroup>(&text);
    operation::<wsusar::ExecuteSPDeployUpdate1>(&text);
    operation::<wsusar::ExecuteSPGetAllDownstreamServers>(&text);
    operation::<wsusar::ExecuteSPGetAllTargetGroups>(&text);
    operation::<wsusar::ExecuteSPGetComponentsWithErrors>(&text);
    operation::<wsusar::ExecuteSPGetComputerCount>(&text);
    operation::<wsusar::ExecuteSPGetConfiguration>(&text);
    operation::<wsusar::ExecuteSPGetDeployments>(&text);
    operation::<wsusar::ExecuteSPGetDownstreamServerRollupSummary>(&text);
    operation::<wsusar::ExecuteSPGetEulaFile>(&text);
    operation::<wsusar::ExecuteSPGetSummariesPerComputer>(&text);
    operation::<wsusar::ExecuteSPGetSummariesPerUpdate>(&text);
    operation::<wsusar::ExecuteSPGetTargetGroupById>(&text);
    operation::<wsusar::ExecuteSPGetUpdateById>(&text);
    operation::<wsusar::ExecuteSPGetUpdateCount>(&text);
    operation::<wsusar::ExecuteSPGetUpdateInstallationInfoForComputer>(&text);
    operation::<wsusar::ExecuteSPGetUpdateInstallationInfoForUpdate>(&text);
    operation::<wsusar::ExecuteSPGetUpdateServerStatus>(&text);
    operation::<wsusar::ExecuteSPRemoveComputerFromTargetGroup>(&text);
    operation::<wsusar::ExecuteSPSearchComputers>(&text);
    operation::<wsusar::ExecuteSPSearchEventHistory>(&text);
    operation::<wsusar::ExecuteSPSearchUpdates>(&text);
    operation::<wsusar::ExecuteSPSimpleSearchUpdates>(&text);
    operation::<wsusar::GetCurrentUserRole>(&text);
    operation::<wsusar::GetDatabaseConfiguration>(&text);
    operation::<wsusar::GetServerProtocolVersion>(&text);
    operation::<wsusar::GetServerSyncProgress>(&text);
    operation::<wsusar::GetServerVersion>(&text);
    operation::<wsusar::GetSubscription>(&text);
    operation::<wsusar::GetSubscriptionCategories>(&text);
    operation::<wsusar::GetSubscriptionState>(&text);
    operation::<wsusar::StartSubscriptionManually>(&text);
    operation::<wsusar::StopSubscription>(&text);
    let Ok(groups) = crate::soap::decode::<wsusar::ExecuteSPGetAllTargetGroupsResponse>(&text) else {
        return;
    };
    for row in &groups.result {
        kind::<wsusar::UpdateRow>(row);
        kind::<wsusar::CategoryTitleRow>(row);
        kind::<wsusar::CategoryRow>(row);
        kind::<wsusar::UpdateTextRow>(row);
        kind::<wsusar::ComputerRow>(row);
        kind::<wsusar::RequestedGroupRow>(row);
        kind::<wsusar::MembershipRow>(row);
        kind::<wsusar::DeploymentRow>(row);
        kind::<wsusar::TargetGroupRow>(row);
        kind::<wsusar::SummaryRow>(row);
        kind::<wsusar::InstallationInfoRow>(row);
        kind::<wsusar::DownstreamServerRow>(row);
        kind::<wsusar::SyncProgressRow>(row);
    }
}

fn kind<K: RowKind + PartialEq + std::fmt::Debug>(row: &GenericReadableRow) {
    let Ok(known) = K::read(row) else { return };
    let mut again = row.clone();
    known.write_into(&mut again).expect("a row of its kind");
    assert_eq!(&again, row);
    assert_eq!(K::read(&known.to_row()).expect("our own row"), known);
}

fn operation<R: Request>(text: &str) {
    message::<R>(text);
    message::<R::Response>(text);
}

fn message<M: Message>(text: &str) {
    let Ok(message) = crate::soap::decode::<M>(text) else { return };
    let write = |message: &M| encode(message, M::SERVICE.answers, SoapVersion::V12);
    let written = write(&message);
    let again: M = crate::soap::decode(&written).expect("our own message");
    assert_eq!(write(&again), written);
}

/// No text makes reading an anchor panic, and an anchor of ours comes back from a lower server as the
/// same point in our history.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_anchor(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(anchor) = text.parse::<Anchor>() else { return };
    let written = anchor.to_string();
    let again: Anchor = written.parse().expect("our own anchor");
    assert_eq!((again.counter, again.to_string()), (anchor.counter, written));
}
