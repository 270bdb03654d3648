//! The inventory of event 156: every update that an agent found needed or installed.

use std::collections::BTreeMap;

use headwater_model::UpdateId;

use super::State;

/// The most ids of one inventory; a Windows 11 computer has 50 to 1,000.
pub const INVENTORY_IDS_MAX: usize = 10_000;

/// The tags of MiscData that list updates ([MS-WUSP] 2.2.2.3.1, *MiscData Table*; fact 41). An
/// update that is in several lists is in the state of the last of them here: what is known more
/// exactly than "needed" wins, and "installed" wins over all that is on the way to it. Tags are
/// told apart by case: `G` and `w` are others.
const TAGS: [(&str, State); 5] = [
    ("U=", State::NotInstalled),
    ("h=", State::Downloaded),
    ("g=", State::Failed),
    ("V=", State::Installed),
    ("W=", State::InstalledPendingReboot),
];

/// Every update that an agent found needed or installed. What is not listed is not applicable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    pub states: BTreeMap<UpdateId, State>,
    /// What was listed and is no id, or was one too many.
    pub rejected: usize,
}

impl Inventory {
    /// Reads the strings of MiscData. A tag that is absent lists nothing.
    pub fn read<'a>(misc_data: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let mut inventory = Self::default();
        for (tag, state) in TAGS {
            let lists = misc_data.clone().into_iter().filter_map(|text| text.strip_prefix(tag));
            for id in lists.flat_map(|list| list.split(';')).filter(|id| !id.trim().is_empty()) {
                inventory.add(id, state);
            }
        }
        inventory
    }

    fn add(&mut self, id: &str, state: State) {
        match id.parse::<UpdateId>() {
            Ok(id) if !id.is_nil() && self.has_room_for(id) => {
                self.states.insert(id, state);
            }
            _ => self.rejected += 1,
        }
    }

    fn has_room_for(&self, id: UpdateId) -> bool {
        self.states.len() < INVENTORY_IDS_MAX || self.states.contains_key(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "56309036-4C77-4DD9-951A-99EE9C246A94";
    const B: &str = "6407468E-EDC7-4ECD-8C32-521F64CEE65E";

    #[track_caller]
    fn check(misc_data: &[&str], expected: &[(&str, State)], rejected: usize) {
        let inventory = Inventory::read(misc_data.iter().copied());
        let expected = expected.iter().map(|(id, state)| (id.parse().expect("a GUID"), *state)).collect();
        assert_eq!(inventory, Inventory { states: expected, rejected }, "{misc_data:?}");
    }

    #[test]
    fn lists_are_read_by_their_tags() {
        check(&[], &[], 0);
        check(&["A=0", &format!("U={A};{B}")], &[(A, State::NotInstalled), (B, State::NotInstalled)], 0);
        check(
            &[&format!("U={A}"), &format!("V={B};")],
            &[(A, State::NotInstalled), (B, State::Installed)],
            0,
        );
        check(&["g=", &format!("W={A}")], &[(A, State::InstalledPendingReboot)], 0);
        check(&[&format!("h={}", A.to_lowercase())], &[(A, State::Downloaded)], 0);
    }

    #[test]
    fn the_more_exact_list_wins_in_any_order() {
        let (needed, failed) = (format!("U={A}"), format!("g={A}"));
        check(&[&needed, &failed], &[(A, State::Failed)], 0);
        check(&[&failed, &needed], &[(A, State::Failed)], 0);
        check(&[&needed, &format!("V={A}")], &[(A, State::Installed)], 0);
    }

    #[test]
    fn garbage_is_counted_and_ignored() {
        let zeros = "00000000-0000-0000-0000-000000000000";
        check(&[&format!("U=x;{A};{zeros};{}", &B[1..])], &[(A, State::NotInstalled)], 3);
        // The client version and a flag, as in the capture 016, are no lists.
        check(&["G=1507.2601.30012.0", "w=0", "H=1", "u=1", "v=1"], &[], 0);
    }

    #[test]
    fn an_inventory_has_a_limit() {
        let ids: Vec<String> =
            (1..=INVENTORY_IDS_MAX as u128 + 5).map(|id| UpdateId::from_u128(id).to_string()).collect();
        let inventory = Inventory::read([format!("V={}", ids.join(";")).as_str()]);
        assert_eq!((inventory.states.len(), inventory.rejected), (INVENTORY_IDS_MAX, 5));
    }
}
