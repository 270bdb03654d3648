//! ExecuteSPDeleteDownstreamServer: forgets a server below.

use headwater_model::ServerId;

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPDeleteDownstreamServer
    ///
    /// One that is alive is known again with its next synchronisation.
    #[derive(Copy)]
    pub struct ExecuteSPDeleteDownstreamServer {
        "id" => id: ServerId,
    }

    /// ApiRemoting30 ExecuteSPDeleteDownstreamServer, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPDeleteDownstreamServerResponse {}
}

operations!(ADMINISTRATION; ExecuteSPDeleteDownstreamServer => ExecuteSPDeleteDownstreamServerResponse);
