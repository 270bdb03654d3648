//! What words mean, and what the help says.

use clap::{CommandFactory, Parser};

use super::fake::Program;

#[test]
fn the_commands_are_consistent() {
    Program::command().debug_assert();
}

/// Every command that does something shows how, and every help tells the exit codes.
#[test]
fn every_command_has_an_example_of_itself() {
    fn check(command: &clap::Command, path: &str) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let path = format!("{path} {}", below.get_name());
            let after = below.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.starts_with(&format!("Example:\n  {path}")), "{path}: {after}");
            assert!(after.contains("Exit codes: 0 done, 1 refused"), "{path}: {after}");
            assert!(below.get_about().is_some(), "{path}");
            for line in after.lines().filter_map(|line| line.strip_prefix("  headwater ")) {
                let line = line.split(" > ").next().unwrap_or_default();
                let is_noun = below.get_subcommands().next().is_some();
                let words = line.split('"').enumerate().flat_map(|(index, part)| match index % 2 {
                    0 => part.split_whitespace().map(str::to_owned).collect(),
                    _ => vec![part.to_owned()],
                });
                let parsed = Program::try_parse_from(["headwater".into()].into_iter().chain(words));
                assert!(parsed.is_ok(), "{path}{}: {line}", if is_noun { " …" } else { "" });
            }
            check(below, &path);
        }
    }
    check(&Program::command(), "headwater");
}

#[test]
fn help_fits_a_window_of_80_columns() {
    let mut program = Program::command().term_width(80);
    program.build();
    let update = program.find_subcommand_mut("update").expect("a command");
    let approve = update.find_subcommand_mut("approve").expect("a command");
    let help = approve.render_help().to_string();
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    assert!(help.contains("--deadline <TIME>"), "{help}");
    assert!(help.contains("Connection and output:\n      --server <URL>"), "{help}");
}

#[track_caller]
fn wrong(line: &str, reason: &str) {
    let words = line.split(' ').map(|word| word.replace('_', " "));
    let error = Program::try_parse_from(words).expect_err(line);
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn wrong_arguments_are_refused_before_the_server_is_asked() {
    wrong("headwater update approve --group Pilot", "<UPDATE>...");
    wrong("headwater hostgroup create Pilot --host pc-1 --rule name=x", "cannot be used with");
    wrong("headwater hostgroup set Pilot", "required arguments");
    wrong("headwater hostgroup set Pilot --parent Lab --no-parent", "cannot be used with");
    wrong("headwater hostgroup set Pilot --direct --with-beneath", "cannot be used with");
    wrong("headwater hostgroup set Pilot --rule name=x --no-rule", "cannot be used with");
    wrong("headwater wsus group apply plan.json --adopt", "cannot be used with");
    wrong("headwater update approve KB5044284", "--group <GROUP>");
    wrong("headwater update approve KB5044284 --group Pilot --action remove", "[possible values: install,");
    wrong(
        "headwater update approve KB5044284 --group Pilot --deadline 2026-12-24",
        "2026-12-24T03:00 (local time)",
    );
    wrong("headwater update approve 5044284 --group Pilot", "the first eight digits");
    wrong("headwater update show KB", "the first eight digits");
    wrong("headwater update show KB12x4", "the first eight digits");
    wrong("headwater update show ü", "the first eight digits");
    wrong("headwater update list --limit 0", "0 is not in 1..=1000");
    wrong("headwater update list --limit 1001", "1001 is not in 1..=1000");
    wrong("headwater update list --declined=maybe", "invalid value 'maybe'");
    wrong("headwater update list --output yaml", "[possible values: table, json]");
    wrong("headwater update import", "<PATH>");
    wrong("headwater group create _", "a group needs a name");
    wrong(&format!("headwater group create {}", "x".repeat(256)), "at most 255 characters");
    wrong("headwater computer move pc-17", "--group <GROUP>");
    wrong("headwater upstream set https://up.example", "--replica|--autonomous");
    wrong("headwater upstream set https://up.example --replica --autonomous", "cannot be used with");
    wrong("headwater upstream filter", "required");
    wrong("headwater client policy --format gpo", "[possible values: reg, powershell]");
    wrong("headwater wsus link https://w.example:8532/linkage", "--code <CODE>");
    wrong("headwater wsus link https://w.example:8532/linkage --code 1234-567", "has eight digits");
    wrong("headwater wsus pair Berlin --code 1234-567x", "has eight digits");
    wrong("headwater wsus group apply", "<PLAN|--group <HOSTGROUP>>");
    wrong("headwater wsus group apply plan.json --group Pilot", "cannot be used with");
    wrong("headwater hostgroup create _", "a group needs a name");
    wrong("headwater hostgroup add Pilot", "<HOST>...");
    wrong("headwater hostgroup remove Pilot", "<HOST>...");
    wrong("headwater hostgroup import", "--from-wsus");
    wrong("headwater server", "");
}
