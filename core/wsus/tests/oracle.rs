//! A short run of the oracles over messages with a few edits, and over nonsense.

use headwater_wsus::oracle;
use headwater_wsus::soap::{Dialect, SoapVersion};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const CLIENT: &str = "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService";
const REPORTING: &str = "http://www.microsoft.com/SoftwareDistribution";

const COOKIE: &str = "<Expiration>2026-10-04T16:03:35.5Z</Expiration><EncryptedData>AAAA</EncryptedData>";
const IDENTITY: &str =
    "<UpdateID>56309036-4C77-4DD9-951A-99EE9C246A94</UpdateID><RevisionNumber>2</RevisionNumber>";

/// A message of each kind of content, without its envelope.
fn seeds() -> Vec<String> {
    let client = |name: &str, inner: &str| format!("<{name} xmlns=\"{CLIENT}\">{inner}</{name}>");
    vec![
        client(
            "SyncUpdates",
            &format!(
                "<cookie>{COOKIE}</cookie><parameters><InstalledNonLeafUpdateIDs><int>1</int><int>2</int>\
                 </InstalledNonLeafUpdateIDs><SystemSpec><Device><HardwareIDs><string>a&amp;b</string></HardwareIDs>\
                 </Device></SystemSpec><SkipSoftwareSync>false</SkipSoftwareSync></parameters>"
            ),
        ),
        client(
            "SyncUpdatesResponse",
            &format!(
                "<SyncUpdatesResult><NewUpdates><UpdateInfo><ID>1</ID><Deployment><ID>2</ID><Action>Install</Action>\
                 <Deadline>2026-10-05T00:00:00Z</Deadline><IsAssigned>true</IsAssigned><LastChangeTime>2026-10-04\
                 </LastChangeTime></Deployment><IsLeaf>true</IsLeaf><Xml>&lt;a/&gt;</Xml></UpdateInfo></NewUpdates>\
                 <Truncated>true</Truncated><NewCookie>{COOKIE}</NewCookie></SyncUpdatesResult>"
            ),
        ),
        client(
            "RefreshCacheResponse",
            &format!(
                "<RefreshCacheResult><RefreshCacheResult><RevisionID>1</RevisionID><GlobalID>{IDENTITY}</GlobalID>\
                 <IsLeaf>1</IsLeaf><Deployment><ID>2</ID><Action>Evaluate</Action><IsAssigned>true</IsAssigned>\
                 <LastChangeTime>2026-10-04</LastChangeTime></Deployment></RefreshCacheResult></RefreshCacheResult>"
            ),
        ),
        format!(
            "<ReportEventBatch xmlns=\"{REPORTING}\"><cookie>{COOKIE}</cookie><clientTime>2026-10-04T16:03:35Z\
             </clientTime><eventBatch><ReportingEvent><BasicData><TargetID><Sid>x</Sid></TargetID><TimeAtTarget>\
             2026-10-04T16:03:35Z</TimeAtTarget><EventInstanceID>fab199c1-6123-44f2-b01c-a5a92201b011\
             </EventInstanceID><NamespaceID>1</NamespaceID><EventID>147</EventID><SourceID>101</SourceID>\
             <UpdateID>{IDENTITY}</UpdateID></BasicData><PrivateData/></ReportingEvent></eventBatch></ReportEventBatch>"
        ),
        format!(
            "<RollupComputers xmlns=\"{REPORTING}\"><cookie/><clientTime>2026-10-04T16:03:35Z</clientTime><computers>\
             <ComputerRollupInfo ComputerId=\"a&amp;b\" LastSyncTime=\"1753-01-01T00:00:00\" LastSyncResult=\"1\" \
             LastReportedRebootTime=\"2026-10-04T16:03:35Z\" LastReportedStatusTime=\"2026-10-04T16:03:35Z\" \
             LastInventoryTime=\"0001-01-01T00:00:00\" ParentServerId=\"fab199c1-6123-44f2-b01c-a5a92201b011\"/>\
             </computers></RollupComputers>"
        ),
        "<s:Fault xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><faultcode>s:Client</faultcode><faultstring>\
         Fault occurred</faultstring><detail><ErrorCode>InvalidCookie</ErrorCode><Message/></detail></s:Fault>"
            .to_owned(),
    ]
}

const PIECES: &[&str] = &[
    "",
    "<",
    ">",
    "/",
    "&",
    "&lt;",
    "&#13;",
    "<int>",
    "</int>",
    "<string/>",
    " xsi:nil=\"1\"",
    "-",
    "9999999999",
    "T",
    "\u{1}",
    "é",
    "]]>",
    "<![CDATA[x]]>",
    "<!--",
    "<a>",
    "</a>",
    "\"",
    "==",
];

proptest! {
    #[test]
    fn edited_messages_keep_the_oracle(
        seed in select(seeds()),
        edits in prop::collection::vec((any::<Index>(), 0_usize..4, select(PIECES)), 0..4),
    ) {
        let mut body: Vec<char> = seed.chars().collect();
        for (place, removed, inserted) in edits {
            let start = place.index(body.len() + 1);
            let end = (start + removed).min(body.len());
            body.splice(start..end, inserted.chars());
        }
        let dialect = Dialect::Client;
        let body: String = body.into_iter().collect();
        let text = format!("{}{body}{}", dialect.head(SoapVersion::V11), dialect.tail());
        oracle::fuzz_message(text.as_bytes());
    }

    #[test]
    fn no_bytes_make_reading_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
        oracle::fuzz_message(&data);
    }
}

#[test]
fn every_edit_of_an_anchor_keeps_the_oracle() {
    for seed in ["9438,2026-10-04 16:33:26.670", "0,0001-01-01 00:00:00.0000001", "7,9999-12-31 24:00:00"] {
        for start in 0..=seed.len() {
            for end in start..=(start + 2).min(seed.len()) {
                for piece in ["", "0", "9", "-", "+", ",", " ", "é", "Z", "T"] {
                    oracle::fuzz_anchor([&seed[..start], piece, &seed[end..]].concat().as_bytes());
                }
            }
        }
    }
}

#[test]
fn the_seeds_are_messages() {
    use headwater_wsus::soap::decode;
    use headwater_wsus::{reporting, wsusss, wusp};
    let seeds: Vec<String> = seeds()
        .iter()
        .map(|seed| format!("{}{seed}{}", Dialect::Client.head(SoapVersion::V11), Dialect::Client.tail()))
        .collect();
    assert!(decode::<wusp::SyncUpdates>(&seeds[0]).is_ok());
    assert!(decode::<wusp::SyncUpdatesResponse>(&seeds[1]).is_ok());
    assert!(decode::<wusp::RefreshCacheResponse>(&seeds[2]).is_ok());
    assert!(decode::<reporting::ReportEventBatch>(&seeds[3]).is_ok());
    assert!(decode::<wsusss::RollupComputers>(&seeds[4]).is_ok());
}
