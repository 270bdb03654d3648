//! The mirror in the database, so that a managing server that starts without its WSUS can be read.

use std::sync::Arc;

use headwater_model::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Computers, Mirror, TreeView, Updates, products};
use crate::{Manager, ManagerError};

const TREE: &str = "tree";
const UPDATES: &str = "updates";
const COMPUTERS: &str = "computers";
const PRODUCTS: &str = "products";

/// JSON compresses to a tenth even so.
const ZSTD_LEVEL: i32 = 1;
/// No part is longer, whatever the database holds.
const PART_BYTES_MAX: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    read_at: Timestamp,
    value: T,
}

impl Manager {
    /// Writes the mirror as it is.
    pub(crate) async fn keep_mirror(&self) -> Result<(), ManagerError> {
        let mirror = self.mirror();
        let Some(read_at) = mirror.read_at else { return Ok(()) };
        self.keep_part(TREE, read_at, &*mirror.tree).await?;
        self.keep_part(UPDATES, read_at, &mirror.updates.all).await?;
        self.keep_part(COMPUTERS, read_at, &mirror.computers.all).await?;
        self.keep_part(PRODUCTS, read_at, &products::Kept::of(&mirror.products)).await
    }

    /// What was kept before this start. A part that cannot be read any more is read from the WSUS again.
    pub(crate) async fn kept_mirror(&self) -> Result<Mirror, ManagerError> {
        let Some(tree) = self.kept_part::<TreeView>(TREE).await? else { return Ok(Mirror::default()) };
        let updates = self.kept_part(UPDATES).await?.map(|kept| kept.value).unwrap_or_default();
        let computers = self.kept_part(COMPUTERS).await?.map(|kept| kept.value).unwrap_or_default();
        let products = self.kept_part::<products::Kept>(PRODUCTS).await?;
        let products = products.map(|kept| kept.value.products()).unwrap_or_default();
        Ok(Mirror {
            read_at: Some(tree.read_at),
            problem: None,
            tree: Arc::new(tree.value),
            updates: Arc::new(Updates::new(updates)),
            computers: Arc::new(Computers::new(computers)),
            products: Arc::new(products),
            // What is found anew with each reading, and counts that stand in the updates.
            ..Mirror::default()
        })
    }

    async fn keep_part<T: Serialize>(
        &self,
        part: &str,
        read_at: Timestamp,
        value: &T,
    ) -> Result<(), ManagerError> {
        let unwritable = |source: std::io::Error| ManagerError::Mirror { part: part.to_owned(), source };
        let mut packed = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL).map_err(unwritable)?;
        serde_json::to_writer(&mut packed, &Kept { read_at, value })
            .map_err(|error| unwritable(error.into()))?;
        let packed = packed.finish().map_err(unwritable)?;
        Ok(self.store.keep_mirror(part, &packed, read_at).await?)
    }

    async fn kept_part<T: DeserializeOwned>(&self, part: &str) -> Result<Option<Kept<T>>, ManagerError> {
        let Some(packed) = self.store.mirror(part).await? else { return Ok(None) };
        let read = zstd::Decoder::new(&packed[..])
            .map(|unpacked| std::io::BufReader::new(std::io::Read::take(unpacked, PART_BYTES_MAX)))
            .map_err(serde_json::Error::io)
            .and_then(serde_json::from_reader);
        match read {
            Ok(kept) => Ok(Some(kept)),
            Err(error) => {
                tracing::warn!(part, %error, "a part of the mirror cannot be read; the WSUS is asked again");
                Ok(None)
            }
        }
    }
}
