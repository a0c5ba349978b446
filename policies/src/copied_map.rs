//! A hash map that is cheap to copy. Each write copies the policy, of which it changes a few entries.
//!
//! A copy shares all entries with its original and keeps what it changes apart, until that has become so
//! much that a table of its own is cheaper. A lookup costs what it costs in a plain hash map, which a
//! persistent tree does not reach: every decision looks up several names.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;

/// A map keeps at most one changed entry for so many shared ones apart.
const SHARED_PER_CHANGED: usize = 64;
/// The same for small maps.
const MIN_CHANGED: usize = 16;

type Table<K, V> = HashMap<K, V, RandomState>;

/// A hash map whose copies share their entries.
#[derive(Clone, Debug)]
pub(crate) struct CopiedMap<K, V> {
    shared: Arc<Table<K, V>>,
    /// What differs from the shared entries; `None` for those that were removed.
    changed: Table<K, Option<V>>,
    len: usize,
}

impl<K, V> Default for CopiedMap<K, V> {
    fn default() -> Self {
        Self { shared: Arc::default(), changed: Table::default(), len: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> CopiedMap<K, V> {
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        if self.changed.is_empty() {
            return self.shared.get(key);
        }
        self.changed.get(key).map_or_else(|| self.shared.get(key), Option::as_ref)
    }

    pub(crate) fn contains_key<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All entries, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let unchanged = self.shared.iter().filter(|(key, _)| !self.changed.contains_key(*key));
        let changed = self.changed.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        unchanged.chain(changed)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.len += usize::from(!self.contains_key(&key));
        match self.own() {
            Some(own) => drop(own.insert(key, value)),
            None => drop(self.changed.insert(key, Some(value))),
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let value = self.get(key).cloned()?;
        self.len -= 1;
        match self.own() {
            Some(own) => drop(own.remove(key)),
            None => drop(self.changed.insert(key.clone(), None)),
        }
        Some(value)
    }

    /// The table if no copy shares it, so that it can be changed itself.
    fn own(&mut self) -> Option<&mut Table<K, V>> {
        if self.changed.len() >= MIN_CHANGED + self.shared.len() / SHARED_PER_CHANGED {
            self.merge();
        }
        if self.changed.is_empty() { Arc::get_mut(&mut self.shared) } else { None }
    }

    fn merge(&mut self) {
        let shared = Arc::make_mut(&mut self.shared);
        for (key, value) in std::mem::take(&mut self.changed) {
            match value {
                Some(value) => drop(shared.insert(key, value)),
                None => drop(shared.remove(&key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn content(map: &CopiedMap<u32, u32>) -> BTreeMap<u32, u32> {
        map.iter().map(|(key, value)| (*key, *value)).collect()
    }

    #[test]
    fn copies_of_copies_have_their_own_entries() {
        let mut random = 1_u32;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % below
        };
        let mut copies = vec![(CopiedMap::<u32, u32>::default(), BTreeMap::new())];
        for _ in 0..2_000 {
            let index = next(u32::try_from(copies.len()).unwrap()) as usize;
            let (mut map, mut expected) = copies[index].clone();
            for _ in 0..next(40) {
                let (key, value) = (next(300), next(1_000));
                if next(3) == 0 {
                    assert_eq!(map.remove(&key), expected.remove(&key));
                } else {
                    map.insert(key, value);
                    expected.insert(key, value);
                }
            }
            assert_eq!((content(&map), map.len()), (expected.clone(), expected.len()));
            assert!((0..300).all(|key| map.get(&key) == expected.get(&key)));
            copies.push((map, expected));
            if copies.len() > 20 {
                copies.remove(next(20) as usize);
            }
        }
        for (map, expected) in copies {
            assert_eq!(content(&map), expected);
        }
    }

    #[test]
    fn a_copy_shares_what_it_does_not_change() {
        let mut map = CopiedMap::default();
        (0..10_000_u32).for_each(|key| map.insert(key, key));
        assert!(map.changed.is_empty());
        let mut copy = map.clone();
        copy.insert(1, 2);
        copy.remove(&3);
        assert!(Arc::ptr_eq(&map.shared, &copy.shared));
        assert_eq!((copy.changed.len(), copy.len(), map.len()), (2, 9_999, 10_000));
        assert_eq!((0..5_000).filter_map(|key| copy.remove(&key)).count(), 4_999);
        assert!(copy.changed.is_empty() && copy.shared.len() == copy.len());
        assert_eq!(map.len(), map.iter().count());
    }
}
