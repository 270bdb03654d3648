//! ExecuteSPAcceptEula: accepts a licence.

use headwater_model::Guid;

use super::{ADMINISTRATION, UpdateRevisionId};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPAcceptEula
    pub struct ExecuteSPAcceptEula {
        "eulaId" => eula_id: Guid,
        /// For the history of the server, which does not check it.
        "adminName" => admin_name: Option<String>,
        /// An update that needs the licence.
        "updateId" => update_id: Option<UpdateRevisionId>,
    }

    /// ApiRemoting30 ExecuteSPAcceptEula, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPAcceptEulaResponse {}
}

operations!(ADMINISTRATION; ExecuteSPAcceptEula => ExecuteSPAcceptEulaResponse);
