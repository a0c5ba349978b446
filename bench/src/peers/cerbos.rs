//! Cerbos: rules as constants of the policy in `bench/peers/cerbos/film.yaml`, roles in each request.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::data::{BATCH, Data, Question, RoleRules, film_name, label_name, user_name};
use super::filters;
use super::opa::{by_role, set};
use super::program::{log_to, version};
use super::side::{Operation, Side};
use crate::json_answer::{bool_at, list_at, text_at, value_at};
use crate::process::{SERVER_CORE, Server, free_address};

const POLICY: &str = include_str!("../../peers/cerbos/film.yaml");

pub(crate) async fn start(program: &Path, folder: &Path, data: &Data) -> anyhow::Result<Side> {
    let policies = folder.join("policies");
    std::fs::create_dir_all(&policies)?;
    std::fs::write(policies.join("film.yaml"), POLICY)?;
    std::fs::write(policies.join("rules.json"), constants(data).to_string())?;
    let (config, log) = (folder.join("config.json"), log_to(folder, "cerbos")?);
    let rpc = free_address()?;
    let server = Server::start(program, SERVER_CORE, |command, address| {
        let settings = settings(&policies, address, &rpc).to_string();
        // If it cannot be written, the server does not start.
        let _ = std::fs::write(&config, settings);
        command.args(["server", "--log-level", "error", "--config"]).arg(&config).stderr(log);
    })
    .await?;
    let mut side = Side::new(format!("Cerbos {}", version(program, "--version")?), server);
    add_operations(&mut side, data);
    Ok(side)
}

fn add_operations(side: &mut Side, data: &Data) {
    let check = |question: &Question| {
        json!({
            "principal": principal(data, question),
            "resources": question.films.iter().map(|&film| json!({
                "actions": ["read"], "resource": { "kind": "film", "id": film_name(film), "attr": labels(data, film) },
            })).collect::<Vec<_>>(),
        })
    };
    side.post(data, Operation::Check, "/api/check/resources", check, effects);
    side.post(data, Operation::Batch, "/api/check/resources", check, effects);
    side.post(data, Operation::Filter, "/api/plan/resources", |question| json!({
        "principal": principal(data, question), "action": "list", "resource": { "kind": "film" },
    }), |data, question, response| {
        let plan = value_at(response, "/filter/condition")?;
        filters::films(data, question, |film| filters::cerbos(plan, film))
    });
    side.post(data, Operation::AuthZen, "/access/v1/evaluation", |question| {
        let film = question.film();
        let roles: Vec<String> = data.roles_of(question.user).collect();
        json!({
            "subject": {
                "type": "user", "id": user_name(question.user), "properties": { "cerbos.roles": roles },
            },
            "action": { "name": "read" },
            "resource": { "type": "film", "id": film_name(film), "properties": labels(data, film) },
        })
    }, |_, _, response| Ok(vec![bool_at(response, "/decision")?]));
}

fn effects(_: &Data, _: &Question, response: &Value) -> anyhow::Result<Vec<bool>> {
    let results = list_at(response, "/results")?.iter();
    results.map(|result| Ok(text_at(result, "/actions/read")? == "EFFECT_ALLOW")).collect()
}

fn principal(data: &Data, question: &Question) -> Value {
    json!({
        "id": user_name(question.user), "roles": data.roles_of(question.user).collect::<Vec<_>>(),
    })
}

fn labels(data: &Data, film: usize) -> Value {
    json!({ "labels": data.label_names_of(film) })
}

fn constants(data: &Data) -> Value {
    let as_set = |of: fn(&RoleRules) -> &BTreeSet<usize>, name: fn(usize) -> String| {
        by_role(data, |rules| set(of(rules).iter().copied(), name))
    };
    let as_list = |of: fn(&RoleRules) -> &BTreeSet<usize>, name: fn(usize) -> String| {
        by_role(data, |rules| of(rules).iter().copied().map(name).collect())
    };
    json!({
        "apiVersion": "api.cerbos.dev/v1",
        "exportConstants": { "name": "rules", "definitions": {
            "allowed": as_set(|rules| &rules.allowed, label_name),
            "denied": as_set(|rules| &rules.denied, label_name),
            "excluded": as_set(|rules| &rules.excluded, film_name),
            "allowed_labels": as_list(|rules| &rules.allowed, label_name),
            "denied_labels": as_list(|rules| &rules.denied, label_name),
            "excluded_films": as_list(|rules| &rules.excluded, film_name),
        } },
    })
}

fn settings(policies: &Path, address: &str, rpc: &str) -> Value {
    json!({
        "server": {
            "httpListenAddr": address, "grpcListenAddr": rpc,
            "requestLimits": { "maxResourcesPerRequest": BATCH },
        },
        "storage": { "driver": "disk", "disk": { "directory": policies, "watchForChanges": false } },
        "telemetry": { "disabled": true },
    })
}
