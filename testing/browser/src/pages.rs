//! What a person does with a page: look, point, type.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::driver::{Element, must};
use crate::{Browser, keys};

/// The longest time that anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// The protocol has no event for a change of the page.
const PAUSE: Duration = Duration::from_millis(20);
/// The tallest picture, in pixels: about what Chromium draws in one piece.
const PICTURE_HEIGHT_MAX: u64 = 16_000;
/// Names an element as a person would look for it; the checks speak with it too.
pub(crate) const DESCRIBE: &str = include_str!("describe.js");

impl Browser {
    /// Opens an address and returns once the page and what it refers to are loaded.
    ///
    /// # Panics
    /// If nothing answers there. An answer with an error is a page.
    #[track_caller]
    pub fn open(&self, url: &str) {
        must(self.driver.post("/url", &json!({ "url": url })), url);
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        self.driver.address()
    }

    /// Sets what pages have to themselves, in pixels. A window cannot be as narrow as a telephone, so this is
    /// not the window's size.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Whether the person prefers dark colours, for this page and those that follow.
    pub fn dark(&self, is_dark: bool) {
        let value = if is_dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.driver.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// In which zone the person is, such as `Asia/Tokyo`, from the next page that is opened.
    pub fn zone(&self, name: &str) {
        self.driver.devtools("Emulation.setTimezoneOverride", &json!({ "timezoneId": name }));
    }

    /// Whether pages may run scripts, from the next that is opened.
    pub fn scripts(&self, are_on: bool) {
        self.driver.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": !are_on }));
    }

    /// The text of an element as it is seen: nothing of what is hidden.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.text_of(&self.driver.element(css), css)
    }

    /// The texts of all elements that the selector matches.
    #[track_caller]
    pub fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.driver.elements(css) {
            texts.push(self.text_of(&element, css));
        }
        texts
    }

    #[track_caller]
    fn text_of(&self, element: &Element, css: &str) -> String {
        let text = must(self.driver.of_element(element, "text"), css);
        text.as_str().unwrap().to_owned()
    }

    /// An attribute as the page has it, or `None` where it has none.
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let arguments = [self.driver.element(css).reference(), json!(name)];
        let value = self.driver.script("return arguments[0].getAttribute(arguments[1])", &arguments);
        must(value, css).as_str().map(str::to_owned)
    }

    /// Replaces what a field holds by what is typed into it.
    #[track_caller]
    pub fn type_into(&self, css: &str, text: &str) {
        let element = self.driver.element(css);
        must(self.driver.to_element(&element, "clear", &json!({})), css);
        must(self.driver.to_element(&element, "value", &json!({ "text": text })), css);
    }

    /// Clicks in the middle of an element, after scrolling to it. If that opens a page, returns once it is
    /// loaded.
    #[track_caller]
    pub fn click(&self, css: &str) {
        must(self.driver.to_element(&self.driver.element(css), "click", &json!({})), css);
    }

    /// Clicks while Shift is held.
    #[track_caller]
    pub fn shift_click(&self, css: &str) {
        let origin = self.driver.element(css).reference();
        let scroll = "arguments[0].scrollIntoView({ block: 'nearest' })";
        must(self.driver.script(scroll, std::slice::from_ref(&origin)), css);
        let pause = json!({ "type": "pause" });
        let shift = |kind| keys::action(kind, "Shift");
        let to = json!({ "type": "pointerMove", "duration": 0, "origin": origin, "x": 0, "y": 0 });
        let down = json!({ "type": "pointerDown", "button": 0 });
        let up = json!({ "type": "pointerUp", "button": 0 });
        // One thing after the other: each column is a moment.
        self.act(&json!([
            { "type": "key", "id": "keys", "actions": [shift("keyDown"), pause, pause, pause, shift("keyUp")] },
            { "type": "pointer", "id": "mouse", "actions": [pause, to, down, up, pause] },
        ]));
    }

    /// Presses a key, or several at once: `Tab`, `/`, `Shift+Tab`. Returns before a page that it opens is
    /// there; wait for something of it.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        self.act(&json!([{ "type": "key", "id": "keys", "actions": keys::pressed(keys) }]));
    }

    /// Presses the keys of a text, into whatever has the focus.
    #[track_caller]
    pub fn press_text(&self, text: &str) {
        let keys = text.chars().flat_map(|letter| keys::pressed(&letter.to_string())).collect::<Vec<_>>();
        self.act(&json!([{ "type": "key", "id": "keys", "actions": keys }]));
    }

    #[track_caller]
    fn act(&self, actions: &Value) {
        self.driver.post("/actions", &json!({ "actions": actions })).unwrap();
    }

    /// The element that has the focus, as tag, id or classes, and name: `input#name[name=name]`. It is `body`
    /// when none has it.
    #[track_caller]
    pub fn active(&self) -> String {
        let described = self.script(&format!("{DESCRIBE} return describe(document.activeElement)"));
        described.as_str().unwrap().to_owned()
    }

    /// Executes the body of a function in the page and returns what it returns, as JSON.
    #[track_caller]
    pub fn script(&self, js: &str) -> Value {
        must(self.driver.script(js, &[]), "a script")
    }

    /// Writes a picture of the whole page as PNG, at most 16,000 pixels of it. The page is as high as its
    /// content for that time, so what sticks to the top of a window is there once.
    #[track_caller]
    pub fn screenshot(&self, path: impl AsRef<Path>) {
        let sizes = self.script(
            "const root = document.documentElement;
             return [innerWidth, innerHeight, Math.max(innerHeight, root.scrollHeight)]",
        );
        let size = |index: usize| sizes[index].as_u64().unwrap();
        let resize = |height: u64| {
            self.resize(u32::try_from(size(0)).unwrap(), u32::try_from(height).unwrap());
        };
        resize(size(2).min(PICTURE_HEIGHT_MAX));
        let picture = self.driver.get("/screenshot");
        resize(size(1));
        let bytes = BASE64.decode(picture.unwrap().as_str().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Returns once something that the selector matches is seen.
    ///
    /// # Panics
    /// If that takes more than a minute.
    #[track_caller]
    pub fn wait_for(&self, css: &str) {
        let seen = "return [...document.querySelectorAll(arguments[0])].some((e) => e.checkVisibility())";
        self.wait(seen, &[json!(css)], || format!("{css} did not come"));
    }

    /// Returns once an element that the selector matches holds the text.
    ///
    /// # Panics
    /// If that takes more than a minute.
    #[track_caller]
    pub fn wait_text(&self, css: &str, text: &str) {
        let holds = "return [...document.querySelectorAll(arguments[0])]
            .some((e) => e.checkVisibility() && e.innerText.includes(arguments[1]))";
        let failed = || format!("{css} does not hold {text:?} but {:?}", self.texts(css));
        self.wait(holds, &[json!(css), json!(text)], failed);
    }

    #[track_caller]
    fn wait(&self, js: &str, arguments: &[Value], failed: impl Fn() -> String) {
        let begun = Instant::now();
        // A script that meets the change from one page to the next is refused: that is not yet an answer.
        while self.driver.script(js, arguments) != Ok(Value::Bool(true)) {
            assert!(begun.elapsed() < DEADLINE, "{} in {DEADLINE:?} on {}", failed(), self.address());
            std::thread::sleep(PAUSE);
        }
    }
}
