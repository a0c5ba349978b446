//! What is counted, in OpenMetrics terms. Each [`Metrics`] has a registry of its own, so that
//! several servers can live in one process.

use std::sync::Arc;

use service::metrics::{Counter, EncodeLabelSet, Family, FloatGauge, Gauge, HttpMetrics, Registry};

/// Everything that this server counts. Clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Requests and how long they took.
    pub http: HttpMetrics,
    /// Decisions of `/check` and its variants.
    pub decisions: Decisions,
    /// Evaluations off the threads that serve requests.
    pub offloaded: OffloadedEvaluations,
    /// Login attempts.
    pub logins: Outcomes,
    /// Registrations.
    pub registrations: Outcomes,
    /// Anonymization of login history.
    pub anonymization: Anonymization,
    /// E-mail.
    pub emails: Emails,
    /// Revision of the policy that decides here.
    pub policy_revision: Gauge,
    /// 1 while the database answers.
    pub database_up: Gauge,
    /// 1 while Redis answers; 0 also where there is none.
    pub redis_up: Gauge,
    /// How far the clock here is ahead of PostgreSQL's, in seconds.
    pub clock_skew: FloatGauge,
    /// Open connections to the database.
    pub database_connections: Gauge,
    /// What `/metrics` shows.
    pub registry: Arc<Registry>,
}

impl Metrics {
    /// With a counter that the policy counts in.
    pub(crate) fn new(policy_recoveries: &Counter) -> Self {
        let mut registry = Registry::with_prefix("auth");
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let policy_revision = gauge("policy_revision", "Revision of the policy in force");
        let database_up = gauge("database_up", "Whether the database answers");
        let redis_up = gauge("redis_up", "Whether Redis answers");
        let database_connections = gauge("database_connections", "Open database connections");
        let clock_skew = FloatGauge::default();
        let help = "How far the clock of this machine is ahead of PostgreSQL's";
        registry.register("clock_skew_seconds", help, clock_skew.clone());
        let help = "Times the database held another history of the policy than this server";
        registry.register("policy_recoveries", help, policy_recoveries.clone());
        Self {
            http: HttpMetrics::register(&mut registry),
            decisions: Decisions::register(&mut registry),
            offloaded: OffloadedEvaluations::register(&mut registry),
            logins: Outcomes::register(&mut registry, "logins", "Login attempts"),
            registrations: Outcomes::register(
                &mut registry,
                "registrations",
                "Registrations by outcome",
            ),
            anonymization: Anonymization::register(&mut registry),
            emails: Emails::register(&mut registry),
            policy_revision,
            database_up,
            redis_up,
            clock_skew,
            database_connections,
            registry: Arc::new(registry),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Decisions by outcome.
#[derive(Clone)]
pub(crate) struct Decisions {
    allowed: Counter,
    denied: Counter,
}

impl Decisions {
    fn register(registry: &mut Registry) -> Self {
        let family = Family::<Outcome, Counter>::default();
        registry.register("decisions", "Decisions made", family.clone());
        let counter = |outcome| family.get_or_create_owned(&Outcome { outcome });
        Self { allowed: counter("allowed"), denied: counter("denied") }
    }

    /// A question was answered.
    pub(crate) fn count(&self, allowed: bool) {
        if allowed { &self.allowed } else { &self.denied }.inc();
    }
}

/// Evaluations off the threads that serve requests, by outcome.
#[derive(Clone)]
pub(crate) struct OffloadedEvaluations {
    admitted: Counter,
    refused: Counter,
}

impl OffloadedEvaluations {
    fn register(registry: &mut Registry) -> Self {
        let family = Family::<Outcome, Counter>::default();
        let help = "Large checks and new filters, evaluated off the threads that serve requests";
        registry.register("offloaded_evaluations", help, family.clone());
        let counter = |outcome| family.get_or_create_owned(&Outcome { outcome });
        Self { admitted: counter("admitted"), refused: counter("refused") }
    }

    /// An evaluation runs or waits.
    pub(crate) fn admitted(&self) {
        self.admitted.inc();
    }

    /// Too many evaluations wait already.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }
}

/// What ends in one of many ways, by outcome.
#[derive(Clone)]
pub(crate) struct Outcomes(Family<Outcome, Counter>);

impl Outcomes {
    fn register(registry: &mut Registry, name: &str, help: &str) -> Self {
        let family = Family::<Outcome, Counter>::default();
        registry.register(name, help, family.clone());
        Self(family)
    }

    /// Counts one more: `succeeded`, or the problem code of its error response.
    pub(crate) fn ended(&self, outcome: &'static str) {
        self.0.get_or_create(&Outcome { outcome }).inc();
    }
}

/// Anonymization of the login history of deleted accounts.
#[derive(Clone)]
pub(crate) struct Anonymization {
    backlog: Gauge,
    attempts: Counter,
}

impl Anonymization {
    fn register(registry: &mut Registry) -> Self {
        let (backlog, attempts) = (Gauge::default(), Counter::default());
        let help = "Deleted accounts whose login history is being anonymized";
        registry.register("anonymization_backlog", help, backlog.clone());
        registry.register("anonymized_logins", "Anonymized login attempts", attempts.clone());
        Self { backlog, attempts }
    }

    /// Counts anonymized attempts.
    pub(crate) fn anonymized(&self, attempts: u64) {
        self.attempts.inc_by(attempts);
    }

    /// Accounts that are not done.
    pub(crate) fn set_backlog(&self, accounts: i64) {
        self.backlog.set(accounts);
    }
}

/// E-mail, by outcome.
#[derive(Clone)]
pub(crate) struct Emails(Family<Outcome, Counter>);

/// The end of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EmailOutcome {
    /// The mail server accepted it.
    Sent,
    /// It was given up: the recipient was refused, or the mail server unavailable for too long.
    Failed,
    /// There is no mail server, so its link was logged.
    Logged,
    /// It was a notice to a mailbox that got the most notices of a day.
    Capped,
}

impl EmailOutcome {
    const ALL: [Self; 4] = [Self::Sent, Self::Failed, Self::Logged, Self::Capped];

    const fn label(self) -> Outcome {
        Outcome {
            outcome: match self {
                Self::Sent => "sent",
                Self::Failed => "failed",
                Self::Logged => "logged",
                Self::Capped => "capped",
            },
        }
    }
}

impl Emails {
    fn register(registry: &mut Registry) -> Self {
        let family = Family::<Outcome, Counter>::default();
        registry.register("emails", "E-mail messages by outcome", family.clone());
        for outcome in EmailOutcome::ALL {
            drop(family.get_or_create_owned(&outcome.label()));
        }
        Self(family)
    }

    /// Counts a message that was sent, given up, logged or dropped.
    pub(crate) fn count(&self, outcome: EmailOutcome) {
        self.0.get_or_create(&outcome.label()).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_down() {
        let metrics = Metrics::new(&Counter::default());
        metrics.decisions.count(false);
        metrics.logins.ended("succeeded");
        let text = service::metrics::encode(&metrics.registry).expect("text");
        for line in [
            r#"auth_decisions_total{outcome="allowed"} 0"#,
            r#"auth_decisions_total{outcome="denied"} 1"#,
            r#"auth_logins_total{outcome="succeeded"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
