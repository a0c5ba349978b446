use crate::films::{Films, finished};

#[tokio::test]
async fn an_invalid_or_unknown_setting_stops_the_start_and_is_named() {
    let films = Films::new();
    for (name, value) in [
        ("ETL_PAGE_SIZE", "0"),
        ("ETL_PAGE_SIZE", "10001"),
        ("ETL_PAGE_SIZE", "many"),
        ("ETL_PAGESIZE", "10"),
        ("ETL_SCHEDULE", "hourly please"),
        ("ETL_SCHEDULE", "0 * * * *"),
        ("ETL_SCHEDULE", "0 0 12 * * 1"),
        ("ETL_SCHEDULE", "0 0 12 * * MON,2-4"),
        ("ETL_LOSS_LIMIT", "101"),
        ("ETL_LOSS_MIN", "-1"),
        ("ELASTICSEARCH_URL", "not a url"),
        ("ETL_OPS_LISTEN", "9091"),
        ("ETL_LOG_FORMAT", "xml"),
        ("OPS_LISTEN", "127.0.0.1:0"),
        ("LOG_FORMAT", "json"),
        ("ETL_LOG", "etl=loud=very"),
        ("DATABASE_URL_FILE", "/nowhere/secret"),
    ] {
        let once = films.command(&["once"]).env(name, value).spawn().unwrap();
        let once = finished(once).await;
        assert_eq!(once.status, Some(2), "{name}={value}: {once:?}");
        assert!(once.stderr.contains(name), "{name}={value}: {once:?}");
    }
}

#[tokio::test]
async fn environment_variables_take_precedence_over_the_file() {
    let films = Films::new();
    films.import_many(1).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("etl.toml");
    let run = async |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        finished(films.command(&["once"]).env("ETL_CONFIG", &file).spawn().unwrap()).await
    };
    assert_eq!(
        run("elasticsearch.index = 'elsewhere'\nlabeling.page_size = 10").await.status,
        Some(0)
    );
    let broken = run("labeling.page_size = 0").await;
    assert!(broken.status == Some(2) && broken.stderr.contains("ETL_PAGE_SIZE"), "{broken:?}");
    let unknown = run("labeling.page_sise = 7").await;
    assert!(unknown.status == Some(2) && unknown.stderr.contains("page_sise"), "{unknown:?}");
}

#[tokio::test]
async fn a_password_in_the_url_is_never_printed() {
    let films = Films::new();
    let url = "http://reader:s3cret@127.0.0.1:1";
    let mut once = films.command(&["once"]);
    let once = once.env("ELASTICSEARCH_URL", url).env("ETL_LOG", "trace").spawn().unwrap();
    let once = finished(once).await;
    assert_eq!(once.status, Some(69));
    assert!(once.stderr.contains("no response from Elasticsearch"), "{once:?}");
    assert!(!once.stderr.contains("s3cret"), "{once:?}");
}

#[tokio::test]
async fn help_lists_every_setting() {
    let films = Films::new();
    let help = films.run(&["--help"]).await;
    assert_eq!(help.status, Some(0));
    for name in ["ELASTICSEARCH_URL", "DATABASE_URL_FILE", "ETL_SCHEDULE", "ETL_OPS_LISTEN"] {
        assert!(help.stdout.contains(name), "{help:?}");
    }
    let run = films.command(&["run"]).env_remove("DATABASE_URL").spawn().unwrap();
    let run = finished(run).await;
    assert!(run.status == Some(2) && run.stderr.contains("DATABASE_URL is not set"), "{run:?}");
}

#[tokio::test]
async fn run_says_at_once_what_it_lacks() {
    let films = Films::new();
    let run = async |name: &str, value: &str| {
        finished(films.command(&["run"]).env(name, value).spawn().unwrap()).await
    };
    let never = run("ETL_SCHEDULE", "0 0 0 30 2 *").await;
    assert!(
        never.status == Some(2) && never.stderr.contains("ETL_SCHEDULE never fires"),
        "{never:?}"
    );
    let started = std::time::Instant::now();
    let down = run("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none").await;
    assert!(down.status == Some(69) && down.stderr.contains("PostgreSQL"), "{down:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(25), "{down:?}");
}
