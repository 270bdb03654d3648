//! A computer's way through its first scan.

use std::collections::HashSet;

use headwater_encoding::xpress;
use headwater_model::Timestamp;
use headwater_wsus::simple_auth::GetAuthorizationCookie;
use headwater_wsus::soap::{Fault, Request, decode_response, encode_request};
use headwater_wsus::wusp::{
    ComputerInfo, Cookie, GetConfig, GetCookie, RegisterComputer, SyncUpdateParameters, SyncUpdates,
};
use hyper::body::Bytes;

use super::connection::{Answer, Connection};
use crate::{Profile, evaluate};

/// The longest answer that is decoded, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// An agent gives up after so many calls (fact 27).
const CALLS_MAX: usize = 200;

/// Why a walk ended early.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    #[error("the server cannot be reached: {0}")]
    Connect(std::io::Error),
    #[error("the connection failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("a request could not be written")]
    Request,
    #[error("the answer is not what was asked for: {0}")]
    Message(#[from] headwater_wsus::soap::Error),
    #[error("the answer cannot be decompressed: {0}")]
    Xpress(#[from] headwater_encoding::xpress::XpressError),
    #[error("the server answered {operation} with a fault: {fault:?}")]
    Fault { operation: &'static str, fault: Box<Fault> },
    #[error("the scan took more than {CALLS_MAX} calls")]
    Endless,
    #[error("the server broke a rule: {0}")]
    Rule(String),
}

/// A computer after its first scan.
#[derive(Debug, Clone)]
pub struct Computer {
    pub installed_non_leaf: Vec<i32>,
    pub other_cached: Vec<i32>,
    pub cookie: Cookie,
    pub calls: usize,
}

impl Computer {
    pub fn cached(&self) -> usize {
        self.installed_non_leaf.len() + self.other_cached.len()
    }
}

const CLIENT: &str = "/ClientWebService/client.asmx";
const SIMPLE_AUTH: &str = "/SimpleAuthWebService/SimpleAuth.asmx";

pub(super) fn decode(answer: &Answer) -> Result<String, WalkError> {
    let bytes = match answer.xpress {
        true => xpress::decode(&answer.body, ANSWER_BYTES_MAX)?,
        false => answer.body.to_vec(),
    };
    String::from_utf8(bytes).map_err(|_| WalkError::Rule("the answer is not UTF-8".to_owned()))
}

async fn ask<R: Request>(
    connection: &mut Connection,
    path: &str,
    request: &R,
) -> Result<R::Response, WalkError> {
    let body = Bytes::from(encode_request(request));
    let answer = connection.post(path, &R::action(), body).await?;
    decode_response::<R>(&decode(&answer)?)?
        .map_err(|fault| WalkError::Fault { operation: R::NAME, fault: Box::new(fault) })
}

/// Makes a computer known to the server and gives it its first cookie.
pub async fn introduce(connection: &mut Connection, number: u64) -> Result<Cookie, WalkError> {
    let config = ask(connection, CLIENT, &GetConfig { protocol_version: "2.90".to_owned() }).await?;
    let authorize = GetAuthorizationCookie {
        client_id: format!("f1ee0000-0000-4000-8000-{number:012x}"),
        target_group_name: None,
        dns_name: format!("pc{number:06}.fleet.example"),
    };
    let authorization = ask(connection, SIMPLE_AUTH, &authorize).await?;
    let get_cookie = GetCookie {
        auth_cookies: vec![authorization.result],
        old_cookie: None,
        last_change: config.result.last_change,
        current_time: Timestamp::EPOCH,
        protocol_version: "2.90".to_owned(),
    };
    let cookie = ask(connection, CLIENT, &get_cookie).await?.result;
    let register = RegisterComputer { cookie: cookie.clone(), computer_info: computer_info(number) };
    ask(connection, CLIENT, &register).await?;
    Ok(cookie)
}

fn computer_info(number: u64) -> ComputerInfo {
    let text = |value: &str| Some(value.to_owned());
    ComputerInfo {
        dns_name: format!("pc{number:06}.fleet.example"),
        os_major_version: 10,
        os_minor_version: 0,
        os_build_number: 26200,
        os_service_pack_major_number: 0,
        os_service_pack_minor_number: 0,
        os_locale: text("en-US"),
        computer_manufacturer: text("Headwater"),
        computer_model: text("Simulated computer"),
        bios_version: None,
        bios_name: None,
        bios_release_date: None,
        processor_architecture: text("AMD64"),
        suite_mask: 256,
        old_product_type: 1,
        new_product_type: 48,
        system_metrics: 0,
        client_version_major_number: 1507,
        client_version_minor_number: 2601,
        client_version_build_number: 30012,
        client_version_qfe_number: 0,
        os_description: text("Windows 11 Pro"),
        oem: None,
        device_type: None,
        firmware_version: None,
        mobile_operator: None,
    }
}

/// The message of one call of a scan.
pub(super) fn sync_updates(cookie: Cookie, installed_non_leaf: &[i32], other_cached: &[i32]) -> SyncUpdates {
    SyncUpdates {
        cookie,
        parameters: SyncUpdateParameters {
            installed_non_leaf_update_ids: installed_non_leaf.to_vec(),
            other_cached_update_ids: other_cached.to_vec(),
            ..SyncUpdateParameters::default()
        },
    }
}

/// Walks a computer through its first scan ([MS-WUSP] 3.1.5.7), with the rules of facts 21 and 23
/// watched on the way.
pub async fn walk(connection: &mut Connection, number: u64) -> Result<Computer, WalkError> {
    let cookie = introduce(connection, number).await?;
    let mut computer =
        Computer { installed_non_leaf: Vec::new(), other_cached: Vec::new(), cookie, calls: 0 };
    let mut known = HashSet::new();
    loop {
        let request =
            sync_updates(computer.cookie.clone(), &computer.installed_non_leaf, &computer.other_cached);
        let info = ask(connection, CLIENT, &request).await?.result;
        computer.calls += 1;
        computer.cookie = info.new_cookie.unwrap_or(computer.cookie);
        if !info.out_of_scope_revision_ids.is_empty() {
            return Err(WalkError::Rule("a revision went out of scope within one scan".to_owned()));
        }
        for update in &info.new_updates {
            if !known.insert(update.id) {
                return Err(WalkError::Rule(format!("revision {} was sent twice", update.id)));
            }
            let core = update.xml.as_deref().unwrap_or_default();
            if update.deployment.is_none() || core.is_empty() {
                return Err(WalkError::Rule(format!("revision {} has no deployment or no XML", update.id)));
            }
            match evaluate(core, &Profile::new(number)).installed && !update.is_leaf {
                true => computer.installed_non_leaf.push(update.id),
                false => computer.other_cached.push(update.id),
            }
        }
        // The last call has nothing new, so that the server may move the watermark on.
        if info.new_updates.is_empty() && !info.truncated {
            return Ok(computer);
        }
        if computer.calls >= CALLS_MAX {
            return Err(WalkError::Endless);
        }
    }
}
