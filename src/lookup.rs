//! A hash table that can be looked up in but not walked: its order, which is nobody's business, can never show.

use rustc_hash::FxBuildHasher;
use std::hash::Hash;

#[expect(clippy::disallowed_types, reason = "the wrapper makes it safe: it cannot be walked")]
type Inner<K, V> = std::collections::HashMap<K, V, FxBuildHasher>;

/// A hash table with a fixed hasher. There is no way to iterate over it, so the simulation stays deterministic.
#[derive(Clone, Debug)]
pub(crate) struct LookUp<K, V>(Inner<K, V>);

impl<K, V> Default for LookUp<K, V> {
    fn default() -> Self {
        Self(Inner::default())
    }
}

impl<K: Eq + Hash, V> LookUp<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// The value of a key; a new one if there is none.
    pub(crate) fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.0.entry(key).or_default()
    }
}

impl<K: Eq + Hash, V> FromIterator<(K, V)> for LookUp<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        let mut table = Self::default();
        for (key, value) in items {
            table.insert(key, value);
        }
        table
    }
}
