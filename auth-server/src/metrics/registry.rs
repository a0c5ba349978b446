//! What is counted, in OpenMetrics terms. Each [`Metrics`] has a registry of its own, so that
//! several servers can live in one process.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use poem::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Everything that this server counts. Clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Requests and how long they took.
    pub http: HttpMetrics,
    /// Answers of `/check` and its kin.
    pub decisions: Decisions,
    /// Tries to log in.
    pub logins: Logins,
    /// E-mail.
    pub emails: Emails,
    /// Revision of the policy that decides here.
    pub policy_revision: Gauge,
    /// 1 while the database answers.
    pub database_up: Gauge,
    /// 1 while Redis answers; 0 also where there is none.
    pub redis_up: Gauge,
    /// Open connections to the database.
    pub database_connections: Gauge,
    registry: Arc<Registry>,
}

impl Default for Metrics {
    fn default() -> Self {
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
        Self {
            http: HttpMetrics::register(&mut registry),
            decisions: Decisions::register(&mut registry),
            logins: Logins::register(&mut registry),
            emails: Emails::register(&mut registry),
            policy_revision,
            database_up,
            redis_up,
            database_connections,
            registry: Arc::new(registry),
        }
    }
}

impl Metrics {
    /// Everything as OpenMetrics text.
    ///
    /// # Errors
    /// A metric can't be written down.
    pub(crate) fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    method: &'static str,
    route: Arc<str>,
}

/// Requests by operation and status, and their durations.
#[derive(Clone)]
pub struct HttpMetrics {
    requests: Family<Answered, Counter>,
    seconds: Family<Operation, Histogram>,
}

/// From what a `/check` takes to what a client gives up on.
const BUCKETS: [f64; 12] =
    [0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

impl HttpMetrics {
    fn register(registry: &mut Registry) -> Self {
        let requests = Family::<Answered, Counter>::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let seconds = Family::new_with_constructor(histogram);
        registry.register("http_request_seconds", "Time until the answer", seconds.clone());
        Self { requests, seconds }
    }

    /// Where an operation counts that is known before any request.
    #[must_use]
    pub fn of(&self, method: &Method, route: &Arc<str>) -> OperationMetrics {
        let operation = Operation { method: known(method), route: Arc::clone(route) };
        let seconds = self.seconds.get_or_create_owned(&operation);
        let requests = self.requests.clone();
        OperationMetrics { operation, requests, succeeded: OnceLock::new(), seconds }
    }

    /// A request to `route` (its template) was answered.
    pub fn answered(&self, method: &Method, route: &Arc<str>, status: u16, elapsed: Duration) {
        let operation = Operation { method: known(method), route: Arc::clone(route) };
        self.seconds.get_or_create(&operation).observe(elapsed.as_secs_f64());
        let Operation { method, route } = operation;
        self.requests.get_or_create(&Answered { method, route, status }).inc();
    }
}

/// What one operation counts in, without looking for it each time.
pub struct OperationMetrics {
    operation: Operation,
    requests: Family<Answered, Counter>,
    /// Answers of 200.
    succeeded: OnceLock<Counter>,
    seconds: Histogram,
}

impl OperationMetrics {
    /// A request was answered.
    pub fn answered(&self, status: u16, elapsed: Duration) {
        self.seconds.observe(elapsed.as_secs_f64());
        let Operation { method, route } = &self.operation;
        let answered = || Answered { method, route: Arc::clone(route), status };
        if status == 200 {
            self.succeeded.get_or_init(|| self.requests.get_or_create_owned(&answered())).inc();
        } else {
            self.requests.get_or_create(&answered()).inc();
        }
    }
}

/// A caller's own method must not become a label: labels stay for ever.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
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

/// Tries to log in, by outcome.
#[derive(Clone)]
pub(crate) struct Logins(Family<Outcome, Counter>);

impl Logins {
    fn register(registry: &mut Registry) -> Self {
        let family = Family::<Outcome, Counter>::default();
        registry.register("logins", "Tries to log in", family.clone());
        Self(family)
    }

    /// A try ended: `succeeded`, or the code of the problem that it was answered with.
    pub(crate) fn ended(&self, outcome: &'static str) {
        self.0.get_or_create(&Outcome { outcome }).inc();
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
}

impl EmailOutcome {
    const ALL: [Self; 3] = [Self::Sent, Self::Failed, Self::Logged];

    const fn label(self) -> Outcome {
        Outcome {
            outcome: match self {
                Self::Sent => "sent",
                Self::Failed => "failed",
                Self::Logged => "logged",
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

    /// Counts a message that was sent, given up or logged.
    pub(crate) fn count(&self, outcome: EmailOutcome) {
        self.0.get_or_create(&outcome.label()).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_down() {
        let metrics = Metrics::default();
        let method = Method::from_bytes(b"BREW").expect("a method");
        metrics.http.answered(&method, &"/x/{id}".into(), 405, Duration::from_millis(2));
        metrics.decisions.count(false);
        metrics.logins.ended("succeeded");
        let text = metrics.encode().expect("text");
        for line in [
            r#"auth_http_requests_total{method="other",route="/x/{id}",status="405"} 1"#,
            r#"auth_http_request_seconds_bucket{le="0.005",method="other",route="/x/{id}"} 1"#,
            r#"auth_decisions_total{outcome="allowed"} 0"#,
            r#"auth_decisions_total{outcome="denied"} 1"#,
            r#"auth_logins_total{outcome="succeeded"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
