#![doc = include_str!("../README.md")]

pub mod cases;
mod change;
mod classes;
pub mod csv;
pub mod decision;
pub mod engine;
mod facts;
mod filter;
mod intervals;
pub mod label_rules;
mod limits;
pub mod names;
pub mod pattern;
mod policy;
mod roles;
pub mod rule;
mod snapshot;
mod table;

pub use change::{Change, PolicyError};
pub use decision::{Code, Decision};
pub use facts::Facts;
pub use filter::{At, Filter, FilterKind};
pub use limits::{MOST_LABELS, MOST_NAMES, MOST_PREFIXES};
pub use names::{Label, NameError, Resource, RoleName};
pub use pattern::{ActionPattern, Pattern, ResourcePattern};
pub use roles::LONGEST_CHAIN;
pub use rule::{Effect, LAST_PRIORITY, Rule, Verdict};
pub use snapshot::{RoleSet, Snapshot};
