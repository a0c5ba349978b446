//! Why a subject may do something or not, and what would change it: for operators and admins, over HTTP and on the
//! command line. Enforcement points ask for decisions instead.

mod view;

use chrono::{DateTime, Utc};
use policies::{Facts, Resource, Snapshot, inactive_labels};
use serde_json::Value;

use crate::db::PgPool;
use crate::films::{FilmAccess, Films};
use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::policy::policy_problem;
use crate::user::subject_choice::{ChosenSubject, SubjectChoice};

pub(crate) use view::{ExplanationView, FilmMissing, RuleOutcome};

/// Maximum number of labels of a resource: every rule is compared with each of them.
const MAX_LABELS: usize = 1_000;

/// What is to be explained.
pub(crate) struct Question {
    pub(crate) subject: SubjectChoice,
    pub(crate) action: String,
    pub(crate) resource: ExplainedResource,
    /// When the decision is made.
    pub(crate) at: DateTime<Utc>,
}

/// A resource with its labels.
pub(crate) struct ExplainedResource {
    /// Resource type.
    pub(crate) kind: String,
    /// Resource id.
    pub(crate) id: Option<String>,
    pub(crate) labels: Labels,
}

/// Where the labels of a resource are from.
pub(crate) enum Labels {
    /// The caller states them.
    Stated(Vec<String>),
    /// They are in this `access` value of a document.
    Access(Value),
    /// They are in this film in Elasticsearch.
    Film(FilmAccess),
    /// They are not stated.
    Unstated,
}

/// A question with everything that its answer needs.
pub(crate) struct Prepared {
    question: Question,
    subject: ChosenSubject,
    film_missing: Option<FilmMissing>,
}

impl Question {
    /// Looks up the subject, if it is an account, and a film that is named without its labels.
    ///
    /// # Errors
    /// [`crate::user::subject_choice::SUBJECT`], [`crate::films::FILMS`], or the database is unavailable.
    pub(crate) async fn prepare(
        mut self,
        policy: &Snapshot,
        pool: &PgPool,
        films: Option<&Films>,
    ) -> Result<Prepared, Problem> {
        let subject = self.subject.resolve(policy, pool).await?;
        let film_missing = self.resource.find(films).await?;
        Ok(Prepared { question: self, subject, film_missing })
    }
}

impl ExplainedResource {
    /// Reads the labels of a film that is named by its id alone. Returns why the film is not known.
    async fn find(&mut self, films: Option<&Films>) -> Result<Option<FilmMissing>, Problem> {
        let (Labels::Unstated, "film", Some(id)) = (&self.labels, &*self.kind, &self.id) else {
            return Ok(None);
        };
        let Some(films) = films else { return Ok(Some(FilmMissing::NotConfigured)) };
        let Some(film) = films.access(id).await? else { return Ok(Some(FilmMissing::NotFound)) };
        self.labels = Labels::Film(film);
        Ok(None)
    }

    fn name(&self) -> Resource {
        Resource::new(&self.kind, self.id.as_deref())
    }
}

impl Labels {
    /// `access` of the document.
    fn access(&self) -> Option<&Value> {
        match self {
            Self::Access(access) | Self::Film(FilmAccess { access, .. }) => Some(access),
            Self::Stated(_) | Self::Unstated => None,
        }
    }

    fn facts(&self, policy: &Snapshot, at: DateTime<Utc>) -> Facts<'_> {
        match (self, self.access()) {
            (_, Some(access)) => Facts::access(access, policy.time_bound_labels(), at),
            (Self::Stated(labels), None) => Facts::labels(labels.iter().map(String::as_str)),
            (_, None) => Facts::missing(),
        }
    }
}

impl Prepared {
    /// The answer, which takes milliseconds or, with a hundred thousand rules, more.
    ///
    /// # Errors
    /// The resource has too many labels, or the policy cannot be evaluated.
    pub(crate) fn explain(self, policy: &Snapshot) -> Result<ExplanationView, Problem> {
        let Self { question, subject, film_missing } = self;
        let Question { action, resource, at, .. } = question;
        let facts = resource.labels.facts(policy, at);
        if facts.active().len() > MAX_LABELS {
            let problem = Problem::new(FIELD).field("resource");
            return Err(problem.detail(format!("A resource has at most {MAX_LABELS} labels.")));
        }
        let mut view =
            ExplanationView::new(policy, action, resource.name().as_str().to_owned(), at);
        if let Labels::Film(film) = &resource.labels {
            view.title = Some(film.title.clone());
        }
        view.missing = film_missing.map(FilmMissing::view);
        if let Some(access) = resource.labels.access() {
            view.set_inactive(inactive_labels(access, policy.time_bound_labels(), at));
        }
        if let ChosenSubject::Account(roles) | ChosenSubject::Roles(roles) = subject {
            let explanation = policy.explain(&roles, &view.action, &resource.name(), &facts);
            view.set_explanation(policy, &roles, explanation.map_err(policy_problem)?);
        }
        Ok(view)
    }
}
