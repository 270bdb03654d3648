//! Who writes to the tree. Runs, plans of groups and clean-ups may do so side by side; while another WSUS takes the
//! place of the linked one nobody else does.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::ManagerError;

#[derive(Default)]
pub(crate) struct Writers(Arc<RwLock<()>>);

impl Writers {
    /// One writer of several, until this is dropped.
    pub fn one(&self) -> Result<OwnedRwLockReadGuard<()>, ManagerError> {
        self.0.clone().try_read_owned().map_err(|_| {
            ManagerError::Busy(
                "another WSUS is taking the place of the linked one: try again when `headwater wsus relink` has ended"
                    .to_owned(),
            )
        })
    }

    /// The only writer, until this is dropped.
    pub fn alone(&self) -> Result<OwnedRwLockWriteGuard<()>, ManagerError> {
        self.0.clone().try_write_owned().map_err(|_| {
            ManagerError::Refused(
                "a synchronisation, a plan or a clean-up of the tree goes on: wait for it, or end a synchronisation with \
                 `headwater wsus sync stop`, and apply again"
                    .to_owned(),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relink_writes_alone_and_others_side_by_side() {
        let writers = Writers::default();
        let several = [writers.one().expect("one"), writers.one().expect("another")];
        let refused = writers.alone().expect_err("others write").to_string();
        assert!(refused.contains("`headwater wsus sync stop`"), "{refused}");
        drop(several);
        let alone = writers.alone().expect("nobody else writes");
        let refused = writers.one().expect_err("a relink goes on").to_string();
        assert!(refused.contains("taking the place of the linked one"), "{refused}");
        drop(alone);
        assert!(writers.one().is_ok());
    }
}
