//! Label rules: every validity period of accepted rules has an end for every date, or none.

#![no_main]

use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;
use policies::label_rules::LabelRules;

fuzz_target!(|toml: &str| {
    let Ok(rules) = LabelRules::parse(toml) else { return };
    assert_eq!(rules.hash().len(), 16);
    for rule in rules.iter() {
        let Some(validity) = &rule.validity else { continue };
        for date in [NaiveDate::MIN, NaiveDate::default(), NaiveDate::MAX] {
            let until = validity.until(date);
            assert!(until.is_none_or(|until| until.date_naive() >= date));
        }
    }
});
