//! From options to a server: what is not said is found in the server's data folder.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use headwater_client::{Access, Client};

use crate::Options;

/// The data folder of a server that names none.
pub const DATA_FOLDER: &str = "headwater-data";
/// The file in the data folder that holds the address of the API while the server runs.
pub const API_URL_FILE: &str = "api-url";
/// The file in the data folder that holds the administrator's token; only its owner may read it.
pub const TOKEN_FILE: &str = "admin.token";
/// The file in the data folder that holds the certificate of the server's own CA, if it has one.
pub const CA_FILE: &str = "ca.pem";

/// The environment's token, for those that keep secrets there.
pub const TOKEN_VARIABLE: &str = "HEADWATER_TOKEN";

/// The file in the data folder that holds the address of its WSUS Linkage, where that runs without its managing
/// server.
pub const LINKAGE_URL_FILE: &str = "linkage-url";

/// The longest of these files that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why no connection was tried.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error(
        "no server runs in {}: there is no {API_URL_FILE} file\nStart one with `headwater up`, name its \
         folder with --data, or another server with --server and --token-file.", .0.display()
    )]
    NoServer(PathBuf),
    #[error(
        "there is no token for {0}\nName the file that holds it with --token-file, or give it in HEADWATER_TOKEN."
    )]
    NoToken(String),
    #[error("{} cannot be read: permission denied\nBe the user whom the server runs as, or name a token \
             of your own with --token-file.", .0.display())]
    NotPermitted(PathBuf),
    #[error("{} cannot be read: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Access(#[from] headwater_client::Error),
}

impl Options {
    /// Finds the server and its token. A token is never sent to a server that it is not of: with
    /// `--server`, that of the folder counts only where the folder is named as well, or is of that
    /// server.
    pub(crate) fn connect(&self) -> Result<Client, ConnectionError> {
        let folder = self.data.clone().unwrap_or_else(|| DATA_FOLDER.into());
        let api_url = text(&folder.join(API_URL_FILE));
        let is_of_folder = match (&self.server, &api_url) {
            (None, _) => true,
            (Some(server), Ok(url)) => self.data.is_some() || is_same(server, url),
            (Some(_), Err(_)) => self.data.is_some(),
        };
        let url = match &self.server {
            Some(server) => server.clone(),
            None => api_url.map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => ConnectionError::NoServer(folder.clone()),
                _ => unreadable(folder.join(API_URL_FILE), error),
            })?,
        };
        let token = match (&self.token_file, std::env::var(TOKEN_VARIABLE)) {
            (Some(file), _) => read(file.clone())?,
            (None, Ok(token)) => token.trim().to_owned(),
            (None, Err(_)) if is_of_folder => read(folder.join(TOKEN_FILE))?,
            (None, Err(_)) => return Err(ConnectionError::NoToken(url)),
        };
        let ca_pem = match &self.ca_file {
            Some(file) => Some(read(file.clone())?),
            None if is_of_folder => own_ca(&folder)?,
            None => None,
        };
        Ok(Client::new(&Access { url, token, ca_pem: ca_pem.map(String::into_bytes) })?)
    }
}

fn read(path: PathBuf) -> Result<String, ConnectionError> {
    text(&path).map_err(|error| unreadable(path, error))
}

fn own_ca(folder: &Path) -> Result<Option<String>, ConnectionError> {
    let path = folder.join(CA_FILE);
    match text(&path) {
        Ok(pem) => Ok(Some(pem)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let bare = |url: &str| url.trim().trim_end_matches('/').to_ascii_lowercase();
    bare(one) == bare(other)
}

fn unreadable(path: PathBuf, source: io::Error) -> ConnectionError {
    match source.kind() {
        io::ErrorKind::PermissionDenied => ConnectionError::NotPermitted(path),
        _ => ConnectionError::File { path, source },
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}
