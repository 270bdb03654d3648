//! `Relationships`: what an update requires, bundles and supersedes.

use headwater_model::{UpdateId, UpdateIdentity};
use headwater_xml::Error;

use super::{Reason, value};
use crate::facts::Clause;
use crate::limits::{ALTERNATIVES_MAX, CLAUSES_MAX, SUPERSEDED_MAX};
use crate::scribe::{Scribe, Tag};

#[derive(Default)]
pub(super) struct Relationships {
    pub(super) prerequisites: Vec<Clause>,
    pub(super) bundles: Vec<Vec<UpdateIdentity>>,
    pub(super) supersedes: Vec<UpdateId>,
}

pub(super) fn read(scribe: &mut Scribe<'_>, out: &mut String) -> Result<Relationships, Reason> {
    let mut relationships = Relationships::default();
    while let Some(tag) = scribe.child(out)? {
        match tag.name() {
            "Prerequisites" => {
                let clauses = clauses(scribe, "Prerequisites", out, update_id)?;
                relationships.prerequisites = clauses
                    .into_iter()
                    .map(|(is_category, alternatives)| Clause { alternatives, is_category })
                    .collect();
            }
            "BundledUpdates" => {
                let clauses = clauses(scribe, "BundledUpdates", out, identity)?;
                relationships.bundles = clauses.into_iter().map(|(_, members)| members).collect();
            }
            "SupersededUpdates" => relationships.supersedes = superseded(scribe, out)?,
            _ => scribe.rest(out)?,
        }
    }
    Ok(relationships)
}

/// The id and revision that an element names.
pub(super) fn identity(tag: &Tag<'_>) -> Result<UpdateIdentity, Reason> {
    let revision = value::required(tag, "RevisionNumber")?;
    let revision = value::parse("RevisionNumber", &revision, "a revision number")?;
    Ok(UpdateIdentity { id: update_id(tag)?, revision })
}

fn update_id(tag: &Tag<'_>) -> Result<UpdateId, Reason> {
    value::parse("UpdateID", &value::required(tag, "UpdateID")?, "a GUID")
}

/// Clauses in conjunctive normal form: an `AtLeastOne`, or one update by itself. The first
/// value of each is its `IsCategory`.
fn clauses<T>(
    scribe: &mut Scribe<'_>,
    name: &'static str,
    out: &mut String,
    member: impl Fn(&Tag<'_>) -> Result<T, Reason>,
) -> Result<Vec<(bool, Vec<T>)>, Reason> {
    let mut clauses = Vec::new();
    let mut members = 0;
    while let Some(tag) = scribe.child(out)? {
        let mut alternatives = Vec::new();
        match tag.name() {
            "UpdateIdentity" => {
                alternatives.push(member(&tag)?);
                scribe.rest(out)?;
            }
            "AtLeastOne" => {
                while let Some(tag) = scribe.child(out)? {
                    expect(&tag, "UpdateIdentity")?;
                    value::push(&mut alternatives, member(&tag)?, name, ALTERNATIVES_MAX)?;
                    scribe.rest(out)?;
                }
            }
            _ => expect(&tag, "AtLeastOne")?,
        }
        if alternatives.is_empty() {
            return Err(Reason::EmptyClause(name));
        }
        members += alternatives.len();
        if members > ALTERNATIVES_MAX {
            return Err(Error::TooMany { name, max: ALTERNATIVES_MAX }.into());
        }
        value::push(&mut clauses, (value::boolean(&tag, "IsCategory")?, alternatives), name, CLAUSES_MAX)?;
    }
    Ok(clauses)
}

fn superseded(scribe: &mut Scribe<'_>, out: &mut String) -> Result<Vec<UpdateId>, Reason> {
    let mut ids = Vec::new();
    while let Some(tag) = scribe.child(out)? {
        expect(&tag, "UpdateIdentity")?;
        value::push(&mut ids, update_id(&tag)?, "SupersededUpdates", SUPERSEDED_MAX)?;
        scribe.rest(out)?;
    }
    Ok(ids)
}

/// A relation that we do not know is one that we would not keep.
fn expect(tag: &Tag<'_>, expected: &'static str) -> Result<(), Reason> {
    if tag.name() == expected {
        return Ok(());
    }
    let found = tag.element().qualified_name().chars().take(64).collect();
    Err(Error::UnexpectedElement { expected, found }.into())
}
