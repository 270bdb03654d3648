//! Rows whose columns have names.

use super::*;

const SETTINGS: &str = "<ExecuteSPGetConfigurationResult><Configuration>\
    <maxDeltaSyncPeriod> 30 </maxDeltaSyncPeriod><detectConfigChange>false</detectConfigChange><MUUrl xsi:nil=\"true\" />\
    <Future_1>a &amp; b</Future_1><ProxyName /><EncryptionKey>c2VjcmV0</EncryptionKey>\
    <ReplicaMode>true</ReplicaMode><DetectConfigChange>true</DetectConfigChange></Configuration><GroupAuthorization />\
    <Authorization /></ExecuteSPGetConfigurationResult>";

#[track_caller]
fn settings() -> TableRow {
    let answer: ExecuteSPGetConfigurationResponse = check(SETTINGS);
    answer.result.expect("a result").configuration.expect("a configuration")
}

#[test]
fn settings_are_found_by_their_names() {
    let row = settings();
    assert_eq!(row.value("ReplicaMode"), Ok(Some(true)));
    assert_eq!(row.value("maxDeltaSyncPeriod"), Ok(Some(30)));
    assert_eq!(
        (row.text("detectConfigChange"), row.text("DetectConfigChange")),
        (Some("false"), Some("true"))
    );
    assert_eq!((row.text("ProxyName"), row.text("MUUrl"), row.text("replicamode")), (Some(""), None, None));
    assert_eq!(row.value::<String>("Future_1"), Ok(Some("a & b".to_owned())));
    let error = row.value::<i32>("ReplicaMode").expect_err("an error");
    assert_eq!(error.parameter(), Some("ReplicaMode"));
}

#[test]
fn a_changed_setting_leaves_all_others_as_they_came() {
    let mut answer: ExecuteSPGetConfigurationResponse = check(SETTINGS);
    let row = answer.result.as_mut().and_then(|rows| rows.configuration.as_mut()).expect("a configuration");
    row.set("ReplicaMode", Some(&false));
    row.set("ProxyName", None::<&String>);
    row.set("MUUrl", Some(&"x<y".to_owned()));
    row.set("New", Some(&5));
    let expected = SETTINGS
        .replace("<ReplicaMode>true", "<ReplicaMode>false")
        .replace("<ProxyName />", "<ProxyName xsi:nil=\"true\" />")
        .replace("<MUUrl xsi:nil=\"true\" />", "<MUUrl>x&lt;y</MUUrl>")
        .replace("</Configuration>", "<New>5</New></Configuration>");
    let text = headwater_wsus::soap::encode_response(&answer, SoapVersion::V11);
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn settings_are_not_shown() {
    let shown = format!("{:?}", settings());
    assert!(shown.contains("EncryptionKey") && !shown.contains("c2VjcmV0"), "{shown}");
}

#[test]
fn hostile_settings_are_refused() {
    let read = |columns: &str| {
        let children = format!(
            "<ExecuteSPGetConfigurationResult><Configuration>{columns}</Configuration></ExecuteSPGetConfigurationResult>"
        );
        let text = text::<ExecuteSPGetConfigurationResponse>(&children);
        decode::<ExecuteSPGetConfigurationResponse>(&text).map(drop).map_err(|error| error.to_string())
    };
    let check = |columns: &str, expected: &str| {
        let begin = "the parameter `ExecuteSPGetConfigurationResult.Configuration";
        assert_eq!(read(columns), Err(format!("{begin}{expected}")));
    };
    let no_name = "it is no name of a setting";
    for name in ["a.b", "é", "a=b", "1a"] {
        check(
            &format!("<{name}></{name}>"),
            &format!("` is not valid: the value `{name}` of `column` is not valid: {no_name}"),
        );
    }
    assert!(read(&format!("<{0}/>", "a".repeat(128))).is_ok());
    assert!(read(&format!("<{0}/>", "a".repeat(129))).is_err());
    check("<a/><b/><a/>", "` is not valid: the value `a` of `column` is not valid: it stands there twice");
    let many = |count: usize| (0..count).map(|n| format!("<a{n}/>")).collect::<String>();
    assert_eq!(read(&many(NAMED_COLUMNS_MAX)), Ok(()));
    check(&many(NAMED_COLUMNS_MAX + 1), "` is not valid: `columns` has more than 256 entries");
    assert_eq!(read(&format!("<a>{}</a>", "x".repeat(SETTING_BYTES_MAX))), Ok(()));
    check(
        &format!("<a>{}</a>", "x".repeat(SETTING_BYTES_MAX + 1)),
        ".a` is not valid: a text is longer than 65536 bytes",
    );
}
