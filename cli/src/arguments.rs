//! Arguments that all commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The end of a command's help: how it is used, and what its exit code means.
macro_rules! examples {
    ($($line:literal),+) => {
        concat!(
            "Example:\n",
            $("  ", $line, "\n",)+
            "\nExit codes: 0 done, 1 refused or done in part, 2 wrong arguments, 3 the server cannot be \
             reached, 4 no WSUS is linked, 5 a WSUS without Linkage, 6 not permitted"
        )
    };
}
pub(crate) use examples;

/// Which server, and how its answers are shown.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The server's address [default: what DIR/api-url says]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection and output")]
    pub server: Option<String>,
    /// The file that holds the token [default: DIR/admin.token]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection and output")]
    pub token_file: Option<PathBuf>,
    /// The certificates of the CA to trust, in PEM [default: DIR/ca.pem where there is one, else
    /// public CAs]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection and output")]
    pub ca_file: Option<PathBuf>,
    /// The data folder of a server on this machine [default: ./headwater-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Connection and output")]
    pub data: Option<PathBuf>,
    /// For people, or for programs: then it is what the API said
    #[arg(
        long,
        short,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Connection and output"
    )]
    pub output: Output,
}

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Table,
    Json,
}

/// Which part of a list to show.
#[derive(Debug, Clone, Args)]
pub struct Part {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = headwater_api::PAGE_LIMIT_DEFAULT,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(headwater_api::PAGE_LIMIT_MAX)))]
    pub limit: u32,
    /// Go on after this key, which the part before ends with
    #[arg(long, value_name = "KEY")]
    pub after: Option<String>,
}
