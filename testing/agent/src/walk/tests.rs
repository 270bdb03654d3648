use std::slice;

use headwater_model::RevisionId;
use headwater_wsus::simple_auth::GetAuthorizationCookieResponse;
use headwater_wsus::soap::{Message, SoapVersion, encode_response};
use headwater_wsus::wusp::{
    AuthPlugInInfo, Deployment, DeploymentAction, ExtendedUpdateInfo, FileLocation, GetConfigResponse,
    GetCookieResponse, GetExtendedUpdateInfoResponse, RefreshCacheResponse, RegisterComputerResponse,
    StartCategoryScanResponse, SyncInfo, SyncUpdatesResponse, UpdateData, UpdateInfo,
};

use super::*;
use crate::{Cached, DetectoidsInstalled, Evaluation, UpdateType};

const NOW: Timestamp = Timestamp::EPOCH;

fn update(number: u32) -> UpdateId {
    UpdateId::from_u128(u128::from(number))
}

fn walk(stages: impl IntoIterator<Item = Stage>) -> Walk {
    let mut walk = Walk::new(Computer::new("e1da06a3-5601-43c9-bac3-52d5db701494", "host.example"));
    walk.begin(stages);
    walk
}

/// What a walk asks next, by the name of its operation.
fn asks(walk: &mut Walk) -> Option<String> {
    let exchange = walk.next(NOW)?;
    Some(exchange.action.rsplit('/').next().unwrap_or_default().to_owned())
}

fn answer<M: Message>(walk: &mut Walk, message: &M) -> Result<(), WalkError> {
    walk.receive(&encode_response(message, SoapVersion::V11), &DetectoidsInstalled)
}

fn refuse(walk: &mut Walk, code: ErrorCode) -> Result<(), WalkError> {
    let fault =
        Fault { code: Some(code), message: String::new(), id: None, method: String::new(), actor: None };
    walk.receive(&fault.encode(headwater_wsus::wusp::CLIENT.answers, SoapVersion::V11), &DetectoidsInstalled)
}

fn cookie(data: u8) -> Cookie {
    Cookie { expiration: NOW.plus_seconds(3600), encrypted_data: vec![data] }
}

fn config() -> GetConfigResponse {
    let plug_in = AuthPlugInInfo {
        plug_in_id: "SimpleTargeting".to_owned(),
        service_url: "Elsewhere/Auth.asmx".to_owned(),
        parameter: String::new(),
    };
    GetConfigResponse {
        result: Config {
            last_change: NOW,
            is_registration_required: true,
            auth_info: vec![plug_in],
            allowed_event_ids: Vec::new(),
            properties: Vec::new(),
        },
    }
}

fn authorization() -> GetAuthorizationCookieResponse {
    let result = AuthorizationCookie { plug_in_id: "SimpleTargeting".to_owned(), cookie_data: vec![7] };
    GetAuthorizationCookieResponse { result }
}

/// Answers everything up to the first call after a registration.
fn introduce(walk: &mut Walk) {
    while let Some(operation) = asks(walk) {
        match operation.as_str() {
            "GetConfig" => answer(walk, &config()),
            "GetAuthorizationCookie" => answer(walk, &authorization()),
            "GetCookie" => answer(walk, &GetCookieResponse { result: cookie(1) }),
            "RegisterComputer" => answer(walk, &RegisterComputerResponse {}),
            _ => return,
        }
        .expect("is taken in");
    }
}

/// A new revision of an update that requires these, as a server offers it.
fn offer(number: u32, update_type: &str, requires: &[u32]) -> UpdateInfo {
    let clauses: String = requires
        .iter()
        .map(|required| format!("<UpdateIdentity UpdateID=\"{}\" />", update(*required)))
        .collect();
    let xml = format!(
        "<UpdateIdentity UpdateID=\"{}\" RevisionNumber=\"1\" /><Properties UpdateType=\"{update_type}\" />\
         <Relationships><Prerequisites>{clauses}</Prerequisites></Relationships>",
        update(number)
    );
    let action = match update_type {
        "Software" => DeploymentAction::PreDeploymentCheck,
        _ => DeploymentAction::Evaluate,
    };
    let id = RevisionId(number as i32 + 100).0;
    let deployment = Some(Deployment::new(1, action, NOW, headwater_model::ProtocolVersion::new(2, 90)));
    UpdateInfo { id, deployment, is_leaf: update_type == "Software", xml: Some(xml) }
}

fn page(new_updates: Vec<UpdateInfo>) -> SyncInfo {
    SyncInfo {
        new_updates,
        out_of_scope_revision_ids: Vec::new(),
        changed_updates: Vec::new(),
        truncated: false,
        new_cookie: Some(cookie(2)),
        deployed_out_of_scope_revision_ids: Vec::new(),
        driver_sync_not_needed: Some(false),
    }
}

fn send(walk: &mut Walk, info: SyncInfo) -> Result<(), WalkError> {
    assert_eq!(asks(walk).as_deref(), Some("SyncUpdates"));
    answer(walk, &SyncUpdatesResponse { result: info })
}

/// A walk whose cache has the detectoid 1 and the software 2 that requires it.
fn walked() -> Walk {
    let mut walk = walk([Stage::Software]);
    introduce(&mut walk);
    for new in [vec![offer(1, "Detectoid", &[])], vec![offer(2, "Software", &[1])], vec![]] {
        send(&mut walk, page(new)).expect("keeps to the rules");
    }
    assert_eq!(walk.next(NOW), None);
    walk
}

#[test]
fn a_first_scan_is_introduced_and_lists_nothing() {
    let mut walk = walk(Stage::SCAN);
    for operation in ["GetConfig", "GetAuthorizationCookie", "GetCookie", "RegisterComputer"] {
        assert_eq!(asks(&mut walk).as_deref(), Some(operation));
        let path = walk.next(NOW).expect("the same request").path;
        assert_eq!(path.starts_with("/Elsewhere/"), operation == "GetAuthorizationCookie");
        match operation {
            "GetConfig" => answer(&mut walk, &config()),
            "GetAuthorizationCookie" => answer(&mut walk, &authorization()),
            "GetCookie" => {
                let body = walk.next(NOW).expect("the same request").body;
                assert!(
                    body.contains("<oldCookie><Expiration>1970-01-01T00:00:00Z</Expiration></oldCookie>")
                );
                answer(&mut walk, &GetCookieResponse { result: cookie(1) })
            }
            _ => answer(&mut walk, &RegisterComputerResponse {}),
        }
        .expect("is taken in");
    }
    let body = walk.next(NOW).expect("a call").body;
    assert!(
        body.contains("<ExpressQuery>false</ExpressQuery><SkipSoftwareSync>false</SkipSoftwareSync>"),
        "{body}"
    );
}

#[test]
fn a_scan_of_1_100_cached_revisions_is_as_long_as_a_real_one() {
    let mut walk = walked();
    let cached = walk.cache().get(102).expect("is cached").clone();
    for number in 0..1_100 {
        let identity = UpdateIdentity { id: update(number), revision: 1 };
        walk.memory.cache.insert(100_000 + number as i32, Cached { identity, ..cached.clone() });
    }
    walk.begin([Stage::Software]);
    let body = walk.next(NOW).expect("a call").body;
    // 23 to 28 KB were seen.
    assert!((24_000..26_500).contains(&body.len()), "{}", body.len());
    let at = body.find("<ProductsParameters>").expect("products");
    assert!(body[..at].ends_with("<ComputerSpec/>"));
    assert!(body.ends_with("</ProductsParameters></parameters></SyncUpdates></s:Body></s:Envelope>"));
}

#[test]
fn a_later_scan_lists_its_cache_and_needs_no_handshake() {
    let mut walk = walked();
    walk.begin([Stage::Software]);
    let body = walk.next(NOW).expect("a call").body;
    assert!(body.contains(
        "<InstalledNonLeafUpdateIDs><int>101</int></InstalledNonLeafUpdateIDs>\
         <OtherCachedUpdateIDs><int>102</int></OtherCachedUpdateIDs>"
    ));
    assert!(body.contains("<EncryptedData>Ag==</EncryptedData>"), "the newest cookie");
    walk.begin([Stage::Software]);
    let later = walk.next(NOW.plus_seconds(3600)).expect("a call");
    assert!(later.action.ends_with("GetAuthorizationCookie"), "the cookie is seen to be over");
}

#[test]
fn the_software_stage_ends_by_the_rule_of_the_agent() {
    for (stop, calls) in [(StopRule::NothingNew, 3), (StopRule::OnlyLeaves, 2)] {
        let mut walk = walk([Stage::Software]);
        walk.stop = stop;
        introduce(&mut walk);
        for new in [vec![offer(1, "Detectoid", &[])], vec![offer(2, "Software", &[1])], vec![]] {
            if walk.next(NOW).is_some() {
                send(&mut walk, page(new)).expect("keeps to the rules");
            }
        }
        assert_eq!((walk.next(NOW), walk.scan().sync_calls), (None, calls));
    }
}

#[test]
fn drivers_are_asked_for_unless_there_are_none() {
    for (not_needed, asked) in [(Some(true), false), (Some(false), true), (None, true)] {
        let mut walk = walk([Stage::Software, Stage::Drivers]);
        introduce(&mut walk);
        send(&mut walk, SyncInfo { driver_sync_not_needed: not_needed, ..page(vec![]) }).expect("is good");
        let drivers = walk.next(NOW);
        assert_eq!(drivers.is_some(), asked);
        assert!(drivers.is_none_or(|call| call.body.contains("<SkipSoftwareSync>true</SkipSoftwareSync>")));
    }
}

#[test]
fn answers_change_the_cache() {
    let mut walk = walked();
    walk.begin([Stage::Software]);
    let mut changed = UpdateInfo { xml: None, is_leaf: true, ..offer(1, "Detectoid", &[]) };
    changed.deployment.as_mut().expect("has one").id = 9;
    let info = SyncInfo {
        changed_updates: vec![changed],
        out_of_scope_revision_ids: vec![102],
        ..page(vec![offer(3, "Software", &[1])])
    };
    // The detectoid is a leaf from now on, and so nothing may require it.
    assert!(matches!(
        send(&mut walk, info.clone()),
        Err(WalkError::Violation(Violation::LeafIsRequired { required, .. })) if required == update(1)
    ));
    let mut walk = walked();
    walk.begin([Stage::Software]);
    send(&mut walk, SyncInfo { new_updates: vec![], ..info }).expect("keeps to the rules");
    let cached = walk.cache().get(101).expect("is cached");
    assert_eq!((cached.deployment.id, cached.is_leaf, walk.cache().len()), (9, true, 1));
}

/// What the walk says to an answer to its second scan, in which it lists 101 (installed) and 102.
#[track_caller]
fn check(info: SyncInfo, violation: Violation) {
    let mut walk = walked();
    walk.begin([Stage::Software]);
    match send(&mut walk, info) {
        Err(WalkError::Violation(found)) => assert_eq!(found, violation),
        other => panic!("expected {violation}, found {other:?}"),
    }
}

#[test]
fn an_answer_that_breaks_a_rule_is_a_violation() {
    let identity = |number| UpdateIdentity { id: update(number), revision: 1 };
    let with = |change: fn(&mut UpdateInfo)| {
        let mut new = offer(3, "Software", &[1]);
        change(&mut new);
        page(vec![new])
    };
    check(with(|new| new.deployment = None), Violation::NoDeployment(103));
    check(with(|new| new.xml = None), Violation::NoXml(103));
    check(with(|new| new.id = 102), Violation::NewThoughListed(102));
    check(page(vec![offer(3, "Software", &[1]), offer(3, "Software", &[1])]), Violation::Twice(103));
    check(page(vec![offer(3, "Software", &[2])]), Violation::PrerequisitesMissing(identity(3)));
    check(page(vec![offer(3, "Software", &[9])]), Violation::PrerequisitesMissing(identity(3)));
    check(
        page(vec![UpdateInfo { id: 104, ..offer(2, "Software", &[1]) }]),
        Violation::TwoRevisions { first: identity(2), second: identity(2) },
    );
    let mut approved = offer(3, "Detectoid", &[]);
    approved.deployment.as_mut().expect("has one").action = DeploymentAction::Install;
    check(page(vec![approved]), Violation::NotEvaluated(identity(3)));
    check(SyncInfo { out_of_scope_revision_ids: vec![103], ..page(vec![]) }, Violation::NotListed(103));
    check(
        SyncInfo { changed_updates: vec![offer(3, "Software", &[])], ..page(vec![]) },
        Violation::NotListed(103),
    );
    check(
        SyncInfo {
            out_of_scope_revision_ids: vec![102],
            deployed_out_of_scope_revision_ids: vec![102],
            ..page(vec![])
        },
        Violation::Twice(102),
    );
    check(SyncInfo { truncated: true, ..page(vec![]) }, Violation::TruncatedWithoutNews);
    check(SyncInfo { new_cookie: None, ..page(vec![]) }, Violation::NoCookie);
    let longer = Cookie { expiration: NOW.plus_seconds(7200), ..cookie(2) };
    check(
        SyncInfo { new_cookie: Some(longer), ..page(vec![]) },
        Violation::OtherExpiration { old: NOW.plus_seconds(3600), new: NOW.plus_seconds(7200) },
    );
}

#[test]
fn a_scan_without_end_is_given_up() {
    let mut walk = walk([Stage::Software]);
    introduce(&mut walk);
    let calls = (1..=200).map(|number| send(&mut walk, page(vec![offer(number, "Software", &[])])));
    let last = calls.collect::<Vec<_>>().pop();
    assert!(matches!(last, Some(Err(WalkError::TooManyCalls))), "{last:?}");
}

/// What a walk asks after a fault, up to the call that was refused.
#[track_caller]
fn check_recovery(code: ErrorCode, expected: &[&str]) {
    let mut walk = walked();
    walk.begin([Stage::Software]);
    assert_eq!(asks(&mut walk).as_deref(), Some("SyncUpdates"));
    refuse(&mut walk, code).expect("is obeyed");
    let mut asked = Vec::new();
    loop {
        let operation = asks(&mut walk).expect("a call");
        asked.push(operation.clone());
        match operation.as_str() {
            "GetConfig" => answer(&mut walk, &config()),
            "GetAuthorizationCookie" => answer(&mut walk, &authorization()),
            "GetCookie" => answer(&mut walk, &GetCookieResponse { result: cookie(3) }),
            "RegisterComputer" => answer(&mut walk, &RegisterComputerResponse {}),
            "RefreshCache" => {
                let refreshed = RefreshCacheResult {
                    revision_id: 7,
                    global_id: UpdateIdentity { id: update(1), revision: 1 },
                    is_leaf: false,
                    deployment: Deployment::new(
                        5,
                        DeploymentAction::Evaluate,
                        NOW,
                        headwater_model::ProtocolVersion::new(2, 90),
                    ),
                };
                answer(&mut walk, &RefreshCacheResponse { results: vec![refreshed] })
            }
            _ => break,
        }
        .expect("is taken in");
    }
    assert_eq!(asked, expected, "{code}");
    if expected.contains(&"RefreshCache") {
        let cached: Vec<i32> = walk.cache().iter().map(|(id, _)| id).collect();
        assert_eq!(cached, [7], "what the server did not name is forgotten");
        assert_eq!(
            walk.cache().get(7).map(|cached| (cached.update_type, cached.evaluation)),
            Some((UpdateType::Detectoid, Evaluation::INSTALLED))
        );
    }
}

#[test]
fn faults_are_obeyed() {
    check_recovery(ErrorCode::CookieExpired, &["GetAuthorizationCookie", "GetCookie", "SyncUpdates"]);
    check_recovery(
        ErrorCode::ConfigChanged,
        &["GetConfig", "GetAuthorizationCookie", "GetCookie", "SyncUpdates"],
    );
    check_recovery(ErrorCode::RegistrationRequired, &["RegisterComputer", "SyncUpdates"]);
    for code in [ErrorCode::InvalidCookie, ErrorCode::ServerChanged] {
        check_recovery(
            code,
            &["GetConfig", "GetAuthorizationCookie", "GetCookie", "RefreshCache", "SyncUpdates"],
        );
    }
}

#[test]
fn an_expired_cookie_is_shown_when_a_new_one_is_asked_for_and_a_foreign_one_is_not() {
    for (code, shown) in [(ErrorCode::CookieExpired, true), (ErrorCode::ServerChanged, false)] {
        let mut walk = walked();
        walk.begin([Stage::Software]);
        assert_eq!(asks(&mut walk).as_deref(), Some("SyncUpdates"));
        refuse(&mut walk, code).expect("is obeyed");
        while let Some(operation) = asks(&mut walk) {
            match operation.as_str() {
                "GetConfig" => answer(&mut walk, &config()),
                "GetAuthorizationCookie" => answer(&mut walk, &authorization()),
                _ => break,
            }
            .expect("is taken in");
        }
        let body = walk.next(NOW).expect("GetCookie").body;
        assert_eq!(body.contains("<EncryptedData>Ag==</EncryptedData>"), shown, "{body}");
    }
}

#[test]
fn faults_that_only_time_heals_end_the_walk_and_others_do_when_they_repeat() {
    for code in [ErrorCode::ServerBusy, ErrorCode::InternalServerError, ErrorCode::InvalidParameters] {
        let mut walk = walked();
        walk.begin([Stage::Software]);
        asks(&mut walk);
        assert!(matches!(refuse(&mut walk, code), Err(WalkError::Refused { operation: "SyncUpdates", .. })));
    }
    let mut walk = walk([Stage::GetConfig]);
    let refusals = (0..20).take_while(|_| {
        asks(&mut walk);
        refuse(&mut walk, ErrorCode::ConfigChanged).is_ok()
    });
    assert_eq!(refusals.count(), FAULTS_MAX);
}

#[test]
fn a_category_scan_asks_by_what_the_server_prefers() {
    let mut walk = walked();
    walk.begin([Stage::CategoryScan(vec![update(1), update(2)])]);
    assert_eq!(asks(&mut walk).as_deref(), Some("StartCategoryScan"));
    let preferred = |ids: Vec<UpdateId>| StartCategoryScanResponse {
        preferred_category_ids: ids,
        requested_category_ids_in_error: Vec::new(),
    };
    let mut other = walk.clone();
    assert!(matches!(
        answer(&mut other, &preferred(vec![update(3)])),
        Err(WalkError::Violation(Violation::CategoryNotAsked(_)))
    ));
    answer(&mut walk, &preferred(vec![update(1)])).expect("is taken in");
    let body = walk.next(NOW).expect("a call").body;
    assert!(body.contains(&format!("<CategoryIdentifier><Id>{}</Id>", update(1))), "{body}");
    let narrowed =
        SyncInfo { deployed_out_of_scope_revision_ids: vec![102], ..page(vec![offer(3, "Software", &[])]) };
    send(&mut walk, narrowed).expect("keeps to the rules");
    let body = walk.next(NOW).expect("a call").body;
    assert!(body.contains("<OtherCachedUpdateIDs><int>103</int></OtherCachedUpdateIDs>"), "{body}");
    assert!(walk.cache().get(102).is_some(), "it stays cached and is not listed");
}

#[test]
fn what_is_needed_is_asked_for_in_full() {
    let mut walk = walked();
    walk.begin([Stage::Extended]);
    let body = walk.next(NOW).expect("a call").body;
    assert!(body.contains("<revisionIDs><int>102</int></revisionIDs>"), "{body}");
    let extended = "<ExtendedProperties /><Files><File Digest=\"D2zdslftJ5kG/B9a2zSqQu83qTs=\" \
                    FileName=\"a.exe\" Size=\"17\" /></Files>";
    let localized = "<LocalizedProperties><Title>A</Title></LocalizedProperties>";
    let digest = Sha1Digest::from_base64("D2zdslftJ5kG/B9a2zSqQu83qTs=").expect("a digest");
    let location = FileLocation { file_digest: digest, url: "http://x/Content/a".to_owned() };
    let info = |texts: &[&str], locations: &[FileLocation]| GetExtendedUpdateInfoResponse {
        result: ExtendedUpdateInfo {
            updates: texts.iter().map(|xml| UpdateData { id: 102, xml: (*xml).to_owned() }).collect(),
            file_locations: locations.to_vec(),
            out_of_scope_revision_ids: Vec::new(),
        },
    };
    let broken = [
        (info(&[localized], &[]), Violation::NoExtended(102)),
        (info(&[extended], &[]), Violation::NoLocation(digest)),
        (info(&[extended, extended], slice::from_ref(&location)), Violation::Twice(102)),
        (info(&[extended, localized, localized], slice::from_ref(&location)), Violation::Twice(102)),
    ];
    for (info, violation) in broken {
        match answer(&mut walk.clone(), &info) {
            Err(WalkError::Violation(found)) => assert_eq!(found, violation),
            other => panic!("expected {violation}, found {other:?}"),
        }
    }
    answer(&mut walk, &info(&[extended, localized], &[location])).expect("keeps to the rules");
    assert_eq!(walk.next(NOW), None);
    let cached = walk.cache().get(102).and_then(|cached| cached.extended.as_deref()).expect("is known");
    assert_eq!((cached.title.as_str(), cached.files[0].bytes), ("A", 17));
    assert_eq!(walk.location(digest), Some("http://x/Content/a"));
}
