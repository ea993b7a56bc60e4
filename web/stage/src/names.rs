//! A map from names to what they name, in order of name: a sorted list, since there are a thousand at most. The library's
//! trees are faster for more, and each kind of them is some kilobytes of the page.

/// Names that were seen, for completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Names<T> {
    entries: Vec<(String, T)>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> Names<T> {
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(other, _)| other.as_str().cmp(name))
    }

    /// What a name names.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.find(name).ok().map(|at| &self.entries[at].1)
    }

    /// What a name names, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.find(name).ok().map(|at| &mut self.entries[at].1)
    }

    /// Whether it names anything.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Lets a name name something; gives it back to be changed.
    pub fn insert(&mut self, name: &str, value: T) -> &mut T {
        let at = match self.find(name) {
            Ok(at) => {
                self.entries[at].1 = value;
                at
            }
            Err(at) => {
                self.entries.insert(at, (name.to_owned(), value));
                at
            }
        };
        &mut self.entries[at].1
    }

    /// Takes a name out, with what it named.
    pub fn remove(&mut self, name: &str) -> Option<T> {
        self.find(name).ok().map(|at| self.entries.remove(at).1)
    }

    /// Keeps those that pass.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &T) -> bool) {
        self.entries.retain(|(name, value)| keep(name, value));
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All of them, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// What they name, in order of name.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// What they name, in order of name, to change it.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map(steps in proptest::collection::vec(("[a-f]{1,2}", any::<bool>(), any::<u8>()), 0..200)) {
            let (mut names, mut map) = (Names::default(), BTreeMap::new());
            for (name, keep, value) in steps {
                if keep {
                    prop_assert_eq!(*names.insert(&name, value), value);
                    map.insert(name, value);
                } else {
                    prop_assert_eq!(names.remove(&name), map.remove(&name));
                }
            }
            prop_assert_eq!(names.len(), map.len());
            let both: Vec<_> = map.iter().map(|(name, value)| (name.as_str(), value)).collect();
            prop_assert_eq!(names.iter().collect::<Vec<_>>(), both);
        }
    }
}
