//! A generator of catalogues as real ones are, the rule by which a simulated computer of a fleet
//! evaluates them, and the load of many computers.
//!
//! [`Catalogue`] yields whole update documents in the form of GetUpdateData ([MS-WSUSSS] 3.1.4.6):
//! the size, shape and proportions follow a synchronised Windows 11 catalogue and a real export;
//! every name, id and digest is invented. The same [`Spec`] yields the same bytes on every machine.
//!
//! # What a simulated computer makes of it
//!
//! A server delivers a revision when each clause of its prerequisites has an alternative among the
//! installed non-leaf updates (fact 21), so the answers of the computer decide how much it
//! receives. The generated rules ask for values that a simulated computer, a [`Profile`], has by
//! its number alone; [`evaluate`] answers them:
//!
//! * The updates for one *kind of computer* share a slot. A catalogue has as many slots as give each
//!   computer about 1,100 revisions; a computer holds one. Families and products of its slot are
//!   installed, and so are nine in ten of the non-leaf detectoids below them.
//! * Companies and classifications are installed everywhere; processor architectures by slot.
//! * Leaves, which decide no delivery, are installed by a draw from the update's id and the number
//!   of the computer. Most software is installed, a little is needed, the rest is not applicable.

mod catalogue;
mod census;
mod computers;
pub mod content;
mod draw;
mod evaluate;
pub mod events;
mod file;
mod languages;
mod manifest;
mod measure;
mod plan;
mod render;
mod rules;
pub mod scan;
mod spec;
mod titles;
mod write;

pub use catalogue::{Catalogue, DocumentKind, GeneratedDocument};
pub use evaluate::{Profile, evaluate};
pub use file::GeneratedFile;
pub use measure::Figures;
pub use spec::{Spec, SpecError};
pub use write::{Summary, WriteError, write};
