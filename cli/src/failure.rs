//! Why a command was not done, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use headwater_client::Error as ClientError;

use crate::connection::ConnectionError;

/// The exit code of a command, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// Refused, or done in part: what was not done is named.
    Refused = 1,
    WrongArguments = 2,
    Unreachable = 3,
    NotLinked = 4,
    /// A WSUS without Linkage stands in the tree.
    WithoutLinkage = 5,
    NotPermitted = 6,
}

impl Exit {
    /// What a server says that a command ends with. What is not known here is no success.
    pub(crate) fn of(code: u8) -> Self {
        let known = [
            Self::Done,
            Self::WrongArguments,
            Self::Unreachable,
            Self::NotLinked,
            Self::WithoutLinkage,
            Self::NotPermitted,
        ];
        known.into_iter().find(|exit| *exit as u8 == code).unwrap_or(Self::Refused)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("{0}{hint}", hint = hint(.0))]
    Client(#[from] ClientError),
    /// A name that means nothing here, or more than one thing.
    #[error("{0}")]
    Name(String),
    /// A name that meant nothing when the WSUS was last reached.
    #[error("{0}")]
    Remembered(String),
    #[error("{0}")]
    Argument(String),
    #[error("the result cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Connection(ConnectionError::Access(error)) | Self::Client(error) => client_exit(error),
            Self::Connection(ConnectionError::NoServer(_)) | Self::Remembered(_) => Exit::Unreachable,
            Self::Connection(ConnectionError::NotPermitted(_)) => Exit::NotPermitted,
            Self::Connection(ConnectionError::NoToken(_) | ConnectionError::File { .. })
            | Self::Argument(_) => Exit::WrongArguments,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Name(_) | Self::Output(_) => Exit::Refused,
        }
    }

    /// Whether nobody is left to be told, as in `headwater update list | head`.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Ends with what an answer says, whether or not somebody was left to read it: a check whose reader
/// left is not passed by that.
pub(crate) fn ended(shown: Result<Exit, Failure>, exit: Exit) -> Result<Exit, Failure> {
    match shown {
        Err(failure) if !failure.is_silent() => Err(failure),
        _ => Ok(exit),
    }
}

fn client_exit(error: &ClientError) -> Exit {
    match error {
        ClientError::Refused(problem) => match (problem.status, problem.kind.as_str()) {
            (400, _) => Exit::WrongArguments,
            (401 | 403, _) => Exit::NotPermitted,
            (_, "/problems/not-linked") => Exit::NotLinked,
            (_, "/problems/not-reached") => Exit::Unreachable,
            (_, "/problems/without-linkage") => Exit::WithoutLinkage,
            _ => Exit::Refused,
        },
        ClientError::Unreachable { .. } | ClientError::Untrusted { .. } | ClientError::Foreign { .. } => {
            Exit::Unreachable
        }
        ClientError::Address { .. }
        | ClientError::Unprotected { .. }
        | ClientError::Authority
        | ClientError::Token
        | ClientError::File { .. }
        | ClientError::Folder { .. } => Exit::WrongArguments,
    }
}

/// What to do, where the client cannot know it.
fn hint(error: &ClientError) -> &'static str {
    match error {
        ClientError::Refused(problem) if problem.status == 401 => {
            "\nThe token is not of this server, or no longer: name another with --token-file."
        }
        ClientError::Refused(problem) if problem.kind == "/problems/unknown-path" => {
            "\nThat is another role's: name the managing server with --server and --token-file; for `wsus sync` on the machine of \
             a lower server, its Linkage's folder with --data will do."
        }
        ClientError::Unreachable { .. } => "\nSee whether it runs, and whether --server or --data names it.",
        ClientError::Untrusted { .. } => "\nName the certificate of its CA with --ca-file.",
        _ => "",
    }
}
