//! `OpenFGA`: the model in `bench/peers/openfga/model.json`, and a tuple for each fact:
//!
//! ```text
//! type role
//!   relations
//!     define assignee: [user]
//! type catalogue
//!   relations
//!     define viewer: [user:*]
//! type label
//!   relations
//!     define catalogue: [catalogue]
//!     define restricted: viewer from catalogue
//!     define allowed: [role#assignee]
//!     define denied: [role#assignee]
//!     define closed: denied or (restricted but not allowed)
//! type film
//!   relations
//!     define catalogue: [catalogue]
//!     define listed: viewer from catalogue
//!     define label: [label]
//!     define excluded: [role#assignee]
//!     define closed: excluded or closed from label
//!     define can_read: listed but not closed
//! ```
//!
//! All users are viewers of the one catalogue: as viewers of each film they would be read film by film in every check.
//! Its caches are on, as its documentation advises for production; answers may then be ten seconds old.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::ensure;
use serde_json::{Value, json};

use super::data::{BATCH, Data, Question, film_name, label_name, role_name, user_name};
use super::program::{log_to, version};
use super::side::{Operation, Side};
use crate::json_answer::{bool_at, text_at};
use crate::process::{SERVER_CORE, Server, free_address};

const MODEL: &str = include_str!("../../peers/openfga/model.json");
const CATALOGUE: &str = "catalogue:films";
/// Tuples in one write.
const WRITE: usize = 1_000;

/// Where the tuples are.
#[derive(Clone, Copy)]
pub(crate) enum Datastore<'a> {
    /// In the memory of the server, which searches all of it for each read and each write: for development, says its
    /// documentation. Filling it with 150,000 tuples takes minutes.
    Memory,
    /// In a database of the PostgreSQL with this URL.
    Postgres(&'a str),
}

pub(crate) async fn start(
    program: &Path,
    folder: &Path,
    data: &Data,
    datastore: Datastore<'_>,
) -> anyhow::Result<Side> {
    let (name, settings) = match datastore {
        Datastore::Memory => ("in memory", vec![]),
        Datastore::Postgres(url) => ("PostgreSQL", postgres(program, url)?),
    };
    let (rpc, log) = (free_address()?, log_to(folder, "openfga")?);
    let server = Server::start(program, SERVER_CORE, |command, address| {
        command.args(["run", "--http-addr", address, "--grpc-addr", &rpc, "--log-level", "error"]);
        command.args(["--playground-enabled=false", "--metrics-enabled=false"]);
        command.args(["--experimentals", "authzen"]);
        // A batch of a slow server is measured, not cut off.
        command.args(["--request-timeout", "60s", "--http-upstream-timeout", "60s"]);
        command.args(["--check-query-cache-enabled", "--check-iterator-cache-enabled"]);
        command.args(["--check-cache-limit", "1000000"]);
        command.args(["--max-checks-per-batch-check", &BATCH.to_string()]);
        command.args(["--max-tuples-per-write", &WRITE.to_string()]);
        command.args(&settings).stderr(log);
    })
    .await?;
    let store = Store::create(&server.address).await?;
    store.write(&tuples(data)).await?;
    if let Datastore::Postgres(url) = datastore {
        let pool = sqlx::PgPool::connect(url).await?;
        // Otherwise it plans queries without knowing the data.
        sqlx::raw_sql("VACUUM ANALYZE").execute(&pool).await?;
    }
    let mut side = Side::new(format!("OpenFGA {} {name}", version(program, "version")?), server);
    add_operations(&mut side, data, &store);
    Ok(side)
}

fn postgres(program: &Path, url: &str) -> anyhow::Result<Vec<String>> {
    let settings: Vec<String> =
        ["--datastore-engine", "postgres", "--datastore-uri", url].map(str::to_owned).into();
    let migrated = Command::new(program).arg("migrate").args(&settings).output()?;
    ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    Ok(settings)
}

fn add_operations(side: &mut Side, data: &Data, store: &Store) {
    let path = |operation: &str| format!("/stores/{}/{operation}", store.id);
    side.post(
        data,
        Operation::Check,
        &path("check"),
        |question| {
            let film = question.film();
            json!({ "tuple_key": key(question, film), "authorization_model_id": store.model })
        },
        |_, _, response| Ok(vec![bool_at(response, "/allowed")?]),
    );
    side.post(
        data,
        Operation::Batch,
        &path("batch-check"),
        |question| {
            let films = question.films.iter().enumerate();
            let checks = films.map(|(number, &film)| {
            json!({ "tuple_key": key(question, film), "correlation_id": number.to_string() })
        });
            json!({ "checks": checks.collect::<Vec<_>>(), "authorization_model_id": store.model })
        },
        |_, question, response| {
            let numbers = 0..question.films.len();
            numbers.map(|number| bool_at(response, &format!("/result/{number}/allowed"))).collect()
        },
    );
    side.post(
        data,
        Operation::AuthZen,
        &path("access/v1/evaluation"),
        |question| {
            let film = question.film();
            json!({
                "subject": { "type": "user", "id": user_name(question.user) },
                "action": { "name": "can_read" },
                "resource": { "type": "film", "id": film_name(film) },
            })
        },
        |_, _, response| Ok(vec![bool_at(response, "/decision")?]),
    );
}

fn key(question: &Question, film: usize) -> Value {
    tuple(&user_object(question.user), "can_read", &film_object(film))
}

fn tuple(user: &str, relation: &str, object: &str) -> Value {
    json!({ "user": user, "relation": relation, "object": object })
}

fn tuples(data: &Data) -> Vec<Value> {
    let mut tuples = vec![tuple("user:*", "viewer", CATALOGUE)];
    for user in 0..data.users.len() {
        let assignee = |role| tuple(&user_object(user), "assignee", &format!("role:{role}"));
        tuples.extend(data.roles_of(user).map(assignee));
    }
    for (role, rules) in data.roles.iter().enumerate() {
        let assignees = format!("role:{}#assignee", role_name(role));
        let of_role = |relation, object: String| tuple(&assignees, relation, &object);
        tuples.extend(rules.allowed.iter().map(|&it| of_role("allowed", label_object(it))));
        tuples.extend(rules.denied.iter().map(|&it| of_role("denied", label_object(it))));
        tuples.extend(rules.excluded.iter().map(|&it| of_role("excluded", film_object(it))));
    }
    let of_catalogue = |object: String| tuple(CATALOGUE, "catalogue", &object);
    tuples.extend((0..data.labels).map(|label| of_catalogue(label_object(label))));
    for film in 0..data.films.len() {
        tuples.push(of_catalogue(film_object(film)));
        // Both labels of a film may be the same one.
        let labels: BTreeSet<_> = data.labels_of(film).iter().copied().collect();
        let has = |label| tuple(&label_object(label), "label", &film_object(film));
        tuples.extend(labels.into_iter().map(has));
    }
    tuples
}

fn user_object(user: usize) -> String {
    format!("user:{}", user_name(user))
}

fn label_object(label: usize) -> String {
    format!("label:{}", label_name(label))
}

fn film_object(film: usize) -> String {
    format!("film:{}", film_name(film))
}

/// A store with the model.
struct Store {
    http: reqwest::Client,
    url: String,
    id: String,
    model: String,
}

impl Store {
    async fn create(address: &str) -> anyhow::Result<Self> {
        let (http, url) = (reqwest::Client::new(), format!("http://{address}/stores"));
        let id = post(&http, &url, &json!({ "name": "films" })).await?;
        let id = text_at(&id, "/id")?.to_owned();
        let model: Value = serde_json::from_str(MODEL)?;
        let model = post(&http, &format!("{url}/{id}/authorization-models"), &model).await?;
        let model = text_at(&model, "/authorization_model_id")?.to_owned();
        Ok(Self { http, url, id, model })
    }

    async fn write(&self, tuples: &[Value]) -> anyhow::Result<()> {
        for tuples in tuples.chunks(WRITE) {
            let body =
                json!({ "writes": { "tuple_keys": tuples }, "authorization_model_id": self.model });
            post(&self.http, &format!("{}/{}/write", self.url, self.id), &body).await?;
        }
        Ok(())
    }
}

async fn post(http: &reqwest::Client, url: &str, body: &Value) -> anyhow::Result<Value> {
    let response = http.post(url).json(body).send().await?;
    let (status, text) = (response.status(), response.text().await?);
    ensure!(status.is_success(), "{url}: {status}: {text}");
    Ok(serde_json::from_str(&text)?)
}
