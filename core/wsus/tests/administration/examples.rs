//! A request and a response of every operation, with all that its description lets stand in them.

use headwater_wsus::soap::{Message, SoapVersion, decode, encode_response};
use headwater_wsus::wsusar::*;

pub const UPDATE: &str = "4b62aa32-52f6-4c15-b739-1c8e696eb33e";
pub const GROUP: &str = "a0a08746-4dbe-4a37-9adf-9e7652c0b421";
pub const SERVER: &str = "050cee4a-aaff-470c-8fc3-7a94cb3a4293";

/// The message with these children, as we write it.
pub fn text<M: Message>(children: &str) -> String {
    let (name, namespace) = (M::NAME, M::SERVICE.namespace);
    let message = match children {
        "" => format!("<{name} xmlns=\"{namespace}\" />"),
        _ => format!("<{name} xmlns=\"{namespace}\">{children}</{name}>"),
    };
    let dialect = M::SERVICE.answers;
    format!("{}{message}{}", dialect.head(SoapVersion::V11), dialect.tail())
}

/// Reads a message with these children, expects the same text when it is written, and returns it.
#[track_caller]
pub fn check<M: Message>(children: &str) -> M {
    let text = text::<M>(children);
    let message: M = decode(&text).expect("a message");
    assert_eq!(encode_response(&message, SoapVersion::V11), text);
    message
}

pub fn cell(kind: &str, text: &str) -> String {
    match (kind, text) {
        ("nil", _) => "<anyType xsi:nil=\"true\" />".to_owned(),
        ("guid", _) => {
            format!(
                "<anyType xmlns:q1=\"http://microsoft.com/wsdl/types/\" xsi:type=\"q1:guid\">{text}</anyType>"
            )
        }
        (_, "") => format!("<anyType xsi:type=\"xsd:{kind}\" />"),
        _ => format!("<anyType xsi:type=\"xsd:{kind}\">{text}</anyType>"),
    }
}

pub fn row(cells: &[(&str, &str)]) -> String {
    let cells: String = cells.iter().map(|(kind, text)| cell(kind, text)).collect();
    let values = if cells.is_empty() { "<Values />".to_owned() } else { format!("<Values>{cells}</Values>") };
    format!("<GenericReadableRow>{values}</GenericReadableRow>")
}

/// A row that stands in its element without one around it.
pub fn single(cells: &[(&str, &str)]) -> String {
    let row = row(cells);
    row.replace("<GenericReadableRow>", "").replace("</GenericReadableRow>", "")
}

pub const UPDATE_CELLS: [(&str, &str); 37] = [
    ("guid", UPDATE),
    ("int", "201"),
    ("int", "5021"),
    ("int", "4711"),
    ("boolean", "true"),
    ("boolean", "true"),
    ("int", "0"),
    ("int", "2"),
    ("boolean", "false"),
    ("boolean", "false"),
    ("boolean", "true"),
    ("int", "0"),
    ("int", "2"),
    ("boolean", "false"),
    ("boolean", "false"),
    ("string", "Software"),
    ("int", "0"),
    ("dateTime", "2026-09-08T17:00:00"),
    ("boolean", "false"),
    ("unsignedByte", "5"),
    ("nil", ""),
    ("boolean", "false"),
    ("boolean", "false"),
    ("boolean", "false"),
    ("boolean", "true"),
    ("dateTime", "2026-09-08T18:03:11.5966667"),
    ("boolean", "true"),
    ("nil", ""),
    ("string", "Critical"),
    ("string", "A &lt;cumulative&gt; update"),
    ("string", "It repairs."),
    ("string", ""),
    ("boolean", "false"),
    ("long", "-9"),
    ("boolean", "false"),
    ("int", "0"),
    ("int", "0"),
];

pub const COMPUTER_CELLS: [(&str, &str); 32] = [
    ("string", "d07a4d51-7cb2-46d1-ad86-91195cb4325a"),
    ("dateTime", "2026-10-04T15:03:36.1"),
    ("dateTime", "1753-01-01T00:00:00"),
    ("string", "192.0.2.7"),
    ("string", "pc.example"),
    ("int", "10"),
    ("int", "0"),
    ("int", "26100"),
    ("int", "0"),
    ("int", "0"),
    ("string", "en-US"),
    ("string", "Contoso"),
    ("string", "C7"),
    ("string", "v01.03"),
    ("string", "Default"),
    ("dateTime", "2005-05-18T00:00:00"),
    ("string", "AMD64"),
    ("nil", ""),
    ("nil", ""),
    ("nil", ""),
    ("int", "1"),
    ("int", "272"),
    ("unsignedByte", "1"),
    ("int", "48"),
    ("int", "0"),
    ("string", "10.0.26100.1"),
    ("string", "Windows"),
    ("string", "Windows 11"),
    ("nil", ""),
    ("nil", ""),
    ("nil", ""),
    ("nil", ""),
];

pub const DEPLOYMENT_CELLS: [(&str, &str); 11] = [
    ("dateTime", "2026-10-04T15:37:08.887"),
    ("int", "1"),
    ("int", "0"),
    ("dateTime", "2026-10-04T15:37:08.887"),
    ("dateTime", "9999-12-31T23:59:59.997"),
    ("string", "EXAMPLE\\anna"),
    ("guid", "c2f2ca62-5413-419a-bdee-275a23087758"),
    ("boolean", "true"),
    ("guid", UPDATE),
    ("int", "201"),
    ("guid", GROUP),
];

pub const GROUP_CELLS: [(&str, &str); 6] = [
    ("string", "Computers"),
    ("string", "Servers &amp; more"),
    ("guid", "059ab167-8a19-4bab-befc-daaab5b1d82b"),
    ("int", "3"),
    ("int", "100"),
    ("guid", GROUP),
];

pub const SUMMARY_CELLS: [(&str, &str); 6] = [
    ("nil", ""),
    ("nil", ""),
    ("string", "d07a4d51"),
    ("int", "4"),
    ("int", "917"),
    ("dateTime", "2026-10-04T15:37:08"),
];

pub const INSTALLATION_CELLS: [(&str, &str); 5] =
    [("guid", UPDATE), ("string", "d07a4d51"), ("int", "4"), ("nil", ""), ("nil", "")];

pub const SERVER_CELLS: [(&str, &str); 7] = [
    ("string", "lower.example"),
    ("guid", SERVER),
    ("dateTime", "2026-10-04T15:37:08"),
    ("nil", ""),
    ("dateTime", "2026-10-04T15:37:09"),
    ("string", "10.0.26100.1"),
    ("boolean", "true"),
];

pub const CATEGORY_CELLS: [(&str, &str); 12] = [
    ("int", "211"),
    ("guid", UPDATE),
    ("string", "ProductFamily"),
    ("boolean", "false"),
    ("boolean", "true"),
    ("int", "0"),
    ("int", "7"),
    ("string", "Windows"),
    ("string", "Windows &amp; more"),
    ("nil", ""),
    ("dateTime", "2026-10-04T15:37:08"),
    ("int", "0"),
];

const SCOPE: &str = "<updateScopeXml>&lt;UpdateScope ApprovedStates=\"-1\" /&gt;</updateScopeXml>";
const COMPUTERS: &str = "<computerTargetScopeXml>&lt;ComputerTargetScope IncludeDownstreamComputerTargets=\"false\" \
                         /&gt;</computerTargetScopeXml>";
const CULTURE: &str = "<preferredCulture>en</preferredCulture>";
const STATE: &str = "<publicationState>2147483647</publicationState>";
const ADMIN: &str = "<adminName>EXAMPLE\\anna</adminName>";

pub type Example = (&'static str, String);

fn result<M: Message>(content: &str) -> Example {
    let name = M::NAME.trim_end_matches("Response");
    example::<M>(&format!("<{name}Result>{content}</{name}Result>"))
}

fn example<M: Message>(children: &str) -> Example {
    check::<M>(children);
    (M::NAME, children.to_owned())
}

/// Reads and writes all examples and returns the names and children of the messages.
pub fn examples() -> Vec<Example> {
    [about_the_server(), updates(), groups(), computers(), synchronisation()].concat()
}

fn about_the_server() -> Vec<Example> {
    vec![
        example::<GetServerVersion>(""),
        result::<GetServerVersionResponse>("10.0.26100.1"),
        example::<GetServerProtocolVersion>(""),
        result::<GetServerProtocolVersionResponse>("1.8"),
        example::<GetCurrentUserRole>(""),
        result::<GetCurrentUserRoleResponse>("2"),
        example::<GetDatabaseConfiguration>(""),
        example::<GetDatabaseConfigurationResponse>(
            "<serverName>MICROSOFT##WID</serverName><databaseName>SUSDB</databaseName>\
             <wmsdeInstanceName>none</wmsdeInstanceName>",
        ),
        example::<ExecuteSPGetConfiguration>(""),
        result::<ExecuteSPGetConfigurationResponse>(
            "<Configuration><configurationChangeNumber>7</configurationChangeNumber>\
             <detectConfigChange>false</detectConfigChange><ServerId>050cee4a-aaff-470c-8fc3-7a94cb3a4293</ServerId>\
             <ServerTargeting>true</ServerTargeting><SyncToMU>false</SyncToMU>\
             <UpstreamServerName>upper.example</UpstreamServerName><EncryptionKey>c2VjcmV0</EncryptionKey>\
             <ReplicaMode>true</ReplicaMode><DetectConfigChange>true</DetectConfigChange></Configuration>\
             <GroupAuthorization><GroupAuthorizationTableRow><Group>a0a08746-4dbe-4a37-9adf-9e7652c0b421</Group>\
             <PlugInId>SimpleTargeting</PlugInId></GroupAuthorizationTableRow></GroupAuthorization><Authorization>\
             <AuthorizationPlugInTableRow><PlugInId>SimpleTargeting</PlugInId><AssemblyName>a</AssemblyName>\
             <ClassName>b</ClassName><Data>AAAA</Data><Url>c</Url><Parameter>d</Parameter>\
             </AuthorizationPlugInTableRow></Authorization>",
        ),
        example::<ExecuteSPGetComponentsWithErrors>(""),
        result::<ExecuteSPGetComponentsWithErrorsResponse>("<string>Content</string>"),
        example::<ExecuteSPGetUpdateServerStatus>(&format!(
            "<updateSources>1</updateSources><includeDownstreamComputers>true</includeDownstreamComputers>{SCOPE}\
             {COMPUTERS}{CULTURE}{STATE}<propertiesToGet>1</propertiesToGet>"
        )),
        result::<ExecuteSPGetUpdateServerStatusResponse>(&format!(
            "<ArrayOfGenericReadableRow>{}</ArrayOfGenericReadableRow>",
            row(&[("int", "1"), ("nil", "")])
        )),
    ]
}

fn updates() -> Vec<Example> {
    let revision = format!("<UpdateId>{UPDATE}</UpdateId><RevisionNumber>201</RevisionNumber>");
    let complete = format!(
        "<minimalProperties>{}</minimalProperties><localizedCategoryTitleRows>{}</localizedCategoryTitleRows>\
         <kbArticles>{}</kbArticles><bulletins /><infoUrls>{}</infoUrls>",
        row(&UPDATE_CELLS),
        row(&[("int", "5021"), ("string", "Product"), ("string", "Windows 11")]),
        row(&[("int", "5021"), ("string", "5066000")]),
        row(&[("int", "5021"), ("string", "https://support.example/5066000")]),
    );
    let summary = row(&SUMMARY_CELLS);
    let installation = row(&INSTALLATION_CELLS);
    vec![
        example::<ExecuteSPSearchUpdates>(&format!("{SCOPE}{CULTURE}{STATE}")),
        result::<ExecuteSPSearchUpdatesResponse>(&complete),
        example::<ExecuteSPSimpleSearchUpdates>(&format!("{CULTURE}<searchText>a&amp;b</searchText>")),
        result::<ExecuteSPSimpleSearchUpdatesResponse>(&complete),
        example::<ExecuteSPGetUpdateById>(&format!("{CULTURE}<id>{revision}</id>")),
        result::<ExecuteSPGetUpdateByIdResponse>(&complete),
        example::<ExecuteSPGetUpdateCount>(&format!("{SCOPE}{CULTURE}{STATE}")),
        result::<ExecuteSPGetUpdateCountResponse>("2204"),
        example::<ExecuteSPGetDeployments>(&format!("{SCOPE}{CULTURE}{STATE}")),
        result::<ExecuteSPGetDeploymentsResponse>(&row(&DEPLOYMENT_CELLS)),
        example::<ExecuteSPDeployUpdate1>(&format!(
            "<updateId>{revision}</updateId><deploymentAction>0</deploymentAction><targetGroupId>{GROUP}\
             </targetGroupId><deadline>9999-12-31T23:59:59.997</deadline>{ADMIN}<isAssigned>true</isAssigned>"
        )),
        result::<ExecuteSPDeployUpdate1Response>(&single(&DEPLOYMENT_CELLS)),
        example::<ExecuteSPDeclineUpdate>(&format!(
            "<updateId>{UPDATE}</updateId>{ADMIN}<failIfReplica>true</failIfReplica>"
        )),
        example::<ExecuteSPDeclineUpdateResponse>(""),
        example::<ExecuteSPDeleteUpdate>("<localUpdateID>4711</localUpdateID>"),
        example::<ExecuteSPDeleteUpdateResponse>(""),
        example::<ExecuteSPDeleteUpdateByUpdateID>(&format!("<updateID>{UPDATE}</updateID>")),
        example::<ExecuteSPDeleteUpdateByUpdateIDResponse>(""),
        example::<ExecuteSPAcceptEula>(&format!(
            "<eulaId>{GROUP}</eulaId>{ADMIN}<updateId>{revision}</updateId>"
        )),
        example::<ExecuteSPAcceptEulaResponse>(""),
        example::<ExecuteSPGetEulaFile>(&format!(
            "{CULTURE}<id>{GROUP}</id><updateId>{UPDATE}</updateId><revisionNumber>201</revisionNumber>"
        )),
        result::<ExecuteSPGetEulaFileResponse>("VGVybXM="),
        example::<ExecuteSPGetSummariesPerComputer>(&format!("{SCOPE}{COMPUTERS}{CULTURE}{STATE}")),
        result::<ExecuteSPGetSummariesPerComputerResponse>(&summary),
        example::<ExecuteSPGetSummariesPerUpdate>(&format!("{SCOPE}{COMPUTERS}{CULTURE}{STATE}")),
        result::<ExecuteSPGetSummariesPerUpdateResponse>(&summary),
        example::<ExecuteSPGetUpdateInstallationInfoForComputer>(&format!(
            "<computerId>d07a4d51</computerId>{SCOPE}{CULTURE}{STATE}"
        )),
        result::<ExecuteSPGetUpdateInstallationInfoForComputerResponse>(&installation),
        example::<ExecuteSPGetUpdateInstallationInfoForUpdate>(&format!(
            "<updateId>{UPDATE}</updateId>{COMPUTERS}"
        )),
        result::<ExecuteSPGetUpdateInstallationInfoForUpdateResponse>(&installation),
    ]
}

fn groups() -> Vec<Example> {
    let member = format!("<targetGroupId>{GROUP}</targetGroupId><computerId>d07a4d51</computerId>");
    vec![
        example::<ExecuteSPGetAllTargetGroups>(""),
        result::<ExecuteSPGetAllTargetGroupsResponse>(&row(&GROUP_CELLS)),
        example::<ExecuteSPGetTargetGroupById>(&format!("<id>{GROUP}</id>")),
        result::<ExecuteSPGetTargetGroupByIdResponse>(&single(&GROUP_CELLS)),
        example::<ExecuteSPCreateTargetGroup1>(&format!(
            "<name>Servers</name><parentGroupId>{GROUP}</parentGroupId>"
        )),
        result::<ExecuteSPCreateTargetGroup1Response>(&single(&GROUP_CELLS)),
        example::<ExecuteSPCreateTargetGroup2>(&format!(
            "<name>Servers</name><parentGroupId>{GROUP}</parentGroupId><id>{GROUP}</id>\
             <failIfReplica>true</failIfReplica>"
        )),
        result::<ExecuteSPCreateTargetGroup2Response>(&single(&GROUP_CELLS)),
        example::<ExecuteSPDeleteTargetGroup>(&format!(
            "<id>{GROUP}</id>{ADMIN}<failIfReplica>true</failIfReplica>"
        )),
        example::<ExecuteSPDeleteTargetGroupResponse>(""),
        example::<ExecuteSPAddComputerToTargetGroupAllowMultipleGroups>(&member),
        example::<ExecuteSPAddComputerToTargetGroupAllowMultipleGroupsResponse>(""),
        example::<ExecuteSPRemoveComputerFromTargetGroup>(&member),
        example::<ExecuteSPRemoveComputerFromTargetGroupResponse>(""),
    ]
}

fn computers() -> Vec<Example> {
    let sets = [
        row(&COMPUTER_CELLS),
        row(&[("string", "d07a4d51"), ("string", "Servers")]),
        row(&[("string", "d07a4d51"), ("guid", GROUP)]),
    ];
    let sets: String = sets
        .iter()
        .map(|set| format!("<ArrayOfGenericReadableRow>{set}</ArrayOfGenericReadableRow>"))
        .collect();
    vec![
        example::<ExecuteSPSearchComputers>(COMPUTERS),
        result::<ExecuteSPSearchComputersResponse>(&sets),
        example::<ExecuteSPGetComputerCount>(COMPUTERS),
        result::<ExecuteSPGetComputerCountResponse>("12"),
        example::<ExecuteSPDeleteComputer>("<id>d07a4d51</id>"),
        example::<ExecuteSPDeleteComputerResponse>(""),
        example::<ExecuteSPDeleteDownstreamServer>(&format!("<id>{UPDATE}</id>")),
        example::<ExecuteSPDeleteDownstreamServerResponse>(""),
        example::<ExecuteSPGetAllDownstreamServers>(
            "<parentServerId>00000000-0000-0000-0000-000000000000</parentServerId>\
             <includeNestedChildren>true</includeNestedChildren>",
        ),
        result::<ExecuteSPGetAllDownstreamServersResponse>(&row(&SERVER_CELLS)),
        example::<ExecuteSPGetDownstreamServerRollupSummary>(&format!("<serverId>{SERVER}</serverId>")),
        result::<ExecuteSPGetDownstreamServerRollupSummaryResponse>(
            "<ArrayOfGenericReadableRow /><ArrayOfGenericReadableRow />",
        ),
    ]
}

fn synchronisation() -> Vec<Example> {
    vec![
        example::<StartSubscriptionManually>(""),
        example::<StartSubscriptionManuallyResponse>(""),
        example::<StopSubscription>(""),
        example::<StopSubscriptionResponse>(""),
        example::<GetServerSyncProgress>(""),
        result::<GetServerSyncProgressResponse>(&row(&[("int", "1"), ("int", "90"), ("int", "17")])),
        example::<GetSubscriptionState>(""),
        result::<GetSubscriptionStateResponse>("3"),
        example::<GetSubscriptionCategories>(&format!(
            "{CULTURE}<retrieveUpdateClassifications>true</retrieveUpdateClassifications>"
        )),
        result::<GetSubscriptionCategoriesResponse>(&row(&CATEGORY_CELLS)),
        example::<GetSubscription>(""),
        result::<GetSubscriptionResponse>(
            "<synchronizeAutomaticallyTimeOfDay>108000000000</synchronizeAutomaticallyTimeOfDay>\
             <LastModifiedTime>2026-10-04T15:37:08.8870001</LastModifiedTime>\
             <LastSynchronizationTime>2026-10-04T03:00:11.23</LastSynchronizationTime>\
             <SynchronizeAutomatically>true</SynchronizeAutomatically>\
             <NumberOfSynchronizationsPerDay>1</NumberOfSynchronizationsPerDay><IsCategoryOnly>false</IsCategoryOnly>",
        ),
        example::<ExecuteSPSearchEventHistory>(&format!(
            "<eventHistoryFilter><eventInstanceIdFilter><guid>{GROUP}</guid></eventInstanceIdFilter><eventIdFilter>\
             <EventIdFilter><NamespaceId>2</NamespaceId><EventId>384</EventId></EventIdFilter></eventIdFilter>\
             <eventSourceFilter><EventSourceFilter><NamespaceId>2</NamespaceId><SourceId>-1</SourceId>\
             </EventSourceFilter></eventSourceFilter><eventSeverityFilter><int>1</int></eventSeverityFilter>\
             <updateFilter><UpdateID>{UPDATE}</UpdateID><RevisionNumber>201</RevisionNumber></updateFilter>\
             <fromTimeAtTarget>1753-01-01T00:00:00Z</fromTimeAtTarget>\
             <toTimeAtTarget>2027-01-01T00:00:00Z</toTimeAtTarget>\
             <fromTimeAtServer>2026-10-04T00:00:00Z</fromTimeAtServer>\
             <toTimeAtServer>2027-01-01T00:00:00Z</toTimeAtServer><targetId>d07a4d51</targetId></eventHistoryFilter>"
        )),
        result::<ExecuteSPSearchEventHistoryResponse>(&format!(
            "<EventHistoryTableRow><EventInstanceId>{GROUP}</EventInstanceId><EventId>386</EventId>\
             <NamespaceId>2</NamespaceId><SourceId>301</SourceId><TimeAtTarget>2026-10-04T03:00:11.23</TimeAtTarget>\
             <TimeAtServer>1753-01-01T00:00:00</TimeAtServer><StateId>0</StateId><SeverityId>3</SeverityId>\
             <Win32HResult>-2146233079</Win32HResult><MessageTemplate>It failed.</MessageTemplate>\
             <ComputerId>d07a4d51</ComputerId><AppName>a</AppName><MiscData><string>M=1</string></MiscData>\
             <ReplacementStrings><string>x</string></ReplacementStrings><UpdateId>{UPDATE}</UpdateId>\
             <RevisionNumber>0</RevisionNumber><DeviceId>d</DeviceId></EventHistoryTableRow>"
        )),
    ]
}
