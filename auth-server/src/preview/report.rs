//! The result of a preview, as the API and the command line give it.

use poem_openapi::Object;
use policies::{VerdictChange, VerdictChanges};
use serde::Serialize;

use super::audience::Holders;
use super::compare::{Compared, ComparedCaller};
use super::films::{FilmChanges, FilmCounts};
use crate::films::{Films, FilmsError};
use crate::policy::rules::RuleInForce;
use crate::policy::warning::PolicyWarning;

/// Maximum number of sets of roles that are listed.
const MAX_LISTED: usize = 100;
/// Maximum number of sets of roles whose films are counted.
const MAX_COUNTED: usize = 20;
/// Maximum number of verdicts listed for one caller, gained and lost each.
const MAX_VERDICTS: usize = 100;

const NO_FILMS: &str = "Films are not counted: auth-server has no `ELASTICSEARCH_URL`.";

/// What a change of the policy would mean.
#[derive(Debug, Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct PolicyPreview {
    /// Policy revision with which the changes were compared; as an ETag, what applying them is based on.
    pub(crate) revision: i64,
    /// What changes for guests.
    pub(crate) guest: CallerChanges,
    /// What changes for users, by their roles; most users first, at most 100 sets of roles.
    pub(crate) users: Vec<UsersChanges>,
    /// Number of affected users with other sets of roles than those in `users`.
    pub(crate) more_users: i64,
    /// Number of users for whom nothing changes.
    pub(crate) unaffected_users: i64,
    /// Number of users who were left out: only the 1,000 sets of roles of most users are compared.
    pub(crate) not_compared_users: i64,
    /// What would probably be a mistake.
    pub(crate) warnings: Vec<PolicyWarning>,
    /// What the preview does not say, and why; `null` if it is complete.
    pub(crate) missing: Option<String>,
}

/// What changes for some users.
#[derive(Debug, Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct UsersChanges {
    /// The roles of these users after the change, without those that they inherit.
    pub(crate) roles: Vec<String>,
    /// The roles of these users before the change.
    pub(crate) roles_before: Vec<String>,
    /// Number of these users; disabled accounts count.
    pub(crate) users: i64,
    /// What changes for them.
    pub(crate) changes: CallerChanges,
}

/// What changes for one caller.
#[derive(Debug, Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct CallerChanges {
    /// What becomes allowed, at most 100 verdicts, by resource and action.
    pub(crate) gained: Vec<ChangedVerdict>,
    /// What becomes denied, at most 100 verdicts, by resource and action.
    pub(crate) lost: Vec<ChangedVerdict>,
    /// Whether `gained` and `lost` are everything.
    pub(crate) complete: bool,
    /// What changes among the films in Elasticsearch; `null` if they were not counted: for the 20 sets of roles of
    /// most users they are.
    pub(crate) films: Option<FilmChanges>,
}

/// A verdict that becomes the opposite. It is about the resource itself; a film also depends on its labels, whose
/// verdicts are listed as `label:<name>`.
#[derive(Debug, Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct ChangedVerdict {
    /// The resources, as in a rule: a prefix stands for those that no longer prefix or name of a rule covers.
    pub(crate) resource: String,
    /// The actions, likewise. Of actions with properties only those that rules name are listed.
    pub(crate) action: String,
    /// The rule that decides now; `null` if none matches.
    pub(crate) rule_before: Option<RuleInForce>,
    /// The rule that would decide; `null` if none would match.
    pub(crate) rule: Option<RuleInForce>,
}

impl From<VerdictChange> for ChangedVerdict {
    fn from(VerdictChange { resource, action, before, after, .. }: VerdictChange) -> Self {
        let rule_before = before.map(|rule| RuleInForce::from(&*rule));
        Self { resource, action, rule_before, rule: after.map(|rule| RuleInForce::from(&*rule)) }
    }
}

impl CallerChanges {
    fn new(verdicts: VerdictChanges, films: Option<FilmChanges>) -> Self {
        let VerdictChanges { verdicts, mut complete } = verdicts;
        let (gained, lost): (Vec<_>, Vec<_>) = verdicts.into_iter().partition(|it| it.allowed);
        let mut listed = |verdicts: Vec<VerdictChange>| -> Vec<ChangedVerdict> {
            complete &= verdicts.len() <= MAX_VERDICTS;
            verdicts.into_iter().take(MAX_VERDICTS).map(ChangedVerdict::from).collect()
        };
        let (gained, lost) = (listed(gained), listed(lost));
        Self { gained, lost, complete, films }
    }
}

/// The result, with the number of films if there is an Elasticsearch to ask.
///
/// # Errors
/// Elasticsearch is unavailable.
pub(crate) async fn report(
    compared: Compared,
    films: Option<&Films>,
) -> Result<PolicyPreview, FilmsError> {
    let mut counts = films.map(FilmCounts::of);
    let Compared { revision, guest, mut users, unaffected, left_out, warnings } = compared;
    let more = users.split_off(users.len().min(MAX_LISTED));
    let guest = caller(guest, counts.as_mut()).await?;
    let mut listed = Vec::with_capacity(users.len());
    for (rank, (Holders { before, after }, number, compared)) in users.into_iter().enumerate() {
        let counts = counts.as_mut().filter(|_| rank < MAX_COUNTED);
        listed.push(UsersChanges {
            roles: after.iter().map(ToString::to_string).collect(),
            roles_before: before.iter().map(ToString::to_string).collect(),
            users: number,
            changes: caller(compared, counts).await?,
        });
    }
    Ok(PolicyPreview {
        revision,
        guest,
        users: listed,
        more_users: more.iter().map(|(_, number, _)| number).sum(),
        unaffected_users: unaffected,
        not_compared_users: left_out,
        warnings,
        missing: films.is_none().then(|| NO_FILMS.to_owned()),
    })
}

async fn caller(
    compared: ComparedCaller,
    counts: Option<&mut FilmCounts<'_>>,
) -> Result<CallerChanges, FilmsError> {
    let ComparedCaller { verdicts, films } = compared;
    let films = match counts {
        Some(counts) => Some(counts.changes(&films).await?),
        None => None,
    };
    Ok(CallerChanges::new(verdicts, films))
}
