//! Elasticsearch, for questions about films.

use service::config::Setting;

pub(crate) const SETTINGS: &[Setting] = service::elasticsearch_settings!(
    "",
    "; for questions about films, not for decisions. Without it only those films are known that rules name"
);
