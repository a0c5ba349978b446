//! Open Policy Agent: rules and users as data, the policy in `bench/peers/opa/films.rego`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::data::{Data, Question, RoleRules, film_name, label_name, role_name, user_name};
use super::filters;
use super::program::{log_to, version};
use super::side::{Operation, Side};
use crate::json_answer::{bool_at, list_at};
use crate::process::{SERVER_CORE, Server};

const POLICY: &str = include_str!("../../peers/opa/films.rego");

pub(crate) async fn start(program: &Path, folder: &Path, data: &Data) -> anyhow::Result<Side> {
    let (policy, documents) = (folder.join("films.rego"), folder.join("data.json"));
    std::fs::write(&policy, POLICY)?;
    std::fs::write(&documents, document(data).to_string())?;
    let log = log_to(folder, "opa")?;
    let server = Server::start(program, SERVER_CORE, |command, address| {
        command.args(["run", "--server", "--addr", address, "--log-level", "error"]);
        command.args(["--skip-version-check", "--optimize-store-for-read-speed"]);
        command.arg(&policy).arg(&documents).stderr(log);
    })
    .await?;
    let mut side = Side::new(format!("OPA {}", version(program, "version")?), server);
    side.post(
        data,
        Operation::Check,
        "/v1/data/films/allow",
        |it| input(it, "film", &films(data, it).into_iter().next().into()),
        |_, _, response| Ok(vec![bool_at(response, "/result")?]),
    );
    side.post(
        data,
        Operation::Batch,
        "/v1/data/films/allowed",
        |it| input(it, "films", &films(data, it).into()),
        |_, _, response| {
            list_at(response, "/result")?.iter().map(|answer| bool_at(answer, "")).collect()
        },
    );
    side.post(
        data,
        Operation::Filter,
        "/v1/compile",
        |question| {
            json!({
                "query": "data.films.include == true", "unknowns": ["input.film"],
                "input": { "user": user_name(question.user) },
            })
        },
        |data, question, response| {
            filters::films(data, question, |film| filters::rego(response, film))
        },
    );
    Ok(side)
}

fn input(question: &Question, name: &str, value: &Value) -> Value {
    json!({ "input": { "user": user_name(question.user), name: value } })
}

fn films(data: &Data, question: &Question) -> Vec<Value> {
    let film =
        |&film: &usize| json!({ "id": film_name(film), "labels": data.label_names_of(film) });
    question.films.iter().map(film).collect()
}

fn document(data: &Data) -> Value {
    let users = (0..data.users.len()).map(|user| (user_name(user), data.roles_of(user).collect()));
    json!({
        "roles": users.collect::<Map<String, Value>>(),
        "restricted": set(0..data.labels, label_name),
        "allowed": by_role(data, |rules| set(rules.allowed.iter().copied(), label_name)),
        "denied": by_role(data, |rules| set(rules.denied.iter().copied(), label_name)),
        "excluded": by_role(data, |rules| set(rules.excluded.iter().copied(), film_name)),
    })
}

/// An object with a member for each role.
pub(crate) fn by_role(data: &Data, of: impl Fn(&RoleRules) -> Value) -> Value {
    let members = data.roles.iter().enumerate().map(|(role, rules)| (role_name(role), of(rules)));
    members.collect::<Map<_, _>>().into()
}

/// A set, as JSON and its languages can look it up: an object with these names.
pub(crate) fn set(numbers: impl Iterator<Item = usize>, name: fn(usize) -> String) -> Value {
    numbers.map(|number| (name(number), true.into())).collect::<Map<_, _>>().into()
}
