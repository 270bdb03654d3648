//! The identity of a revision, whose names are others than in the other services.

use headwater_model::{UpdateId, UpdateIdentity};

use crate::soap::record::record;

record! {
    /// ApiRemoting30 UpdateRevisionId
    #[derive(Copy)]
    pub struct UpdateRevisionId {
        "UpdateId" => update_id: UpdateId,
        "RevisionNumber" => revision_number: u32,
    }
}

impl From<UpdateIdentity> for UpdateRevisionId {
    fn from(identity: UpdateIdentity) -> Self {
        Self { update_id: identity.id, revision_number: identity.revision }
    }
}

impl From<UpdateRevisionId> for UpdateIdentity {
    fn from(id: UpdateRevisionId) -> Self {
        Self { id: id.update_id, revision: id.revision_number }
    }
}
