//! A client that has none of our code manages a server: `client.py`, by the service's own description.

use std::process::Command;
use std::sync::Arc;

use headwater_microsoft_wsus::{description, python};
use headwater_model::Guid;
use headwater_policy::group::{ALL_COMPUTERS, UNASSIGNED_COMPUTERS};
use headwater_testkit::builders::id;
use headwater_testkit::{PASSWORD, ServerOptions, TestAuthority, client_id};
use serde_json::{Value, json};

use super::server;

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_client_manages_a_server_over_tls() {
    let (Some(python), Some(description)) = (python(), description()) else { return };
    let authority = Arc::new(TestAuthority::new());
    let options = ServerOptions { authority: Some(authority.clone()), ..ServerOptions::default() };
    let server = server(options).await;
    server.app().get_authorization_cookie(&client_id(1), "pc1.test.example", "").await.expect("is known");
    let pem = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(pem.path(), authority.pem()).expect("writes");

    let mut client = Command::new(python);
    client
        .args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/administration/client.py")])
        .arg(description)
        .arg(format!("{}/apiremoting30/webservice.ASMX", server.updates_url))
        .arg(pem.path())
        .args(["admin", PASSWORD]);
    let output = tokio::task::spawn_blocking(move || client.output()).await.expect("ends").expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");

    let server_id = server.app().server.id.to_string();
    let expected = json!({
        "ApiRemotingSoap": 2,
        "ApiRemotingSoap12": 2,
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": "1.20",
        "database": "headwater",
        "server": server_id,
        "replica": false,
        "settings": 121,
        "secret": null,
        "components": null,
        "groups": ["All Computers", "Berlin", "Downstream Servers", "Unassigned Computers"],
        "count": 3,
        "widths": [37],
        "titles": ["First & <foremost>", "Second", "Third"],
        "categories": [["Product", "Windows 11"], ["UpdateClassification", "Security Updates"]],
        "german": "First & <foremost> (de)",
        "found": ["Second"],
        "approval": ["0", "2026-12-24 03:00:00", "admin", true, true],
        "approvals": 1,
        "withdrawn": 0,
        "declined": ["First & <foremost>"],
        "computers": [[client_id(1), "pc1.test.example", 32]],
        "member": true,
        "computer count": 1,
        // It has told of none of the three that stand alone: each is in the state 0 on it. What is
        // declined does not count for a computer.
        "per update": [[null, "0", "1"], [null, "0", "1"], [null, "0", "1"]],
        "per computer": [[client_id(1), "0", "2"]],
        "of update": [[client_id(1), "0"]],
        "of computer": ["0", "0"],
        "state": 1,
        "progress": [["0", "0", "0"]],
        "automatic": false,
        "taken": [["Product", "Windows 11", 12], ["UpdateClassification", "Security Updates", 12]],
        "events": null,
        "below": [],
        "faults": [
            "System.InvalidOperationException: no upstream server is set; name one with `headwater upstream set URL`",
            "System.NotSupportedException: Headwater does not serve the operation `ExecuteSPGetEulaAcceptances`",
            format!("System.InvalidOperationException: the update {} has no licence {}", id(10), Guid::from_u128(0)),
        ],
        "group": ["Computers", "Berlin", told["group"][2], null, null, ALL_COMPUTERS.to_string()],
        "operations": 32,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&told[name], value, "{name}");
    }
    let computer = client_id(1).parse().expect("an id");
    let member = server.app().computer(&computer).await.expect("is known");
    assert_eq!(member.groups, [UNASSIGNED_COMPUTERS]);
}
