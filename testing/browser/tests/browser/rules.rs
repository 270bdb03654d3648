//! A page without a fault, and pages with one.

use headwater_browser::{Browser, checks};

use crate::site::Site;

pub const GOOD: &str = include_str!("good.html");
pub const STYLE: &str = include_str!("style.css");
pub const SCRIPT: &str = include_str!("page.js");
pub const ICON: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><circle cx="8" cy="8" r="8"/></svg>"#;

/// A site with the page without a fault at `/`, and what it refers to.
pub fn site() -> Site {
    let site = Site::start();
    site.put("/", GOOD);
    site.put("/groups", GOOD);
    site.put("/search", &GOOD.replace("4 of 5 servers are in step", "Found: 0"));
    site.put("/style.css", STYLE);
    site.put("/page.js", SCRIPT);
    site.put("/icon.svg", ICON);
    site
}

#[test]
fn a_good_page_breaks_nothing() {
    let Some(browser) = Browser::start() else { return };
    let site = site();
    for (width, is_dark, has_scripts) in
        [(1_400, false, true), (400, false, true), (1_400, true, true), (400, true, false)]
    {
        browser.resize(width, 900);
        browser.dark(is_dark);
        browser.scripts(has_scripts);
        browser.open(&site.url("/"));
        let place = format!("{width} wide, dark {is_dark}, scripts {has_scripts}");
        assert_eq!(checks::all(&browser), [""; 0], "{place}");
        assert_eq!(browser.active(), "body", "{place}");
        assert_eq!(browser.console_errors(), [""; 0], "{place}");
    }
}

/// Changes of the good page or of its style, and what is said of each.
const BAD: &[(&str, &str, &[&str])] = &[
    (
        "<button type=\"submit\">Synchronise Berlin",
        "<button type=\"submit\">",
        &["name: button has no accessible name"],
    ),
    ("<span class=\"unseen\">Groups</span>", "", &["name: a has no accessible name"]),
    ("<label>Kind ", "<label>", &["name: select[name=kind] has no accessible name"]),
    ("<label for=\"search\">Search</label>", "", &["name: input#search[name=q] has no accessible name"]),
    ("<title>The tree of servers</title>", "", &["picture: svg has neither a name nor aria-hidden"]),
    (" alt=\"\"", "", &["picture: img has neither a name nor aria-hidden"]),
    ("h1>", "h2>", &["heading: the page has 0 h1"]),
    ("<h2>Servers</h2>", "<h1>Servers</h1>", &["heading: the page has 2 h1"]),
    ("<h2>Servers</h2>", "<h3 class=\"x\">Servers</h3>", &["heading: h3.x follows h1"]),
    ("header>", "div>", &["landmark: the page has 0 header"]),
    ("nav>", "div>", &["landmark: the page has no nav"]),
    ("main", "div", &["landmark: the page has 0 main"]),
    (" lang=\"en\"", "", &["language: html has no lang"]),
    ("id=\"bern\"", "id=\"berlin\"", &["id: 2 elements have the id berlin"]),
    (
        "<span id=\"help\"",
        "<label for=\"nobody\">Nobody</label><span id=\"help\"",
        &["label: label for=nobody belongs to no field"],
    ),
    (
        "<span id=\"help\"",
        "<span",
        &["label: textarea#note refers to help by aria-describedby, which is not there"],
    ),
    ("scope=\"row\">Bern", ">Bern", &["table: th “Bern” has no scope"]),
    ("<table>", "<table><caption>Two</caption></table><table>", &["table: table has no th"]),
    (
        "<p class=\"faint\">",
        "<p class=\"gone\">",
        &["contrast: p.gone “Berlin differs since 14:02.” has 3.54, #888888 on #ffffff, of 4.5"],
    ),
    (" data-on=\"var(--node)\"", "", &["contrast: text “Berlin” has 1, #ffffff on #ffffff, of 4.5"]),
    (
        " data-on=\"var(--node)\"",
        " data-on=\"var(--nod)\"",
        &[
            "contrast: text says data-on=var(--nod), which is no colour",
            "contrast: text “Berlin” has 1, #ffffff on #ffffff, of 4.5",
        ],
    ),
    (
        "<h2>Change</h2>",
        "<pre class=\"wide\">—</pre><h2>Change</h2>",
        &["sideways: the page is 2000 wide and has 1400, because of pre.wide"],
    ),
    (
        "<main id=\"content\">",
        "<main id=\"content\" style=\"color: red\">",
        &["style: main#content has a style attribute"],
    ),
    ("<form>", "<form action=\"https://example.org/\">", &["origin: the page asks https://example.org/"]),
];

/// The same for the style.
const BADLY_STYLED: &[(&str, &[&str])] = &[
    ("h1 { color: #8a8a8a; font-size: 24px; }", &[]),
    ("h1 { color: #8a8a8a; font-size: 19px; font-weight: bold }", &[]),
    (
        "h1 { color: #8a8a8a; font-size: 23px; font-weight: normal }",
        &["contrast: h1 “4 of 5 servers are in step” has 3.45, #8a8a8a on #ffffff, of 4.5"],
    ),
    (
        "h1 { color: #999; font-size: 24px; }",
        &["contrast: h1 “4 of 5 servers are in step” has 2.84, #999999 on #ffffff, of 3"],
    ),
    // Half of white on black is in the middle.
    ("h1 { color: #fff; background: #000; opacity: .5 }", &[]),
    (
        "td { background: rgb(0 0 0 / 50%) } tbody tr { background: oklch(0.5 0 0) } tbody { color: #fff } #bern { background: #777; color: #000 } #bern td { background: none }",
        &[],
    ),
    (
        "p { opacity: .3 !important }",
        &["contrast: p.faint “Berlin differs since 14:02.” has 1.92, #bbbbbb on #ffffff, of 4.5"],
    ),
    (
        "input::placeholder { color: #aaa !important }",
        &["contrast: input#search[name=q] “KB, title or computer” has 2.32, #aaaaaa on #ffffff, of 4.5"],
    ),
    ("svg text { fill: #929292 }", &["contrast: text “Berlin” has 3.46, #929292 on #00406b, of 4.5"]),
    ("svg text { fill: #929292 } svg { transform: scale(2) }", &[]),
    (
        "nav a:focus { outline: none }",
        &["focus: a looks the same with the focus", "focus: a looks the same with the focus"],
    ),
    ("nav a:focus { outline: none; box-shadow: 0 0 0 2px blue }", &[]),
    ("nav a:focus { outline: none } nav:focus-within { outline: 2px solid blue }", &[]),
    (
        "a { outline: 2px solid transparent; transition: outline-color 5s } a:focus { outline-color: blue }",
        &[],
    ),
    ("button { outline: 1px solid red !important }", &["focus: button looks the same with the focus"]),
];

#[test]
fn each_fault_is_named() {
    let Some(browser) = Browser::start() else { return };
    let site = site();
    site.put("/extra.css", "");
    let mut wrong = Vec::new();
    let mut check = |page: &str, style: &str, what: &str, expected: &[&str]| {
        site.put("/style.css", &format!("{STYLE} .wide {{ width: 2000px; margin: 0 }} {style}"));
        site.put("/bad", page);
        browser.open(&site.url("/bad"));
        let said = checks::all(&browser);
        if said != expected {
            wrong.push(format!("{what}\n  said     {said:?}\n  expected {expected:?}"));
        }
    };
    for (from, to, expected) in BAD {
        assert!(GOOD.contains(from), "{from} is not in the page");
        check(&GOOD.replace(from, to), "", &format!("{from} -> {to}"), expected);
    }
    for (style, expected) in BADLY_STYLED {
        check(GOOD, style, style, expected);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_style_asks_of_another_server_is_named() {
    let Some(browser) = Browser::start() else { return };
    let (other, site) = (site(), site());
    let address = other.url("/icon.svg");
    site.put("/style.css", &format!("{STYLE} header {{ background: url({address}) }}"));
    site.put("/lax", GOOD);
    browser.open(&site.url("/lax"));
    assert_eq!(checks::all(&browser), [format!("origin: the page asks {address}")]);
}

#[test]
fn a_fault_that_is_everywhere_is_summed_up() {
    let Some(browser) = Browser::start() else { return };
    let site = site();
    let row = |n| format!("<tr id=\"g{n}\"><th><a href=\"/g{n}\">Group {n}</a></th><td>{n}</td></tr>");
    let rows: String = (0..4_000).map(row).collect();
    site.put("/long", &GOOD.replace("</tbody>", &format!("{rows}</tbody>")));
    browser.open(&site.url("/long"));
    let said = checks::all(&browser);
    assert_eq!(said.len(), 11, "{said:?}");
    assert_eq!(said[10], "table: and 3990 more");
}
