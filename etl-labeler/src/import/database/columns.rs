//! The columns of the film table, which the mapping must not miss: a film without the column of which its
//! rating is made has no rating, and no label that asks for one.

use service::similar::closest;

use super::super::mapping::{Field, FilmMapping};
use crate::LabelerError;

/// What a film has besides the columns of its row.
const JOINED: [&str; 4] = ["genres", "directors", "actors", "writers"];

/// Compares a mapping with the columns of the table. Returns the columns of the built-in mapping that the
/// table lacks.
///
/// # Errors
/// [`LabelerError::Target`] for the first column that the mapping file names and the table lacks.
pub(super) fn missing<'m>(
    mapping: &'m FilmMapping,
    columns: &[String],
) -> Result<Vec<&'m str>, LabelerError> {
    let known = || columns.iter().map(String::as_str).chain(JOINED);
    let missing =
        |field: &'m Field| field.sources().find(|source| known().all(|column| column != *source));
    let mut built_in = Vec::new();
    for field in &mapping.fields {
        match missing(field) {
            Some(column) if field.explicit => {
                let hint =
                    closest(column, known()).map(|known| format!("; did you mean `{known}`?"));
                return Err(LabelerError::Target(format!(
                    "ETL_SOURCE_MAPPING: `fields.{}` is made of `{column}`, and content.film_work has no such \
                     column{}",
                    field.name,
                    hint.unwrap_or_default()
                )));
            }
            Some(column) => built_in.push(column),
            None => {}
        }
    }
    Ok(built_in)
}
