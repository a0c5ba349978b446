//! `auth-server explain`: why a subject may do something or not.

mod tree;

use chrono::{DateTime, Utc};
use clap::Args;
use service::output;

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::explanation::{ExplainedResource, Labels, Question};
use crate::films::Films;
use crate::user::subject_choice::SubjectChoice;

#[derive(Args)]
pub(crate) struct Options {
    /// Login or user id of the account that the decision is about [default: a guest]
    #[arg(long, value_name = "LOGIN", conflicts_with_all = ["roles", "guest"])]
    user: Option<String>,
    /// A role of the subject, in place of an account; can be repeated
    #[arg(long = "role", value_name = "ROLE", conflicts_with = "guest")]
    roles: Vec<String>,
    /// Ask about a guest, the default
    #[arg(long)]
    guest: bool,
    /// Id of the film to act on
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "resource",
        conflicts_with = "resource"
    )]
    film: Option<String>,
    /// Resource to act on, if it is not a film: `type:id` or `type`
    #[arg(long)]
    resource: Option<String>,
    /// What the subject does
    #[arg(long, default_value = "read")]
    action: String,
    /// A label of the resource; can be repeated [default: those of the film in Elasticsearch]
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Time of the decision, as `2026-12-31T23:59:59Z` [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    /// Print the response of `POST /api/v1/explain`
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options, config: Config) -> Result<(), Failure> {
    let (json, clock) = (options.json, Clock::default());
    let films = Films::open(config.elasticsearch.as_ref()).map_err(Failure::because)?;
    let (pool, policy) = open::policy(&config, &clock).await?;
    let policy = policy.snapshot_full();
    let subject = options.subject_text();
    let question = options.question(clock.now());
    let prepared = question.prepare(&policy, &pool, films.as_ref()).await?;
    let view = prepared.explain(&policy)?;
    if json {
        output::print_json(&view)?;
    } else {
        output::print(tree::text(&subject, &view).trim_end())?;
    }
    Ok(())
}

impl Options {
    /// The subject of a sentence.
    fn subject_text(&self) -> String {
        match (&self.user, &*self.roles) {
            (Some(user), _) => user.clone(),
            (None, []) => "a guest".to_owned(),
            (None, [role]) => format!("a caller with the role {role}"),
            (None, roles) => format!("a caller with the roles {}", roles.join(", ")),
        }
    }

    fn question(self, now: DateTime<Utc>) -> Question {
        let Self { user, roles, guest, film, resource, action, labels, at, .. } = self;
        let subject = match user {
            Some(user) => SubjectChoice::User(user),
            None if guest || roles.is_empty() => SubjectChoice::Guest,
            None => SubjectChoice::Roles(roles),
        };
        let (kind, id) = match (film, resource) {
            (Some(film), _) => ("film".to_owned(), Some(film)),
            (None, resource) => parts(resource.unwrap_or_default()),
        };
        let labels = if labels.is_empty() { Labels::Unstated } else { Labels::Stated(labels) };
        let resource = ExplainedResource { kind, id, labels };
        Question { subject, action, resource, at: at.unwrap_or(now) }
    }
}

/// Type and id of a resource.
fn parts(resource: String) -> (String, Option<String>) {
    match resource.split_once(':') {
        Some((kind, id)) => (kind.to_owned(), Some(id.to_owned())),
        None => (resource, None),
    }
}
