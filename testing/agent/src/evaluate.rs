//! What a computer makes of an update: the part of an agent that is Windows, not protocol.

use std::collections::HashSet;

use headwater_model::UpdateId;

use crate::{Core, UpdateType};

/// What the applicability rules of an update say on a computer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evaluation {
    pub installed: bool,
    /// Applicable and not installed: the computer needs it.
    pub installable: bool,
}

impl Evaluation {
    pub const INSTALLED: Self = Self { installed: true, installable: false };
    pub const INSTALLABLE: Self = Self { installed: false, installable: true };
    pub const NOT_APPLICABLE: Self = Self { installed: false, installable: false };
}

/// Decides by the Core fragment of a revision.
pub trait Evaluator: Send + Sync {
    fn evaluate(&self, core: &Core<'_>) -> Evaluation;
}

impl<F: Fn(&Core<'_>) -> Evaluation + Send + Sync> Evaluator for F {
    fn evaluate(&self, core: &Core<'_>) -> Evaluation {
        self(core)
    }
}

/// A computer that has every product and needs all software.
#[derive(Debug, Clone, Copy, Default)]
pub struct DetectoidsInstalled;

impl Evaluator for DetectoidsInstalled {
    fn evaluate(&self, core: &Core<'_>) -> Evaluation {
        match core.update_type {
            UpdateType::Category | UpdateType::Detectoid => Evaluation::INSTALLED,
            UpdateType::Software | UpdateType::Driver => Evaluation::INSTALLABLE,
        }
    }
}

/// A computer of which all is known; what is in neither set is not applicable.
#[derive(Debug, Clone, Default)]
pub struct BySet {
    pub installed: HashSet<UpdateId>,
    pub installable: HashSet<UpdateId>,
}

impl Evaluator for BySet {
    fn evaluate(&self, core: &Core<'_>) -> Evaluation {
        let installed = self.installed.contains(&core.identity.id);
        Evaluation { installed, installable: !installed && self.installable.contains(&core.identity.id) }
    }
}
