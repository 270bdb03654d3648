//! Computers that have scanned once, with the text of their next request.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_simulated_agent::{Agent, AgentError, Answer, Exchange, Stage, Walk};
use http::StatusCode;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use tokio::task::JoinSet;

use super::{Kind, Load, ScanError};
use crate::computers::{self, FIRST_OF_MANY};

/// Computers that are introduced at once.
const INTRODUCED_AT_ONCE: usize = 64;

/// A computer that is ready to scan again.
pub(super) struct Ready {
    request: Exchange,
    /// Where the data of the cookie stand in the request's body.
    cookie: Range<usize>,
    kind: Kind,
}

impl Ready {
    /// `walk` is at its next call of SyncUpdates.
    fn new(mut walk: Walk, agent: &Agent, number: u64, kind: Kind) -> Option<Self> {
        walk.begin([Stage::Software]);
        let mut request = walk.next(agent.now())?;
        let mut random = StdRng::seed_from_u64(number);
        for list in ["InstalledNonLeafUpdateIDs", "OtherCachedUpdateIDs"] {
            shuffle(&mut request.body, list, &mut random);
        }
        let cookie = inside(&request.body, "EncryptedData")?;
        Some(Self { request, cookie, kind })
    }

    pub fn request(&self) -> &Exchange {
        &self.request
    }

    /// Takes the answer in; says whether it was the one that its request should get.
    pub fn take(&mut self, answer: &Answer) -> bool {
        let text = &answer.text;
        if let Some(new) = inside(text, "EncryptedData") {
            self.request.body.replace_range(self.cookie.clone(), &text[new.clone()]);
            self.cookie.end = self.cookie.start + new.len();
        }
        let expected = match self.kind {
            Kind::NothingChanged => {
                text.contains("<Truncated>false</Truncated>") && !text.contains("<UpdateInfo>")
            }
            Kind::FirstPage => text.contains("<UpdateInfo>"),
        };
        answer.status == StatusCode::OK && expected
    }
}

/// Where the content of the first element with this name stands. Both sides write no attributes.
fn inside(text: &str, name: &str) -> Option<Range<usize>> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let start = text.find(&open)? + open.len();
    Some(start..start + text[start..].find(&close)?)
}

/// Lists the ids in another order.
fn shuffle(body: &mut String, list: &str, random: &mut StdRng) {
    if let Some(range) = inside(body, list) {
        let mut ids: Vec<&str> = body[range.clone()].split_inclusive("</int>").collect();
        ids.shuffle(random);
        let ids = ids.concat();
        body.replace_range(range, &ids);
    }
}

fn agent(load: &Load, number: u64) -> Result<Agent, ScanError> {
    let mut agent = computers::agent(&load.url, number)?;
    agent.connection.accept_xpress = load.accept_xpress;
    Ok(agent)
}

fn failed(agent: &Agent) -> impl FnOnce(AgentError) -> ScanError {
    let name = agent.walk.computer.dns_name.clone();
    |error| ScanError::Agent(name, Box::new(error))
}

/// Lets a computer scan for the first time.
pub(super) async fn walk(load: &Load, number: u64) -> Result<Walk, ScanError> {
    let mut agent = agent(load, number)?;
    agent.scan().await.map_err(failed(&agent))?;
    Ok(agent.walk)
}

/// Introduces all computers, and lets each scan once so that its watermark is current.
pub(super) async fn introduce_all(load: &Load, templates: Arc<Vec<Walk>>) -> Result<Vec<Ready>, ScanError> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..load.in_flight.clamp(1, INTRODUCED_AT_ONCE) {
        let (load, templates, next) = (load.clone(), templates.clone(), next.clone());
        tasks.spawn(async move {
            let mut agent = agent(&load, FIRST_OF_MANY)?;
            let mut ready = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= load.clients {
                    return Ok::<_, ScanError>(ready);
                }
                let template = &templates[at % templates.len()];
                ready.push(introduce(&mut agent, FIRST_OF_MANY + at as u64, template, load.kind).await?);
            }
        });
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.extend(done.map_err(|_| ScanError::Stopped)??);
    }
    Ok(all)
}

/// Makes `agent` another computer, which has the cache of the template.
async fn introduce(agent: &mut Agent, number: u64, template: &Walk, kind: Kind) -> Result<Ready, ScanError> {
    agent.walk = Walk::new(computers::computer(number));
    agent.run([Stage::RegisterComputer]).await.map_err(failed(agent))?;
    let mut walk = template.clone();
    walk.set_cookie(agent.walk.cookie().cloned());
    if kind == Kind::FirstPage {
        walk.clear_cache();
    }
    let silent = || ScanError::Silent(agent.walk.computer.dns_name.clone());
    let mut ready = Ready::new(walk, agent, number, kind).ok_or_else(silent)?;
    let answer = agent.connection.post(&ready.request).await?;
    ready.take(&answer);
    Ok(ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_shuffled_in_its_place() {
        let ids: Vec<String> = (0..50).map(|id| format!("<int>{id}</int>")).collect();
        let list = |ids: &[String]| format!("<A><int>9</int></A><B>{}</B><C/>", ids.concat());
        let (mut body, mut other) = (list(&ids), list(&ids));
        shuffle(&mut body, "B", &mut StdRng::seed_from_u64(1));
        shuffle(&mut other, "B", &mut StdRng::seed_from_u64(2));
        assert_ne!(body, other, "each computer has an order of its own");
        let found = inside(&body, "B").expect("the list");
        let mut shuffled: Vec<String> = body[found].split_inclusive("</int>").map(str::to_owned).collect();
        assert_ne!(shuffled, ids);
        shuffled.sort_by_key(|id| ids.iter().position(|known| known == id));
        assert_eq!((&shuffled, body.len()), (&ids, list(&ids).len()));
        shuffle(&mut body, "C", &mut StdRng::seed_from_u64(1));
        assert!(body.ends_with("</B><C/>"));
    }
}
