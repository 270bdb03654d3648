//! ExecuteSPDeleteUpdateByUpdateID: deletes an update that is known by its id.

use headwater_model::UpdateId;

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPDeleteUpdateByUpdateID
    #[derive(Copy)]
    pub struct ExecuteSPDeleteUpdateByUpdateID {
        "updateID" => update_id: UpdateId,
    }

    /// ApiRemoting30 ExecuteSPDeleteUpdateByUpdateID, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPDeleteUpdateByUpdateIDResponse {}
}

operations!(ADMINISTRATION; ExecuteSPDeleteUpdateByUpdateID => ExecuteSPDeleteUpdateByUpdateIDResponse);
