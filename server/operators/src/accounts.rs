//! Accounts and the tokens of programs: made, changed, ended. Who may do that is decided before.

use headwater_api::{MadeToken, NewOperator, NewToken, OperatorAccount, OperatorChange, Role, Token};
use headwater_model::Timestamp;
use headwater_store::{AccountChange, AccountOutcome, AccountRow, Grant, TokenKind, TokenRow};

use headwater_words::operator::{role as word, role_named};

use crate::{
    NAME_CHARS_MAX, Operator, Operators, OperatorsError, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Result,
    Scope, hash, lockout, random, readable, token_hash,
};

/// Accounts of a server, and as many tokens of programs: lists are always whole.
const ACCOUNTS_MAX: usize = 1_000;
/// Groups of one scope: more are a role without one.
const GROUPS_MAX: usize = 1_000;
/// The longest name of a group, in characters (the column of a Microsoft WSUS).
const GROUP_CHARS_MAX: usize = headwater_api::GROUP_NAME_CHARS_MAX;
const DESCRIPTION_CHARS_MAX: usize = 255;

impl Operators {
    /// All accounts, by name.
    pub async fn accounts(&self, now: Timestamp) -> Result<Vec<OperatorAccount>> {
        let failures = self.store.all_failures().await?;
        let locked = |name: &str| {
            let known = failures.iter().find(|(of, _)| of == name).map(|(_, failures)| failures);
            lockout::locked_until(known, now)
        };
        let rows = self.store.accounts().await?;
        rows.iter().map(|row| told(row, locked(&row.name))).collect()
    }

    pub async fn account(&self, name: &str, now: Timestamp) -> Result<OperatorAccount> {
        let row = self.row(name).await?;
        told(&row, lockout::locked_until(self.store.failures(name).await?.as_ref(), now))
    }

    pub async fn create(&self, new: &NewOperator, by: &str, now: Timestamp) -> Result<OperatorAccount> {
        let name = name_of(&new.name, "an operator")?;
        // It ends the name in the header of a request (RFC 7617, 2).
        if name.contains(':') {
            return Err(invalid("name", format!("the name `{name}` has a colon: choose another")));
        }
        if self.store.accounts().await?.len() >= ACCOUNTS_MAX {
            let full = format!("there are {ACCOUNTS_MAX} operators already: delete one first");
            return Err(OperatorsError::Conflict(full));
        }
        let row = AccountRow {
            name: name.clone(),
            grant: grant(new.role, &new.groups)?,
            disabled: false,
            created_at: now,
            password_hash: hashed(&new.password).await?,
        };
        let change = change(by, now, "create operator", &name, None, Some(said(&row)));
        if !self.store.add_account(&row, change).await? {
            let taken = format!("there is an operator `{name}` already: choose another name");
            return Err(OperatorsError::Conflict(taken));
        }
        told(&row, None)
    }

    /// Another role or scope, or whether it is disabled; what is not said stays. Whoever is no operator any
    /// more has no scope.
    pub async fn change(
        &self,
        name: &str,
        asked: &OperatorChange,
        by: &str,
        now: Timestamp,
    ) -> Result<OperatorAccount> {
        let row = self.row(name).await?;
        let role = asked.role.unwrap_or(role(&row.grant)?);
        let groups = match &asked.groups {
            Some(groups) => groups.clone(),
            None if role == Role::Operator => groups(&row.grant),
            None => Vec::new(),
        };
        let new = AccountRow {
            grant: grant(role, &groups)?,
            disabled: asked.disabled.unwrap_or(row.disabled),
            ..row.clone()
        };
        let what = match (row.disabled, new.disabled) {
            (false, true) => "disable operator",
            (true, false) => "enable operator",
            _ => "change operator",
        };
        let change = change(by, now, what, name, Some(said(&row)), Some(said(&new)));
        let outcome = self.store.change_account(name, &new.grant, new.disabled, change).await?;
        done(outcome, name, "give the role to another operator first")?;
        self.account(name, now).await
    }

    /// Another password, which ends all sessions of the account.
    pub async fn set_password(&self, name: &str, password: &str, by: &str, now: Timestamp) -> Result<()> {
        self.row(name).await?;
        let hash = hashed(password).await?;
        let change = change(by, now, "change password", name, None, None);
        done(self.store.set_password(name, &hash, change).await?, name, "")
    }

    /// Removes an account with its tokens.
    pub async fn delete(&self, name: &str, by: &str, now: Timestamp) -> Result<()> {
        let row = self.row(name).await?;
        let change = change(by, now, "delete operator", name, Some(said(&row)), None);
        done(self.store.remove_account(name, change).await?, name, "give the role to another operator first")
    }

    /// Forgets the wrong passwords that were given for an account.
    pub async fn unlock(&self, name: &str, by: &str, now: Timestamp) -> Result<OperatorAccount> {
        self.row(name).await?;
        let known = self.store.failures(name).await?;
        let before = lockout::locked_until(known.as_ref(), now).map(|until| format!("locked until {until}"));
        let after = before.as_ref().map(|_| "not locked".to_owned());
        self.store.unlock(name, change(by, now, "unlock operator", name, before, after)).await?;
        self.account(name, now).await
    }

    /// The tokens of programs, by name.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        self.store.programs().await?.iter().map(token).collect()
    }

    /// A token for a program, in the name of an operator.
    pub async fn create_token(&self, new: &NewToken, by: &str, now: Timestamp) -> Result<MadeToken> {
        let name = name_of(&new.name, "a token")?;
        let operator = new.operator.as_deref().unwrap_or(by);
        self.row(operator).await?;
        if new.description.chars().count() > DESCRIPTION_CHARS_MAX {
            let long = format!("a description has at most {DESCRIPTION_CHARS_MAX} characters");
            return Err(invalid("description", long));
        }
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(invalid("expires", "the token would have expired already".to_owned()));
        }
        if self.store.programs().await?.len() >= ACCOUNTS_MAX {
            let full = format!("there are {ACCOUNTS_MAX} tokens already: revoke one first");
            return Err(OperatorsError::Conflict(full));
        }
        let row = TokenRow {
            kind: TokenKind::Program,
            name: name.clone(),
            operator: operator.to_owned(),
            grant: grant(new.role, &new.groups)?,
            description: new.description.clone(),
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let secret = readable(&random::<40>()?);
        let change = change(by, now, "create token", &name, None, Some(said_of_token(&row)));
        if !self.store.add_program(&token_hash(&secret), &row, change).await? {
            let taken = format!("there is a token `{name}` already: choose another name, or revoke it first");
            return Err(OperatorsError::Conflict(taken));
        }
        Ok(MadeToken { secret, token: token(&row)? })
    }

    /// Ends a token: it lets nobody in any more.
    pub async fn revoke_token(&self, name: &str, by: &str, now: Timestamp) -> Result<()> {
        let known = self.store.programs().await?.into_iter().find(|row| row.name == name);
        let before = known.as_ref().map(said_of_token);
        match self.store.remove_program(name, change(by, now, "revoke token", name, before, None)).await? {
            true => Ok(()),
            false => {
                let none = format!("there is no token `{name}`; `headwater token list` shows all");
                Err(OperatorsError::NotFound(none))
            }
        }
    }

    async fn row(&self, name: &str) -> Result<AccountRow> {
        self.store.account(name).await?.ok_or_else(|| unknown(name))
    }
}

/// Who signs in to an account.
pub(crate) fn operator(row: &AccountRow) -> Result<Operator> {
    let (role, scope) = granted(&row.grant)?;
    Ok(Operator { name: row.name.clone(), role, scope })
}

pub(crate) fn granted(grant: &Grant) -> Result<(Role, Scope)> {
    Ok((role(grant)?, Scope::of(&groups(grant))))
}

fn role(grant: &Grant) -> Result<Role> {
    let found = role_named(&grant.role);
    found.ok_or(OperatorsError::Internal("an account has a role that is not known here"))
}

fn groups(grant: &Grant) -> Vec<String> {
    grant.scope.iter().flat_map(|scope| scope.lines()).map(str::to_owned).collect()
}

fn grant(role: Role, groups: &[String]) -> Result<Grant> {
    let invalid = |reason: String| Err(invalid("groups", reason));
    if !groups.is_empty() && role != Role::Operator {
        return invalid(format!("the role {} has no scope: leave out the groups", word(role)));
    }
    if groups.len() > GROUPS_MAX {
        return invalid(format!("a scope has at most {GROUPS_MAX} groups"));
    }
    let is_name = |group: &String| {
        let len = group.trim().chars().count();
        (1..=GROUP_CHARS_MAX).contains(&len) && !group.contains(char::is_control)
    };
    if let Some(odd) = groups.iter().find(|group| !is_name(group)) {
        return invalid(format!("`{}` is no name of a group", odd.chars().take(64).collect::<String>()));
    }
    let lines = groups.iter().map(|group| group.trim()).collect::<Vec<_>>().join("\n");
    Ok(Grant { role: word(role).to_owned(), scope: Some(lines).filter(|lines| !lines.is_empty()) })
}

fn invalid(field: &'static str, what: String) -> OperatorsError {
    OperatorsError::Invalid { field, what }
}

fn name_of(text: &str, whose: &str) -> Result<String> {
    let name = text.trim();
    match name.chars().count() {
        1..=NAME_CHARS_MAX if !name.contains(|c: char| c.is_control() || c == '/') => Ok(name.to_owned()),
        _ => {
            let odd =
                format!("the name of {whose} has 1 to {NAME_CHARS_MAX} characters, and no slash among them");
            Err(invalid("name", odd))
        }
    }
}

async fn hashed(password: &str) -> Result<String> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        let weak = format!(
            "the password has fewer than {PASSWORD_CHARS_MIN} characters, or more than {PASSWORD_BYTES_MAX} bytes"
        );
        return Err(invalid("new_password", weak));
    }
    let (password, salt) = (password.to_owned(), random::<16>()?);
    let hashed = tokio::task::spawn_blocking(move || hash(&password, &salt)).await;
    hashed.map_err(|_| OperatorsError::Internal("hashing was stopped"))?
}

fn done(outcome: AccountOutcome, name: &str, advice: &str) -> Result<()> {
    match outcome {
        AccountOutcome::Done => Ok(()),
        AccountOutcome::Unknown => Err(unknown(name)),
        AccountOutcome::LastAdministrator => Err(OperatorsError::Conflict(format!(
            "`{name}` is the last administrator who can sign in: {advice}"
        ))),
    }
}

fn unknown(name: &str) -> OperatorsError {
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    OperatorsError::NotFound(format!("there is no operator `{name}`; `headwater operator list` shows all"))
}

fn change(
    by: &str,
    at: Timestamp,
    what: &'static str,
    detail: &str,
    before: Option<String>,
    after: Option<String>,
) -> AccountChange {
    AccountChange { at, by: by.to_owned(), what, detail: detail.to_owned(), before, after }
}

/// An account in the words of the record.
fn said(row: &AccountRow) -> String {
    let disabled = if row.disabled { ", disabled" } else { "" };
    format!("{}{disabled}", said_of(&row.grant))
}

fn said_of(grant: &Grant) -> String {
    match groups(grant).as_slice() {
        [] => grant.role.clone(),
        groups => format!("{} for {}", grant.role, groups.join(", ")),
    }
}

fn said_of_token(row: &TokenRow) -> String {
    let until = row.expires_at.map_or_else(String::new, |end| format!(" until {end}"));
    format!("{} in the name of {}{until}", said_of(&row.grant), row.operator)
}

fn told(row: &AccountRow, locked_until: Option<Timestamp>) -> Result<OperatorAccount> {
    Ok(OperatorAccount {
        name: row.name.clone(),
        role: role(&row.grant)?,
        groups: groups(&row.grant),
        disabled: row.disabled,
        created_at: row.created_at,
        locked_until,
    })
}

fn token(row: &TokenRow) -> Result<Token> {
    Ok(Token {
        name: row.name.clone(),
        operator: row.operator.clone(),
        role: role(&row.grant)?,
        groups: groups(&row.grant),
        description: row.description.clone(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    })
}
