use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn after(period: &str, date: &str) -> String {
    period.parse::<Period>().unwrap().after(day(date)).unwrap().to_string()
}

fn refusal(toml: &str) -> String {
    LabelRules::parse(toml).unwrap_err().to_string()
}

#[test]
fn periods_follow_the_calendar() {
    assert_eq!(after("P3Y", "2025-03-01"), "2028-03-01");
    assert_eq!(after("P6M", "2025-08-31"), "2026-02-28");
    assert_eq!(after("P1Y", "2024-02-29"), "2025-02-28");
    assert_eq!(after("P4Y", "2024-02-29"), "2028-02-29");
    assert_eq!(after("P30D", "2025-02-15"), "2025-03-17");
    assert_eq!(after("P2W", "2025-12-25"), "2026-01-08");
    assert_eq!(after("P1Y6M", "2025-08-31"), "2027-02-28");
    assert_eq!(after("P1M1D", "2025-01-31"), "2025-03-01");
}

#[test]
fn what_is_no_period_is_refused() {
    for text in [
        "", "P", "3Y", "p3y", "PY", "P3", "P3X", "PT1H", "P1DT1H", "P1M1Y", "P1Y1Y", "P-1Y",
        "P1.5Y", "P 1Y",
    ] {
        assert_eq!(text.parse::<Period>(), Err(PeriodError::Form(text.to_owned())), "{text}");
    }
    for text in ["P0D", "P0Y0M", "P10000Y", "P99999999999D", "P4000000000W"] {
        assert_eq!(text.parse::<Period>(), Err(PeriodError::Length(text.to_owned())), "{text}");
    }
}

#[test]
fn a_window_ends_at_midnight_utc_and_never_beyond_the_year_9999() {
    let within = Within { field: "release_date".to_owned(), period: "P3Y".parse().unwrap() };
    assert_eq!(within.until(day("2025-03-01")).unwrap().to_rfc3339(), "2028-03-01T00:00:00+00:00");
    assert!(within.until(day("9996-12-31")).is_some());
    assert_eq!(within.until(day("9997-01-01")), None);
    assert_eq!(within.until(NaiveDate::MAX), None);
}

#[test]
fn the_shipped_rules_are_valid() {
    let rules = LabelRules::parse(SHIPPED).unwrap();
    let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["new", "adult", "upcoming"]);
    assert_eq!(rules.windowed().map(Label::as_str).collect::<Vec<_>>(), ["new"]);
}

#[test]
fn a_query_is_kept_as_json_and_bare_dates_become_text() {
    let rules = LabelRules::parse(
        "[[label]]\nname='old'\n[label.query.bool]\nmust=[{range={release_date={lt=1970-01-01}}},{term={good=true}}]",
    )
    .unwrap();
    let expected = serde_json::json!({"bool": {"must": [
        {"range": {"release_date": {"lt": "1970-01-01"}}}, {"term": {"good": true}}]}});
    assert_eq!(rules.iter().next().unwrap().query, Some(expected));
}

#[test]
fn a_broken_rule_is_named_with_its_line() {
    let good = "[[label]]\nname='good'\nquery={match_all={}}\n";
    let cases = [
        (
            "[[label]]\nname='x'\nquery={match_all={}}\ncolour='red'",
            "label rule `x` (line 4): unknown field `colour`",
        ),
        ("[[label]]\nname='x'", "label rule `x` (line 4): needs a `query`, a `within` or both"),
        ("[[label]]\nquery={match_all={}}", "label rule `#2` (line 4): missing field `name`"),
        (
            "[[label]]\nname='good'\nquery={match_all={}}",
            "label rule `good` (line 4): the rule of line 1 has the same",
        ),
        (
            "[[label]]\nname='Bad'\nquery={match_all={}}",
            "label rule `Bad` (line 4): the name can't be a label",
        ),
        (
            "[[label]]\nname='unlabelled'\nquery={match_all={}}",
            "label rule `unlabelled` (line 4): the name `unlabelled`",
        ),
        (
            "[[label]]\nname='a.b'\nwithin={field='d',period='P1D'}",
            "label rule `a.b` (line 4): a label with `within`",
        ),
        (
            "[[label]]\nname='a=b'\nwithin={field='d',period='P1D'}",
            "label rule `a=b` (line 4): a label with `within`",
        ),
        (
            "[[label]]\nname='x'\nwithin={field='d',period='3 years'}",
            "label rule `x` (line 4): `within.period`: `3 years`",
        ),
        (
            "[[label]]\nname='x'\nwithin={field='',period='P1D'}",
            "label rule `x` (line 4): `within.field` is empty",
        ),
        (
            "[[label]]\nname='x'\nwithin={field='d'}",
            "label rule `x` (line 4): missing field `period`",
        ),
        (
            "[[label]]\nname='x'\nquery={range={r={gt=nan}}}",
            "label rule `x` (line 4): `query` has a number",
        ),
        (
            "[[label]]\nname='x'\nquery={match_all={_name='y'}}",
            "label rule `x` (line 4): `query` can't use `_name`",
        ),
    ];
    for (broken, message) in cases {
        let refused = refusal(&format!("{good}{broken}"));
        assert!(refused.starts_with(message), "{refused}");
    }
    assert!(refusal("[[label]\nname='x'").contains("line 1"));
    assert!(refusal("[[labels]]\nname='x'").contains("unknown field `labels`"));
}

#[test]
fn the_hash_follows_the_meaning_not_the_layout() {
    let one = "[[label]]\nname='a'\nquery={term={x=1,boost=2}}\n[[label]]\nname='b'\nwithin={field='d',period='P1Y'}";
    let same = "# moved\n[[label]]\nname='b'\nwithin={period='P12M',field='d'}\n[[label]]\nquery={term={boost=2,x=1}}\nname='a'";
    let other = one.replace("P1Y", "P2Y");
    let hash = |toml: &str| LabelRules::parse(toml).unwrap().hash();
    assert_eq!(hash(one), hash(same));
    assert_ne!(hash(one), hash(&other));
    assert_eq!(hash(one).len(), 16);
}
