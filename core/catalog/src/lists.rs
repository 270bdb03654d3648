//! Lists of small things, one after the other in memory.

/// Many lists. Walking all of them, as every scan does, follows no pointer.
#[derive(Debug, Clone)]
pub(crate) struct Lists<T> {
    items: Vec<T>,
    /// Where each list ends among the items.
    ends: Vec<u32>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { items: Vec::new(), ends: Vec::new() }
    }
}

impl<T: Copy> Lists<T> {
    /// Adds a list and returns its number.
    pub fn push(&mut self, list: &[T]) -> u32 {
        self.items.extend_from_slice(list);
        self.ends.push(self.items.len() as u32);
        self.ends.len() as u32 - 1
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The list of this number.
    pub fn get(&self, at: usize) -> &[T] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..self.ends[at] as usize]
    }
}

impl<'a, T: Copy + 'a> FromIterator<&'a [T]> for Lists<T> {
    fn from_iter<I: IntoIterator<Item = &'a [T]>>(lists: I) -> Self {
        let mut all = Self::default();
        for list in lists {
            all.push(list);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_apart() {
        let mut lists = Lists::default();
        let numbers: Vec<u32> = [&[7, 8][..], &[], &[9]].iter().map(|list| lists.push(list)).collect();
        assert_eq!((numbers, lists.len()), (vec![0, 1, 2], 3));
        assert_eq!([lists.get(0), lists.get(1), lists.get(2)], [&[7, 8][..], &[], &[9]]);
        let again: Lists<i32> = [&[7, 8][..], &[], &[9]].into_iter().collect();
        assert_eq!((again.len(), again.get(2)), (3, &[9][..]));
    }
}
