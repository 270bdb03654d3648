//! `headwater token`: what programs show to a server.

use clap::{Args, Subcommand};
use headwater_api::{MadeToken, NewToken, Token};
use headwater_words::moment::{age, minute};
use headwater_words::operator::{role, scope};

use crate::Options;
use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::moment::Deadline;
use crate::operator::RoleName;
use crate::session::{Reader, Session};
use crate::table::{Column, Table};
use crate::terminal::harmless;

#[derive(Debug, Args)]
pub struct TokenArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// List the tokens of all programs
    #[command(after_help = examples!("headwater token list"))]
    List,
    /// Make a token, and show it this once
    #[command(after_help = examples!(
        "headwater token create --name report --role auditor --expires 2027-06-30T00:00",
        "headwater token create --name pilot-ring --role operator --group Pilot --operator anna"
    ))]
    Create {
        /// Its name, which no other token has
        #[arg(long, value_name = "NAME")]
        name: String,
        /// The most that the program may do; never more than its operator may
        #[arg(long, value_name = "ROLE")]
        role: RoleName,
        /// A group that the program may decide for; can be given several times [default: all of its operator]
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// When it ends, as 2026-12-24T03:00 in local time or with a Z [default: when it is revoked]
        #[arg(long, value_name = "TIME")]
        expires: Option<Deadline>,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
        /// In whose name the program acts [default: yours]
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
    },
    /// End a token
    #[command(after_help = examples!("headwater token revoke report"))]
    Revoke {
        /// The token
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(crate) fn run(command: &TokenCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        TokenCommand::List => {
            let answer = session.client.tokens()?;
            session.show(&answer, |page, reader| list(&page.items, reader))
        }
        TokenCommand::Create { name, role, groups, expires, description, operator } => {
            let zone = &session.terminal.zone;
            let expires_at = expires.map(|expires| expires.in_zone(zone)).transpose();
            let new = NewToken {
                name: name.clone(),
                role: (*role).into(),
                groups: groups.clone(),
                description: description.clone(),
                operator: operator.clone(),
                expires_at: expires_at.map_err(Failure::Argument)?,
            };
            let answer = session.client.create_token(&new)?;
            session.show(&answer, |made, _| made_text(made))
        }
        TokenCommand::Revoke { name } => {
            session.client.revoke_token(name)?;
            session.say(&format!("Revoked the token {name}: it lets nobody in any more"))
        }
    }
}

fn made_text(made: &MadeToken) -> String {
    let MadeToken { secret, token } = made;
    let until = token.expires_at.map_or_else(String::new, |end| format!(", until {}", minute(end)));
    let text = format!(
        "{secret}\n\nMade the token {} in the name of {}: {}, {}{until}. It is shown this once: keep it in a file that \
         --token-file names, or in HEADWATER_TOKEN.",
        token.name,
        token.operator,
        role(token.role),
        scope(token.role, &token.groups)
    );
    harmless(&text)
}

fn list(tokens: &[Token], reader: Reader) -> String {
    if tokens.is_empty() {
        return "There is no token. Make one with `headwater token create --name NAME --role ROLE`.".into();
    }
    let columns = [
        Column::Long("NAME"),
        Column::Text("OPERATOR"),
        Column::Text("ROLE"),
        Column::Long("SCOPE"),
        Column::Text("ENDS"),
        Column::Text("LAST USED"),
    ];
    let mut table = Table::new(&columns);
    for token in tokens {
        let ends = token.expires_at.map(|end| match end <= reader.now {
            true => "has ended".to_owned(),
            false => minute(end),
        });
        table.row([
            token.name.clone(),
            token.operator.clone(),
            role(token.role).to_owned(),
            scope(token.role, &token.groups),
            ends.unwrap_or_default(),
            token.last_used_at.map_or_else(|| "never".to_owned(), |at| age(at, reader.now)),
        ]);
    }
    table.text(reader.width)
}
