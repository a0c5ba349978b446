//! Metrics in the OpenMetrics format. Each server has a registry of its own, so that several can run
//! in one process.

mod http;

use std::sync::atomic::AtomicU64;

pub use http::{HttpMetrics, OperationMetrics};
pub use prometheus_client::encoding::EncodeLabelSet;
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::family::Family;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
pub use prometheus_client::registry::Registry;

/// A gauge that is not a whole number.
pub type FloatGauge = Gauge<f64, AtomicU64>;

/// Media type of the OpenMetrics text format.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything in `registry` as OpenMetrics text.
///
/// # Errors
/// A metric cannot be written.
pub fn encode(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry)?;
    Ok(text)
}
