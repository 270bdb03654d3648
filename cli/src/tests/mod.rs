//! The commands against a fake server over a real socket: what they ask, say and end with.

mod answers;
mod arguments;
mod clean_up;
mod connections;
mod fake;
mod fleet;
mod hostgroups;
mod imports;
mod operators;
mod reports;
mod robustness;
mod servers;
mod synchronisations;
mod updates;
mod wsus;

/// Lines as a terminal shows them.
fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
