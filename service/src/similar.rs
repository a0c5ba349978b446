//! "Did you mean …?"

/// Names less similar than this are no help; 1 is equal.
const SIMILAR: f64 = 0.75;

/// The name that was probably meant by `name`, if one is similar enough.
#[must_use]
pub fn closest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |known| (strsim::normalized_damerau_levenshtein(known, name), known);
    let closest = names.into_iter().map(similarity).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (closest.0 >= SIMILAR).then_some(closest.1)
}
