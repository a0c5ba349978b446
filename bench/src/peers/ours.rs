//! auth-server: rules in its database, an access token for each user.

use anyhow::Context;
use auth_server::token::Issuer;
use policies::RoleName;
use serde_json::{Value, json};

use super::data::{self, Data, Question, film_name, label_name, role_name, user_name};
use super::filters;
use super::side::{Operation, Side};
use crate::deployment::Deployment;
use crate::json_answer::{bool_at, list_at, value_at};
use crate::process::SERVER_CORE;
use crate::{message, workload};

/// Another application, for forward-auth.
const RULES_OF_APPLICATION: &str =
    "(300, 'anonymous', 'web:films.example/*', 'GET', 'allow', now(), 1)";

pub(crate) async fn start(deployment: &Deployment, data: &Data) -> anyhow::Result<Side> {
    insert_rules(deployment, data).await?;
    let client = deployment.run(&["client", "create", "bench", "--scope", "evaluate"])?;
    let settings = [("AUTH_TRUSTED_PROXIES", "127.0.0.1")];
    let server = deployment.serve_with(SERVER_CORE, &settings).await?;
    let issuer = workload::issuer(&deployment.pool, &deployment.config()?).await?;
    let tokens: Vec<String> =
        (0..data.users.len()).map(|user| token(&issuer, data, user)).collect::<Result<_, _>>()?;
    let mut side = Side::new("auth-server", server);
    let caller = |question: &Question| {
        tokens.get(question.user).map(|token| message::bearer(token)).unwrap_or_default()
    };
    add_decisions(&mut side, data, &caller);
    add_standards(&mut side, data, &caller, &credentials(&client)?);
    Ok(side)
}

/// Requests of the server's own API.
fn add_decisions(side: &mut Side, data: &Data, caller: &dyn Fn(&Question) -> String) {
    let address = side.server.address.clone();
    let messages = |operation: Operation, path: &str, body: &dyn Fn(&Question) -> Value| {
        let questions = operation.questions(data).iter();
        let message = |it| message::post(&address, path, &caller(it), &body(it).to_string());
        questions.map(message).collect()
    };
    let films = |question: &Question| -> Vec<Value> {
        question.films.iter().map(|&film| resource(data, film)).collect()
    };
    let check = messages(
        Operation::Check,
        "/api/v1/check",
        &|question| json!({ "action": "read", "resource": films(question).first() }),
    );
    side.add(Operation::Check, check, |_, _, response| Ok(vec![bool_at(response, "/allowed")?]));
    let batch = messages(
        Operation::Batch,
        "/api/v1/check/batch",
        &|question| json!({ "action": "read", "resources": films(question) }),
    );
    side.add(Operation::Batch, batch, |_, _, response| {
        list_at(response, "/items")?.iter().map(|item| bool_at(item, "/allowed")).collect()
    });
    let filter = messages(
        Operation::Filter,
        "/api/v1/filter",
        &|_| json!({ "action": "read", "type": "film" }),
    );
    side.add(Operation::Filter, filter, |data, question, response| {
        let query = value_at(response, "/query")?;
        filters::films(data, question, |film| filters::elasticsearch(query, film))
    });
}

/// Requests of APIs that other programs have as well.
fn add_standards(
    side: &mut Side,
    data: &Data,
    caller: &dyn Fn(&Question) -> String,
    credentials: &str,
) {
    let address = side.server.address.clone();
    let evaluation = |question: &Question| {
        let roles: Vec<String> = data.roles_of(question.user).collect();
        let film = question.film();
        let body = json!({
            "subject": { "type": "viewer", "id": user_name(question.user), "properties": { "roles": roles } },
            "action": { "name": "read" },
            "resource": {
                "type": "film", "id": film_name(film), "properties": { "labels": data.label_names_of(film) },
            },
        });
        message::post(&address, "/access/v1/evaluation", credentials, &body.to_string())
    };
    let authzen = data.single.iter().map(evaluation).collect();
    side.add(Operation::AuthZen, authzen, |_, _, response| {
        Ok(vec![bool_at(response, "/decision")?])
    });
    let forwarded = |question: &Question| {
        let film = question.film();
        let headers = format!(
            "{}X-Forwarded-Method: GET\r\nX-Forwarded-Host: films.example\r\nX-Forwarded-Uri: /{}\r\n",
            caller(question),
            film_name(film)
        );
        message::get(&address, "/forward-auth", &headers)
    };
    let forward_auth = data.single.iter().map(forwarded).collect();
    side.add(Operation::ForwardAuth, forward_auth, |_, _, _| Ok(vec![true]));
}

fn resource(data: &Data, film: usize) -> Value {
    json!({ "type": "film", "id": film_name(film), "labels": data.label_names_of(film) })
}

fn token(issuer: &Issuer, data: &Data, user: usize) -> anyhow::Result<String> {
    let roles = data.roles_of(user).map(|role| RoleName::parse(&role));
    workload::token(issuer, roles.collect::<Result<_, _>>()?)
}

/// The header line for the client that `client create` has printed.
fn credentials(printed: &str) -> anyhow::Result<String> {
    use base64::Engine;
    let value = |name: &str| printed.lines().find_map(|line| line.strip_prefix(name));
    let id = value("client_id=").context("client_id")?;
    let secret = value("client_secret=").context("client_secret")?;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    Ok(format!("Authorization: Basic {basic}\r\n"))
}

/// In the order in which the rules decide: exclusions and denials, allowances, and the restriction of each label. The
/// shipped rules allow the rest.
async fn insert_rules(deployment: &Deployment, data: &Data) -> anyhow::Result<()> {
    let roles = (0..data::ROLES).map(|role| format!("('{}', '', now(), 1)", role_name(role)));
    let rows = rules(data).map(|(priority, role, resource, effect)| {
        format!("({priority}, '{role}', '{resource}', 'read', '{effect}', now(), 1)")
    });
    let rows: Vec<String> = rows.chain([RULES_OF_APPLICATION.to_owned()]).collect();
    let sql = format!(
        "INSERT INTO roles VALUES {};
         INSERT INTO rules (priority, role, resource, action, effect, created_at, revision) VALUES {}",
        roles.collect::<Vec<_>>().join(","),
        rows.join(",")
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&deployment.pool).await?;
    Ok(())
}

/// Priority, role, resource and effect of each rule.
pub(crate) fn rules(data: &Data) -> impl Iterator<Item = (u32, String, String, &'static str)> {
    let of_role = |(role, rules): (usize, &data::RoleRules)| {
        let film = |&film: &usize| (100, role_name(role), film_resource(film), "deny");
        let label = move |priority, effect| {
            move |&label: &usize| (priority, role_name(role), label_resource(label), effect)
        };
        let excluded = rules.excluded.iter().map(film);
        let denied = rules.denied.iter().map(label(100, "deny"));
        let allowed = rules.allowed.iter().map(label(200, "allow"));
        excluded.chain(denied).chain(allowed).collect::<Vec<_>>()
    };
    let restricted =
        (0..data.labels).map(|label| (900, "anonymous".to_owned(), label_resource(label), "deny"));
    data.roles.iter().enumerate().flat_map(of_role).chain(restricted)
}

fn film_resource(film: usize) -> String {
    format!("film:{}", film_name(film))
}

fn label_resource(label: usize) -> String {
    format!("label:{}", label_name(label))
}
