//! Operators, their tokens and the record, in the order of [`headwater_api::path`].

use headwater_api::{
    AuditEntry, AuditQuery, MadeToken, NewOperator, NewPassword, NewToken, OperatorAccount, OperatorChange,
    Page, Token, path,
};

use crate::address::path_with;
use crate::{Answer, Client, Error};

impl Client {
    pub fn audit(&self, query: &AuditQuery) -> Result<Answer<Page<AuditEntry>>, Error> {
        self.get(path::AUDIT, query)
    }

    pub fn operators(&self) -> Result<Answer<Page<OperatorAccount>>, Error> {
        self.get(path::OPERATORS, &())
    }

    pub fn create_operator(&self, new: &NewOperator) -> Result<Answer<OperatorAccount>, Error> {
        self.post(path::OPERATORS, new)
    }

    pub fn change_operator(
        &self,
        name: &str,
        change: &OperatorChange,
    ) -> Result<Answer<OperatorAccount>, Error> {
        self.put(&path_with(path::OPERATOR, name), change)
    }

    pub fn delete_operator(&self, name: &str) -> Result<(), Error> {
        self.delete(&path_with(path::OPERATOR, name))
    }

    pub fn set_password(&self, name: &str, password: &NewPassword) -> Result<(), Error> {
        self.put_for_nothing(&path_with(path::OPERATOR_PASSWORD, name), password)
    }

    pub fn unlock_operator(&self, name: &str) -> Result<Answer<OperatorAccount>, Error> {
        self.post(&path_with(path::OPERATOR_UNLOCK, name), &serde_json::Map::new())
    }

    pub fn tokens(&self) -> Result<Answer<Page<Token>>, Error> {
        self.get(path::TOKENS, &())
    }

    pub fn create_token(&self, new: &NewToken) -> Result<Answer<MadeToken>, Error> {
        self.post(path::TOKENS, new)
    }

    pub fn revoke_token(&self, name: &str) -> Result<(), Error> {
        self.delete(&path_with(path::TOKEN, name))
    }
}
