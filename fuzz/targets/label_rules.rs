//! Label rules: a label that a film has, for any date, has a validity period that is not over.

#![no_main]

use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;
use policies::label_rules::LabelRules;

fuzz_target!(|toml: &str| {
    let Ok(rules) = LabelRules::parse(toml) else { return };
    assert_eq!(rules.hash().len(), 16);
    let now = DateTime::UNIX_EPOCH;
    let _ = rules.active_queries(now);
    for date in [DateTime::<Utc>::MIN_UTC, now, DateTime::<Utc>::MAX_UTC] {
        for (_, period) in rules.labels(now, |_| true, |_| Some((date, date))) {
            assert!(period.until.is_none_or(|until| until > now && period.from < Some(until)));
        }
    }
});
