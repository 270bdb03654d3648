//! What keeps an answer from being whole and of this moment, in sentences.

use headwater_api::Caveat;
use headwater_model::Timestamp;

use crate::moment::{age, minute};

/// One sentence for each thing that an answer lacks; none for one that is whole and of this moment.
pub fn sentences(caveat: &Caveat, now: Timestamp) -> Vec<String> {
    let as_of = caveat.as_of.map(|at| {
        let why = caveat.problem.as_deref().unwrap_or("the servers cannot be asked").trim_end_matches('.');
        format!("This is as it was read {}, at {}: {why}.", age(at, now), minute(at))
    });
    let without = match caveat.without.as_slice() {
        [] => None,
        [one] => Some(format!("{one} could not be asked: what only it knows is missing.")),
        [first @ .., last] => Some(format!(
            "{} and {last} could not be asked: what only they know is missing.",
            first.join(", ")
        )),
    };
    as_of.into_iter().chain(without).chain(caveat.notes.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(caveat: Caveat) -> Vec<String> {
        sentences(&caveat, "2026-10-04T15:00:00Z".parse().expect("a time"))
    }

    #[test]
    fn an_answer_says_its_age_and_what_it_lacks() {
        let at = "2026-10-04T14:40:00Z".parse().ok();
        let servers = ["Berlin", "Munich", "Rome"].map(str::to_owned);
        assert_eq!(said(Caveat::default()), Vec::<String>::new());
        let old = Caveat { as_of: at, problem: Some("hq is not reached".to_owned()), ..Caveat::default() };
        assert_eq!(
            said(old),
            ["This is as it was read 20 min ago, at 2026-10-04 14:40 UTC: hq is not reached."]
        );
        let one = Caveat { without: servers[..1].to_vec(), ..Caveat::default() };
        assert_eq!(said(one), ["Berlin could not be asked: what only it knows is missing."]);
        let note = Caveat { notes: vec!["It tells none.".to_owned()], ..Caveat::default() };
        assert_eq!(said(note), ["It tells none."]);
        let three = Caveat { without: servers.to_vec(), ..Caveat::default() };
        assert!(said(three)[0].starts_with("Berlin, Munich and Rome could not be asked"));
    }
}
