//! GetDatabaseConfiguration: where the database is.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 GetDatabaseConfiguration
    #[derive(Copy, Default)]
    pub struct GetDatabaseConfiguration {}

    /// ApiRemoting30 GetDatabaseConfiguration, response
    pub struct GetDatabaseConfigurationResponse {
        "serverName" => server_name: Option<String>,
        "databaseName" => database_name: Option<String>,
        "wmsdeInstanceName" => wmsde_instance_name: Option<String>,
    }
}

operations!(ADMINISTRATION; GetDatabaseConfiguration => GetDatabaseConfigurationResponse);
