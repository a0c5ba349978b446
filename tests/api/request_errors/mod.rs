//! Invalid requests: a 4xx that names the field, never a 5xx, and no partial write.

mod bodies;
mod fields;
mod hostile;
mod parameters;
mod path_ids;
mod schema;
