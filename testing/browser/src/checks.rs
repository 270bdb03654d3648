//! What every page has to keep to, so that it can be used with a keyboard, a screen reader, tired eyes or a
//! telephone. Each rule is a part of *WCAG 2.2*, level AA, or of the console's own promises.
//!
//! | rule | what it demands |
//! | --- | --- |
//! | `name` | Links, buttons and fields have a name. A placeholder is none, for it goes away. |
//! | `picture` | Images and SVG have a title or another name, or are hidden from screen readers. |
//! | `heading` | One `h1`; no level is left out. |
//! | `landmark` | One `header` and one `main`, and at least one `nav`. |
//! | `language` | The page says its language. |
//! | `id` | No two elements have the same. |
//! | `label` | A label belongs to a field; what is referred to by id is there. |
//! | `table` | Tables have heads, and each says by `scope` what it is the head of. |
//! | `contrast` | Text stands out from its background by 4.5, large text by 3. |
//! | `sideways` | The page fits its width. |
//! | `focus` | The element that has the focus looks different: by an outline or a shadow, of itself, its label or what is around it. |
//! | `style` | No `style` attribute: the policy would ignore it. One that a script writes counts too. |
//! | `origin` | Nothing is asked of another server. |
//!
//! They judge what is seen now: an open dialog, a narrow window and dark colours are each a page of their own.
//!
//! Limits. Contrast knows the colours and opacity of elements around a text, not pictures behind it, nor what
//! is drawn over it or written by `content`. Text in SVG names what it stands on by `data-on`, a colour as in
//! CSS (`data-on="var(--surface)"`), on itself or around it; without that it is compared with what is behind
//! the drawing. Of elements with the same classes in the same place three get the
//! focus. What is disabled may be faint (*WCAG* 1.4.3). Elements in frames and shadow trees are not seen.
//! Whether a name is a good one is for people to judge.

use crate::Browser;
use crate::pages::DESCRIBE;

const STRUCTURE: &str = include_str!("checks/structure.js");
const CONTRAST: &str = include_str!("checks/contrast.js");
const FOCUS: &str = include_str!("checks/focus.js");
const FINDINGS: &str = include_str!("checks/findings.js");

/// What the page breaks, each as its rule and a sentence: `name: button.icon has no accessible name`. A rule
/// that is broken more than ten times is told ten times and summed up.
///
/// The focus is nowhere afterwards. Elements get it one after the other, so what opens when it has the focus
/// opens.
#[track_caller]
pub fn all(browser: &Browser) -> Vec<String> {
    let mut violations = run(browser, &[STRUCTURE, CONTRAST]);
    // Only who uses the keyboard is shown the focus. From here on that is so.
    browser.press("Tab");
    violations.extend(run(browser, &[FOCUS]));
    violations
}

#[track_caller]
fn run(browser: &Browser, checks: &[&str]) -> Vec<String> {
    let script = [&[DESCRIBE, FINDINGS], checks, &["return findings();"]].concat().concat();
    let found = browser.script(&script);
    found.as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap().to_owned()).collect()
}
