//! Bad input: 4xx that names what is meant, never a 5xx, and nothing half-written.

mod bodies;
mod fields;
mod hostile;
mod parameters;
mod schema;
