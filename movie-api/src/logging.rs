//! Log lines: text on a terminal, JSON otherwise.

use std::io::{IsTerminal, stdout};

use crate::config::LogFilter;

/// Starts logging to standard output.
pub fn start(log: &LogFilter) {
    let subscriber = tracing_subscriber::fmt().with_env_filter(log.filter());
    if stdout().is_terminal() {
        subscriber.init();
    } else {
        subscriber.json().flatten_event(true).with_span_list(false).init();
    }
}
