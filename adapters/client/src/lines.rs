//! Answers that come line by line, each line a JSON of its own, until one says how it ended.

use std::io::{BufRead, BufReader, Read};

use serde::de::DeserializeOwned;
use ureq::Body;

use crate::client::ANSWER_BYTES_MAX;
use crate::{Client, Error};

impl Client {
    /// Gives each event and its very JSON to `told` as it comes, until that says how it ended. What
    /// breaks off before is an error with this reason, never an end.
    pub(crate) fn follow<E: DeserializeOwned, T>(
        &self,
        body: Body,
        broke_off: &str,
        mut told: impl FnMut(E, &str) -> Option<Result<T, Error>>,
    ) -> Result<T, Error> {
        // Each line has its own limit; how many there are is the server's affair.
        let mut lines = BufReader::new(body.into_with_config().limit(u64::MAX).reader());
        let mut line = String::new();
        let broken = || Error::Unreachable { url: self.url.clone(), reason: broke_off.into() };
        loop {
            line.clear();
            let len = (&mut lines).take(ANSWER_BYTES_MAX).read_line(&mut line);
            let len = len.map_err(|error| match Error::from_io(self.url.clone(), error) {
                Error::Unreachable { .. } => broken(),
                error => error,
            })?;
            if len as u64 == ANSWER_BYTES_MAX {
                return Err(self.foreign("a line of the answer is too long".into()));
            }
            let text = line.trim();
            let event = match serde_json::from_str(text) {
                Ok(event) => event,
                Err(_) if !line.ends_with('\n') => return Err(broken()),
                Err(error) => return Err(self.foreign(error.to_string())),
            };
            if let Some(end) = told(event, text) {
                return end;
            }
        }
    }
}
