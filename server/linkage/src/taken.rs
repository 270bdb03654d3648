//! The orders that were taken of late, so that none is carried out twice. What changes something is written down
//! before it is carried out, and so is known after a start too.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use headwater_api::linkage::{Order, Signed};
use headwater_link::{Fresh, PublicKey, SignatureError, open_order};
use headwater_model::{Guid, LinkageId, Timestamp};

use crate::state::{StateError, write_secret};

/// A line of a number and a time in microseconds for each.
const FILE: &str = "orders";
/// Lines after which those that are no longer needed are left out.
const LINES_MAX: usize = 10_000;

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("its number cannot be written down, so that it might be carried out twice")]
    State(#[from] StateError),
}

/// The numbers with their file.
pub(crate) struct Taken(Mutex<Numbers>);

struct Numbers {
    fresh: Fresh,
    path: PathBuf,
    /// None where it could not be written anew.
    file: Option<File>,
    lines: usize,
}

impl Taken {
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let kept = match std::fs::read(&path) {
            Ok(kept) => String::from_utf8_lossy(&kept).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(StateError::Io { path, source }),
        };
        // A line that was cut off is of an order that was not carried out.
        let fresh: Fresh = kept.lines().filter_map(read).collect();
        let (file, lines) = written_anew(&path, &fresh)?;
        Ok(Self(Mutex::new(Numbers { fresh, path, file: Some(file), lines })))
    }

    /// Reads an order that is to be carried out now.
    pub fn take(
        &self,
        signed: &Signed,
        me: LinkageId,
        manager: &PublicKey,
        now: Timestamp,
    ) -> Result<Order, NotTaken> {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let order = open_order(signed, me, manager, &mut numbers.fresh, now)?;
        if order.ask.changes() {
            numbers.write_down(&order)?;
        }
        Ok(order)
    }
}

impl Numbers {
    fn write_down(&mut self, order: &Order) -> Result<(), StateError> {
        let file = match self.file.take().filter(|_| self.lines < LINES_MAX) {
            Some(file) => self.file.insert(file),
            // It is closed by now: Windows puts nothing in the place of an open file.
            None => {
                let (file, lines) = written_anew(&self.path, &self.fresh)?;
                self.lines = lines;
                self.file.insert(file)
            }
        };
        let line = line(order.id, order.at);
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        // Where half a line may stand now, the next one goes into a file that is written anew.
        self.lines = if written.is_ok() { self.lines + 1 } else { LINES_MAX };
        written.map_err(|source| StateError::Io { path: self.path.clone(), source })
    }
}

/// The file with those that are remembered, open at its end.
fn written_anew(path: &Path, fresh: &Fresh) -> Result<(File, usize), StateError> {
    let lines: Vec<String> = fresh.remembered().map(|(id, at)| line(id, at)).collect();
    write_secret(path, lines.concat().as_bytes())?;
    let file = OpenOptions::new().append(true).open(path);
    let file = file.map_err(|source| StateError::Io { path: path.to_owned(), source })?;
    // Where many are remembered, the next time is as far away.
    Ok((file, 0))
}

fn line(id: Guid, at: Timestamp) -> String {
    format!("{id} {}\n", at.as_micros())
}

fn read(line: &str) -> Option<(Guid, Timestamp)> {
    let (id, at) = line.split_once(' ')?;
    Some((id.parse().ok()?, Timestamp::from_micros(at.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use headwater_api::linkage::Ask;
    use headwater_link::{Key, sign_order};

    use super::*;

    const ME: LinkageId = LinkageId::from_u128(1);

    fn signed(key: &Key, number: u128, at: Timestamp, ask: Ask) -> Signed {
        sign_order(&Order { id: Guid::from_u128(number), to: ME, at, ask }, key).expect("signs")
    }

    fn is_repeated(done: Result<Order, NotTaken>) -> bool {
        matches!(done, Err(NotTaken::Signature(SignatureError::Repeated)))
    }

    #[test]
    fn an_order_is_carried_out_once_across_a_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let (key, now) = (Key::generate().expect("a key"), Timestamp::EPOCH.plus_seconds(1_000_000));
        let synchronise = |number| signed(&key, number, now, Ask::Synchronise { by: "ada".to_owned() });
        let open = || Taken::open(folder.path()).expect("opens");
        let taken = open();
        assert!(taken.take(&synchronise(1), ME, &key.public(), now).is_ok());
        assert!(taken.take(&signed(&key, 2, now, Ask::Identity), ME, &key.public(), now).is_ok());
        drop(taken);

        let taken = open();
        assert!(is_repeated(taken.take(&synchronise(1), ME, &key.public(), now)));
        // One that was signed before this start and was not taken is as good as any: clocks may differ.
        assert!(taken.take(&synchronise(3), ME, &key.public(), now.plus_seconds(500)).is_ok());
        drop(taken);

        // The end of the file was lost with the power.
        let path = folder.path().join(FILE);
        let kept = std::fs::read_to_string(&path).expect("reads");
        std::fs::write(&path, &kept[..kept.len() - 5]).expect("writes");
        let taken = open();
        assert!(is_repeated(taken.take(&synchronise(1), ME, &key.public(), now)));
        // A clock that was ten minutes ahead is set right.
        let later = now.plus_seconds(600);
        assert!(taken.take(&signed(&key, 4, later, Ask::Identity), ME, &key.public(), later).is_ok());
        assert!(is_repeated(taken.take(&synchronise(1), ME, &key.public(), now)));
    }

    #[test]
    fn a_file_that_is_full_is_written_anew_while_orders_are_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let (key, now) = (Key::generate().expect("a key"), Timestamp::EPOCH);
        let unpair = |number| signed(&key, number, now, Ask::Unpair);
        let taken = Taken::open(folder.path()).expect("opens");
        let take = |number| taken.take(&unpair(number), ME, &key.public(), now);
        assert!(take(1).is_ok());
        taken.0.lock().expect("nobody has it").lines = LINES_MAX;
        assert!(take(2).is_ok());
        // One that cannot be written anew is, at the next order.
        let path = folder.path().join(FILE);
        taken.0.lock().expect("nobody has it").path = folder.path().join("nowhere").join(FILE);
        taken.0.lock().expect("nobody has it").lines = LINES_MAX;
        assert!(matches!(take(3), Err(NotTaken::State(_))));
        taken.0.lock().expect("nobody has it").path.clone_from(&path);
        assert!(take(4).is_ok());
        drop(taken);
        let taken = Taken::open(folder.path()).expect("opens");
        for number in [1, 2, 4] {
            assert!(is_repeated(taken.take(&unpair(number), ME, &key.public(), now)), "{number}");
        }
    }

    #[test]
    fn what_cannot_be_written_down_is_not_carried_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let (key, now) = (Key::generate().expect("a key"), Timestamp::EPOCH);
        let taken = Taken::open(folder.path()).expect("opens");
        // A file that takes nothing.
        taken.0.lock().expect("nobody has it").file =
            Some(File::open(folder.path().join(FILE)).expect("opens for reading"));
        let refused = taken.take(&signed(&key, 1, now, Ask::Unpair), ME, &key.public(), now);
        assert!(matches!(refused, Err(NotTaken::State(_))), "{refused:?}");
        assert!(taken.take(&signed(&key, 2, now, Ask::Identity), ME, &key.public(), now).is_ok());
    }
}
