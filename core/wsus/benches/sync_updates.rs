//! The hottest request: a scan of a computer that has about 1,100 updates in its cache.

use headwater_model::Timestamp;
use headwater_wsus::soap::{SoapVersion, decode, encode_request, encode_response};
use headwater_wsus::wusp::{
    Cookie, Deployment, DeploymentAction, SyncInfo, SyncUpdateParameters, SyncUpdates, SyncUpdatesResponse,
    UpdateInfo,
};

fn main() {
    divan::main();
}

fn cookie() -> Cookie {
    Cookie { expiration: Timestamp::from_micros(1_791_129_815_996_723), encrypted_data: vec![7; 224] }
}

#[divan::bench]
fn decode_request(bencher: divan::Bencher) {
    let request = SyncUpdates {
        cookie: cookie(),
        parameters: SyncUpdateParameters {
            installed_non_leaf_update_ids: (71_000..71_090).collect(),
            other_cached_update_ids: (100_000..101_010).collect(),
            need_two_group_out_of_scope_updates: true,
            ..SyncUpdateParameters::default()
        },
    };
    let attributes = "ActivationChannel=Retail;App=WU_OS;".repeat(50);
    let products = format!(
        "<ProductsParameters><DeviceAttributes>{attributes}</DeviceAttributes></ProductsParameters></parameters>"
    );
    let text = encode_request(&request).replace("</parameters>", &products);
    assert!((20_000..30_000).contains(&text.len()));
    assert_eq!(decode::<SyncUpdates>(&text).as_ref(), Ok(&request));
    bencher.bench(|| decode::<SyncUpdates>(divan::black_box(&text)));
}

#[divan::bench]
fn encode_page_of_30(bencher: divan::Bencher) {
    let changed = Timestamp::from_micros(1_791_126_216_500_000);
    let client = "2.90".parse().expect("a version");
    let update = |id| UpdateInfo {
        id,
        deployment: Some(Deployment::new(id, DeploymentAction::Install, changed, client)),
        is_leaf: true,
        xml: Some("<Core a=\"b\" />".repeat(300)),
    };
    let result = SyncInfo {
        new_updates: (0..30).map(update).collect(),
        out_of_scope_revision_ids: Vec::new(),
        changed_updates: Vec::new(),
        truncated: true,
        new_cookie: Some(cookie()),
        deployed_out_of_scope_revision_ids: Vec::new(),
        driver_sync_not_needed: Some(false),
    };
    let response = SyncUpdatesResponse { result };
    bencher.bench(|| encode_response(divan::black_box(&response), SoapVersion::V11));
}
