//! Who may do what, over a running server: by every path of the API, every form of the console, commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::{Method, Request};

use crate::process::{HEADWATER, Server, json as command, run, stderr};

const PASSWORD: &str = "correct horse battery";
const ALL_COMPUTERS: &str = "a0a08746-4dbe-4a37-9adf-9e7652c0b421";

struct Place {
    server: Server,
    data: PathBuf,
    folder: TempDir,
    agent: ureq::Agent,
}

/// An update server and a managing server with their operators.
fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
    // A request that is refused before its body was read may end its connection.
    let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent = agent.max_idle_connections(0).build().into();
    Place { server, data, folder, agent }
}

impl Place {
    fn console(&self) -> &str {
        self.server.told("console ")
    }

    fn local_token(&self) -> String {
        std::fs::read_to_string(self.data.join("admin.token")).unwrap().trim().to_owned()
    }

    /// An operator, with the token of a program of theirs.
    fn operator(&self, name: &str, role: &str, groups: &[&str]) -> String {
        let file = self.folder.path().join("password");
        let mut make =
            vec!["operator", "create", name, "--role", role, "--password-file", file.to_str().unwrap()];
        for group in groups {
            make.extend(["--group", group]);
        }
        command(&self.data, &make);
        let make = ["token", "create", "--name", name, "--role", "administrator", "--operator", name];
        command(&self.data, &make)["secret"].as_str().unwrap().to_owned()
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{}{path}", self.console()))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .unwrap();
        let request = self.agent.configure_request(request).allow_non_standard_methods(true).build();
        let answer = self.agent.run(request).unwrap();
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Where in the console, and the form's own token.
    fn page(&self, session: &str, page: &str) -> String {
        let asked = self.agent.get(format!("{}{page}", self.console())).header("cookie", session);
        asked.call().unwrap().into_body().read_to_string().unwrap()
    }

    fn session(&self, name: &str) -> (String, String) {
        let form = [("name", name), ("password", PASSWORD), ("to", "/")];
        let answer = self.agent.post(format!("{}/sign-in", self.console())).send_form(form).unwrap();
        assert_eq!(answer.status().as_u16(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        let session = cookie.split(';').next().unwrap().to_owned();
        let page = self.page(&session, "/operators");
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        (session, csrf.to_owned())
    }

    fn post(&self, (session, csrf): &(String, String), path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let mut form = vec![("csrf", csrf.as_str())];
        form.extend(fields);
        let asked = self.agent.post(format!("{}{path}", self.console())).header("cookie", session);
        let answer = asked.send_form(form).unwrap();
        (answer.status().as_u16(), answer.into_body().read_to_string().unwrap())
    }

    fn run_as(&self, token: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(HEADWATER);
        command.args(arguments).arg("--data").arg(&self.data).env("HEADWATER_TOKEN", token);
        command.output().unwrap()
    }
}

fn source(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

/// Every path of the API, with something in the place of each brace.
fn paths() -> Vec<String> {
    let text = source("core/api/src/path.rs");
    let quoted =
        text.lines().filter(|line| line.starts_with("pub const ")).filter_map(|line| line.split('"').nth(1));
    let filled = quoted.filter(|path| path.starts_with("/api/v1/")).map(|path| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "somebody" } else { part });
        parts.collect::<Vec<_>>().join("/")
    });
    filled.collect()
}

/// Every page of the console that takes a form.
fn forms() -> Vec<String> {
    let text = source("server/console/src/lib.rs");
    let routes = text.split(".route(").skip(1).filter(|route| route.contains("post("));
    let filled =
        routes.filter_map(|route| route.split('"').nth(1)).map(|path| path.replace("{id}", "somebody"));
    filled.collect()
}

#[test]
fn an_auditor_reads_everything_and_writes_nothing() {
    let place = place();
    let token = place.operator("auditor", "auditor", &[]);
    let paths = paths();
    assert!(paths.len() > 35, "{paths:?}");
    for path in paths.iter().filter(|path| *path != "/api/v1/session") {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let (status, problem) = place.ask(&token, method, path, &json!({"password": PASSWORD}));
            // A preview writes nothing, whoever asks for it.
            if method == "POST" && path.starts_with("/api/v1/approvals/preview") {
                assert_eq!(status, 400, "{problem}");
                continue;
            }
            // One's own password is everybody's to change, and what only compares to ask for, with one method.
            let everybodys =
                ["/password", "/approvals/preview", "/approvals/preview/computers", "/wsus/sync"];
            let is_of_nothing = status == 405 && everybodys.iter().any(|end| path.ends_with(end));
            assert!(status == 403 || is_of_nothing, "{method} {path}: {status} {problem}");
            if status == 403 {
                let detail = problem["detail"].as_str().unwrap_or_default();
                let says_who = detail.contains("role administrator") || detail.contains("role operator or");
                assert!(says_who, "{method} {path}: {problem}");
            }
        }
    }
    // What only compares writes nothing, though it is asked for by POST.
    let preview = json!({"updates": [], "group": ALL_COMPUTERS, "action": "install"});
    let (status, problem) = place.ask(&token, "POST", "/api/v1/approvals/preview", &preview);
    let said = problem["detail"].as_str().unwrap_or_default();
    assert!(status == 400 && said.contains("name at least one update"), "{status}: {problem}");
    for body in [json!({}), json!({"dry_run": false}), json!({"dry_run": true, "more": 1})] {
        assert_eq!(place.ask(&token, "POST", "/api/v1/wsus/sync", &body).0, 403, "{body}");
    }
    let dry_run = place.run_as(&token, &["wsus", "sync", "--dry-run"]);
    assert_eq!(dry_run.status.code(), Some(0), "{}", stderr(&dry_run));
    let run = place.run_as(&token, &["wsus", "sync"]);
    assert_eq!(run.status.code(), Some(6), "{}", stderr(&run));
    for path in ["/operators", "/tokens", "/audit", "/history", "/server", "/groups", "/hostgroups"] {
        let (status, read) = place.ask(&token, "GET", &format!("/api/v1{path}"), &json!({}));
        assert_eq!(status, 200, "{path}: {read}");
    }

    let visitor = place.session("auditor");
    let forms = forms();
    assert!(forms.len() > 15, "{forms:?}");
    let own = ["/sign-in", "/sign-out", "/operators/password"];
    for form in forms.iter().filter(|form| !own.contains(&form.as_str())) {
        let (status, page) = place.post(&visitor, form, &[("name", "admin")]);
        assert_eq!(status, 403, "{form}: {page}");
        assert!(page.contains("changes nothing"), "{form}: {page}");
    }
    // No button that is refused, on any page, but for the own password and the way out.
    let halt = "/updates/56309036-4c77-4dd9-951a-99ee9c246a94/halt";
    let questions = ["/link/unlink", "/operators/act?act=disable&name=admin", halt];
    let pages = ["/", "/updates", "/groups", "/runs", "/link", "/operators", "/history"];
    for page in pages.into_iter().chain(questions) {
        let html = place.page(&visitor.0, page);
        for action in html.split("<form method=\"post\" action=\"").skip(1) {
            let action = action.split('"').next().unwrap();
            // One of its buttons only compares.
            assert!(own.contains(&action) || (page, action) == ("/runs", "/runs"), "{page}: {action}");
        }
    }
    let runs = place.page(&visitor.0, "/runs");
    assert!(runs.contains("Only list what differs") && !runs.contains("Synchronise all servers"), "{runs}");
    let (status, page) = place.post(&visitor, "/runs", &[("dry", "yes")]);
    assert_eq!(status, 303, "{page}");
    // The password of somebody else, and their own.
    let others = [("name", "admin"), ("new_password", "another password"), ("password", PASSWORD)];
    assert_eq!(place.post(&visitor, "/operators/password", &others).0, 403);
    let own = [("name", "auditor"), ("new_password", "another password"), ("password", PASSWORD)];
    assert_eq!(place.post(&visitor, "/operators/password", &own).0, 303);
    assert!(place.page(&visitor.0, "/operators").is_empty(), "the session has ended");

    let done = place.run_as(&token, &["audit", "list", "--by", "auditor"]);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && said.contains("change password"), "{said} {}", stderr(&done));
    let refused = place.run_as(&token, &["operator", "disable", "admin"]);
    assert_eq!(refused.status.code(), Some(6), "{}", stderr(&refused));
}

#[test]
fn an_operator_writes_within_the_scope() {
    let place = place();
    let local = place.local_token();
    let group = |name: &str, parent: Option<&str>| {
        let (status, made) =
            place.ask(&local, "POST", "/api/v1/groups", &json!({"name": name, "parent": parent}));
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    let berlin = group("Berlin", None);
    let shop = group("Shop", Some(&berlin));
    let kyoto = group("Kyoto", None);
    command(&place.data, &["hostgroup", "create", "Berlin hosts"]);
    let token = place.operator("anna", "operator", &["Berlin", "Berlin hosts"]);
    let update = "56309036-4c77-4dd9-951a-99ee9c246a94";
    let approve = |token: &str, group: &str| {
        let body = json!({"updates": [update], "group": group, "action": "install"});
        place.ask(token, "POST", "/api/v1/approvals", &body)
    };
    // The update is not there, which is said of it alone.
    for (group, status) in [(&*berlin, 200), (&*shop, 200), (&*kyoto, 403), (ALL_COMPUTERS, 403)] {
        let (got, answer) = approve(&token, group);
        assert_eq!(got, status, "{group}: {answer}");
    }
    let (_, problem) = approve(&token, &kyoto);
    let said = problem["detail"].as_str().unwrap();
    assert!(said.contains("the group Kyoto is not in the scope of anna (berlin"), "{said}");
    assert_eq!(problem["type"], "/problems/not-permitted");

    let asked = |method: &str, path: &str, body: Value| place.ask(&token, method, path, &body).0;
    assert_eq!(asked("DELETE", "/api/v1/approvals", json!({"updates": [update], "group": kyoto})), 403);
    assert_eq!(asked("POST", "/api/v1/updates/decline", json!({"updates": [update]})), 403);
    assert_eq!(asked("POST", "/api/v1/groups", json!({"name": "Elsewhere"})), 403);
    assert_eq!(asked("POST", "/api/v1/groups", json!({"name": "Beneath", "parent": berlin})), 201);
    assert_eq!(asked("DELETE", &format!("/api/v1/groups/{kyoto}"), json!({})), 403);
    assert_eq!(asked("POST", "/api/v1/hostgroups", json!({"name": "Elsewhere"})), 403);
    let nested = json!({"name": "Berlin", "parent": "Berlin hosts"});
    assert_eq!(asked("POST", "/api/v1/hostgroups", nested), 201);
    let by_rule = json!({"name": "Berlin", "rule": ["name=*"]});
    assert_eq!(asked("POST", "/api/v1/hostgroups", by_rule), 403);
    assert_eq!(asked("PATCH", "/api/v1/hostgroups/Berlin%20hosts", json!({"name": "Kyoto"})), 403);
    assert_eq!(asked("POST", "/api/v1/hostgroups/Berlin%20hosts/members", json!({"add": []})), 200);
    for wide in [
        "/api/v1/wsus",
        "/api/v1/wsus/sync",
        "/api/v1/hostgroups/import",
        "/api/v1/tokens",
        "/api/v1/wsus/servers/berlin/deletion",
    ] {
        let (status, problem) = place.ask(&token, "POST", wide, &json!({}));
        let needs = problem["detail"].as_str().is_some_and(|detail| detail.contains("role administrator"));
        assert!(status == 403 && needs, "{wide}: {status} {problem}");
    }
    // A program of hers that is limited further.
    let limited =
        ["token", "create", "--name", "shop", "--role", "operator", "--group", "Shop", "--operator", "anna"];
    let limited = command(&place.data, &limited)["secret"].as_str().unwrap().to_owned();
    assert_eq!((approve(&limited, &shop).0, approve(&limited, &berlin).0), (200, 403));
    command(&place.data, &["operator", "disable", "anna"]);
    assert_eq!(approve(&token, &berlin).0, 401);

    // Without a scope all groups, and what is wide all the same not.
    let token = place.operator("bob", "operator", &[]);
    assert_eq!(approve(&token, ALL_COMPUTERS).0, 200);
    assert_eq!(place.ask(&token, "POST", "/api/v1/updates/decline", &json!({"updates": [update]})).0, 403);
    let told = command(&place.data, &["audit", "list", "--by", "anna"]);
    let whats: Vec<&str> =
        told["items"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["change host group", "create host group", "create group"]);
}

#[test]
fn a_locked_name_signs_in_nowhere_until_it_is_unlocked() {
    let place = place();
    place.operator("anna", "administrator", &[]);
    let sign_in = |name: &str, password: &str| {
        let body = json!({"user": name, "password": password});
        place.ask("none", "POST", "/api/v1/session", &body)
    };
    assert_eq!(sign_in("anna", PASSWORD).0, 200);
    // From one address only so many; what locks is tested where addresses can be chosen.
    let known: Vec<_> = (0..5).map(|_| sign_in("anna", "wrong")).collect();
    assert!(known.iter().all(|(status, told)| *status == 401 && *told == known[0].1), "{known:?}");
    let (status, problem) = sign_in("nobody", "wrong");
    assert_eq!(
        (status, problem["detail"].as_str().unwrap().contains("came from there")),
        (429, true),
        "{problem}"
    );
    assert!(run(&place.data, &["operator", "unlock", "anna"]).status.success());
    // The commands on the machine are not held up by that.
    assert_eq!(command(&place.data, &["operator", "list"])["items"].as_array().unwrap().len(), 2);
    let refused = run(&place.data, &["operator", "unlock", "nobody"]);
    assert!(stderr(&refused).contains("there is no operator `nobody`"), "{}", stderr(&refused));
}

#[test]
fn what_gives_access_asks_for_the_password_again() {
    let place = place();
    let program = place.operator("anna", "administrator", &[]);
    let credentials = json!({"user": "anna", "password": PASSWORD});
    let (_, session) = place.ask("none", "POST", "/api/v1/session", &credentials);
    let session = session["token"].as_str().unwrap();
    let url = "https://127.0.0.1:1/linkage";
    let (new, change) = (json!({"name": "eve", "role": "auditor", "password": PASSWORD}), json!({}));
    let asked = [
        ("POST", "/api/v1/wsus", json!({"url": url, "code": "1234-5678"})),
        ("POST", "/api/v1/wsus/pair", json!({"linkage": "berlin", "code": "1234-5678"})),
        ("POST", "/api/v1/wsus/revoke", json!({"linkage": "berlin"})),
        ("POST", "/api/v1/wsus/relink/plan", json!({"url": url})),
        ("POST", "/api/v1/operators", new),
        ("PUT", "/api/v1/operators/eve", change),
        ("PUT", "/api/v1/operators/eve/password", json!({"password": "another password"})),
        ("POST", "/api/v1/tokens", json!({"name": "more", "role": "administrator"})),
    ];
    for (method, path, body) in &asked {
        let (status, problem) = place.ask(&program, method, path, body);
        let kind = problem["type"].as_str().unwrap_or_default();
        assert_eq!((status, kind), (403, "/problems/password-needed"), "{path}: {problem}");
    }
    let said = place.run_as(&program, &["wsus", "revoke", "berlin"]);
    assert!(said.status.code() == Some(6) && stderr(&said).contains("sign in at"), "{}", stderr(&said));
    // Whoever gave the password is let through, to what the request itself is worth.
    for (method, path, body) in &asked {
        let (status, answer) = place.ask(session, method, path, body);
        assert_ne!(status, 403, "{path}: {answer}");
    }
    // What gives nobody access is a program's to do.
    let made = place.ask(&program, "POST", "/api/v1/hostgroups", &json!({"name": "Berlin"}));
    assert_eq!(made.0, 201, "{}", made.1);
}
