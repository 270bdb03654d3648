//! The calls of GetExtendedUpdateInfo ([MS-WUSP] 3.1.5.9).

use std::collections::{BTreeMap, HashSet};

use headwater_wsus::wusp::{GetExtendedUpdateInfo, UpdateData, XmlUpdateFragmentType};

use super::{CLIENT_PATH, Exchange, Progress, Violation, Walk, WalkError, read};
use crate::extended_fragment::ExtendedFragment;
use crate::{Cached, Extended, UpdateType};

/// Revisions of one call where the configuration says nothing (fact 32).
const UPDATES_AT_ONCE: usize = 50;

impl Walk {
    /// The next revisions of which nothing but the Core fragment is known and more is wanted.
    fn without_extended(&self) -> Vec<i32> {
        let at_once = self.memory.config.as_ref().and_then(|config| {
            let mut properties = config.properties.iter();
            let property = properties.find(|property| property.name == "MaxExtendedUpdatesPerRequest")?;
            property.value.parse().ok()
        });
        let wanted = |cached: &Cached| {
            cached.extended.is_none()
                && (cached.evaluation.installable || cached.update_type == UpdateType::Category)
        };
        let ids = self.memory.cache.iter().filter(|(_, cached)| wanted(cached)).map(|(id, _)| id);
        ids.take(at_once.unwrap_or(UPDATES_AT_ONCE)).collect()
    }

    pub(super) fn get_extended_update_info(&self) -> Option<Exchange> {
        let revision_ids = self.without_extended();
        if revision_ids.is_empty() {
            return None;
        }
        let request = GetExtendedUpdateInfo {
            cookie: self.memory.cookie.clone()?,
            revision_ids,
            info_types: vec![XmlUpdateFragmentType::Extended, XmlUpdateFragmentType::LocalizedProperties],
            locales: vec!["en-US".to_owned(), "en".to_owned()],
            geo_id: Some("USA".to_owned()),
            caller_attributes: Some("Interactive=0;".to_owned()),
        };
        Some(Exchange::new(CLIENT_PATH, &request))
    }

    pub(super) fn take_extended(&mut self, answer: &str) -> Result<Progress, WalkError> {
        let info = read::<GetExtendedUpdateInfo>(answer)?.result;
        let asked = self.without_extended();
        let mut known = gather(info.updates)?;
        if let Some(other) = known.keys().find(|id| !asked.contains(id)) {
            return Err(Violation::FragmentNotAsked(*other).into());
        }
        let locations = info.file_locations.into_iter().map(|found| (found.file_digest, found.url));
        self.memory.locations.extend(locations);
        let gone: HashSet<i32> = info.out_of_scope_revision_ids.into_iter().collect();
        for id in asked {
            if gone.contains(&id) {
                self.memory.cache.remove(id);
                self.scan.out_of_scope.push(id);
                continue;
            }
            let extended = known.remove(&id).ok_or(Violation::NoExtended(id))?;
            let missing = extended.files.iter().find(|file| self.location(file.sha1).is_none());
            if let Some(file) = missing {
                return Err(Violation::NoLocation(file.sha1).into());
            }
            if let Some(cached) = self.memory.cache.get_mut(id) {
                cached.extended = Some(Box::new(extended));
            }
        }
        Ok(Progress::More)
    }
}

/// Puts the fragments of each revision together: one Extended, and at most one localized.
fn gather(updates: Vec<UpdateData>) -> Result<BTreeMap<i32, Extended>, Violation> {
    let mut extended: BTreeMap<i32, Extended> = BTreeMap::new();
    let mut localized = Vec::new();
    for UpdateData { id, xml } in updates {
        match ExtendedFragment::read(&xml).map_err(|reason| Violation::Fragment { id, reason })? {
            ExtendedFragment::Extended { files } => {
                let new = Extended { title: String::new(), files };
                if extended.insert(id, new).is_some() {
                    return Err(Violation::Twice(id));
                }
            }
            ExtendedFragment::Localized { title } => localized.push((id, title)),
        }
    }
    for (id, title) in localized {
        let known = extended.get_mut(&id).ok_or(Violation::NoExtended(id))?;
        if !std::mem::replace(&mut known.title, title).is_empty() {
            return Err(Violation::Twice(id));
        }
    }
    Ok(extended)
}
