//! Why a command fails, and the exit code that says so.

use std::{io, path::PathBuf};

use policies::PolicyError;
use policies::label_rules::LabelRuleError;
use policies::mapping::MappingProblem;
use service::{
    client_credentials::IncompleteCredentials,
    config::ConfigError,
    database::{ClockSkew, is_unavailable},
    exit::Exit,
    output::OutputError,
    server::ListenError,
};
use thiserror::Error;

use crate::{
    FieldFault, Shrinking,
    elastic::ElasticError,
    import::MappingFileError,
    preview::{AudienceError, PolicyServerError},
    rules::CaseError,
};

/// Why a command failed.
#[derive(Debug, Error)]
pub enum LabelerError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A file without a label rule.
    #[error("{} has no label rule, with which every film would be open", .0.display())]
    NoRules(PathBuf),
    /// The cases of `rules test`.
    #[error(transparent)]
    Cases(#[from] CaseError),
    /// The credentials of the service client.
    #[error(transparent)]
    Credentials(#[from] IncompleteCredentials),
    /// The policy of a preview.
    #[error("policy: {0}")]
    Policy(#[from] AudienceError),
    /// Elasticsearch.
    #[error(transparent)]
    Elastic(ElasticError),
    /// The label rules, before Elasticsearch has seen them.
    #[error(transparent)]
    Rules(#[from] LabelRuleError),
    /// A query that Elasticsearch refuses.
    #[error("label rule `{rule}` (line {line}): Elasticsearch refuses its query: {reason}")]
    RuleQuery {
        /// The rule.
        rule: String,
        /// Line of the file at which it starts.
        line: usize,
        /// Elasticsearch's message.
        reason: String,
    },
    /// A field that is not mapped as the rule means it, so that the rule might never match.
    #[error("label rule `{rule}` (line {line}): {fault}")]
    RuleField {
        /// The rule.
        rule: String,
        /// Line of the file at which it starts.
        line: usize,
        /// What is wrong with the field.
        fault: FieldFault,
    },
    /// An index on whose films a search and a check could differ.
    #[error("index `{index}`: {problem}; import the films into a new index")]
    Mapping {
        /// The index.
        index: String,
        /// The first problem.
        problem: MappingProblem,
    },
    /// Labels would be lost by more films than the loss limit allows. Nothing was written.
    #[error("stopped before the first write: {}; if this is intended: etl-labeler once --force", list(.0))]
    Loss(Vec<Shrinking>),
    /// Some films could not be written; all others were.
    #[error("{count} films were refused by Elasticsearch; the first: {first}")]
    Refused {
        /// Films refused.
        count: u64,
        /// Id and reason of the first.
        first: String,
    },
    /// The clock of this machine, or PostgreSQL's, is wrong. Labels would begin or end at the wrong time.
    #[error("no film is labelled: {0}")]
    Clock(#[from] ClockSkew),
    /// Another process labels the films.
    #[error("another run on the index `{0}` is in progress; repeat the command when it has ended")]
    Busy(String),
    /// Stopped by a signal between two pages. What was written stays; the next run goes on.
    #[error("interrupted")]
    Interrupted,
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file of films that cannot be read as it is.
    #[error("{path} {hint}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do.
        hint: &'static str,
    },
    /// A mapping file.
    #[error(transparent)]
    MappingFile(#[from] MappingFileError),
    /// A table without the column that ids are made of.
    #[error("{path}: CSV without a column `{column}`, of which the ids are made{hint}")]
    NoIdColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns, and where to name another.
        hint: String,
    },
    /// A table of which it is not certain what a column is.
    #[error("{path}: the columns {} and {} are both named `{column}`; rename one", .places.0, .places.1)]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
        /// The columns, counted from 1.
        places: (usize, usize),
    },
    /// The file of rejected lines cannot be written.
    #[error("cannot write {path}: {source}")]
    Rejects {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The index or alias is not in a state for this import.
    #[error("{0}")]
    Target(String),
    /// The lease for imports was taken over by another process, as this one did not renew it in time.
    #[error("another import has begun, since this process did not answer for a while; it stopped")]
    LeaseLost,
    /// The film database.
    #[error("cannot read films from PostgreSQL ({database}): {}", brief(.source))]
    Source {
        /// Host, port and name.
        database: String,
        /// The error.
        source: sqlx::Error,
    },
    /// A sync that would delete too many films.
    #[error(
        "{gone} of {films} films are no longer in the film database, more than ETL_LOSS_LIMIT allows; if that is \
         right: etl-labeler sync --full --force"
    )]
    SourceLoss {
        /// Films of the index that the database does not have.
        gone: u64,
        /// Films of the index that come from the database.
        films: u64,
    },
    /// The index was deleted while films were being read from it or written to it.
    #[error("the index `{0}` was deleted meanwhile; nothing more was written")]
    IndexDeleted(String),
    /// The index was deleted with all films that an import had written to it.
    #[error(
        "the index `{0}` was deleted meanwhile, with the films of the lines before: import all lines again"
    )]
    ImportDeleted(String),
    /// An import that is to go on behind the end of its file.
    #[error("--from-line {from} is behind the end of the file: its last film is on {unit} {last}")]
    BehindTheEnd {
        /// The line.
        from: u64,
        /// Lines or elements.
        unit: &'static str,
        /// The last record.
        last: u64,
    },
    /// A replacement on which labels would be lost by more films than the loss limit allows.
    #[error(
        "the current index was not replaced: {}; if this is intended, repeat the command with --replace \
         --from-line {next} --force",
        list(.losses)
    )]
    ReplacementLoss {
        /// The labels.
        losses: Vec<Shrinking>,
        /// The line after the last one.
        next: u64,
    },
    /// An index without films must not replace one with films.
    #[error("no film was imported; the current index was not replaced")]
    NothingToReplaceWith,
    /// A replacement that lacks lines of its file is not led to without the operator's word.
    #[error(
        "{} lines were skipped, so the current index was not replaced. To go on without them, repeat the command \
         with --from-line {next} --accept-rejects; to add them first, import a file of the corrected ones with --replace \
         --from-line 1 --accept-rejects",
        .skipped.map_or("an unknown number of".to_owned(), |skipped| skipped.to_string())
    )]
    SkippedLines {
        /// Lines skipped; unknown after a part of the import that was killed.
        skipped: Option<u64>,
        /// The line after the last one.
        next: u64,
    },
    /// PostgreSQL cannot be connected to.
    #[error("cannot connect to PostgreSQL ({database}): {}", brief(.source))]
    Connect {
        /// Host, port and name.
        database: String,
        /// The error.
        source: sqlx::Error,
    },
    /// PostgreSQL, or the job queue in it.
    #[error("PostgreSQL: {}", brief(.0))]
    Database(#[from] sqlx::Error),
    /// The tables of the job queue cannot be created or migrated.
    #[error("PostgreSQL: {0}")]
    Queue(#[from] apalis_postgres::Error),
    /// The operators' listener.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(io::Error),
    /// A part of `run` could not start or failed.
    #[error("{0}")]
    Worker(String),
}

impl LabelerError {
    /// How the program ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Policy(AudienceError::Server(PolicyServerError::Unavailable { .. }))
            | Self::Elastic(ElasticError::Unreachable { .. })
            | Self::Connect { .. }
            | Self::Database(_) => Exit::Unavailable,
            Self::Config(_)
            | Self::Credentials(_)
            | Self::Policy(_)
            | Self::NoRules(_)
            | Self::Cases(_)
            | Self::Rules(_)
            | Self::RuleQuery { .. }
            | Self::RuleField { .. }
            | Self::MappingFile(_)
            | Self::NoIdColumn { .. }
            | Self::RepeatedColumn { .. }
            | Self::Unsupported { .. }
            | Self::BehindTheEnd { .. }
            | Self::Target(_) => Exit::Usage,
            Self::Loss(_)
            | Self::ReplacementLoss { .. }
            | Self::SourceLoss { .. }
            | Self::SkippedLines { .. } => Exit::SafetyLimit,
            Self::Source { source, .. } if is_unavailable(source) => Exit::Unavailable,
            Self::Elastic(_)
            | Self::Mapping { .. }
            | Self::Refused { .. }
            | Self::Clock(_)
            | Self::Busy(_)
            | Self::Interrupted
            | Self::Rejects { .. }
            | Self::IndexDeleted(_)
            | Self::ImportDeleted(_)
            | Self::LeaseLost
            | Self::Source { .. }
            | Self::NothingToReplaceWith
            | Self::File { .. }
            | Self::Queue(_)
            | Self::Listen(_)
            | Self::Signals(_)
            | Self::Output(_)
            | Self::Worker(_) => Exit::Failure,
        }
    }
}

impl From<ElasticError> for LabelerError {
    fn from(error: ElasticError) -> Self {
        match error {
            ElasticError::Interrupted => Self::Interrupted,
            error => Self::Elastic(error),
        }
    }
}

impl From<PolicyError> for LabelerError {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error.into())
    }
}

/// PostgreSQL's message. The whole error has a line of the source code of PostgreSQL beside it.
fn brief(error: &sqlx::Error) -> String {
    let reported = error.as_database_error();
    reported.map_or_else(|| error.to_string(), |reported| reported.message().to_owned())
}

fn list(losses: &[Shrinking]) -> String {
    losses.iter().map(Shrinking::to_string).collect::<Vec<_>>().join(", ")
}
