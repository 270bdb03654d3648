//! The console's pages in a real browser, over the demonstration's tree. Pictures of them are kept in
//! `target/screenshots`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use headwater_browser::{Browser, checks};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::process::{HEADWATER, Server, UP, json, run};
use crate::tree::{FIRST_PASSWORD, Node, eventually};

/// A usual page has at most so many bytes, with everything.
const PAGE_BYTES_MAX: u64 = 100_000;
/// What comes by itself is there within so long, on the busiest machine.
const COMES_WITHIN: Duration = Duration::from_secs(150);
/// So many steps lead to any button.
const TABS_MAX: usize = 200;
/// How far a page may move by itself, of what is seen at once.
const SHIFT_MAX: f64 = 0.02;
/// A link over which each answer takes so long, in milliseconds.
const SLOW_MS: u32 = 300;

pub(super) struct Console {
    pub(super) browser: Browser,
    url: String,
    pub(super) data: PathBuf,
    /// What pages broke: told together at the end.
    broken: RefCell<Vec<String>>,
    pub(super) server: Server,
    pub(super) folder: TempDir,
}

impl Console {
    /// A server with its operator before it, who reads this on the page of computers.
    pub(super) fn of(browser: Browser, server: Server, folder: TempDir, data: PathBuf, reads: &str) -> Self {
        let password = match server.said("password ") {
            true => first_password(&server),
            false => FIRST_PASSWORD.to_owned(),
        };
        Self::signed_in(browser, server, folder, data, &password, reads)
    }

    /// The same with this password.
    pub(super) fn signed_in(
        browser: Browser,
        server: Server,
        folder: TempDir,
        data: PathBuf,
        password: &str,
        reads: &str,
    ) -> Self {
        let url = server.told("console ").to_owned();
        let broken = RefCell::default();
        let console = Self { browser, url, data, broken, server, folder };
        console.sign_in(password, reads);
        console
    }

    /// The demonstration, or `None` where there is no browser.
    fn of_demonstration() -> Option<Self> {
        let browser = Browser::start()?;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        let server = Server::wait_for(Command::new(HEADWATER).args(UP).args(["--demo", "--data"]).arg(&data));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(eventually(|| {
            let known = json(&data, &["computer", "list", "--limit", "100"]);
            known["items"].as_array().is_some_and(|items| items.len() == 60)
        }));
        Some(Self::of(browser, server, folder, data, "60 computers."))
    }

    fn sign_in(&self, password: &str, reads: &str) {
        let browser = &self.browser;
        self.open("/computers");
        self.check("sign-in");
        browser.type_into("#name", "admin");
        browser.type_into("#password", "not the password");
        browser.click("button.main");
        browser.wait_text(".banner", "The name or the password is wrong.");
        browser.type_into("#password", password);
        browser.click("button.main");
        // Whoever wanted a page gets it.
        self.comes("h1", reads);
        // The browser itself calls the refused sign-in an error.
        let errors = browser.console_errors();
        assert!(errors.iter().all(|error| error.contains("401")), "{errors:?}");
    }

    #[track_caller]
    pub(super) fn open(&self, page: &str) {
        self.browser.open(&format!("{}{page}", self.url));
    }

    /// Waits for what the mirror has yet to read: on a busy machine longer than a page takes. The page is not
    /// loaded again.
    #[track_caller]
    pub(super) fn comes(&self, css: &str, text: &str) {
        // In one step, for the part may be replaced at any moment.
        let script = format!("return document.querySelector({css:?})?.innerText ?? ''");
        let holds = || self.browser.script(&script).as_str().is_some_and(|seen| seen.contains(text));
        let waiting = tokio::runtime::Runtime::new().unwrap();
        if waiting.block_on(async { timeout(COMES_WITHIN, eventually(holds)).await }).is_err() {
            self.browser.screenshot(pictures().join("never-came.png"));
            let (address, page) = (self.browser.address(), self.browser.text("body"));
            panic!("{css} never had {text:?} at {address}:\n{page}");
        }
    }

    /// Looks at the page that is open, wide and narrow, light and dark.
    pub(super) fn check(&self, name: &str) {
        for (width, is_dark) in [(1_400, false), (1_400, true), (400, false), (400, true)] {
            self.browser.resize(width, 900);
            self.browser.dark(is_dark);
            let colours = if is_dark { "-dark" } else { "" };
            for found in checks::all(&self.browser) {
                // Nobody is anywhere before they have signed in.
                if !(name == "sign-in" && found.starts_with("landmark")) {
                    self.broken.borrow_mut().push(format!("{name} at {width}{colours}: {found}"));
                }
            }
            self.browser.screenshot(pictures().join(format!("{name}-{width}{colours}.png")));
        }
        self.browser.resize(1_400, 900);
        self.browser.dark(false);
        let weight = self.browser.weight();
        // Nothing is decided from a time: that is of the machine.
        #[allow(clippy::print_stderr)]
        let () = eprintln!("{name}: {} bytes, first byte after {:.0} ms", weight.bytes, weight.first_byte_ms);
        assert!(weight.bytes <= PAGE_BYTES_MAX, "{name}: {weight:?}");
    }

    /// Reaches something without a pointer.
    #[track_caller]
    fn reach(&self, css: &str) {
        let is_there = format!("return document.activeElement.matches({css:?})");
        for _ in 0..TABS_MAX {
            if self.browser.script(&is_there) == true {
                return;
            }
            self.browser.press("Tab");
        }
        panic!("{css} is not reached by keyboard, but {}", self.browser.active());
    }

    /// Reaches something without a pointer, and answers it with Enter.
    #[track_caller]
    fn enter(&self, css: &str) {
        self.reach(css);
        self.browser.press("Enter");
    }

    /// Reaches a field without a pointer, and types into it.
    #[track_caller]
    fn fill(&self, css: &str, text: &str) {
        self.reach(css);
        self.browser.press_text(text);
    }

    /// What is seen of the page that is open does not move, whatever came to it by itself.
    #[track_caller]
    pub(super) fn stands_still(&self, name: &str) {
        let seen = self.browser.seen();
        if seen.shift >= SHIFT_MAX {
            let width = self.browser.script("return innerWidth");
            self.broken.borrow_mut().push(format!("{name} at {width} moves: {:?}", seen.shifted));
        }
    }

    pub(super) fn look_at(&self, page: &str, name: &str) {
        self.open(page);
        self.stands_still(name);
        // Over a slow link each turn is long: the document, then all that it names.
        let weight = self.browser.weight();
        assert!(weight.in_turn <= 2, "{name}: {weight:?}");
        self.check(name);
        let errors = self.browser.console_errors();
        self.broken.borrow_mut().extend(errors.into_iter().map(|error| format!("{name}: {error}")));
    }

    /// What the browser gets from an address, with its session.
    pub(super) fn fetched(&self, page: &str) -> String {
        let script = format!(
            "const asked = new XMLHttpRequest(); asked.open('GET', {page:?}, false); asked.send();
             return asked.responseText"
        );
        self.browser.script(&script).as_str().unwrap().to_owned()
    }

    /// The page says at a field of a form that it is not accepted, and why.
    #[track_caller]
    fn is_refused_at(&self, id: &str, why: &str) {
        self.browser.wait_text(&format!("#{id}-wrong"), why);
        let field = format!("#{id}");
        assert_eq!(self.browser.attribute(&field, "aria-invalid").as_deref(), Some("true"));
        let described = self.browser.attribute(&field, "aria-describedby").unwrap_or_default();
        assert!(described.contains(&format!("{id}-wrong")), "{described}");
    }

    /// Every page kept to every rule.
    #[track_caller]
    pub(super) fn is_sound(&self) {
        let broken = self.broken.borrow();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    /// The address of the first thing of a list.
    pub(super) fn first(&self, list: &str) -> String {
        self.open(list);
        let href = self.browser.attribute("td.first a", "href");
        href.expect("the list has rows")
    }
}

/// What a server says at its first start.
pub(super) fn first_password(server: &Server) -> String {
    server.told("password ").split(' ').next().unwrap().to_owned()
}

fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn every_page_can_be_used_by_everybody() {
    let Some(console) = Console::of_demonstration() else { return };
    let browser = &console.browser;

    // The overview is alive: what the computers do comes by itself, within two readings of the mirror.
    console.open("/");
    console.comes(".verdict", "3 of 5 servers are in step. Berlin differs in 2 members since ");
    console.comes("[data-live=needs]", " failed on ");
    console.look_at("/", "overview");

    let failing = console.first("/updates?sort=failed");
    console.look_at(&failing, "update");
    assert!(browser.text(".verdict").contains("failed on"));
    console.look_at(&format!("{failing}/computers?state=failed"), "update-computers");
    assert!(browser.text(".verdict").starts_with("Failed: "));
    // Each list is sorted by its heads, and the other way round where that is asked twice. What the computers say
    // changes meanwhile.
    let from_z_to_a = || {
        browser.click("thead th:nth-child(1) a");
        browser.wait_for("thead th:nth-child(1)[aria-sort=descending]");
        let names = browser.texts("tbody td.first");
        assert!(names.len() > 1 && names.is_sorted_by(|one, next| one >= next), "{names:?}");
    };
    from_z_to_a();
    browser.click("thead th:nth-child(2) a");
    browser.wait_for("thead th:nth-child(2)[aria-sort=ascending]");
    let servers = browser.texts("tbody td[data-head=Server]");
    assert!(servers.is_sorted_by_key(|name| name.to_lowercase()), "{servers:?}");
    console.open("/reports/failures");
    from_z_to_a();
    console.look_at("/updates", "updates");
    let computer = console.first("/computers?sort=failed");
    console.look_at(&computer, "computer");
    // What can be done with it leads to the forms that there are for many.
    browser.click("a[href*='act=move']");
    browser.wait_text("#chosen", "To be moved: 1");
    console.open(&computer);
    browser.click("a[href*='act=delete']");
    browser.wait_text("#chosen", "To be deleted: 1");
    console.open(&computer);
    browser.click("form[action='/groups/host'] button");
    browser.wait_text("#adding", "To be added: 1");
    console.look_at("/computers", "computers");
    assert!(browser.text("h1").contains(" failing"), "{}", browser.text("h1"));
    console.look_at("/groups?group=Branches", "groups");
    assert!(browser.text("main").contains("it reports to Munich, which is not reached"));
    browser.click("#difference ~ p a");
    browser.wait_text("h1.verdict", "of those shown");
    assert!(browser.text("main").contains("it reports to Munich, which is not reached"));
    console.check("host-members");
    browser.click("thead th:nth-child(5) a");
    browser.wait_for("thead th:nth-child(5)[aria-sort=ascending]");
    let states = browser.texts("tbody td[data-head=State]");
    assert!(states[0].contains("not registered"), "{states:?}");
    assert!(states.last().is_some_and(|last| !last.contains("not")), "{states:?}");
    let difference = console.fetched("/groups.csv?group=Branches");
    assert!(difference.starts_with("\"group\",\"change\",\"name\""), "{difference}");
    assert!(difference.contains("it reports to Munich, which is not reached"), "{difference}");
    console.open("/groups");
    browser.click("[data-live=wsus-groups] a");
    browser.wait_text("h1.verdict", "computers.");
    console.check("wsus-members");
    browser.click("thead th:last-child a");
    browser.wait_for("thead th:last-child[aria-sort]");
    console.look_at("/reports", "reports");
    assert!(browser.text(".verdict").contains("computers have all they need."));
    console.look_at("/reports/failures", "report-failures");
    assert!(browser.text(".verdict").contains("Updates failed on"));
    console.look_at("/cleanup?superseded_days=0&declined_days=0", "cleanup");
    console.look_at("/link", "link");
    console.look_at("/operators?change=admin", "operators");
    browser.script("document.querySelectorAll('details').forEach((one) => one.open = true)");
    console.check("operators-open");
    console.look_at("/history", "history");
    assert!(browser.text("h1").contains(" operator"), "{}", browser.text("h1"));
    let newest_first = console.fetched("/history.csv");
    assert!(newest_first.contains("create host group"));
    browser.click("thead th:last-child a");
    browser.wait_for("thead th[aria-sort=ascending]");
    let first = browser.text("tbody tr:first-child td.first");
    let oldest_first = console.fetched("/history.csv?order=reversed");
    let lines: Vec<&str> = oldest_first.lines().skip(1).collect();
    assert!(lines[0].contains(&format!("\"{first}\"")), "{first}: {}", lines[0]);
    assert!(newest_first.lines().skip(1).eq(lines.into_iter().rev()), "{newest_first}\n{oldest_first}");
    console.open("/history?before=2000-01-01T00:00");
    assert_eq!(browser.text("h1"), "Nothing that was done matches.");
    assert_eq!(console.fetched("/history.csv?before=2000-01-01T00:00").lines().count(), 1);
    console.look_at("/halts", "halts");
    console.look_at("/link/unlink", "confirm-unlink");

    // Shift takes a range of rows.
    console.open("/updates?superseded=yes");
    browser.click("tbody tr:nth-child(1) td.pick input");
    browser.shift_click("tbody tr:nth-child(4) td.pick input");
    assert_eq!(browser.text("[data-selected] output"), "4 selected");
    // On a telephone there is something to touch.
    browser.resize(400, 900);
    console.open("/updates?superseded=yes");
    browser.click("tbody tr:nth-child(1) td.pick input");
    browser.wait_text("[data-selected] output", "1 selected");
    let size = "const box = document.querySelector('td.pick input').getBoundingClientRect();
        return Math.min(box.width, box.height)";
    assert!(browser.script(size).as_f64().is_some_and(|pixels| pixels >= 32.0));
    browser.screenshot(pictures().join("updates-selected-400.png"));
    browser.resize(1_400, 900);

    // By keyboard: the search, and a button that needs no pointer.
    console.open("/");
    browser.press("/");
    assert!(browser.active().contains("search"), "{}", browser.active());
    browser.type_into("#search", "KB5000038");
    browser.press("Enter");
    browser.wait_text("h1", "1 update.");

    // Why is it not offered? In one sentence.
    console.open(&format!("{computer}?why=KB5000038"));
    assert!(browser.text(".banner.note").ends_with('.'));

    // What was chosen stays where it cannot be together.
    console.open("/runs");
    browser.click(".options summary");
    let chosen = "for (const id of ['#below', '#only-at']) document.querySelector(id).selectedIndex = 1";
    browser.script(chosen);
    browser.click("button[name=dry]");
    browser.wait_text(".banner[role=alert]", "one server alone, or a server and those below it");
    assert_eq!(browser.script("return document.querySelector('#only-at').selectedIndex"), 1);
    console.is_refused_at("only-at", "one server alone, or a server and those below it");
    console.check("runs-refused");
    // What differs has an address of its own, at which it stays as it is.
    console.open("/runs");
    browser.click("button[name=dry]");
    console.comes(".verdict", "This was a dry run: nothing was changed.");
    let (address, said) = (browser.address(), browser.text(".verdict"));
    assert!(address.contains("/runs/"), "{address}");
    console.check("run-dry");
    browser.open(&address);
    assert_eq!(browser.text(".verdict"), said);
    assert!(browser.text("#text").contains("SERVER"), "{}", browser.text("#text"));

    // Berlin is repaired from its one button, by keyboard, and the run is there to be read.
    console.open("/");
    console.enter(".needs form button");
    browser.wait_for(".strip");
    browser.screenshot(pictures().join("run-going-on-1400.png"));
    console.comes(".verdict", "servers are in step");
    browser.wait_text("tbody", "ber-ws-002.corp.example");
    browser.wait_text("#text", "ber-ws-002.corp.example added to Workstations");
    console.check("run");
    console.open("/runs");
    browser.click("#by-itself summary");
    browser.click("input[name=day][value=Thu]");
    browser.click("form[action='/runs/schedule'] button.main");
    browser.wait_text("main", "The tree is synchronised at 03:00 on Thu;");
    browser.click("#by-itself summary");
    console.check("runs");
    browser.click("thead th:nth-child(5) a");
    browser.wait_for("thead th[aria-sort=descending]");
    let changes = browser.texts("tbody td[data-head=Changes]");
    assert!(changes[0] != "0" && changes.last().is_some_and(|last| last == "0"), "{changes:?}");
    // Nobody reloads this page.
    console.open("/");
    console.comes(".verdict", "4 of 5 servers are in step. Munich is not reached since ");

    // What is wanted of one server is set on its page, without scripts too.
    let find = |mode: &str| {
        let servers = json(&console.data, &["wsus", "show"])["servers"].clone();
        servers.as_array().unwrap().iter().find(|one| one["mode"] == mode).unwrap().clone()
    };
    let page = |mode: &str| format!("/servers/{}", find(mode)["id"].as_str().unwrap());
    let own = page("autonomous");
    let save = "form[action^='/servers/'] button.main";
    console.look_at(&own, "server");
    assert!(browser.text(".verdict").contains(" in step. "), "{}", browser.text(".verdict"));
    browser.scripts(false);
    console.open(&own);
    browser.type_into("#window", "22-05");
    browser.click(save);
    browser.wait_text(".banner[role=alert]", "write it as 22:00-05:00");
    console.is_refused_at("window", "write it as 22:00-05:00");
    console.check("server-refused");
    console.open(&own);
    browser.type_into("#window", "22:00-05:00");
    browser.click("input[name=follows]");
    browser.click("input[name=client_targeting]");
    browser.click(save);
    browser.wait_for("#window[value='22:00-05:00']");
    browser.scripts(true);
    let set = find("autonomous");
    assert_eq!((&set["window"], &set["follow"]), (&"22:00-05:00".into(), &"groups,approvals".into()));
    assert_eq!(set["client_targeting"], true);
    console.open(&page("top"));
    let text = browser.text("main");
    assert!(text.contains("Time window") && !text.contains("Follow groups"), "{text}");
    console.is_sound();
}

#[test]
fn groups_are_planned_held_and_undone() {
    let Some(console) = Console::of_demonstration() else { return };
    let browser = &console.browser;
    let verdict = |text: &str| browser.wait_text("h1.verdict", text);
    // A host group beneath another, by a rule; its WSUS group is made by a plan.
    browser.latency(SLOW_MS);
    console.open("/groups?group=Branches");
    console.enter("section details:last-of-type summary");
    console.fill("#name", "Berlin");
    console.fill("#new-rule", "name=ber-*");
    console.fill("#new-parent", "Branches");
    console.enter("form[method=post][action='/groups'] button");
    verdict("No WSUS group is made from Berlin yet: it would get");
    console.enter("form[action='/groups/apply'] button.main");
    browser.latency(0);
    // The group has to reach the lower servers before its members can.
    verdict("Berlin differs: 16 to add");
    run(&console.data, &["wsus", "sync"]);
    console.open("/groups?group=Berlin");
    verdict("Berlin is as its host group wants it");
    // A change that is refused stays in its own form, and is in no link.
    browser.click("section details:first-of-type summary");
    browser.script("document.querySelector('#set-rule').value = 'colour=red'");
    browser.click("form[action='/groups/set'] button");
    browser.wait_text(".banner[role=alert]", "is no condition");
    browser.wait_for("details[open] #set-rule");
    console.is_refused_at("set-rule", "is no condition");
    let typed = |id: &str| browser.script(&format!("return document.querySelector('{id}').value"));
    assert_eq!((typed("#set-rule"), typed("#new-rule")), ("colour=red".into(), "".into()));
    // A rule that takes most of the members away holds the plan until the number is accepted.
    browser.script("document.querySelector('#set-rule').value = 'name=ber-ws-00*'");
    browser.click("form[action='/groups/set'] button");
    verdict("Berlin differs");
    browser.wait_text(".banner", "more than 10 %");
    console.check("groups-held");
    browser.click("input[name=max_removals]");
    browser.click("form[action='/groups/apply'] button.main");
    verdict("Berlin is as its host group wants it");
    browser.click("a[href^='/groups/undo']");
    verdict("Undo the last plan for Berlin?");
    console.check("confirm-undo");
    browser.click("form[action='/groups/undo'] button");
    verdict("The members of Berlin are held: admin undid the last plan.");
    console.check("groups-undone");

    // Whoever is removed is shown first, with the number; nothing is removed before that.
    let hosts = || json(&console.data, &["hostgroup", "members", "Pilot"])["total"].as_u64();
    let before = hosts();
    console.open("/groups/host?group=Pilot");
    browser.click("td.pick input");
    browser.click("form[action='/groups/host'] .selected button");
    browser.wait_text("#removing", "To be removed: 1");
    console.check("host-members-removal");
    assert_eq!(hosts(), before);
    browser.click("section form[method=post] button");
    // The page before has a verdict too.
    let left = before.map(|count| count - 1);
    browser.wait_text("h1.verdict", &format!("Pilot has {} host", left.unwrap()));
    assert_eq!(hosts(), left);
    // So it is with a computer of a group that is made from no host group.
    run(&console.data, &["group", "create", "Loose"]);
    let id = |items: &serde_json::Value, name: &str| {
        let all = items.as_array().unwrap().iter();
        all.filter(|one| one["name"] == name).find_map(|one| one["id"].as_str().map(str::to_owned)).unwrap()
    };
    let groups = json(&console.data, &["group", "list"])["items"].clone();
    console.open(&format!("/groups/wsus?group={}", id(&groups, "Unassigned Computers")));
    console.check("wsus-members-unassigned");
    console.open(&format!("/groups/wsus?group={}", id(&groups, "Loose")));
    browser.click("a[href^='/groups/wsus/delete']");
    verdict("Delete the WSUS group Loose? 0 computers go out of it, and 0 approvals are taken back.");
    console.check("confirm-delete-wsus");
    browser.click("form[action='/groups/wsus/delete'] button");
    browser.wait_for("#wsus-groups");
    let groups = json(&console.data, &["group", "list"])["items"].clone();
    assert!(groups.as_array().unwrap().iter().all(|one| one["name"] != "Loose"), "{groups}");

    // By keyboard alone a computer comes into a host group.
    let computer = console.first("/computers?search=muc-");
    console.open(&computer);
    console.fill("#to", "Pilot");
    console.enter("form[action='/groups/host'] button");
    browser.wait_text("#adding", "To be added: 1");
    let count = hosts();
    console.enter("section form[method=post] button.main");
    let more = count.map(|count| count + 1);
    browser.wait_text("h1.verdict", &format!("Pilot has {} host", more.unwrap()));
    assert_eq!(hosts(), more);
    console.is_sound();
}

#[test]
fn an_update_is_approved_halted_and_declined() {
    let Some(console) = Console::of_demonstration() else { return };
    let browser = &console.browser;
    browser.zone("Asia/Tokyo");
    let update = console.first("/updates?approval=unapproved&superseded=yes");
    console.open(&update);
    let title = browser.text("h1");
    assert_eq!(browser.text("label[for=deadline]"), "Deadline (your time)");
    browser.script("const at = document.querySelector('#deadline'); at.value = '2030-12-24T03:00'; at.dispatchEvent(new Event('input'))");

    browser.click("#action option[value=install]");
    browser.script("document.querySelector('#group').value = [...document.querySelector('#group').options].find((one) => one.text === 'Pilot').value");
    browser.click("form[action='/approve'] button");
    browser.wait_text(".verdict", &format!("Pilot installs {title}"));
    console.check("approve");
    // A preview changes nothing.
    let id = update.rsplit('/').next().unwrap();
    let approvals = || json(&console.data, &["update", "show", id])["approvals"].as_array().map(Vec::len);
    assert_eq!(approvals(), Some(0));
    browser.latency(SLOW_MS);
    console.enter("form[method=post][action='/approve'] button.main");
    browser.wait_text("h1", &title);
    assert_eq!(approvals(), Some(1));
    browser.latency(0);
    // Three in the morning in Tokyo is six in the evening of the day before in UTC.
    let deadline = json(&console.data, &["update", "show", id])["approvals"][0]["deadline"].clone();
    assert_eq!(deadline, "2030-12-23T18:00:00Z");
    browser.wait_text("tbody[data-live=grid]", "install");

    // A halt asks once, and Enter is the answer.
    browser.click("a[href$='/halt']");
    browser.wait_text(".verdict", "? 1 approval is withdrawn, 4 servers synchronised.");
    assert_eq!(approvals(), Some(1));
    let address = browser.address();
    console.check("confirm-halt");
    // The checks go from one element to the next.
    browser.open(&address);
    assert!(browser.active().contains("button.grave"), "{}", browser.active());
    browser.press("Enter");
    console.comes("[data-live=state]", "halted");
    assert_eq!(approvals(), Some(0));
    console.check("halted");
    // It is halted everywhere, in the list too.
    console.open(&format!("/updates?search={id}"));
    browser.wait_text("td[data-head=State] .halted", "halted");
    assert!(console.fetched(&format!("/updates.csv?search={id}")).contains(",\"halted\","));
    // By keyboard alone it is declined, and that is undone.
    console.open(&update);
    console.enter("a[href$='/decline']");
    browser.wait_text(".verdict", "? It is approved for no group.");
    console.enter("form[action$='/decline'] button");
    browser.wait_for("form[action$='/undecline'] button");
    assert_eq!(json(&console.data, &["update", "show", id])["state"], "declined");
    console.enter("form[action$='/undecline'] button");
    browser.wait_for("a[href$='/decline']");

    // Without scripts everything is the same, a reload later.
    browser.scripts(false);
    console.open("/updates?search=KB5000038");
    browser.click("td.first a");
    browser.wait_text("h1", "KB5000038");
    // What somebody approved after the page was shown is not declined with it.
    let id = browser.attribute("a[href$='/halt']", "href").unwrap();
    browser.click("a[href$='/decline']");
    browser.wait_text(".verdict", "taken back.");
    console.check("confirm-decline");
    let id = id.trim_start_matches("/updates/").trim_end_matches("/halt");
    let block = ["update", "approve", id, "--group", "Unassigned Computers", "--action", "block"];
    assert!(run(&console.data, &block).status.success());
    browser.click("form[action$='/decline'] button");
    browser.wait_text("main", "meanwhile it was blocked for a group: look at it again");
    // The page of what failed is somebody's, says what to do, and leads back.
    console.check("refused");
    let text = browser.text("body");
    assert!(
        text.contains("Sign out") && text.contains("Id in the log") && !text.contains("Nothing read yet"),
        "{text}"
    );
    browser.click("main a.main");
    browser.wait_text(".verdict", "taken back.");
    console.open("/updates?search=KB5000038");
    browser.click("td.first a");
    browser.click("a[href*='/withdraw']");
    browser.wait_text(".verdict", "It reaches");
    console.check("confirm-withdraw");
    browser.click("form[action$='/withdraw'] button");
    browser.wait_text("h1", "KB5000038");
    browser.scripts(true);

    // Whoever signs out is out.
    console.open("/");
    browser.click("form[action='/sign-out'] button");
    browser.wait_for("#password");
    console.open("/history");
    browser.wait_for("#password");
    console.is_sound();
}

#[test]
fn a_form_of_another_page_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (url, password) = (server.told("console "), server.told("password "));
    let password = password.split(' ').next().unwrap();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let answer = agent
        .post(format!("{url}/sign-in"))
        .send_form([("name", "admin"), ("password", password), ("to", "//evil.example")])
        .unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/".parse().unwrap()));
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    let post = |csrf: &str| {
        let asked = agent.post(format!("{url}/groups")).header("cookie", session);
        asked.send_form([("csrf", csrf), ("name", "Stolen")]).unwrap().status().as_u16()
    };
    assert_eq!((post(""), post("0123")), (403, 403));
    let page = agent.get(format!("{url}/groups")).header("cookie", session).call().unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let page = page.into_body().read_to_string().unwrap();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(post(csrf), 303);
    let names = json(folder.path(), &["hostgroup", "list"]).to_string();
    assert!(names.contains("Stolen"), "{names}");
    // Nobody in particular gets to the sign-in, and to nothing else.
    for page in ["/", "/updates", "/runs", "/live", "/computers.csv"] {
        assert_eq!(agent.get(format!("{url}{page}")).call().unwrap().status().as_u16(), 303, "{page}");
    }
}

#[test]
fn pages_with_nothing_say_what_to_do() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Node { server, data, .. } = Node::start(&folder, "manager", "\"manager\"", None);
    let console = Console::of(browser, server, folder, data, "No computer matches.");
    for (page, name, says) in [
        ("/", "overview", "No WSUS is linked."),
        ("/updates", "updates", "Nothing matches these filters."),
        ("/computers", "computers", "Computers appear once"),
        ("/groups", "groups", "There are no host groups yet."),
        ("/runs", "runs", "There was no synchronisation"),
        ("/link", "link", "Address of the top Linkage"),
        ("/operators", "operators", "1 operator."),
        // The first account is on the record.
        ("/history", "history", "create operator"),
    ] {
        console.look_at(page, &format!("empty-{name}"));
        let text = console.browser.text("main");
        assert!(text.contains(says), "{page}: {text}");
    }
    // By keyboard alone, and over a slow link.
    console.browser.latency(SLOW_MS);
    console.open("/link");
    console.fill("#url", "https://127.0.0.1:1/linkage");
    console.fill("#code", "1234-5678");
    console.fill("#password", "not the password");
    console.enter("form[action='/link'] button");
    console.is_refused_at("password", "The password is wrong");
    console.browser.latency(0);
    console.check("empty-link-refused");
    console.is_sound();
}
