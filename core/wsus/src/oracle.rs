//! Properties that hold for any bytes, for fuzzers and tests.

use crate::soap::{Dialect, Envelope, Message, Request, SoapVersion, decode_text, encode};
use crate::wsusss::Anchor;
use crate::{reporting, simple_auth, wsusss, wusp};

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
