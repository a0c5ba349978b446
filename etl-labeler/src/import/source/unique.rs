//! JSON objects whose keys are all different: of a key that is there twice, another program may read the other
//! value.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    marker::PhantomData,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

/// The entries of an object.
pub(in crate::import) struct Object<V> {
    /// The first value of each key.
    entries: BTreeMap<String, V>,
    twice: Option<String>,
}

impl<V> Object<V> {
    /// # Errors
    /// The first key that is there twice.
    pub(in crate::import) fn unique(self) -> Result<BTreeMap<String, V>, String> {
        self.twice.map_or(Ok(self.entries), Err)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Object<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
    type Value = Object<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Object { entries: BTreeMap::new(), twice: None };
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            match object.entries.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(entry) => {
                    object.twice.get_or_insert_with(|| entry.key().clone());
                }
            }
        }
        Ok(object)
    }
}
