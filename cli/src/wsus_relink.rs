//! `headwater wsus relink`: a rebuilt or promoted WSUS takes the place of the linked one.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use headwater_api::{ApplyRelink, RelinkCounts, RelinkPlan, RelinkRequest, Relinked};
use headwater_words::moment::age;
use headwater_words::relink::{counts, step};

use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::wsus::code;
use crate::wsus_group::{keep_plan, quoted_path, read_plan};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct RelinkArguments {
    /// The address of its WSUS Linkage, as `headwater linkage install` prints it
    #[arg(value_name = "URL", group = "what")]
    pub url: Option<String>,
    /// The code that the Linkage shows; needed where it has no managing server
    #[arg(long, value_name = "CODE", value_parser = code, requires = "url")]
    pub code: Option<String>,
    /// Keep the plan in this file, for `--apply`
    #[arg(long, value_name = "FILE", requires = "url")]
    pub save: Option<PathBuf>,
    /// Do what this plan says, and nothing that it does not say
    #[arg(long, value_name = "PLAN", group = "what")]
    pub apply: Option<PathBuf>,
}

pub(crate) fn run(arguments: &RelinkArguments, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let RelinkArguments { url, code, save, apply } = arguments;
    if let Some(file) = apply {
        let answer = session.client.apply_relink(&ApplyRelink { plan: read_plan(file)? })?;
        return session.show(&answer, relinked);
    }
    let request = RelinkRequest { url: url.clone().unwrap_or_default(), code: code.clone() };
    let answer = session.client.plan_relink(&request)?;
    if let Some(file) = save {
        keep_plan(file, &answer.json)?;
    }
    session.show(&answer, |plan, reader| preview(plan, save.as_deref(), reader))
}

fn preview(plan: &RelinkPlan, save: Option<&Path>, reader: Reader) -> String {
    if plan.linked {
        let said = format!(
            "{} is the linked WSUS, through its new Linkage from now on. Nothing is to be written to it.",
            plan.name
        );
        return paragraph(&said, reader.width);
    }
    let found = counts(&RelinkCounts::of(&plan.steps));
    let found = if found.is_empty() { "nothing to write".to_owned() } else { format!("{found} to write") };
    let read = age(plan.read_at, reader.now);
    let mut text =
        paragraph(&format!("{}: {found}. The linked WSUS was last read {read}.", plan.name), reader.width);
    if !plan.steps.is_empty() {
        let mut table = Table::new(&[Column::Text("DO"), Column::Long("WHAT")]).wrapping();
        for one in &plan.steps {
            table.row(step(one));
        }
        text.push('\n');
        text += &table.text(reader.width);
    }
    text += &list("NOT WRITTEN NOW", &plan.open, reader);
    text += &list("ONLY THERE, AND STAYS", &plan.only_there, reader);
    text.push('\n');
    let advice = match save {
        Some(file) => {
            format!("Write it and link this WSUS with `headwater wsus relink --apply {}`.", quoted_path(file))
        }
        None => "Keep the plan with `--save FILE` to apply it.".to_owned(),
    };
    text + &paragraph(&advice, reader.width)
}

fn relinked(relinked: &Relinked, reader: Reader) -> String {
    let done = counts(&relinked.done);
    let done =
        if done.is_empty() { "nothing was left to write".to_owned() } else { format!("written: {done}") };
    let said = format!("{} is the linked WSUS now; {done}.", relinked.name);
    let mut text = paragraph(&said, reader.width);
    text += &list("REFUSED", &relinked.refused, reader);
    text += &list("NOT WRITTEN YET", &relinked.open, reader);
    text.push('\n');
    let advice = match relinked.open.is_empty() && relinked.refused.is_empty() {
        true => "Bring the servers below in step with `headwater wsus sync`.",
        false => {
            "Bring the servers below in step with `headwater wsus sync`. What is not written yet can be once it is \
             there: `headwater wsus relink` with the same address shows it."
        }
    };
    text + &paragraph(advice, reader.width)
}

fn list(head: &'static str, lines: &[String], reader: Reader) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[Column::Long(head)]).wrapping();
    for line in lines {
        table.row([line.clone()]);
    }
    format!("\n{}", table.text(reader.width))
}
