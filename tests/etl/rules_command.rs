use std::path::Path;

use tests::faketime::wrong_clock;
use tests::program::signal;
use tests::until;

use crate::films::{Films, finished};

const RULES: &str = "[[label]]\nname='fresh'\nwithin={field='release_date',period='P1Y'}\n\
                     [[label]]\nname='adult'\nquery={terms={mpaa_rating=['R']}}\n";

const CASES: &str = r#"
at = 2026-06-01T00:00:00Z

[[case]]
name = "a year old to the day"
film = { release_date = 2025-06-01, mpaa_rating = "R" }
labels = ["adult"]

[[case]]
name = "a day younger"
film = { release_date = "2025-06-02", mpaa_rating = "G" }
labels = ["fresh"]

[[case]]
name = "undated"
film = { id = "undated", mpaa_rating = "R" }
labels = ["fresh", "adult"]
"#;

#[tokio::test]
async fn rules_are_checked_without_an_index_and_against_it() {
    let films = Films::new();
    films.rules(RULES);
    let valid = films.run(&["rules", "check"]).await;
    assert_eq!((valid.status, valid.stdout.as_str()), (Some(0), "2 label rules are valid\n"));
    let typo = films.file("typo.toml", RULES.replace("mpaa_rating", "mpaa_ratting"));
    assert_eq!(films.run(&["rules", "check", &typo]).await.status, Some(0));
    films.import_many(1).await;
    let found = films.run(&["rules", "check", &typo, "--index"]).await;
    assert_eq!(found.status, Some(2), "{found:?}");
    assert!(found.stderr.contains("did you mean `mpaa_rating`?"), "{found:?}");
    assert_eq!(films.run(&["rules", "check", "--index"]).await.status, Some(0));
}

#[tokio::test]
async fn films_with_expected_labels_test_the_rules() {
    let films = Films::new();
    films.rules(RULES);
    let cases = films.file("cases.toml", CASES);
    let without_index = films.run(&["rules", "test", &cases]).await;
    assert_eq!(without_index.stdout, "3 of 3 cases passed\n", "{without_index:?}");
    assert_eq!(without_index.status, Some(0));

    films.import_many(3).await;
    let like_the_index = films.run(&["rules", "test", &cases]).await;
    assert_eq!(like_the_index.status, Some(0), "{like_the_index:?}");
    assert_eq!(films.index.aliases().await.as_object().unwrap().len(), 1, "deleted after a test");
    assert_eq!(films.labelled().await, 0);

    let other = films.file("other.toml", RULES.replace("P1Y", "P2Y"));
    let failed = films.run(&["rules", "test", &cases, "--rules", &other]).await;
    assert_eq!(failed.status, Some(1), "{failed:?}");
    assert!(failed.stdout.contains("cases.toml:4: a year old to the day\n"), "{failed:?}");
    let actual = "actual   [\"adult\", \"fresh\"]\n2 of 3 cases passed\n";
    assert!(failed.stdout.contains(actual), "{failed:?}");
    assert_eq!(films.index.aliases().await.as_object().unwrap().len(), 1, "deleted after a test");
}

#[tokio::test]
async fn films_of_cases_are_read_as_an_import_reads_them() {
    let films = Films::new();
    let mapping = films.file("mapping.toml", "[fields.embargo]\ntype = 'date'\n");
    let file = films.file("films.ndjson", r#"{"id":"a","mpaa_rating":"R"}"#);
    films.run(&["import", &file, "--mapping", &mapping]).await;
    films.rules(&format!("{RULES}[[label]]\nname='embargo'\nuntil='embargo'\n"));
    let cases = films.file(
        "cases.toml",
        "[[case]]\nname='no such day'\nfilm={release_date='2020-02-30',embargo='2020-02-30'}\n\
         unlabelled=true\n\
         [[case]]\nname='a day'\nfilm={release_date='2020-02-29',embargo='2020-02-29'}\nlabels=[]\n",
    );
    let passed = films.run(&["rules", "test", &cases]).await;
    assert_eq!(passed.stdout, "2 of 2 cases passed\n", "{passed:?}");

    // Without the rule that needs the embargo, the film has no date, and is new.
    films.rules(RULES);
    let failed = films.run(&["rules", "test", &cases]).await;
    let difference = "    expected unlabelled\n    actual   [\"fresh\"]\n1 of 2 cases passed\n";
    assert!(failed.stdout.ends_with(difference), "{failed:?}");
}

/// The indices of tests that are left.
async fn left(films: &Films) -> usize {
    let aliases = films.index.aliases().await;
    aliases.as_object().unwrap().keys().filter(|name| name.contains("-rules-test-")).count()
}

#[tokio::test]
async fn a_test_that_is_stopped_or_killed_leaves_no_index_for_long() {
    let films = Films::new();
    let case = |n| format!("[[case]]\nname='{n}'\nfilm={{}}\nlabels=['new']\n");
    let cases = films.file("cases.toml", (0..5_000).map(case).collect::<String>());
    for signals in ["TERM", "KILL"] {
        let test = films.command(&["rules", "test", &cases]).spawn().unwrap();
        until("begun", async || left(&films).await == 1).await;
        signal(test.id().unwrap(), signals);
        let ended = finished(test).await;
        assert_ne!(ended.status, Some(0), "{ended:?}");
        assert_eq!(left(&films).await, usize::from(signals == "KILL"), "{ended:?}");
    }
    let few = films.file("few.toml", case(0));
    assert_eq!(films.run(&["rules", "test", &few]).await.status, Some(0));
    assert_eq!(left(&films).await, 1, "it may be in use");
    let file = films.file("clock", "+2d\n");
    let Some(tomorrow) = wrong_clock(Path::new(&file)) else { return };
    let mut command = films.command(&["rules", "test", &few]);
    let ended = finished(command.envs(tomorrow).spawn().unwrap()).await;
    assert_eq!((ended.status, left(&films).await), (Some(0), 0), "{ended:?}");
}

#[tokio::test]
async fn the_shipped_rules_label_as_their_cases_say() {
    let films = Films::new();
    let cases = films.file("cases.toml", include_str!("../../policies/labels-cases.toml"));
    let passed = films.run(&["rules", "test", &cases]).await;
    assert_eq!(passed.stdout, "4 of 4 cases passed\n", "{passed:?}");
}

#[tokio::test]
async fn an_invalid_case_is_named() {
    let films = Films::new();
    films.rules(RULES);
    for (cases, message) in [
        ("", "no [[case]]"),
        ("at = 2026-06-01\n[[case]]\nname='x'\nfilm={}\nlabels=[]", "`at` needs a date, a time"),
        ("[[case]]\nname='x'\nfilm={}\nlabel=[]", "unknown field `label`"),
        ("[[case]]\nname='x'\nfilm={id=1}\nlabels=[]", "line 1, case \"x\": the `id`"),
        ("[[case]]\nname='x'\nfilm={access={}}\nlabels=[]", "`access` is what"),
    ] {
        let refused = films.run(&["rules", "test", &films.file("cases.toml", cases)]).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(message), "{refused:?}");
    }
}
