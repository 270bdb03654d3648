//! What a page fetched, and what the browser had to say about it.

use serde_json::json;

use crate::Browser;

/// What the browser counts for the head of an answer, in bytes (*Resource Timing*, 4.4). The true head is of
/// about that size.
const HEAD_BYTES: f64 = 300.0;

/// What a page costs who opens it for the first time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// What comes over the line for the document and all that it refers to: bodies as they are compressed, and
    /// 300 bytes for each head. What this browser had already counts like the rest. Not counted are events that
    /// still come, what another origin sent, the icon of the tab, which is fetched some time later, the page
    /// itself when its script reads it again, and what it asks for once it is whole.
    pub bytes: u64,
    /// The document is one of them.
    pub requests: usize,
    /// How many answers are waited for one after the other until the page is whole: one for the document and each
    /// redirection to it, one for all that it names, and one for all that those ask for in their turn.
    pub in_turn: usize,
    /// From the request for the document to the first byte of it.
    pub first_byte_ms: f64,
}

impl Browser {
    /// What the page that is open cost.
    #[track_caller]
    pub fn weight(&self) -> Weight {
        let entries = self.script(
            "const [page] = performance.getEntriesByType('navigation');
             const icons = [...document.querySelectorAll('link[rel~=icon]')].map((link) => link.href);
             const isIcon = (entry) => entry.initiatorType === 'other' && icons.includes(entry.name);
             const isAgain = (entry) => entry.initiatorType === 'fetch' && entry.name === page.name;
             const all = performance.getEntriesByType('resource');
             // What it asks for once it is whole is no part of it.
             const isLater = (entry) => page.loadEventStart > 0 && entry.startTime >= page.loadEventStart;
             const others = all.filter((entry) => !isIcon(entry) && !isAgain(entry) && !isLater(entry));
             const named = [...document.querySelectorAll('link, script, img')].map((one) => one.href || one.src);
             const isNamed = (entry) => named.includes(entry.name);
             const turns = 1 + page.redirectCount + others.some(isNamed) + others.some((entry) => !isNamed(entry));
             return [page.responseStart - page.requestStart, [page, ...others].map((entry) => entry.encodedBodySize), turns]",
        );
        let bodies: Vec<f64> =
            entries[1].as_array().unwrap().iter().filter_map(|size| size.as_f64()).collect();
        Weight {
            bytes: bodies.iter().map(|body| body + HEAD_BYTES).sum::<f64>() as u64,
            requests: bodies.len(),
            in_turn: entries[2].as_u64().unwrap() as usize,
            first_byte_ms: entries[0].as_f64().unwrap(),
        }
    }

    /// What went wrong since the last time this was asked: scripts that failed, what the page's policy
    /// refused, what could not be fetched.
    #[track_caller]
    pub fn console_errors(&self) -> Vec<String> {
        let entries = self.driver.post("/se/log", &json!({ "type": "browser" })).unwrap();
        let entries = entries.as_array().unwrap().iter();
        let errors = entries.filter(|entry| entry["level"] == "SEVERE");
        errors.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether the network is gone.
    pub fn offline(&self, is_gone: bool) {
        self.network(is_gone, 0);
    }

    /// How long each answer is on its way, in milliseconds, from the next that is asked for.
    pub fn latency(&self, latency_ms: u32) {
        self.network(false, latency_ms);
    }

    fn network(&self, is_gone: bool, latency_ms: u32) {
        // What is emulated holds on to connections that a page has left, though it emulate nothing.
        if !is_gone && latency_ms == 0 {
            self.driver.devtools("Network.disable", &json!({}));
            return;
        }
        self.driver.devtools("Network.enable", &json!({}));
        let conditions = json!({
            "offline": is_gone, "latency": latency_ms, "downloadThroughput": -1, "uploadThroughput": -1
        });
        self.driver.devtools("Network.emulateNetworkConditions", &conditions);
    }
}
