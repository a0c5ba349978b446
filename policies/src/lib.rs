#![doc = include_str!("../README.md")]

mod action;
pub mod cases;
mod classes;
pub mod comparison;
mod copied_map;
pub mod csv;
pub mod decision;
mod description;
pub mod engine;
mod error;
pub mod explanation;
mod facts;
mod filter;
pub mod label_rules;
mod limits;
pub mod lint;
pub mod mapping;
pub mod names;
pub mod pattern;
mod permissions;
mod policy;
mod roles;
pub mod rule;
mod snapshot;
mod table;

pub use action::Action;
pub use comparison::{Comparison, VerdictChange, VerdictChanges};
pub use decision::{Decision, ReasonCode};
pub use description::{Description, DescriptionError};
pub use error::PolicyError;
pub use explanation::{ConsideredRule, ExplainedVerdict, Explanation, RuleOutcome};
pub use facts::{
    ACCESS_FIELDS, Facts, InactiveLabel, access_from_json, access_of_document, inactive_labels,
    with_lone_surrogates_replaced,
};
pub use filter::{At, Filter, FilterClass, FilterKind};
pub use limits::{MAX_LABELS, MAX_NAMES, MAX_PREFIXES};
pub use lint::Warning;
pub use names::{Label, NameError, Resource, RoleName};
pub use pattern::{ActionPattern, MAX_ACTION_BYTES, Pattern, ResourcePattern};
pub use policy::Change;
pub use roles::{MAX_INHERITANCE_DEPTH, RoleDefinition};
pub use rule::{Effect, MAX_PRIORITY, Rule, Verdict};
pub use snapshot::{RoleSet, Snapshot};
