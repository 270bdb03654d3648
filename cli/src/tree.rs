//! Things that stand below each other.

/// Each thing after the one above it, with how far it is from the top; those beside each other stay
/// in their order. One whose parent is not there counts as topmost, so that none is left out.
pub(crate) fn ordered<'a, T, K: PartialEq>(
    all: &[&'a T],
    id: impl Fn(&T) -> K,
    parent: impl Fn(&T) -> Option<K>,
) -> Vec<(usize, &'a T)> {
    let is_here = |above: &K| all.iter().any(|one| id(one) == *above);
    let is_top = |one: &&&T| parent(one).is_none_or(|above| !is_here(&above));
    let mut open: Vec<(usize, &T)> = all.iter().filter(is_top).rev().map(|one| (0, *one)).collect();
    let mut done = Vec::with_capacity(all.len());
    while let Some((depth, one)) = open.pop() {
        done.push((depth, one));
        let below = all.iter().filter(|other| parent(other) == Some(id(one))).rev();
        open.extend(below.map(|other| (depth + 1, *other)));
    }
    done
}
