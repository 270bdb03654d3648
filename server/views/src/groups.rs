//! Groups.

use headwater_api::GroupRef;
use headwater_app::Served;
use headwater_model::GroupId;

/// A group by its name, or by its id where it is gone.
pub fn reference(served: &Served, id: GroupId) -> GroupRef {
    let known = served.offers.groups.get(id);
    GroupRef { id, name: known.map_or_else(|| id.to_string(), |group| group.name.clone()) }
}
