//! One policy, two answers: the decision about one resource and the search filter over all of
//! them, from the same table. Pure: no server, no SQL, no HTTP. Casbin decides every entry.

pub mod label_rules;
pub mod names;
pub mod pattern;
pub mod rule;

pub use names::{Label, NameError, Resource, RoleName};
pub use pattern::{ActionPattern, Pattern, ResourcePattern};
pub use rule::{Effect, Rule, Verdict};
