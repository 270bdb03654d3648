//! RegisterComputer ([MS-WUSP] 3.1.5.5).

use headwater_store::{ComputerDetails, ComputerWrite};

use super::Session;
use crate::error::ClientFault;
use crate::start::App;

impl App {
    /// Keeps what a computer says about itself.
    pub async fn register_computer(
        &self,
        session: &Session,
        details: ComputerDetails,
    ) -> Result<(), ClientFault> {
        if self.live.member(&session.cookie.client).is_none() {
            // Deleted since it got its cookie: it has to introduce itself again.
            return Err(ClientFault::ConfigChanged);
        }
        let client = session.cookie.client.clone();
        self.flag_other_name(&client, &details.dns_name).await?;
        self.write(ComputerWrite::Register { client, details: Box::new(details), at: session.now }).await
    }
}
