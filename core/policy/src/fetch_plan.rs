//! Which documents a downstream server asks for next, when the upstream server sends some of what
//! was asked, or refuses all of it because of one ([MS-WSUSSS] 3.2.4.2, fact 47).

use std::collections::{HashSet, VecDeque};

use headwater_model::UpdateIdentity;

/// Documents that may be refused one by one before nothing is asked any more: a server that
/// refuses so many is broken, and each costs some calls.
pub const REFUSED_MAX: usize = 50;

/// The documents that are still to come.
#[derive(Debug)]
pub struct FetchPlan {
    batches: VecDeque<Vec<UpdateIdentity>>,
    refused: Vec<UpdateIdentity>,
}

/// Why nothing is asked any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("it sent none of the {0} documents that were asked for")]
    NothingCame(usize),
    #[error("it refused {REFUSED_MAX} documents one by one")]
    TooManyRefused,
}

impl FetchPlan {
    /// Each once, in the order given, at most `batch_max` at a time.
    pub fn new(wanted: impl IntoIterator<Item = UpdateIdentity>, batch_max: usize) -> Self {
        let mut seen = HashSet::new();
        let wanted: Vec<UpdateIdentity> = wanted.into_iter().filter(|one| seen.insert(*one)).collect();
        let batches = wanted.chunks(batch_max.max(1)).map(<[_]>::to_vec).collect();
        Self { batches, refused: Vec::new() }
    }

    /// What to ask for now; `None` when all has come or was refused.
    pub fn next_batch(&mut self) -> Option<Vec<UpdateIdentity>> {
        self.batches.pop_front()
    }

    /// Takes note of what came of `asked`: the rest is asked for next. What was not asked for does
    /// not count.
    pub fn came(
        &mut self,
        asked: Vec<UpdateIdentity>,
        came: &HashSet<UpdateIdentity>,
    ) -> Result<(), FetchError> {
        let before = asked.len();
        let rest: Vec<UpdateIdentity> = asked.into_iter().filter(|one| !came.contains(one)).collect();
        if rest.len() == before {
            return Err(FetchError::NothingCame(before));
        }
        if !rest.is_empty() {
            self.batches.push_front(rest);
        }
        Ok(())
    }

    /// Takes note that the server refused the whole of `asked`, for which one document is enough:
    /// the halves are asked for by themselves.
    pub fn was_refused(&mut self, mut asked: Vec<UpdateIdentity>) -> Result<(), FetchError> {
        if asked.len() > 1 {
            let second = asked.split_off(asked.len() / 2);
            self.batches.push_front(second);
            self.batches.push_front(asked);
            return Ok(());
        }
        self.refused.append(&mut asked);
        if self.refused.len() >= REFUSED_MAX { Err(FetchError::TooManyRefused) } else { Ok(()) }
    }

    /// The documents that the server refused by themselves.
    pub fn refused(&self) -> &[UpdateIdentity] {
        &self.refused
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::UpdateId;

    use super::*;

    fn id(number: u128) -> UpdateIdentity {
        UpdateIdentity { id: UpdateId::from_u128(number), revision: 1 }
    }

    fn ids(numbers: impl IntoIterator<Item = u128>) -> Vec<UpdateIdentity> {
        numbers.into_iter().map(id).collect()
    }

    fn numbers(ids: &[UpdateIdentity]) -> Vec<u128> {
        ids.iter().map(|one| u128::from_be_bytes(*one.id.as_bytes())).collect()
    }

    /// Asks until the plan ends; `answer` says what comes of each request, `None` for a refusal.
    fn run(
        mut plan: FetchPlan,
        mut answer: impl FnMut(&[u128]) -> Option<Vec<u128>>,
    ) -> (usize, Vec<u128>, Result<(), FetchError>) {
        let mut calls = 0;
        while let Some(asked) = plan.next_batch() {
            calls += 1;
            let done = match answer(&numbers(&asked)) {
                Some(came) => plan.came(asked, &ids(came).into_iter().collect()),
                None => plan.was_refused(asked),
            };
            if done.is_err() {
                return (calls, numbers(plan.refused()), done);
            }
        }
        (calls, numbers(plan.refused()), Ok(()))
    }

    #[test]
    fn each_is_asked_for_once_in_batches() {
        let mut asked = Vec::new();
        let plan = FetchPlan::new(ids([3, 1, 3, 2, 5, 4]), 2);
        let (calls, ..) = run(plan, |batch| {
            asked.extend_from_slice(batch);
            Some(batch.to_vec())
        });
        assert_eq!((calls, asked), (3, vec![3, 1, 2, 5, 4]));
        assert!(FetchPlan::new([], 100).next_batch().is_none());
        assert_eq!(run(FetchPlan::new(ids([1, 2]), 0), |batch| Some(batch.to_vec())).0, 2);
    }

    #[test]
    fn what_did_not_come_is_asked_for_again() {
        let eighty = |batch: &[u128]| Some(batch[..batch.len().min(80)].to_vec());
        assert_eq!(run(FetchPlan::new(ids(0..200), 100), eighty), (4, vec![], Ok(())));
        let others = |_: &[u128]| Some(vec![900, 901]);
        assert_eq!(run(FetchPlan::new(ids(0..5), 100), others).2, Err(FetchError::NothingCame(5)));
    }

    #[test]
    fn one_that_is_refused_is_found_and_the_others_come() {
        let without_seven = |batch: &[u128]| (!batch.contains(&7)).then(|| batch.to_vec());
        let (calls, refused, done) = run(FetchPlan::new(ids(0..100), 100), without_seven);
        assert_eq!((refused, done), (vec![7], Ok(())));
        assert!(calls <= 1 + 2 * 7, "{calls} calls: the logarithm of a hundred, twice");
    }

    #[test]
    fn a_server_that_refuses_everything_is_left_alone() {
        let (calls, refused, done) = run(FetchPlan::new(ids(0..1_000), 100), |_| None);
        assert_eq!((refused.len(), done), (REFUSED_MAX, Err(FetchError::TooManyRefused)));
        assert!(calls < 4 * REFUSED_MAX, "{calls}");
    }
}
