//! The messages between servers of which there is no capture: as [MS-WSUSSS] 4 shows them.

use headwater_model::Timestamp;
use headwater_wsus::soap::{Dialect, Message, SoapVersion, decode, encode};
use headwater_wsus::wsusss::*;

const COOKIE: &str = "<cookie><Expiration>9999-12-31T23:59:59.9999999</Expiration><EncryptedData /></cookie>";

/// Reads a message with these children, expects the same text when it is written, and returns it.
#[track_caller]
fn check<M: Message>(children: &str) -> M {
    let name = M::NAME;
    let text = format!(
        "{}<{name} xmlns=\"{}\">{children}</{name}>{}",
        Dialect::Asmx.head(SoapVersion::V11),
        M::SERVICE.namespace,
        Dialect::Asmx.tail()
    );
    let message: M = decode(&text).expect("a message");
    assert_eq!(encode(&message, Dialect::Asmx, SoapVersion::V11), text);
    message
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn get_deployments() {
    let request: GetDeployments = check(
        "<cookie><Expiration>2026-10-04T20:33:26Z</Expiration><EncryptedData>AAAA</EncryptedData></cookie>\
         <syncAnchor>4742,2026-10-04 18:59:26.192</syncAnchor>",
    );
    assert_eq!(request.deployment_anchor, None);
    assert_eq!(request.sync_anchor.as_deref(), Some("4742,2026-10-04 18:59:26.192"));

    let response: GetDeploymentsResponse = check(
        "<GetDeploymentsResult><Anchor>4742,2026-10-04 18:59:26.192</Anchor><Groups><ServerSyncTargetGroup>\
         <TargetGroupID>a0a08746-4dbe-4a37-9adf-9e7652c0b421</TargetGroupID>\
         <ParentGroupId>00000000-0000-0000-0000-000000000000</ParentGroupId><Name>All Computers</Name>\
         <IsBuiltin>true</IsBuiltin></ServerSyncTargetGroup></Groups><Deployments><ServerSyncDeployment>\
         <UpdateId>4b62aa32-52f6-4c15-b739-1c8e696eb33e</UpdateId><RevisionNumber>100</RevisionNumber>\
         <Action>0</Action><AdminName>WUS Server</AdminName><Deadline>9999-12-31T23:59:59.9999999</Deadline>\
         <IsAssigned>true</IsAssigned><GoLiveTime>2026-10-04T15:37:08.887Z</GoLiveTime>\
         <DeploymentGuid>c2f2ca62-5413-419a-bdee-275a23087758</DeploymentGuid>\
         <TargetGroupId>a0a08746-4dbe-4a37-9adf-9e7652c0b421</TargetGroupId><DownloadPriority>1</DownloadPriority>\
         </ServerSyncDeployment></Deployments><DeadDeployments /><HiddenUpdates>\
         <guid>9a9bafe2-fbfc-4b0b-8479-49a2bb08cd5a</guid></HiddenUpdates><AcceptedEulas /></GetDeploymentsResult>",
    );
    let result = response.result;
    assert!(result.groups[0].parent_group_id.is_nil());
    assert_eq!(result.deployments[0].deadline, Deadline(None));
    assert_eq!(result.deployments[0].go_live_time, time("2026-10-04T15:37:08.887Z"));
    assert_eq!((result.dead_deployments.len(), result.hidden_updates.len()), (0, 1));
}

#[test]
fn download_files() {
    let request: DownloadFiles = check(
        "<cookie><Expiration>2026-10-04T20:33:26Z</Expiration><EncryptedData>AAAA</EncryptedData></cookie>\
         <fileDigestList><base64Binary>h/W9BGlYUAaqXTp30cZi/SiV3c0=</base64Binary></fileDigestList>",
    );
    assert_eq!(request.file_digest_list[0].to_string(), "87f5bd0469585006aa5d3a77d1c662fd2895ddcd");
}

#[test]
fn get_rollup_configuration() {
    let _: GetRollupConfiguration = check(COOKIE);
    let response: GetRollupConfigurationResponse = check(
        "<GetRollupConfigurationResult><DoDetailedRollup>true</DoDetailedRollup>\
         <RollupResetGuid>3277f62c-fa08-468f-873f-2f9867bcf9e5</RollupResetGuid>\
         <ServerId>059ab167-8a19-4bab-befc-daaab5b1d82b</ServerId>\
         <RollupDownstreamServersMaxBatchSize>5000</RollupDownstreamServersMaxBatchSize>\
         <RollupComputersMaxBatchSize>1500</RollupComputersMaxBatchSize>\
         <GetOutOfSyncComputersMaxBatchSize>20000</GetOutOfSyncComputersMaxBatchSize>\
         <RollupComputerStatusMaxBatchSize>500</RollupComputerStatusMaxBatchSize></GetRollupConfigurationResult>",
    );
    assert!(response.result.do_detailed_rollup);
    assert_eq!(response.result.get_out_of_sync_computers_max_batch_size, 20_000);
}

#[test]
fn rollup_downstream_servers() {
    let counts = [
        ("UpdateCount", 1002),
        ("DeclinedUpdateCount", 29),
        ("ApprovedUpdateCount", 2),
        ("NotApprovedUpdateCount", 971),
        ("UpdatesWithStaleUpdateApprovalsCount", 0),
        ("ExpiredUpdateCount", 1),
        ("CriticalOrSecurityUpdatesNotApprovedForInstallCount", 953),
        ("WsusInfrastructureUpdatesNotApprovedForInstallCount", 3),
        ("UpdatesWithClientErrorsCount", 4),
        ("UpdatesWithServerErrorsCount", 5),
        ("UpdatesNeedingFilesCount", 6),
        ("UpdatesNeededByComputersCount", 7),
        ("UpdatesUpToDateCount", 972),
        ("CustomComputerTargetGroupCount", 8),
        ("ComputerTargetCount", 9),
        ("ComputerTargetsNeedingUpdatesCount", 10),
        ("ComputerTargetsWithUpdateErrorsCount", 11),
        ("ComputersUpToDateCount", 12),
    ];
    let counts: String = counts.iter().map(|(name, count)| format!("<{name}>{count}</{name}>")).collect();
    let request: RollupDownstreamServers = check(&format!(
        "{COOKIE}<clientTime>2026-03-06T03:28:02.550736Z</clientTime><downstreamServers><DownstreamServerRollupInfo>\
         <ServerId>050cee4a-aaff-470c-8fc3-7a94cb3a4293</ServerId><FullDomainName>lower.example</FullDomainName>\
         <LastSyncTime>1753-01-01T00:00:00Z</LastSyncTime>\
         <ParentServerId>00000000-0000-0000-0000-000000000000</ParentServerId><Version>10.0.26100.1</Version>\
         <IsReplica>true</IsReplica><LastRollupTime>2026-03-06T03:28:01.894503Z</LastRollupTime>\
         <ServerSummary>{counts}</ServerSummary><ClientSummaries><DownstreamServerRollupClientSummary>\
         <OSMajorVersion>5</OSMajorVersion><OSMinorVersion>2</OSMinorVersion><OSBuildNumber>3790</OSBuildNumber>\
         <OSServicePackMajorNumber>1</OSServicePackMajorNumber><OSServicePackMinorNumber>0</OSServicePackMinorNumber>\
         <OSLocale>en-US</OSLocale><SuiteMask>272</SuiteMask><OldProductType>3</OldProductType>\
         <NewProductType>0</NewProductType><SystemMetrics>0</SystemMetrics>\
         <ProcessorArchitecture>AMD64</ProcessorArchitecture><Count>1</Count><ActivitySummaries>\
         <DownstreamServerRollupClientActivitySummary><UpdateId>63ee225f-897d-42ae-841e-4a383c92f350</UpdateId>\
         <RevisionNumber>101</RevisionNumber><InstallSuccessCount>1</InstallSuccessCount>\
         <InstallFailureCount>0</InstallFailureCount></DownstreamServerRollupClientActivitySummary>\
         </ActivitySummaries></DownstreamServerRollupClientSummary></ClientSummaries></DownstreamServerRollupInfo>\
         </downstreamServers>"
    ));
    let server = &request.downstream_servers[0];
    assert_eq!(server.last_sync_time, LastTime(None));
    assert_eq!(server.last_rollup_time, LastTime(Some(time("2026-03-06T03:28:01.894503Z"))));
    let summary = server.server_summary.expect("a summary");
    assert_eq!((summary.update_count, summary.computers_up_to_date_count), (1002, 12));
    assert_eq!(server.client_summaries[0].activity_summaries[0].install_success_count, 1);
    let _: RollupDownstreamServersResponse = {
        let text = encode(&RollupDownstreamServersResponse {}, Dialect::Asmx, SoapVersion::V11);
        assert!(text.contains(
            "<RollupDownstreamServersResponse xmlns=\"http://www.microsoft.com/SoftwareDistribution\" />"
        ));
        decode(&text).expect("a message")
    };
}

#[test]
fn rollup_computers() {
    let request: RollupComputers = check(&format!(
        "{COOKIE}<clientTime>2026-03-06T03:28:02.9726Z</clientTime><computers><ComputerRollupInfo \
         ComputerId=\"d07a4d51-7cb2-46d1-ad86-91195cb4325a\" LastSyncTime=\"2026-03-06T03:22:28.137Z\" \
         LastSyncResult=\"1\" LastReportedRebootTime=\"1753-01-01T00:00:00Z\" \
         LastReportedStatusTime=\"2026-03-06T03:27:59.377Z\" LastInventoryTime=\"1753-01-01T00:00:00Z\" \
         ParentServerId=\"050cee4a-aaff-470c-8fc3-7a94cb3a4293\"><Details IPAddress=\"192.0.2.7\" \
         FullDomainName=\"pc.example\" OSMajorVersion=\"5\" OSMinorVersion=\"2\" OSBuildNumber=\"3790\" \
         OSServicePackMajorNumber=\"1\" OSServicePackMinorNumber=\"0\" OSLocale=\"en-US\" OSFamily=\"\" \
         OSDescription=\"A &amp; B &lt;&quot;C&quot;&gt;\" ComputerMake=\"Hewlett-Packard\" ComputerModel=\"dc7600\" \
         BiosVersion=\"v01.03\" BiosName=\"Default\" BiosReleaseDate=\"2005-05-18T00:00:00Z\" \
         ProcessorArchitecture=\"AMD64\" SuiteMask=\"272\" OldProductType=\"3\" NewProductType=\"0\" \
         SystemMetrics=\"0\" ClientVersion=\"7.0.6000.354\"><TargetGroupIdList>\
         <guid>b73ca6ed-5727-47f3-84de-015e03f6a88a</guid></TargetGroupIdList><RequestedTargetGroupNames>\
         <string>Servers</string></RequestedTargetGroupNames></Details></ComputerRollupInfo></computers>"
    ));
    let computer = &request.computers[0];
    assert_eq!((computer.last_sync_result, computer.last_inventory_time), (1, LastTime(None)));
    let details = computer.details.as_ref().expect("details");
    assert_eq!(details.os_description, "A & B <\"C\">");
    assert_eq!(details.requested_target_group_names, ["Servers"]);

    let response: RollupComputersResponse = check(
        "<RollupComputersResult><ChangedComputer ComputerId=\"a\" Change=\"NewParent\" />\
         <ChangedComputer ComputerId=\"b\" Change=\"Deleted\" /></RollupComputersResult>",
    );
    assert_eq!(response.changed[1].change, ComputerChangeType::Deleted);
    let _: RollupComputersResponse = check("<RollupComputersResult />");
}

#[test]
fn get_out_of_sync_computers() {
    let request: GetOutOfSyncComputers = check(&format!(
        "{COOKIE}<parentServerId>050cee4a-aaff-470c-8fc3-7a94cb3a4293</parentServerId><lastRollupNumbers>\
         <ComputerLastRollupNumber><ComputerId>d07a4d51</ComputerId><RollupNumber>2</RollupNumber>\
         </ComputerLastRollupNumber></lastRollupNumbers>"
    ));
    assert_eq!(request.last_rollup_numbers[0].rollup_number, 2);
    let response: GetOutOfSyncComputersResponse =
        check("<GetOutOfSyncComputersResult><string>d07a4d51</string></GetOutOfSyncComputersResult>");
    assert_eq!(response.computer_ids, ["d07a4d51"]);
}

#[test]
fn rollup_computer_status() {
    let request: RollupComputerStatus = check(&format!(
        "{COOKIE}<clientTime>2026-03-06T03:39:24.252034Z</clientTime>\
         <parentServerId>050cee4a-aaff-470c-8fc3-7a94cb3a4293</parentServerId><computers><ComputerStatusRollupInfo>\
         <InstanceId>14720b83-5998-41f7-b586-6088cd8acd0c</InstanceId><ComputerId>d07a4d51</ComputerId>\
         <EffectiveLastDetectionTime>2026-03-06T01:47:46.42Z</EffectiveLastDetectionTime>\
         <RollupNumber>3</RollupNumber><IsFullRollup>true</IsFullRollup><UpdateStatus>\
         <ComputerStatusRollupUpdateStatus><UpdateId>09de7a79-5c09-4f3a-972e-cc1bbb7ca7e4</UpdateId>\
         <SummarizationState>4</SummarizationState><LastChangeTime>2026-03-05T22:25:11.64Z</LastChangeTime>\
         </ComputerStatusRollupUpdateStatus></UpdateStatus></ComputerStatusRollupInfo></computers>"
    ));
    let computer = &request.computers[0];
    assert_eq!((computer.rollup_number, computer.is_full_rollup), (3, true));
    assert_eq!(computer.update_status[0].summarization_state, 4);
    let response: RollupComputerStatusResponse =
        check("<RollupComputerStatusResult>false</RollupComputerStatusResult>");
    assert!(!response.result);
}

#[test]
fn what_is_outside_the_protocol() {
    let ping: Ping = check("<pingLevel>1</pingLevel>");
    assert_eq!(ping.ping_level, 1);
    let request: GetRelatedRevisionsForUpdates =
        check("<updateIDs><guid>09de7a79-5c09-4f3a-972e-cc1bbb7ca7e4</guid></updateIDs>");
    assert_eq!(request.update_ids.len(), 1);
}

#[test]
fn keys_of_encrypted_files() {
    let response: GetUpdateDecryptionDataResponse = check(
        "<GetUpdateDecryptionDataResult><UpdateFileDecryptionData><ServerSyncUpdateFileDecryption><UpdateId>\
         <UpdateID>09de7a79-5c09-4f3a-972e-cc1bbb7ca7e4</UpdateID><RevisionNumber>2</RevisionNumber></UpdateId>\
         <FileDecryptionData><ServerSyncFileDecryption><FileDigest>h/W9BGlYUAaqXTp30cZi/SiV3c0=</FileDigest>\
         <DecryptionKey>AAAA</DecryptionKey></ServerSyncFileDecryption></FileDecryptionData>\
         </ServerSyncUpdateFileDecryption></UpdateFileDecryptionData></GetUpdateDecryptionDataResult>",
    );
    let update = &response.result.update_file_decryption_data[0];
    assert_eq!(update.file_decryption_data[0].decryption_key.as_deref(), Some(&[0, 0, 0][..]));
}

#[track_caller]
fn check_deadline(text: &str, expected: Option<&str>) {
    let children = format!(
        "<UpdateId>4b62aa32-52f6-4c15-b739-1c8e696eb33e</UpdateId><RevisionNumber>1</RevisionNumber><Action>0</Action>\
         <Deadline>{text}</Deadline><IsAssigned>1</IsAssigned><GoLiveTime>2026-10-04T15:37:08</GoLiveTime>\
         <DeploymentGuid>c2f2ca62-5413-419a-bdee-275a23087758</DeploymentGuid>\
         <TargetGroupId>a0a08746-4dbe-4a37-9adf-9e7652c0b421</TargetGroupId>"
    );
    let message = format!(
        "{}<GetDeploymentsResponse xmlns=\"{}\"><GetDeploymentsResult><Deployments><ServerSyncDeployment>{children}\
         </ServerSyncDeployment></Deployments></GetDeploymentsResult></GetDeploymentsResponse>{}",
        Dialect::Asmx.head(SoapVersion::V12),
        SERVER_SYNC.namespace,
        Dialect::Asmx.tail()
    );
    let response: GetDeploymentsResponse = decode(&message).expect("a message");
    assert_eq!(response.result.deployments[0].deadline, Deadline(expected.map(time)));
}

#[test]
fn the_end_of_time_is_no_deadline_in_any_zone() {
    check_deadline("9999-12-31T23:59:59.9999999", None);
    check_deadline("9999-12-31T23:59:59.9999999Z", None);
    check_deadline("9999-12-31T23:59:59.997-08:00", None);
    check_deadline("2026-10-05T03:00:00Z", Some("2026-10-05T03:00:00Z"));
}

#[test]
fn an_attribute_that_must_be_there_is_named() {
    let text = encode(&RollupComputersResponse { changed: Vec::new() }, Dialect::Asmx, SoapVersion::V11);
    let broken = |attributes: &str| {
        let entry = format!("<RollupComputersResult><ChangedComputer {attributes}/></RollupComputersResult>");
        let text = text.replace("<RollupComputersResult />", &entry);
        decode::<RollupComputersResponse>(&text).expect_err("an error").to_string()
    };
    assert_eq!(
        broken("ComputerId='a'"),
        "the parameter `RollupComputersResult.Change` is not valid: the element `Change` is missing"
    );
    assert_eq!(
        broken("ComputerId='a' Change='Gone'"),
        "the parameter `RollupComputersResult.Change` is not valid: the value `Gone` of `Change` is not valid: \
         it is no ComputerChangeType"
    );
}
