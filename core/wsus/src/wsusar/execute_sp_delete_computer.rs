//! ExecuteSPDeleteComputer: forgets a computer.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPDeleteComputer
    ///
    /// It is known again with its next contact.
    pub struct ExecuteSPDeleteComputer {
        "id" => id: Option<String>,
    }

    /// ApiRemoting30 ExecuteSPDeleteComputer, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPDeleteComputerResponse {}
}

operations!(ADMINISTRATION; ExecuteSPDeleteComputer => ExecuteSPDeleteComputerResponse);
