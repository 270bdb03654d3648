//! The policy that makes Windows computers use this server.

/// How the policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyFormat {
    /// A file for `regedit`.
    Registry,
    /// A script for an elevated PowerShell.
    PowerShell,
}

const KEY: &str = r"SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate";

enum Value {
    Text(String),
    Number(u32),
}

/// The values of the policy. The proxy of the user is never used for scans (threat A2), and all
/// kinds of updates come from this server.
fn values(url: &str, group: Option<&str>) -> Vec<(&'static str, &'static str, Value)> {
    use Value::{Number, Text};
    let mut values = vec![
        ("", "WUServer", Text(url.to_owned())),
        ("", "WUStatusServer", Text(url.to_owned())),
        ("", "UpdateServiceUrlAlternate", Text(String::new())),
        ("", "SetProxyBehaviorForUpdateDetection", Number(0)),
        ("", "DoNotConnectToWindowsUpdateInternetLocations", Number(1)),
        ("", "SetPolicyDrivenUpdateSourceForFeatureUpdates", Number(1)),
        ("", "SetPolicyDrivenUpdateSourceForQualityUpdates", Number(1)),
        ("", "SetPolicyDrivenUpdateSourceForDriverUpdates", Number(1)),
        ("", "SetPolicyDrivenUpdateSourceForOtherUpdates", Number(1)),
        ("", "TargetGroupEnabled", Number(u32::from(group.is_some()))),
    ];
    if let Some(group) = group {
        values.push(("", "TargetGroup", Text(group.to_owned())));
    }
    values.push((r"\AU", "UseWUServer", Number(1)));
    values
}

/// Writes the policy for a server at this URL.
pub fn client_policy(format: PolicyFormat, url: &str, group: Option<&str>) -> String {
    match format {
        PolicyFormat::Registry => registry(url, group),
        PolicyFormat::PowerShell => powershell(url, group),
    }
}

fn registry(url: &str, group: Option<&str>) -> String {
    let mut out = String::from("Windows Registry Editor Version 5.00\r\n");
    let mut open = None;
    for (below, name, value) in values(url, group) {
        if open != Some(below) {
            out += &format!("\r\n[HKEY_LOCAL_MACHINE\\{KEY}{below}]\r\n");
            open = Some(below);
        }
        match value {
            Value::Text(text) => {
                let escaped = text.replace('\\', r"\\").replace('"', "\\\"");
                out += &format!("\"{name}\"=\"{escaped}\"\r\n");
            }
            Value::Number(number) => out += &format!("\"{name}\"=dword:{number:08x}\r\n"),
        }
    }
    out
}

fn powershell(url: &str, group: Option<&str>) -> String {
    let mut out = String::from("#Requires -RunAsAdministrator\r\n$ErrorActionPreference = 'Stop'\r\n");
    let mut open = None;
    for (below, name, value) in values(url, group) {
        let key = format!("HKLM:\\{KEY}{below}");
        if open != Some(below) {
            out +=
                &format!("if (-not (Test-Path '{key}')) {{ New-Item -Path '{key}' -Force | Out-Null }}\r\n");
            open = Some(below);
        }
        let (kind, data) = match value {
            Value::Text(text) => ("String", format!("'{}'", text.replace('\'', "''"))),
            Value::Number(number) => ("DWord", number.to_string()),
        };
        out += &format!("Set-ItemProperty -Path '{key}' -Name '{name}' -Type {kind} -Value {data}\r\n");
    }
    out + "Restart-Service wuauserv\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_file_names_the_server_and_forbids_the_users_proxy() {
        let text = client_policy(PolicyFormat::Registry, "https://wsus.example:8531", None);
        assert!(
            text.starts_with("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE")
        );
        assert!(text.contains("\"WUServer\"=\"https://wsus.example:8531\"\r\n"));
        assert!(text.contains("\"SetProxyBehaviorForUpdateDetection\"=dword:00000000\r\n"));
        assert!(text.contains("WindowsUpdate\\AU]\r\n\"UseWUServer\"=dword:00000001\r\n"));
        assert!(!text.contains("\"TargetGroup\""));
    }

    #[test]
    fn quotes_are_escaped_in_both_formats() {
        assert!(
            client_policy(PolicyFormat::Registry, "u", Some("a\"b\\c"))
                .contains(r#""TargetGroup"="a\"b\\c""#)
        );
        assert!(client_policy(PolicyFormat::PowerShell, "u", Some("it's")).contains("-Value 'it''s'"));
    }
}
