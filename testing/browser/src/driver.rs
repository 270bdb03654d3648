//! The WebDriver protocol (W3C, *WebDriver*) and ChromeDriver's way through it to the developer tools.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::{Agent, Body, http::Response};

/// The key of an element in the protocol's JSON ([WebDriver] 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Longer than the protocol's own limit for a script, which is thirty seconds.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);
/// A picture of the tallest page, as text, has some ten megabytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// One session.
#[derive(Debug)]
pub(crate) struct Driver {
    agent: Agent,
    session: String,
}

/// An element of the page that is open, useless once another is.
pub(crate) struct Element(String);

impl Element {
    /// The element as an argument of a script or the origin of a movement.
    pub(crate) fn reference(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }
}

impl Driver {
    pub(crate) fn begin(port: u16, capabilities: &Value) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(EXCHANGE_TIMEOUT));
        let mut driver =
            Self { agent: config.build().new_agent(), session: format!("http://127.0.0.1:{port}/session") };
        let answer = driver.post("", &json!({ "capabilities": { "alwaysMatch": capabilities } })).unwrap();
        driver.session = format!("{}/{}", driver.session, answer["sessionId"].as_str().unwrap());
        driver
    }

    /// Sends a command, and returns its value or the browser's reason.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        read(self.agent.post(format!("{}{path}", self.session)).send_json(body))
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        read(self.agent.get(format!("{}{path}", self.session)).call())
    }

    /// Executes the body of a function in the page and returns what it returns.
    pub(crate) fn script(&self, js: &str, arguments: &[Value]) -> Result<Value, String> {
        self.post("/execute/sync", &json!({ "script": js, "args": arguments }))
    }

    /// A command of the protocol of the developer tools.
    #[track_caller]
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        must(self.post("/goog/cdp/execute", &body), command)
    }

    /// All elements that the selector matches, in the order of the page.
    #[track_caller]
    pub(crate) fn elements(&self, css: &str) -> Vec<Element> {
        let body = json!({ "using": "css selector", "value": css });
        let found = must(self.post("/elements", &body), css);
        let element = |value: &Value| Element(value[ELEMENT].as_str().unwrap().to_owned());
        found.as_array().unwrap().iter().map(element).collect()
    }

    /// The first of them.
    #[track_caller]
    pub(crate) fn element(&self, css: &str) -> Element {
        match self.elements(css).into_iter().next() {
            Some(element) => element,
            None => panic!("nothing matches {css} on {}", self.address()),
        }
    }

    /// Asks for a property of an element.
    pub(crate) fn of_element(&self, element: &Element, path: &str) -> Result<Value, String> {
        self.get(&format!("/element/{}/{path}", element.0))
    }

    /// Does something to an element.
    pub(crate) fn to_element(&self, element: &Element, path: &str, body: &Value) -> Result<Value, String> {
        self.post(&format!("/element/{}/{path}", element.0), body)
    }

    /// The address of the page, for messages.
    pub(crate) fn address(&self) -> String {
        let address = self.get("/url").unwrap_or_default();
        address.as_str().unwrap_or("no page").to_owned()
    }
}

/// The panic is the caller's: a closure in its place would be where it is said to have happened.
#[track_caller]
pub(crate) fn must<T>(result: Result<T, String>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(reason) => panic!("{what}: {reason}"),
    }
}

/// The value of an answer ([WebDriver] 6.4), or the first line of its message.
fn read(answer: Result<Response<Body>, ureq::Error>) -> Result<Value, String> {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
    let body = body.map_err(|error| error.to_string())?;
    let mut body: Value = serde_json::from_str(&body).map_err(|error| format!("{error} in {body}"))?;
    let value = body["value"].take();
    if status.is_success() {
        return Ok(value);
    }
    let message = value["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
    Err(message.to_owned())
}
