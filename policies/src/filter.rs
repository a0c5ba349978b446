//! The search filter: an Elasticsearch query that admits exactly the documents that the decision
//! allows, made from the same table.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::change::PolicyError;
use crate::classes::{Classes, Named};
use crate::intervals::Intervals;
use crate::names::{Label, UNLABELLED};
use crate::rule::Verdict;
use crate::snapshot::{Asker, RoleSet, Snapshot};

/// How much a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterKind {
    /// Every document; the query is `match_all`.
    All,
    /// No document; the query is `match_none`.
    None,
    /// Those that the query matches.
    Some,
}

impl FilterKind {
    /// The kind as clients see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::None => "none",
            Self::Some => "some",
        }
    }
}

/// A search filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// How much it lets through.
    pub kind: FilterKind,
    /// The query, for the `filter` clause of a search.
    pub query: Value,
}

/// The time that windows are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Elasticsearch's own clock at each search, so that a kept filter stays right.
    SearchTime,
    /// This second.
    Time(DateTime<Utc>),
}

impl At {
    fn text(self) -> String {
        match self {
            Self::SearchTime => "now/s".into(),
            Self::Time(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }
}

/// A region of names with its verdict; `text` without the namespace.
struct Region<'a> {
    named: Named<'a>,
    verdict: Verdict,
}

/// The names of one namespace.
struct Space<'a> {
    /// Verdict of a name that nothing in the namespace names.
    root: Verdict,
    regions: Vec<Region<'a>>,
}

impl Snapshot {
    /// The filter for documents of type `kind`: their `id` is the resource's id, and `access` is
    /// as the labeler writes it.
    ///
    /// # Errors
    /// Casbin fails. Show nothing then.
    pub fn filter(
        &self,
        roles: &RoleSet,
        action: &str,
        kind: &str,
        at: At,
    ) -> Result<Filter, PolicyError> {
        let asker = self.asker(roles, action);
        if !crate::names::is_type(kind) {
            return Ok(Filter::none());
        }
        let ids = Space::read(&asker, &self.policy.resources, &format!("{kind}:"))?;
        if !ids.root.allows() && ids.regions.iter().all(|region| !region.verdict.allows()) {
            return Ok(Filter::none());
        }
        let labels = Labels {
            space: Space::read(&asker, &self.policy.resources, "label:")?,
            unlabelled: asker.verdict(&format!("label:{UNLABELLED}"))?,
            windowed: windowed(&asker, &self.windowed)?,
            at,
        };
        Ok(assemble(&ids, &labels, &opened_by_name(&asker, &ids, kind, &labels)?))
    }
}

impl Filter {
    fn none() -> Self {
        Self { kind: FilterKind::None, query: json!({ "match_none": {} }) }
    }

    fn all() -> Self {
        Self { kind: FilterKind::All, query: json!({ "match_all": {} }) }
    }
}

fn windowed<'a>(
    asker: &Asker,
    labels: &'a [Label],
) -> Result<Vec<(&'a Label, Verdict)>, PolicyError> {
    let verdict = |label: &Label| asker.verdict(&format!("label:{label}"));
    labels.iter().map(|label| Ok((label, verdict(label)?))).collect()
}

impl<'a> Space<'a> {
    fn read(asker: &Asker, classes: &'a Classes, namespace: &str) -> Result<Self, PolicyError> {
        let mut space = Self { root: asker.verdict(namespace)?, regions: Vec::new() };
        for named in classes.iter() {
            let Some(text) = named.text.strip_prefix(namespace) else { continue };
            let verdict = asker.class_verdict(named.id, named.text)?;
            space.regions.push(Region { named: Named { text, ..named }, verdict });
        }
        Ok(space)
    }

    /// Names whose verdict is as wanted.
    fn intervals(&self, wanted: impl Fn(&Named, Verdict) -> bool) -> Intervals {
        let root = Named { text: "", is_prefix: true, id: 0 };
        let verdicts: std::collections::HashMap<u32, Verdict> =
            self.regions.iter().map(|r| (r.named.id, r.verdict)).collect();
        Intervals::of(wanted(&root, self.root), self.regions.iter().map(|r| r.named), |named| {
            wanted(named, verdicts.get(&named.id).copied().unwrap_or(Verdict::NONE))
        })
    }
}

/// What the rules say about labels.
struct Labels<'a> {
    space: Space<'a>,
    unlabelled: Verdict,
    windowed: Vec<(&'a Label, Verdict)>,
    at: At,
}

impl Labels<'_> {
    /// Every verdict that denies a label.
    fn denials(&self) -> impl Iterator<Item = Verdict> {
        let regions = self.space.regions.iter().map(|region| region.verdict);
        let windowed = self.windowed.iter().map(|(_, verdict)| *verdict);
        let rest = [self.space.root, self.unlabelled];
        regions.chain(windowed).chain(rest).filter(|verdict| !verdict.allows())
    }

    /// Queries of which one matches exactly the documents with a label that counts and is denied
    /// before `limit`.
    fn denied(&self, limit: Option<Verdict>) -> Vec<Value> {
        let denied = |verdict: Verdict| !verdict.allows() && limit.is_none_or(|l| verdict < l);
        let is_windowed =
            |text: &str| self.windowed.iter().any(|(label, _)| label.as_str() == text);
        let windows = Windows { labels: self, denied: &denied };
        let plain = self.space.intervals(|_, verdict| denied(verdict));
        let plain = if self.windowed.is_empty() { plain } else { windows.cut_out(&is_windowed) };
        let mut queries = plain.queries("access.labels");
        queries.extend(windows.queries());
        queries
    }

    /// Documents without a denied label, those that are not labelled among them if that is fine.
    fn admitted(&self, limit: Option<Verdict>) -> Option<Value> {
        let unlabelled = self.unlabelled.allows() || limit.is_some_and(|l| l < self.unlabelled);
        let denied = self.denied(limit);
        let labelled = json!({ "exists": { "field": "access.labelled_at" } });
        match (unlabelled, denied.is_empty()) {
            (true, true) => None,
            (false, true) => Some(labelled),
            (false, false) => Some(json!({ "bool": { "filter": [labelled], "must_not": denied } })),
            (true, false) => {
                // A document without `labelled_at` has the one label `unlabelled`, whatever else
                // stands in it.
                Some(json!({ "bool": { "minimum_should_match": 1, "should": [
                    { "bool": { "must_not": [labelled] } },
                    { "bool": { "must_not": denied } },
                ] } }))
            }
        }
    }
}

/// Labels with a window, which count only inside it.
struct Windows<'a, F> {
    labels: &'a Labels<'a>,
    denied: &'a F,
}

impl<F: Fn(Verdict) -> bool> Windows<'_, F> {
    /// The denied labels without those that have a window.
    fn cut_out(&self, is_windowed: &impl Fn(&str) -> bool) -> Intervals {
        let space = &self.labels.space;
        let mut regions: Vec<Region> = Vec::new();
        for region in &space.regions {
            if region.named.is_prefix || !is_windowed(region.named.text) {
                regions.push(Region { ..*region });
            }
        }
        // Numbers from the top: classes are numbered from 0.
        for ((label, _), id) in self.labels.windowed.iter().zip((0..=u32::MAX).rev()) {
            let named = Named { text: label.as_str(), is_prefix: false, id };
            regions.push(Region { named, verdict: Verdict::NONE });
        }
        let space = Space { root: space.root, regions };
        space.intervals(|named, verdict| {
            (self.denied)(verdict) && (named.is_prefix || !is_windowed(named.text))
        })
    }

    fn queries(&self) -> impl Iterator<Item = Value> {
        let now = self.labels.at.text();
        let denied = self.labels.windowed.iter().filter(|(_, verdict)| (self.denied)(*verdict));
        denied.map(move |(label, _)| {
            // Not over and not to come, so that a missing end keeps the label.
            let until = format!("access.until.{label}");
            let from = format!("access.from.{label}");
            json!({ "bool": {
                "filter": [{ "term": { "access.labels": label.as_str() } }],
                "must_not": [
                    { "range": { until: { "lte": now } } },
                    { "range": { from: { "gt": now } } },
                ],
            } })
        })
    }
}

/// Ids that a rule opens by name before a denied label, grouped by what it overrides: the
/// remaining denials are those before `limit`.
struct Opened<'a> {
    limit: Verdict,
    ids: Vec<&'a str>,
}

fn opened_by_name<'a>(
    asker: &Asker,
    ids: &Space<'a>,
    kind: &str,
    labels: &Labels,
) -> Result<Vec<Opened<'a>>, PolicyError> {
    let mut denials: Vec<Verdict> = labels.denials().collect();
    if denials.is_empty() {
        return Ok(Vec::new());
    }
    denials.sort_unstable();
    denials.dedup();
    let mut groups: std::collections::BTreeMap<usize, Opened<'a>> =
        std::collections::BTreeMap::new();
    for region in ids.regions.iter().filter(|r| !r.named.is_prefix && r.verdict.allows()) {
        let name = format!("{kind}:{}", region.named.text);
        let by_name = asker.by_name(&name, region.verdict)?;
        let before = denials.partition_point(|denial| *denial < by_name);
        if by_name.allows() && before < denials.len() {
            let group = groups.entry(before).or_insert(Opened { limit: by_name, ids: Vec::new() });
            group.ids.push(region.named.text);
        }
    }
    Ok(groups.into_values().collect())
}

fn assemble(ids: &Space, labels: &Labels, opened: &[Opened]) -> Filter {
    let mut clauses = serde_json::Map::new();
    let denied_ids = ids.intervals(|_, verdict| !verdict.allows());
    if denied_ids.is_everything() {
        return Filter::none();
    }
    let mut filter = Vec::new();
    if !ids.root.allows() {
        // The rest is closed, so also a document that has no id at all.
        let open = ids.intervals(|_, verdict| verdict.allows()).queries("id");
        filter.push(json!({ "bool": { "should": open, "minimum_should_match": 1 } }));
    } else if !denied_ids.is_empty() {
        clauses.insert("must_not".into(), denied_ids.queries("id").into());
    }
    if let Some(admitted) = labels.admitted(None) {
        let by_name = opened.iter().map(|group| {
            let mut both = vec![json!({ "terms": { "id": group.ids } })];
            both.extend(labels.admitted(Some(group.limit)));
            json!({ "bool": { "filter": both } })
        });
        let ways: Vec<Value> = std::iter::once(admitted).chain(by_name).collect();
        filter.push(json!({ "bool": { "should": ways, "minimum_should_match": 1 } }));
    }
    if !filter.is_empty() {
        clauses.insert("filter".into(), filter.into());
    }
    if clauses.is_empty() {
        return Filter::all();
    }
    Filter { kind: FilterKind::Some, query: json!({ "bool": clauses }) }
}
