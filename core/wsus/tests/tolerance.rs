//! What other clients may write, and what nobody may.

use headwater_wsus::soap::{
    Dialect, Envelope, Error, ErrorCode, Fault, Request, SoapVersion, decode, decode_response, decode_text,
    encode, encode_request,
};
use headwater_wsus::wusp::{
    Cookie, GetConfig, GetCookie, RefreshCache, RegisterComputer, SyncPrinterCatalog,
    SyncPrinterCatalogResponse, SyncUpdateParameters, SyncUpdates, SyncUpdatesResponse,
};
use headwater_xml::Error as XmlError;

const CLIENT: &str = "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService";

/// SyncUpdates with these parameters, in the handwriting of the samples of [MS-WUSP] 4.
fn sync_updates(parameters: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\">\r\n  <soap:Body>\r\n    \
         <SyncUpdates xmlns=\"{CLIENT}\">\r\n <cookie><Expiration>2006-05-23T04:06:32.9843746</Expiration>\
         <EncryptedData>AQ\r\nID\r\n</EncryptedData></cookie><parameters>{parameters}</parameters>\
         </SyncUpdates></soap:Body></soap:Envelope>"
    )
}

#[track_caller]
fn parameters(xml: &str) -> SyncUpdateParameters {
    decode::<SyncUpdates>(&sync_updates(xml)).expect("a message").parameters
}

#[track_caller]
fn refused(xml: &str) -> (String, XmlError) {
    match decode::<SyncUpdates>(&sync_updates(xml)) {
        Err(Error::Parameter { path, source }) => (path, source),
        other => panic!("{other:?}"),
    }
}

#[test]
fn soap_encoding_is_accepted() {
    let request: SyncUpdates = decode(&sync_updates("")).expect("a message");
    assert_eq!(request.cookie.encrypted_data, [1, 2, 3]);
    assert_eq!(request.cookie.expiration.to_string(), "2006-05-23T04:06:32.984374Z");
    assert_eq!(request.parameters, SyncUpdateParameters::default());

    let read = parameters(
        "<ExpressQuery>0</ExpressQuery><InstalledNonLeafUpdateIDs soapenc:arrayType=\"xsd:int[3]\">\r\n\
         <int>109</int> <int>110</int><int xsi:type=\"xsd:int\"> -1 </int></InstalledNonLeafUpdateIDs>\
         <OtherCachedUpdateIDs xsi:nil=\"1\" /><SystemSpec xsi:nil=\"true\" />\
         <SkipSoftwareSync>1</SkipSoftwareSync>",
    );
    assert_eq!(read.installed_non_leaf_update_ids, [109, 110, -1]);
    assert!(read.other_cached_update_ids.is_empty());
    assert_eq!(read.system_spec, None);
    assert!(read.skip_software_sync);
}

#[test]
fn order_and_unknown_elements_do_not_matter() {
    let read = parameters(
        "<New><int>1</int></New><SkipSoftwareSync>true</SkipSoftwareSync><OtherCachedUpdateIDs/><x:int xmlns:x=\"y\">2</x:int>\
         <OtherCachedUpdateIDs><int>3</int><long>4</long><int>5</int></OtherCachedUpdateIDs>",
    );
    assert!(read.skip_software_sync);
    assert_eq!(read.other_cached_update_ids, [3, 5]);
}

#[test]
fn prefixes_headers_and_both_versions_are_accepted() {
    for (version, namespace) in [
        (SoapVersion::V11, "http://schemas.xmlsoap.org/soap/envelope/"),
        (SoapVersion::V12, "http://www.w3.org/2003/05/soap-envelope"),
    ] {
        let text = format!(
            "\u{feff}<?xml version=\"1.0\"?><!-- c --><Envelope xmlns=\"{namespace}\" xmlns:q='{CLIENT}'><Header><a/>\
             <Body/></Header><Body><q:GetConfig><q:protocolVersion>1.8</q:protocolVersion></q:GetConfig><more/>\
             </Body><after/></Envelope>\n"
        );
        let envelope = Envelope::parse(&text).expect("an envelope");
        assert_eq!(envelope.version, version);
        assert_eq!((envelope.name.as_str(), envelope.namespace.as_str()), ("GetConfig", CLIENT));
        assert_eq!(envelope.decode::<GetConfig>().expect("a message").protocol_version, "1.8");
    }
}

#[test]
fn devices_are_read_in_a_driver_synchronization() {
    let read = parameters(
        "<SystemSpec><Device><HardwareIDs><int>7</int><string>PCI\\VEN_8086&amp;DEV_1</string></HardwareIDs><installedDriver>\
         <MatchingID>PCI\\VEN_8086</MatchingID><DriverVerDate>2006-06-21T00:00:00</DriverVerDate>\
         <DriverVerVersion>2814750970478592</DriverVerVersion><MatchingComputerHWID xsi:nil=\"true\"/>\
         <DriverRank>16777216</DriverRank></installedDriver><DriverRecoveryIDs><DriverRecoveryID>a</DriverRecoveryID>\
         </DriverRecoveryIDs><DeviceFlags>1</DeviceFlags></Device></SystemSpec>",
    );
    let devices = read.system_spec.expect("devices");
    assert_eq!(devices[0].hardware_ids, ["PCI\\VEN_8086&DEV_1"]);
    let driver = devices[0].installed_driver.as_ref().expect("a driver");
    assert_eq!(driver.driver_ver_version, 2_814_750_970_478_592);
    assert_eq!(driver.matching_computer_hwid, None);
    assert_eq!(devices[0].driver_recovery_ids[0].0, "a");
    assert_eq!(devices[0].device_flags, Some(1));
}

#[test]
fn an_entry_without_anything_in_it_is_an_entry() {
    for entries in ["<Device/><Device/>", "<Device></Device><Device></Device>", "<Device> </Device><Device/>"]
    {
        let read = parameters(&format!("<SystemSpec>{entries}</SystemSpec>"));
        assert_eq!(read.system_spec.expect("devices").len(), 2, "{entries}");
    }
    let empty = "<FilterCategoryIds><CategoryIdentifier></CategoryIdentifier></FilterCategoryIds>";
    assert_eq!(refused(empty).0, "parameters.FilterCategoryIds.Id");
}

#[test]
fn a_refused_parameter_is_named_by_its_path() {
    let ids = |name: &str, count: usize| format!("<{name}>{}</{name}>", "<int>7</int>".repeat(count));
    assert_eq!(parameters(&ids("InstalledNonLeafUpdateIDs", 401)).installed_non_leaf_update_ids.len(), 401);
    assert_eq!(
        refused(&ids("InstalledNonLeafUpdateIDs", 1_001)),
        (
            "parameters.InstalledNonLeafUpdateIDs".into(),
            XmlError::TooMany { name: "InstalledNonLeafUpdateIDs", max: 1_000 }
        )
    );
    assert_eq!(refused(&ids("OtherCachedUpdateIDs", 100_001)).0, "parameters.OtherCachedUpdateIDs");
    let devices = format!("<SystemSpec>{}</SystemSpec>", "<Device/>".repeat(2_001));
    assert_eq!(refused(&devices).0, "parameters.SystemSpec");
}

#[test]
fn wrong_types_are_refused() {
    let check = |xml: &str, expected: &str| assert_eq!(refused(xml).0, expected);
    check("<SkipSoftwareSync>yes</SkipSoftwareSync>", "parameters.SkipSoftwareSync");
    check("<CachedDriverIDs><int>x</int></CachedDriverIDs>", "parameters.CachedDriverIDs");
    check("<CachedDriverIDs><int>2147483648</int></CachedDriverIDs>", "parameters.CachedDriverIDs");
    check("<CachedDriverIDs><int></int></CachedDriverIDs>", "parameters.CachedDriverIDs");
    check(
        "<FilterCategoryIds><CategoryIdentifier><Id>x</Id></CategoryIdentifier></FilterCategoryIds>",
        "parameters.FilterCategoryIds.Id",
    );
    check("<FilterCategoryIds><CategoryIdentifier/></FilterCategoryIds>", "parameters.FilterCategoryIds.Id");
    let deep = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
    assert_eq!(refused(&deep), ("parameters".into(), XmlError::TooDeep(64)));
}

#[track_caller]
fn check_error<R: Request>(text: &str, expected: &str) {
    let error = decode::<R>(text).expect_err("an error");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_is_no_message_is_refused() {
    let envelope = |body: &str| {
        format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">{body}</s:Envelope>")
    };
    let check = check_error::<GetCookie>;
    check("", "the document is no SOAP envelope: it is empty");
    check("<html/>", "the document is no SOAP envelope: html");
    check("<Envelope xmlns='urn:x'/>", "the document is no SOAP envelope: Envelope");
    check(&envelope(""), "the body of the envelope is empty");
    check(&envelope("<s:Body/>"), "the body of the envelope is empty");
    check(
        &envelope("<s:Body><GetConfig xmlns='urn:x'/></s:Body>"),
        "expected the message `GetCookie`, found `GetConfig` of `urn:x`",
    );
    check(
        &envelope("<s:Body><GetCookie/></s:Body>"),
        "expected the message `GetCookie`, found `GetCookie` of ``",
    );
    check(
        &envelope(&format!("<s:Body><GetCookie xmlns='{CLIENT}'/></s:Body>")),
        "the parameter `lastChange` is not valid: the element `lastChange` is missing",
    );
    check(
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>",
        "the message is not well formed: a document type definition is not allowed",
    );
    check(
        &envelope(&format!("<s:Body><GetCookie xmlns='{CLIENT}'><currentTime>")),
        "the parameter `currentTime` is not valid: malformed XML at byte 174: ill-formed document: expected \
         `</currentTime>`, but `</s:Envelope>` was found",
    );
    let whole = encode_request(&GetConfig { protocol_version: "1.8".into() });
    assert!(decode::<GetConfig>(&whole).is_ok());
    check_error::<GetConfig>(
        &format!("{whole}<a/>"),
        "the document is no SOAP envelope: it has a second root",
    );
    check_error::<GetConfig>(
        whole.trim_end_matches("</s:Envelope>"),
        "the message is not well formed: the document ends inside an element",
    );
}

#[test]
fn the_cookie_and_the_computer_must_be_there_but_not_all_of_its_numbers() {
    let text = |inner: &str| {
        format!(
            "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body>\
             <RegisterComputer xmlns=\"{CLIENT}\">{inner}</RegisterComputer></e:Body></e:Envelope>"
        )
    };
    let cookie = "<cookie><Expiration>2006-05-23T04:06:32Z</Expiration></cookie>";
    assert!(decode::<RegisterComputer>(&text("<computerInfo/>")).is_err());
    assert!(decode::<RegisterComputer>(&text(cookie)).is_err());
    let read: RegisterComputer = decode(&text(&format!(
        "{cookie}<computerInfo><DnsName>pc</DnsName><OSMajorVersion>5</OSMajorVersion></computerInfo>"
    )))
    .expect("a message");
    assert_eq!((read.computer_info.os_major_version, read.computer_info.suite_mask), (5, 0));
}

#[test]
fn empty_results() {
    let cookie =
        Cookie { expiration: "2026-10-04T16:03:35Z".parse().expect("a time"), encrypted_data: vec![0; 3] };
    let text = encode(&SyncPrinterCatalogResponse::empty(cookie), Dialect::Client, SoapVersion::V11);
    assert!(
        text.contains(
            "<SyncPrinterCatalogResult><Truncated>false</Truncated><NewCookie>\
             <Expiration>2026-10-04T16:03:35Z</Expiration><EncryptedData>AAAA</EncryptedData></NewCookie>\
             </SyncPrinterCatalogResult>"
        ),
        "{text}"
    );
    let again = decode_response::<SyncPrinterCatalog>(&text).expect("a message").expect("no fault");
    assert!(again.result.new_updates.is_empty());
    let empty = "<RefreshCacheResponse xmlns=\"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService\">\
                 <RefreshCacheResult/></RefreshCacheResponse>";
    let text = format!("{}{empty}{}", Dialect::Client.head(SoapVersion::V11), Dialect::Client.tail());
    let again = decode_response::<RefreshCache>(&text).expect("a message").expect("no fault");
    assert_eq!(encode(&again, Dialect::Client, SoapVersion::V11), text);
}

#[test]
fn encodings_of_the_body() {
    let units =
        |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let text = "<a>é😀</a>";
    let check = |bytes: &[u8], charset| assert_eq!(decode_text(bytes, charset).as_deref(), Ok(text));
    check(text.as_bytes(), None);
    check(text.as_bytes(), Some("\"UTF-8\""));
    check(&[b"\xef\xbb\xbf", text.as_bytes()].concat(), Some("utf-16"));
    check(&[b"\xff\xfe".to_vec(), units(text, u16::to_le_bytes)].concat(), Some("utf-8"));
    check(&[b"\xfe\xff".to_vec(), units(text, u16::to_be_bytes)].concat(), None);
    check(&units(text, u16::to_le_bytes), Some("utf-16"));
    check(&units(text, u16::to_be_bytes), Some("UTF-16BE"));
    assert_eq!(decode_text(b"\xff", None), Err(Error::Encoding("UTF-8".into())));
    assert_eq!(decode_text(b"\xff\xfea", None), Err(Error::Encoding("UTF-16".into())));
    assert_eq!(decode_text(b"\xff\xfe\x00\xd8", None), Err(Error::Encoding("UTF-16".into())));
    assert_eq!(decode_text(b"a", Some("EBCDIC")), Err(Error::Encoding("ebcdic".into())));
}

fn fault(code: Option<ErrorCode>) -> Fault {
    Fault {
        code,
        message: "a & b".into(),
        id: code.map(|_| "81418b4e-82c1-48d0-9504-da01db6148ae".parse().expect("a GUID")),
        method: if code.is_some() { SyncUpdates::action() } else { String::new() },
        actor: Some("http://localhost/x.asmx".into()),
    }
}

#[test]
fn faults_are_read_as_they_are_written() {
    for code in [Some(ErrorCode::InvalidParameters), Some(ErrorCode::ServerBusy), None] {
        for version in [SoapVersion::V11, SoapVersion::V12] {
            for dialect in [Dialect::Client, Dialect::Asmx] {
                let text = fault(code).encode(dialect, version);
                let read = decode_response::<SyncUpdates>(&text).expect("a message").expect_err("a fault");
                assert_eq!(read, fault(code), "{text}");
            }
        }
    }
}

#[test]
fn a_refused_request_has_its_fault() {
    let id = "81418b4e-82c1-48d0-9504-da01db6148ae".parse().expect("a GUID");
    let refuse = |text: &str| {
        Fault::refusing(&decode::<SyncUpdates>(text).expect_err("an error"), id, SyncUpdates::action())
    };
    let fault = refuse(&sync_updates("<SkipSoftwareSync>no</SkipSoftwareSync>"));
    assert_eq!(fault.code, Some(ErrorCode::InvalidParameters));
    assert_eq!((fault.message.as_str(), fault.id), ("parameters.SkipSoftwareSync", Some(id)));
    let fault = refuse("<html/>");
    assert_eq!((fault.code, fault.id), (None, None));
    assert_eq!(fault.message, "the document is no SOAP envelope: html");
}

#[test]
fn a_fault_of_soap_1_2_has_its_own_names() {
    let text = fault(Some(ErrorCode::ServerBusy)).encode(Dialect::Asmx, SoapVersion::V12);
    let body = text.split_once("<soap:Body>").expect("a body").1;
    assert_eq!(
        body,
        "<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code><soap:Reason>\
         <soap:Text xml:lang=\"en\">Fault occurred</soap:Text></soap:Reason>\
         <soap:Node>http://localhost/x.asmx</soap:Node><Detail><ErrorCode>ServerBusy</ErrorCode>\
         <Message>a &amp; b</Message><ID>81418b4e-82c1-48d0-9504-da01db6148ae</ID>\
         <Method>\"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates\"</Method>\
         </Detail></soap:Fault></soap:Body></soap:Envelope>"
    );
}

#[test]
fn a_fault_without_its_detail_is_one_of_the_soap_layer() {
    let text = "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault>\
                <faultcode>soap:Client</faultcode><faultstring>Server did not recognize the action</faultstring>\
                <detail /></soap:Fault></soap:Body></soap:Envelope>";
    let fault = decode_response::<SyncUpdates>(text).expect("a message").expect_err("a fault");
    assert_eq!((fault.code, fault.message.as_str()), (None, "Server did not recognize the action"));
}

/// A sink as a server has: it keeps fragments as they are stored.
#[derive(Default)]
struct Blocks(Vec<String>);

impl headwater_wsus::soap::Sink<u32> for Blocks {
    fn text(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn fragment(&mut self, fragment: &u32) {
        self.0.push(format!("&lt;stored {fragment}/&gt;"));
    }
}

#[test]
fn a_sink_gets_fragments_in_their_places() {
    use headwater_wsus::wusp::{SyncInfo, UpdateInfo};
    fn response<X>(xml: impl Fn(u32) -> X) -> SyncUpdatesResponse<X> {
        let update = |id: u32, xml| UpdateInfo { id: id as i32, deployment: None, is_leaf: true, xml };
        SyncUpdatesResponse {
            result: SyncInfo {
                new_updates: vec![update(1, Some(xml(1))), update(2, Some(xml(2)))],
                out_of_scope_revision_ids: vec![3],
                changed_updates: vec![update(4, None)],
                truncated: true,
                new_cookie: None,
                deployed_out_of_scope_revision_ids: vec![5],
                driver_sync_not_needed: Some(false),
            },
        }
    }
    let mut sink = Blocks::default();
    response(|n| n).write_to(SoapVersion::V12, &mut sink);
    let texts = response(|n| format!("<stored {n}/>"));
    let written = encode(&texts, Dialect::Client, SoapVersion::V12);
    assert_eq!(sink.0.concat(), written);
    assert!(
        written.contains(
            "</UpdateInfo></NewUpdates><OutOfScopeRevisionIDs><int>3</int></OutOfScopeRevisionIDs><ChangedUpdates>\
             <UpdateInfo><ID>4</ID><IsLeaf>true</IsLeaf></UpdateInfo></ChangedUpdates><Truncated>true</Truncated>\
             <DeployedOutOfScopeRevisionIds><int>5</int></DeployedOutOfScopeRevisionIds>\
             <DriverSyncNotNeeded>false</DriverSyncNotNeeded></SyncUpdatesResult>"
        ),
        "{written}"
    );
    assert_eq!(decode_response::<SyncUpdates>(&written), Ok(Ok(texts)));
}
