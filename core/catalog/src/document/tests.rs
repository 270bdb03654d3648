use proptest::prelude::*;

use super::*;
use crate::facts::{FACTS_VERSION, FactsError, Impact, Patching, Publication, Reboot, Severity};
use crate::oracle;

const ID: &str = "00000000-0000-0000-0000-00000000000a";
const OTHER: &str = "00000000-0000-0000-0000-00000000000b";
const PROPERTIES: &str = r#"<u:Properties UpdateType="Software" DefaultPropertiesLanguage="en" />"#;
const TITLES: &str = "<u:LocalizedPropertiesCollection><u:LocalizedProperties><u:Language>en</u:Language>\
                      <u:Title>t</u:Title></u:LocalizedProperties></u:LocalizedPropertiesCollection>";

fn whole(inner: &str) -> String {
    format!(
        "<u:Update xmlns:u=\"http://schemas.microsoft.com/msus/2002/12/Update\" \
         xmlns:b=\"http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules\" \
         xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:f=\"urn:f\">\
         <u:UpdateIdentity UpdateID=\"{ID}\" RevisionNumber=\"7\" />{inner}</u:Update>"
    )
}

/// A software update with these sections behind its titles.
fn software(sections: &str) -> String {
    whole(&format!("{PROPERTIES}{TITLES}{sections}"))
}

#[track_caller]
fn facts(document: &str) -> Facts {
    read(document).unwrap_or_else(|error| panic!("{error}")).facts
}

/// What rules become in Core, between `IsInstalled`.
#[track_caller]
fn check_rule(rule: &str, expected: &str) {
    let section =
        format!("<u:ApplicabilityRules><u:IsInstalled>{rule}</u:IsInstalled></u:ApplicabilityRules>");
    let core = read(&software(&section)).unwrap_or_else(|error| panic!("{error}")).fragments.core;
    let before = format!(
        "<UpdateIdentity UpdateID=\"{ID}\" RevisionNumber=\"7\" /><Properties UpdateType=\"Software\" />\
         <ApplicabilityRules><IsInstalled>"
    );
    let inner =
        core.strip_prefix(&before).and_then(|rest| rest.strip_suffix("</IsInstalled></ApplicabilityRules>"));
    assert_eq!(inner, Some(expected));
}

#[track_caller]
fn check_refused(document: &str, message: &str) {
    match read(document) {
        Ok(_) => panic!("taken, not refused with: {message}"),
        Err(error) => assert_eq!(error.to_string(), message),
    }
}

#[test]
fn namespaces_leave_their_marks() {
    check_rule("<b:True/>", "<b.True />");
    check_rule(
        "<q:A xmlns:q=\"http://schemas.microsoft.com/msus/2002/12/MsiApplicabilityRules\" />",
        "<m.A />",
    );
    check_rule(
        "<d:A xmlns:d=\"http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver\" />",
        "<d.A />",
    );
    check_rule("<c:A xmlns:c=\"http://schemas.microsoft.com/msus/2016/01/Anything\"></c:A>", "<A></A>");
    check_rule("<A xmlns=\"http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules\"/>", "<b.A />");
    check_rule("<A />", "<A />");
}

#[test]
fn values_stay_as_they_are_written() {
    check_rule("<b:R  Z = \"1\" A='&lt;\"' x:type=\"b:R\"/>", "<b.R Z=\"1\" A='&lt;\"' type=\"b:R\" />");
    check_rule("<A>x &amp; y&#xD;&quot;<![CDATA[<]]></A>", "<A>x &amp; y&#xD;\"&lt;</A>");
    check_rule("<A xml:lang=\"en\">1 > 0</A>", "<A xml:lang=\"en\">1 &gt; 0</A>");
}

#[test]
fn comments_and_space_between_elements_go() {
    check_rule("\r\n  <A> <!-- c --> <B/>\n</A> ", "<A><B /></A>");
    check_rule("<A>x<B/> y </A>", "<A>x<B /> y </A>");
    check_rule("<A> &amp; </A>", "<A> &amp; </A>");
}

#[test]
fn elements_of_other_namespaces_stay() {
    check_rule(
        "<MsiPatch SchemaVersion=\"1\" xmlns=\"urn:p\"><T></T><U V=\"1\"/></MsiPatch><b:True/>",
        "<MsiPatch SchemaVersion=\"1\" xmlns=\"urn:p\"><T></T><U V=\"1\" /></MsiPatch><b.True />",
    );
    // What is declared further out is declared again, once.
    check_rule(
        "<f:A><f:B x:nil=\"true\"/><b:C/></f:A><f:D/>",
        "<f:A xmlns:f=\"urn:f\"><f:B x:nil=\"true\" xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" />\
         <b:C xmlns:b=\"http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules\" /></f:A>\
         <f:D xmlns:f=\"urn:f\" />",
    );
}

#[test]
fn properties_are_divided() {
    let document = whole(&format!(
        "<u:Properties PublisherID=\"p\" EulaID=\"{OTHER}\" PerUser=\"true\" OSUpgrade=\"swap\" \
         ExplicitlyDeployable=\"true\" DefaultPropertiesLanguage=\"en\" AutoSelectOnWebSites=\"false\" \
         UpdateType=\"Software\" IsBeta=\"false\" LegacyName=\"l\" MsrcSeverity=\"Important\" \
         PublicationState=\"Expired\" CompatibleProtocolVersion=\"1.4\" CreationDate=\"2024-01-01T00:00:00Z\">\
         <u:Language>ALL</u:Language><u:KBArticleID> 1 </u:KBArticleID><u:CVEID>CVE-1</u:CVEID>\
         <u:UninstallationBehavior RebootBehavior=\"AlwaysRequiresReboot\" />\
         <u:InstallationBehavior RebootBehavior=\"CanRequestReboot\" Impact=\"RequiresExclusiveHandling\" />\
         </u:Properties>{TITLES}"
    ));
    let Document { facts, fragments } = read(&document).unwrap();
    let core = format!(
        "<Properties UpdateType=\"Software\" ExplicitlyDeployable=\"true\" OSUpgrade=\"swap\" EulaID=\"{OTHER}\" />"
    );
    assert!(fragments.core.ends_with(&core), "{}", fragments.core);
    assert_eq!(
        fragments.extended,
        "<ExtendedProperties PerUser=\"true\" DefaultPropertiesLanguage=\"en\" IsBeta=\"false\" \
         MsrcSeverity=\"Important\" CompatibleProtocolVersion=\"1.4\"><Language>ALL</Language>\
         <KBArticleID> 1 </KBArticleID><CVEID>CVE-1</CVEID>\
         <UninstallationBehavior RebootBehavior=\"AlwaysRequiresReboot\" /><InstallationBehavior \
         RebootBehavior=\"CanRequestReboot\" Impact=\"RequiresExclusiveHandling\" /></ExtendedProperties>"
    );
    assert!(facts.explicitly_deployable && !facts.is_beta);
    assert_eq!(facts.publication, Publication::Expired);
    assert_eq!(facts.severity, Some(Severity::Important));
    assert_eq!(facts.legacy_name.as_deref(), Some("l"));
    assert_eq!(facts.compatible_protocol_version.unwrap().to_string(), "1.4");
    assert_eq!(
        (facts.languages, facts.kb_articles, facts.cves.len()),
        (vec!["all".into()], vec!["1".into()], 1)
    );
    assert_eq!((facts.installation.reboot, facts.installation.impact), (Reboot::Possible, Impact::Exclusive));
    assert_eq!(facts.uninstallation.unwrap().reboot, Reboot::Always);
    assert_eq!(facts.eula.unwrap().id.to_string(), OTHER);
}

#[test]
fn properties_without_content_are_short() {
    let long = PROPERTIES.replace(" />", ">\r\n</u:Properties>");
    let extended = read(&whole(&format!("{long}{TITLES}"))).unwrap().fragments.extended;
    assert_eq!(extended, "<ExtendedProperties DefaultPropertiesLanguage=\"en\" />");
}

const DIGESTS: &str = "Digest=\"hlQslyYcRtWzeaQ+yJX5fq9Am6I=\" DigestAlgorithm=\"SHA1\"";

#[test]
fn licences_have_files_and_fragments() {
    let document = whole(&format!(
        "<u:Properties UpdateType=\"Software\" DefaultPropertiesLanguage=\"en\" EulaID=\"{OTHER}\" />\
         <u:LocalizedPropertiesCollection><u:LocalizedProperties><u:Language>en</u:Language><u:Title>t</u:Title>\
         </u:LocalizedProperties><u:EulaFile {DIGESTS} FileName=\"e.txt\" Size=\"3\" Language=\"EN\" \
         GeoId=\"USA\" /></u:LocalizedPropertiesCollection>"
    ));
    let Document { facts, fragments } = read(&document).unwrap();
    let eula = &facts.eula.unwrap().files[0];
    assert_eq!((eula.language.as_str(), eula.geo_id.as_deref()), ("en", Some("USA")));
    assert_eq!((eula.file.name.as_str(), eula.file.size_bytes), ("e.txt", 3));
    assert_eq!(
        fragments.eulas[0].xml,
        format!("<EulaFile {DIGESTS} FileName=\"e.txt\" Size=\"3\" Language=\"EN\" GeoId=\"USA\" />")
    );
    assert_eq!(fragments.localized.len(), 1);
}

#[test]
fn bundles_and_prerequisites_are_clauses() {
    let identity = |id: &str| format!("<u:UpdateIdentity UpdateID=\"{id}\" RevisionNumber=\"2\" />");
    let (a, b) = (identity(ID), identity(OTHER));
    let facts = facts(&software(&format!(
        "<u:Relationships><u:Prerequisites>{a}<u:AtLeastOne IsCategory=\"true\">{a}{b}</u:AtLeastOne>\
         </u:Prerequisites><u:BundledUpdates>{b}<u:AtLeastOne>{a}{b}</u:AtLeastOne></u:BundledUpdates>\
         <u:SupersededUpdates>{b}</u:SupersededUpdates></u:Relationships>"
    )));
    let (a, b) = (ID.parse().unwrap(), OTHER.parse().unwrap());
    let clauses: Vec<_> =
        facts.prerequisites.into_iter().map(|clause| (clause.alternatives, clause.is_category)).collect();
    assert_eq!(clauses, [(vec![a], false), (vec![a, b], true)]);
    let revision = |id| UpdateIdentity { id, revision: 2 };
    assert_eq!(facts.bundles, [vec![revision(b)], vec![revision(a), revision(b)]]);
    assert_eq!(facts.supersedes, [b]);
}

#[test]
fn drivers_name_their_hardware() {
    let document = whole(&format!(
        "<u:Properties UpdateType=\"Driver\" DefaultPropertiesLanguage=\"en\" />{TITLES}<u:ApplicabilityRules>\
         <u:Metadata><d:WindowsDriverMetaData HardwareID=\"usb\\a\" DriverVerDate=\"2020-01-02\" \
         DriverVerVersion=\"1.2.3.4\" WhqlDriverID=\"9\" Class=\"c\" Manufacturer=\"m\" Provider=\"p\" \
         Model=\"n\" xmlns:d=\"http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver\">\
         <d:FeatureScore OperatingSystem=\"amd64.10.0\" FeatureScore=\"FF\" />\
         <d:TargetComputerHardwareId>t</d:TargetComputerHardwareId></d:WindowsDriverMetaData></u:Metadata>\
         </u:ApplicabilityRules>"
    ));
    let Document { facts, fragments } = read(&document).unwrap();
    let driver = &facts.drivers[0];
    assert_eq!((driver.hardware_id.as_str(), driver.version.as_str()), ("usb\\a", "1.2.3.4"));
    assert_eq!((driver.version_date.as_str(), driver.whql_driver_id), ("2020-01-02", Some(9)));
    assert_eq!(
        (driver.feature_scores[0].operating_system.as_str(), driver.feature_scores[0].score),
        ("amd64.10.0", 255)
    );
    assert_eq!(driver.target_computer_hardware_ids, ["t"]);
    assert!(fragments.core.contains("<d.WindowsDriverMetaData HardwareID=\"usb\\a\""), "{}", fragments.core);
    assert!(fragments.core.contains("<d.FeatureScore OperatingSystem=\"amd64.10.0\" FeatureScore=\"FF\" />"));
}

fn files(file: &str) -> String {
    software(&format!("<u:Files>{file}</u:Files>"))
}

#[test]
fn what_is_said_of_files() {
    let file = &facts(&files(&format!(
        "<u:File {DIGESTS} FileName=\"a.tar.GZ\" Size=\"5\" PatchingType=\"Express\" IsEncrypted=\"true\" />"
    )))
    .files[0];
    assert_eq!((file.patching, file.is_encrypted, file.sha256), (Patching::Express, true, None));
    assert_eq!(file.extension(), Some("GZ"));
    for name in ["a", "a.", "a.b/c", "a.\u{e4}"] {
        let file = &facts(&files(&format!("<u:File {DIGESTS} FileName=\"{name}\" Size=\"5\" />"))).files[0];
        assert_eq!(file.extension(), None, "{name}");
    }
}

#[test]
fn what_is_no_update_document() {
    let nobody = "an update of unknown identity";
    check_refused("", &format!("{nobody}: this is no update document: it begins with ``, not with `Update`"));
    check_refused(
        "<a/>",
        &format!("{nobody}: this is no update document: it begins with `a`, not with `Update`"),
    );
    check_refused(
        "<Update><UpdateIdentity UpdateID='x' RevisionNumber='1'/></Update>",
        &format!("{nobody}: the value `x` of `UpdateID` is not valid: expected a GUID"),
    );
    check_refused("<Update/>", &format!("{nobody}: the element `UpdateIdentity` is missing"));
    check_refused("<!DOCTYPE a><Update/>", &format!("{nobody}: a document type definition is not allowed"));
    check_refused("<u:Update/>", &format!("{nobody}: the namespace prefix `u` is not declared"));
    assert!(read("hello").unwrap_err().to_string().contains("malformed XML"));
    assert!(read(&software("</x>")).unwrap_err().to_string().contains("malformed XML"));
    assert!(read(&format!("{}<b/>", software(""))).unwrap_err().to_string().contains("follows the end"));
}

#[test]
fn what_breaks_a_rule_is_said_with_its_update() {
    let check = |document: &str, reason: &str| check_refused(document, &format!("update {ID}/7: {reason}"));
    check(&whole(""), "the element `Properties` is missing");
    check(&whole(PROPERTIES), "the element `LocalizedProperties` is missing");
    check(&whole(&format!("{PROPERTIES}{PROPERTIES}")), "the element `Properties` stands twice");
    check(&software(PROPERTIES), "the element `Properties` stands behind `LocalizedPropertiesCollection`");
    check(
        &whole("<u:Properties DefaultPropertiesLanguage=\"en\" />"),
        "the attribute `UpdateType` of `Properties` is missing",
    );
    check(
        &whole("<u:Properties UpdateType=\"Toy\" DefaultPropertiesLanguage=\"en\" />"),
        "the value `Toy` of `UpdateType` is not valid: expected Category, Detectoid, Software or Driver",
    );
    check(
        &whole(&format!("{}{TITLES}", PROPERTIES.replace("Software", "Category"))),
        "the element `CategoryInformation` is missing",
    );
    check(
        &whole(&format!("{PROPERTIES}{}", TITLES.replace(">t<", &format!(">{}<", "t".repeat(2001))))),
        "`Title` is longer than 2000 characters",
    );
    check(
        &whole(&format!("{PROPERTIES}{}", TITLES.replace(">en<", ">e n<"))),
        "the value `e n` of `Language` is not valid: expected a language",
    );
    check(
        &software("<u:Relationships><u:Prerequisites><u:AtLeastOne /></u:Prerequisites></u:Relationships>"),
        "an `AtLeastOne` of `Prerequisites` names no update",
    );
    check(
        &software("<u:Relationships><u:Prerequisites><u:Not /></u:Prerequisites></u:Relationships>"),
        "expected the element `AtLeastOne`, found `u:Not`",
    );
    check(
        &software(&format!(
            "<u:Relationships><u:BundledUpdates><u:UpdateIdentity UpdateID=\"{ID}\" /></u:BundledUpdates></u:Relationships>"
        )),
        "the attribute `RevisionNumber` of `UpdateIdentity` is missing",
    );
    check(&files("<u:File FileName=\"a\" Size=\"1\" />"), "the file `a` has no SHA-1 digest");
    check(
        &files("<u:File FileName=\"a\" Size=\"1\" Digest=\"AA==\" />"),
        "the value `AA==` of `Digest` is not valid: `AA==` is not a digest of 20 bytes",
    );
    check(
        &files(&format!("<u:File {DIGESTS} FileName=\"a\" Size=\"-1\" />")),
        "the value `-1` of `Size` is not valid: expected a number of bytes",
    );
    check(
        &files(&format!("<u:File {DIGESTS} FileName=\"a\" Size=\"2000000000000\" />")),
        "the value `2000000000000` of `Size` is not valid: more than 1099511627776 bytes",
    );
}

/// An agent would stop at any of these.
#[test]
fn what_would_not_be_well_formed_is_refused() {
    for rule in [
        "<A b=\"<\"/>",
        "<A b=\"&x;\"/>",
        "<A b=\"&#1;\"/>",
        "<A b=\"\u{1}\"/>",
        "<A b=\"\u{ffff}\"/>",
        "<A>\u{1}</A>",
        "<A>&#2;</A>",
        "<A>&x;</A>",
        "<A b=\"1\" b=\"2\"/>",
        "<A x:type=\"1\" type=\"2\"/>",
        "<A f:b=\"1\" x:b=\"2\"/>",
        "<A b/>",
        "<A b=c/>",
        "<1A/>",
        "<a:b:c xmlns:a=\"u\"/>",
        "<A 1b=\"\"/>",
        "<y:A/>",
        "<A y:b=\"1\"/>",
        "<f:A y:b=\"1\"/>",
    ] {
        let section =
            format!("<u:ApplicabilityRules><u:IsInstalled>{rule}</u:IsInstalled></u:ApplicabilityRules>");
        assert!(read(&software(&section)).is_err(), "{rule}");
    }
}

#[test]
fn limits_hold() {
    let many = |element: &str, count: usize| element.repeat(count);
    let identity = format!("<u:UpdateIdentity UpdateID=\"{ID}\" />");
    let prerequisites = |inner: &str| {
        software(&format!("<u:Relationships><u:Prerequisites>{inner}</u:Prerequisites></u:Relationships>"))
    };
    assert_eq!(facts(&prerequisites(&many(&identity, 1_000))).prerequisites.len(), 1_000);
    assert!(read(&prerequisites(&many(&identity, 1_001))).is_err());
    let clause = |count| format!("<u:AtLeastOne>{}</u:AtLeastOne>", many(&identity, count));
    assert_eq!(facts(&prerequisites(&clause(10_000))).prerequisites.len(), 1);
    assert!(read(&prerequisites(&clause(10_001))).is_err());
    assert!(read(&prerequisites(&format!("{}{}", clause(5_001), clause(5_000)))).is_err());
    let file = format!("<u:File {DIGESTS} FileName=\"a\" Size=\"1\" />");
    assert!(read(&files(&many(&file, 5_001))).is_err());
    assert!(read(&software(&many("<A>", 300))).is_err());
}

#[test]
fn packed_facts_know_their_version() {
    let facts = facts(&software(""));
    let bytes = facts.to_bytes();
    assert_eq!(Facts::from_bytes(&bytes), Ok(facts));
    assert_eq!(Facts::from_bytes(&[]), Err(FactsError::Damaged));
    assert_eq!(Facts::from_bytes(&bytes[..bytes.len() - 1]), Err(FactsError::Damaged));
    assert_eq!(Facts::from_bytes(&[&bytes[..], &[0]].concat()), Err(FactsError::Damaged));
    let other = [&[FACTS_VERSION as u8 + 1], &bytes[1..]].concat();
    assert_eq!(Facts::from_bytes(&other), Err(FactsError::Version(FACTS_VERSION + 1)));
}

/// A document with a bit of everything, to break.
fn rich() -> String {
    software(&format!(
        "<u:Relationships><u:Prerequisites><u:AtLeastOne IsCategory=\"true\"><u:UpdateIdentity \
         UpdateID=\"{OTHER}\"/></u:AtLeastOne></u:Prerequisites></u:Relationships><u:ApplicabilityRules>\
         <u:IsInstalled><!-- c --><b:RegSz Key='a\"' Data=\"&amp;\"/><A>x &lt; y</A></u:IsInstalled>\
         <u:Metadata><f:P x:type=\"f:q\"><f:R/></f:P></u:Metadata></u:ApplicabilityRules><u:Files><u:File \
         {DIGESTS} FileName=\"a\" Size=\"1\"/></u:Files><u:HandlerSpecificData x:type=\"c:C\"/>"
    ))
}

proptest! {
    #[test]
    fn broken_documents_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[<>&/a:xmlns=\"' !\\[\\]-]{0,8}", 0..12_usize), 0..4)
    ) {
        let mut text = rich();
        for (at, insert, remove) in edits {
            let at = at.index(text.len());
            let end = (at + remove).min(text.len());
            text.replace_range(at..end, &insert);
        }
        oracle::fuzz_document(text.as_bytes());
    }

    #[test]
    fn damaged_facts_do_not_panic(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = read(&rich()).unwrap().facts.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        oracle::fuzz_facts(&bytes);
        oracle::fuzz_facts(&bytes[..cut.index(bytes.len())]);
    }
}
