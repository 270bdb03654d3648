//! That the browser does and tells what its methods say.

use headwater_browser::Browser;
use serde_json::json;

use crate::rules;

fn heading(browser: &Browser) -> String {
    browser.text("h1")
}

#[test]
fn a_person_can_look_point_and_type() {
    let Some(browser) = Browser::start() else { return };
    let site = rules::site();
    browser.open(&site.url("/"));
    assert_eq!(heading(&browser), "4 of 5 servers are in step");
    assert_eq!(browser.texts("tbody th"), ["Berlin", "Bern"]);
    assert_eq!(browser.texts("video"), [""; 0]);
    assert_eq!(browser.attribute("main", "id").as_deref(), Some("content"));
    assert_eq!(browser.attribute("main", "class"), None);
    assert_eq!(browser.script("return { sum: 1 + 2 }"), json!({ "sum": 3 }));

    assert_eq!(browser.active(), "body");
    browser.press("Tab");
    assert_eq!(browser.active(), "a.skip");
    browser.press("/");
    assert_eq!(browser.active(), "input#search[name=q]");
    browser.press("Shift+Tab");
    assert_eq!(browser.script("return document.activeElement.textContent"), "Groups");

    browser.type_into("#note", "first");
    browser.type_into("#note", "second");
    assert_eq!(browser.script("return document.querySelector('#note').value"), "second");
    browser.click("#berlin");
    browser.shift_click("#bern");
    assert_eq!(browser.attribute("#berlin", "class").as_deref(), Some("clicked"));
    assert_eq!(browser.attribute("#bern", "class").as_deref(), Some("shifted"));

    browser.wait_text("#help", "in a while");
    browser.type_into("#search", "KB5000001");
    browser.press("Enter");
    browser.wait_text("h1", "Found");
    assert_eq!(browser.address(), site.url("/search?q=KB5000001"));
    browser.click("nav a");
    assert_eq!(heading(&browser), "4 of 5 servers are in step");
}

#[test]
fn a_page_is_seen_in_every_size_and_light_without_scripts_and_without_network() {
    let Some(browser) = Browser::start() else { return };
    let site = rules::site();
    let address = site.url("/");
    browser.open(&address);
    assert_eq!(browser.script("return [innerWidth, innerHeight]"), json!([1_400, 900]));
    browser.resize(400, 300);
    assert_eq!(browser.script("return [innerWidth, innerHeight]"), json!([400, 300]));

    let ground = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.script(ground), "rgb(255, 255, 255)");
    browser.dark(true);
    assert_eq!(browser.script(ground), "rgb(22, 24, 26)");
    browser.open(&address);
    assert_eq!(browser.script(ground), "rgb(22, 24, 26)", "the next page is dark too");

    // What it loads makes it longer.
    browser.wait_text("#help", "in a while");
    let picture = std::env::temp_dir().join(format!("headwater-page-{}.png", std::process::id()));
    browser.screenshot(&picture);
    // The page may still grow until the picture is taken.
    let height = browser.script("return document.documentElement.scrollHeight").as_u64().unwrap();
    assert!(height > 300, "the page must be taller than the window, it has {height}");
    let png = std::fs::read(&picture).unwrap();
    std::fs::remove_file(&picture).unwrap();
    // Width and height are the first things after the signature and the head of the first chunk.
    let size = |at: usize| u64::from(u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
    assert_eq!((size(16), size(20)), (400, height));
    assert_eq!(browser.script("return [innerWidth, innerHeight]"), json!([400, 300]));

    let ran = "return document.documentElement.className";
    assert_eq!(browser.script(ran), "scripted");
    browser.scripts(false);
    browser.open(&address);
    assert_eq!(browser.script(ran), "");
    browser.click("nav a");
    assert_eq!(heading(&browser), "4 of 5 servers are in step");
    browser.scripts(true);
    browser.open(&address);
    assert_eq!(browser.script(ran), "scripted");

    let fetch = "const image = new Image();
        image.src = '/icon.svg?' + Math.random();
        return image.decode().then(() => 'there', () => 'gone')";
    assert_eq!(browser.script(fetch), "there");
    browser.offline(true);
    assert_eq!(browser.script(fetch), "gone");
    browser.offline(false);
    assert_eq!(browser.script(fetch), "there");
}

#[test]
fn what_a_page_costs_and_what_went_wrong_is_told() {
    let Some(browser) = Browser::start() else { return };
    let site = rules::site();
    browser.open(&site.url("/"));
    let weight = browser.weight();
    let files = [rules::GOOD, rules::STYLE, rules::SCRIPT, rules::ICON];
    // The icon counts as a picture of the page.
    let bytes: usize = files.iter().map(|file| file.len() + 300).sum();
    assert_eq!((weight.bytes, weight.requests), (bytes as u64, files.len()));
    // The document names all of them.
    assert_eq!(weight.in_turn, 2);
    site.put("/deep.css", "@import '/style.css';");
    let deep = "<link rel=icon href=/icon.svg><link rel=stylesheet href=/deep.css><p>One after the other";
    site.put("/deep", deep);
    browser.open(&site.url("/deep"));
    assert_eq!(browser.weight().in_turn, 3);
    assert_eq!(browser.console_errors(), [""; 0]);
    assert!(weight.first_byte_ms > 0.0 && weight.first_byte_ms < 20_000.0, "{weight:?}");
    assert_eq!(browser.console_errors(), [""; 0]);

    site.put("/broken.js", "missing.call()");
    let broken =
        rules::GOOD.replace("<h2>Change", "<script>1</script><script src=/broken.js></script><h2>Change");
    site.put("/broken", &broken);
    browser.open(&site.url("/broken"));
    let errors = browser.console_errors();
    let is_told = |word: &str| errors.iter().filter(|error| error.contains(word)).count();
    assert_eq!((is_told("Content Security Policy"), is_told("missing is not defined")), (1, 1), "{errors:?}");
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert_eq!(browser.console_errors(), [""; 0], "an error is told once");
}

#[test]
fn what_moves_by_itself_is_seen() {
    let Some(browser) = Browser::start() else { return };
    let site = rules::site();
    site.put("/still", "<h1>Still</h1><p>It stays");
    site.put("/moves.js", "requestAnimationFrame(() => setTimeout(() => document.querySelector('p').before(document.createElement('h2'), 'Late', document.createElement('hr')), 50))");
    site.put("/moves", "<h1>Moves</h1><p id=below>It goes down</p><script src=/moves.js></script>");
    browser.open(&site.url("/still"));
    assert_eq!(browser.seen().shift, 0.0);
    browser.open(&site.url("/moves"));
    browser.wait_for("hr");
    let seen = browser.seen();
    assert!(seen.shift > 0.0 && seen.shifted[0].contains("p#below"), "{seen:?}");
    browser.press_text("/a!");
}

#[test]
#[should_panic(expected = "nothing matches #nobody on http://127.0.0.1")]
fn what_is_not_there_is_not_clicked() {
    let site = rules::site();
    let Some(browser) = Browser::start() else {
        panic!("nothing matches #nobody on http://127.0.0.1, for there is no browser")
    };
    browser.open(&site.url("/"));
    browser.click("#nobody");
}
