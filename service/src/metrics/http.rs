//! Requests and how long they took.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use poem::http::Method;

use super::{Counter, EncodeLabelSet, Family, Histogram, Registry};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Responded {
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
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    requests: Family<Responded, Counter>,
    seconds: Family<Operation, Histogram>,
}

/// From the duration of a `/check` to what a client gives up on, in seconds.
const BUCKETS: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0,
];

impl HttpMetrics {
    /// Registers `http_requests_total` and `http_request_duration_seconds`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let requests = Family::<Responded, Counter>::default();
        registry.register("http_requests", "Requests by operation and status", requests.clone());
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let seconds = Family::new_with_constructor(histogram);
        registry.register(
            "http_request_duration_seconds",
            "Time from a request to its response",
            seconds.clone(),
        );
        Self { requests, seconds }
    }

    /// The metrics of an operation that is known before any request.
    #[must_use]
    pub fn operation(&self, method: &Method, route: &Arc<str>) -> OperationMetrics {
        let operation = Operation { method: known(method), route: Arc::clone(route) };
        let seconds = self.seconds.get_or_create_owned(&operation);
        let requests = self.requests.clone();
        OperationMetrics { operation, requests, succeeded: OnceLock::new(), seconds }
    }

    /// Counts a response to a request for `route`, a template.
    pub fn responded(&self, method: &Method, route: &Arc<str>, status: u16, elapsed: Duration) {
        let operation = Operation { method: known(method), route: Arc::clone(route) };
        self.seconds.get_or_create(&operation).observe(elapsed.as_secs_f64());
        let Operation { method, route } = operation;
        self.requests.get_or_create(&Responded { method, route, status }).inc();
    }
}

/// The metrics of one operation, without a look-up for each response of 200.
#[derive(Debug)]
pub struct OperationMetrics {
    operation: Operation,
    requests: Family<Responded, Counter>,
    /// Responses of 200.
    succeeded: OnceLock<Counter>,
    seconds: Histogram,
}

impl OperationMetrics {
    /// Counts a response.
    pub fn responded(&self, status: u16, elapsed: Duration) {
        self.seconds.observe(elapsed.as_secs_f64());
        let Operation { method, route } = &self.operation;
        let labels = || Responded { method, route: Arc::clone(route), status };
        if status == 200 {
            self.succeeded.get_or_init(|| self.requests.get_or_create_owned(&labels())).inc();
        } else {
            self.requests.get_or_create(&labels()).inc();
        }
    }
}

/// A method that a caller made up must not become a label: labels stay forever.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted_by_template_and_known_method() {
        let mut registry = Registry::with_prefix("auth");
        let http = HttpMetrics::register(&mut registry);
        let method = Method::from_bytes(b"BREW").expect("a method");
        http.responded(&method, &"/x/{id}".into(), 405, Duration::from_millis(2));
        let text = super::super::encode(&registry).expect("text");
        for line in [
            r#"auth_http_requests_total{method="other",route="/x/{id}",status="405"} 1"#,
            r#"auth_http_request_duration_seconds_bucket{le="0.005",method="other",route="/x/{id}"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
