//! Operators: who may do what, the tokens of programs, and one's own password.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, State};
use axum::response::{Html, Redirect};
use headwater_api::{NewOperator, NewToken, OperatorAccount, OperatorChange, Role, Token};
use headwater_manager::{Manager, ManagerError, Mirror};
use headwater_model::{GroupId, Timestamp};
use headwater_operators::{Action, OperatorsError};
use headwater_words::moment::age;
use headwater_words::operator::{role, role_named, scope, state};
use headwater_words::quantity::counted;

use crate::Shared;
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query, encoded};
use crate::frame::Frame;
use crate::heads::{Head, heads, sort_by};
use crate::look::{Look, State as Shown, When};
use crate::session::Visitor;
use crate::updates::approve::moment;
use crate::updates::{Choices, choices, group_meant};
use crate::wrong::Wrong;

const COLUMNS: [(&str, &str, bool); 5] = [
    ("Name", "name*", false),
    ("Role", "role", false),
    ("Scope", "", false),
    ("State", "state", false),
    ("Created", "created", false),
];

#[derive(Template)]
#[template(path = "operators.html")]
struct Page {
    frame: Frame,
    verdict: String,
    heads: Vec<Head>,
    rows: Vec<Row>,
    tokens: Vec<TokenRow>,
    names: Vec<String>,
    /// Of a form that was not accepted.
    wrong: Wrong,
    /// The account whose role and scope are changed.
    changed: Option<Changed>,
    /// What was typed for a new account, for a new token, and whether one's own password was.
    new: Typed,
    new_scope: Choices,
    token: Typed,
    token_scope: Choices,
    is_own: bool,
    /// Shown once.
    secret: String,
}

struct Row {
    name: String,
    href: String,
    role: &'static str,
    scope: String,
    state: Shown,
    created: When,
    is_disabled: bool,
    is_locked: bool,
}

struct TokenRow {
    name: String,
    operator: String,
    role: &'static str,
    scope: String,
    description: String,
    ends: Option<When>,
    used: Option<When>,
    state: Shown,
}

struct Changed {
    name: String,
    role: String,
    groups: Choices,
    is_disabled: bool,
}

/// What stays of a form that was not accepted, but for passwords.
#[derive(Default)]
struct Typed {
    form: &'static str,
    name: String,
    role: String,
    groups: Vec<String>,
    description: String,
    operator: String,
    expires: String,
}

impl Typed {
    fn of(form: &'static str, fields: &Fields) -> Self {
        let get = |name| fields.get(name).to_owned();
        Self {
            form,
            name: get("name"),
            role: get("role"),
            groups: scopes(fields),
            description: get("description"),
            operator: get("operator"),
            expires: get("expires"),
        }
    }

    /// The id of a field of its form.
    fn element(&self, field: &str) -> String {
        let prefix = match self.form {
            "create" => "new",
            "password" => "given",
            form => form,
        };
        let name = match (self.form, field) {
            (_, "password") => "confirm",
            ("own", "new_password") => "new",
            (_, "new_password") => "password",
            (_, other) => other,
        };
        format!("{prefix}-{name}")
    }
}

/// What a page says beside the lists.
#[derive(Default)]
struct Said {
    wrong: Wrong,
    typed: Typed,
    secret: String,
}

type Answer = Result<Result<Redirect, Html<String>>, Failure>;

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    page(&manager, &visitor, &fields, Said::default()).await
}

async fn page(
    manager: &Manager,
    visitor: &Visitor,
    fields: &Fields,
    said: Said,
) -> Result<Html<String>, Failure> {
    let now = manager.now();
    let mut accounts = manager.operators.accounts(now).await.map_err(ManagerError::from)?;
    match fields.get("sort") {
        "role" => sort_by(&mut accounts, fields, |account| role(account.role)),
        "state" => sort_by(&mut accounts, fields, |one| (one.locked_until.is_none(), !one.disabled)),
        "created" => sort_by(&mut accounts, fields, |account| account.created_at),
        _ => sort_by(&mut accounts, fields, |account| account.name.to_lowercase()),
    }
    let tokens = manager.operators.tokens().await.map_err(ManagerError::from)?;
    let chosen = fields.get("change");
    let mirror = manager.mirror();
    let form = said.typed.form;
    // Each form has its own back, and the others stay as they are.
    let (mut changing, mut new, mut token) = (None, Typed::default(), Typed::default());
    match form {
        "change" => changing = Some(said.typed),
        "create" => new = said.typed,
        "token" => token = said.typed,
        _ => {}
    }
    let changed = accounts.iter().find(|account| account.name == chosen).map(|account| Changed {
        name: account.name.clone(),
        role: changing.as_ref().map_or_else(|| role(account.role).to_owned(), |typed| typed.role.clone()),
        groups: scope_choices(&mirror, changing.as_ref().map_or(&account.groups, |typed| &typed.groups)),
        is_disabled: account.disabled,
    });
    let page = Page {
        frame: Frame::new(manager, visitor, "/operators", "Operators", &Fields::default()),
        verdict: verdict(&accounts),
        heads: heads("/operators", &fields.only(&["sort", "order"]), &COLUMNS),
        rows: accounts.iter().map(|account| row(account, now)).collect(),
        tokens: tokens.iter().map(|token| token_row(token, now)).collect(),
        names: accounts.iter().map(|account| account.name.clone()).collect(),
        wrong: said.wrong,
        changed,
        new_scope: scope_choices(&mirror, &new.groups),
        new,
        token_scope: scope_choices(&mirror, &token.groups),
        token,
        is_own: form == "own",
        secret: said.secret,
    };
    Ok(Html(page.render()?))
}

/// `3 operators. anna is locked.`
fn verdict(accounts: &[OperatorAccount]) -> String {
    let mut verdict = format!("{}.", counted(accounts.len() as u64, "operator"));
    let locked: Vec<&str> = accounts
        .iter()
        .filter(|account| account.locked_until.is_some())
        .map(|account| account.name.as_str())
        .collect();
    match locked.as_slice() {
        [] => {}
        [one] => verdict += &format!(" {one} is locked: too many wrong passwords."),
        more => verdict += &format!(" {} are locked: too many wrong passwords.", more.len()),
    }
    verdict
}

fn row(account: &OperatorAccount, now: Timestamp) -> Row {
    Row {
        name: account.name.clone(),
        href: format!("/operators?change={}#change", encoded(&account.name)),
        role: role(account.role),
        scope: scope(account.role, &account.groups),
        state: match account.locked_until {
            _ if account.disabled => Shown::new(Look::Silent, state(true)),
            Some(_) => Shown::new(Look::Failed, "locked"),
            None => Shown::new(Look::InStep, state(false)),
        },
        created: When::new(account.created_at, now),
        is_disabled: account.disabled,
        is_locked: account.locked_until.is_some(),
    }
}

fn token_row(token: &Token, now: Timestamp) -> TokenRow {
    TokenRow {
        name: token.name.clone(),
        operator: token.operator.clone(),
        role: role(token.role),
        scope: scope(token.role, &token.groups),
        description: token.description.clone(),
        ends: token.expires_at.map(|at| When::new(at, now)),
        used: token.last_used_at.map(|at| When::new(at, now)),
        state: match token.expires_at.is_some_and(|end| end <= now) {
            true => Shown::new(Look::Silent, "has ended"),
            false => Shown::new(Look::InStep, "lets in"),
        },
    }
}

pub(crate) async fn create(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    let typed = || Typed::of("create", &fields);
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        return unconfirmed(&manager, &visitor, &why, typed()).await;
    }
    let new = NewOperator {
        name: fields.get("name").to_owned(),
        role: chosen_role(&fields)?,
        groups: scopes(&fields),
        password: fields.get("new_password").to_owned(),
    };
    done(&manager, &visitor, manager.operators.create(&new, by, manager.now()).await, typed()).await
}

pub(crate) async fn change(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    let typed = || Typed::of("change", &fields);
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        return unconfirmed(&manager, &visitor, &why, typed()).await;
    }
    let groups = Some(scopes(&fields));
    let change = OperatorChange { role: Some(chosen_role(&fields)?), groups, disabled: None };
    let changed = manager.operators.change(fields.get("name"), &change, by, manager.now()).await;
    done(&manager, &visitor, changed, typed()).await
}

/// Whether an account is to be disabled or deleted.
pub(crate) async fn ask(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    visitor.permitted(Action::Administer)?;
    let (name, act) = (fields.get("name"), fields.get("act"));
    manager.operators.account(name, manager.now()).await.map_err(ManagerError::from)?;
    let tokens = manager.operators.tokens().await.map_err(ManagerError::from)?;
    let own: Vec<String> =
        tokens.into_iter().filter(|token| token.operator == name).map(|token| token.name).collect();
    let tokens = counted(own.len() as u64, "token");
    let (verdict, button) = match act {
        "disable" => (
            format!("Disable {name}? Sessions end, and {tokens} of programs are refused."),
            format!("Disable {name}"),
        ),
        "delete" => {
            (format!("Delete the account of {name}, with {tokens} of programs?"), format!("Delete {name}"))
        }
        _ => return Err(Failure::invalid("there is nothing of this kind to ask about an operator")),
    };
    let question = Confirm {
        verdict,
        note: match act {
            "delete" => "What it did stays in the history. It does not come back.".to_owned(),
            _ => "It can be enabled again.".to_owned(),
        },
        hidden: vec![("name", name.to_owned()), ("act", act.to_owned())],
        button,
        ..Confirm::new(
            Frame::new(&manager, &visitor, "/operators", "Operators", &Fields::default()),
            "/operators/act",
            "/operators",
        )
    };
    question.counting("tokens", own.len() as u64).listing("Tokens in its name", own).page()
}

/// Whether a token is to be revoked.
pub(crate) async fn ask_revoke(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    visitor.permitted(Action::Administer)?;
    let name = fields.get("name");
    let tokens = manager.operators.tokens().await.map_err(ManagerError::from)?;
    let found = tokens.into_iter().find(|token| token.name == name);
    let token = found.ok_or_else(|| Failure::not_found(format!("there is no token {name} any more")))?;
    let question = Confirm {
        verdict: format!("Revoke the token {name}? Programs with it are refused from then on."),
        note: match token.last_used_at {
            Some(at) => format!("It was last used {}. It does not come back.", age(at, manager.now())),
            None => "It was never used. It does not come back.".to_owned(),
        },
        hidden: vec![("name", name.to_owned())],
        button: format!("Revoke 1 token: {name}"),
        ..Confirm::new(
            Frame::new(&manager, &visitor, "/operators", "Operators", &Fields::default()),
            "/tokens/revoke",
            "/operators#tokens",
        )
    };
    question.page()
}

/// Disables, enables, unlocks or deletes an account. Only enabling gives access.
pub(crate) async fn act(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    if fields.get("act") == "enable"
        && let Err(why) = visitor.confirmed(&manager, &fields, peer).await
    {
        return unconfirmed(&manager, &visitor, &why, Typed::of("enable", &fields)).await;
    }
    let (name, now, operators) = (fields.get("name"), manager.now(), &manager.operators);
    let disabled = |disabled| OperatorChange { disabled: Some(disabled), ..OperatorChange::default() };
    let acted = match fields.get("act") {
        "disable" => operators.change(name, &disabled(true), by, now).await.map(drop),
        "enable" => operators.change(name, &disabled(false), by, now).await.map(drop),
        "unlock" => operators.unlock(name, by, now).await.map(drop),
        "delete" => operators.delete(name, by, now).await,
        _ => return Err(Failure::invalid("there is nothing of this kind to do with an operator")),
    };
    done(&manager, &visitor, acted, Typed::default()).await
}

/// Another password: an administrator gives any, everybody else their own. The old one ends with its sessions.
pub(crate) async fn password(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let name = fields.get("name");
    let is_own = visitor.asking().is(name);
    if !is_own {
        visitor.permitted(Action::Administer)?;
    }
    let typed = || Typed::of(if is_own { "own" } else { "password" }, &fields);
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        return unconfirmed(&manager, &visitor, &why, typed()).await;
    }
    let by = visitor.permitted(Action::Read)?;
    let set = manager.operators.set_password(name, fields.get("new_password"), by, manager.now()).await;
    done(&manager, &visitor, set, typed()).await
}

pub(crate) async fn create_token(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    let typed = || Typed::of("token", &fields);
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        return unconfirmed(&manager, &visitor, &why, typed()).await;
    }
    let new = NewToken {
        name: fields.get("name").to_owned(),
        role: chosen_role(&fields)?,
        groups: scopes(&fields),
        description: fields.get("description").to_owned(),
        operator: fields.text("operator"),
        expires_at: fields.text("expires").map(|text| moment(&text)).transpose()?,
    };
    match manager.operators.create_token(&new, by, manager.now()).await {
        Ok(made) => {
            let said = Said { secret: made.secret, ..Said::default() };
            Ok(Err(page(&manager, &visitor, &Fields::default(), said).await?))
        }
        Err(error) => done(&manager, &visitor, Err::<(), _>(error), typed()).await,
    }
}

pub(crate) async fn revoke_token(State(manager): Shared, visitor: Visitor, Form(fields): Form) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    let revoked = manager.operators.revoke_token(fields.get("name"), by, manager.now()).await;
    done(&manager, &visitor, revoked, Typed::default()).await
}

/// Back to the list, or the form once more with what was typed.
async fn done<T>(
    manager: &Manager,
    visitor: &Visitor,
    outcome: Result<T, OperatorsError>,
    typed: Typed,
) -> Answer {
    match outcome {
        Ok(_) => Ok(Ok(Redirect::to("/operators"))),
        Err(error @ (OperatorsError::Invalid { .. } | OperatorsError::Conflict(_))) => {
            let wrong = Wrong::of(&error.into(), |field| typed.element(field));
            again(manager, visitor, wrong, typed).await
        }
        Err(error) => Err(ManagerError::from(error).into()),
    }
}

/// Again, for the visitor's own password was not right.
async fn unconfirmed(manager: &Manager, visitor: &Visitor, why: &Failure, typed: Typed) -> Answer {
    let wrong = Wrong::password(typed.element("password"), why);
    again(manager, visitor, wrong, typed).await
}

async fn again(manager: &Manager, visitor: &Visitor, wrong: Wrong, typed: Typed) -> Answer {
    let change = match typed.form {
        "change" | "enable" | "password" => {
            Fields::parse(format!("change={}", encoded(&typed.name)).as_bytes())
        }
        _ => Fields::default(),
    };
    let said = Said { wrong, typed, ..Said::default() };
    Ok(Err(page(manager, visitor, &change, said).await?))
}

/// The groups of a scope: chosen, or one on each line.
fn scopes(fields: &Fields) -> Vec<String> {
    let lines = fields.all("groups").flat_map(str::lines).map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// All groups, those of a scope chosen. A scope with what is no group any more is typed, so that nothing of it is
/// lost.
fn scope_choices(mirror: &Mirror, scope: &[String]) -> Choices {
    let mut choices = choices(mirror, None);
    let ids: Vec<_> = scope.iter().map(|one| group_meant(mirror, one)).collect();
    let is_known = |id: &Option<GroupId>| id.is_some_and(|id| mirror.tree.group(id).is_some());
    choices.is_typed |= !choices.is_any || !ids.iter().all(is_known);
    choices.typed = scope.join("\n");
    for choice in &mut choices.choices {
        choice.is_chosen = ids.iter().flatten().any(|id| id.to_string() == choice.id);
    }
    choices
}

fn chosen_role(fields: &Fields) -> Result<Role, Failure> {
    role_named(fields.get("role")).ok_or_else(|| Failure::invalid("choose a role"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_request_has_its_element_in_each_form() {
        let element = |form, field| Typed { form, ..Typed::default() }.element(field);
        assert_eq!(element("create", "new_password"), "new-password");
        assert_eq!(element("create", "password"), "new-confirm");
        assert_eq!(element("change", "groups"), "change-groups");
        assert_eq!(element("change", "password"), "change-confirm");
        assert_eq!(element("token", "expires"), "token-expires");
        assert_eq!(element("password", "new_password"), "given-password");
        assert_eq!(element("password", "password"), "given-confirm");
        assert_eq!(
            (element("own", "new_password"), element("own", "password")),
            ("own-new".into(), "own-confirm".into())
        );
    }
}
