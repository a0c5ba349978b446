//! The log: lines on standard error, JSON unless that is a terminal, each with its request's id.

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{LogConfig, LogFormat};
use crate::http::RequestContext;

/// A line that cannot be written is lost: tracing would report that with `eprintln!`, which panics where
/// standard error cannot be written, in the middle of a request.
const NEVER: bool = false;

/// Prints warnings as text, for commands that run in a terminal. Call it once.
pub fn start_for_command() {
    tracing_subscriber::fmt()
        .with_env_filter("warn")
        .with_writer(std::io::stderr)
        .log_internal_errors(NEVER)
        .init();
}

/// Starts the log of a program, panics included. Call it once.
pub fn start(config: &LogConfig) {
    let json = match config.format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(config.filter.filter())
        .with_writer(std::io::stderr)
        .log_internal_errors(NEVER)
        .with_ansi(false);
    if json {
        let format = Format::default().json().flatten_event(true).with_span_list(false);
        builder.json().event_format(WithRequestId { inner: format, append: into_json }).init();
    } else {
        let format = WithRequestId { inner: Format::default(), append: into_text };
        builder.event_format(format).init();
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panicked")));
}

/// Adds the id of the request that the current task works on to the line that `inner` writes.
struct WithRequestId<F> {
    inner: F,
    append: fn(line: &str, id: &str) -> String,
}

impl<S, N, F> FormatEvent<S, N> for WithRequestId<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(id) = RequestContext::read(|context| context.id.to_string()) else {
            return self.inner.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&(self.append)(line.trim_end(), &id))
    }
}

fn into_text(line: &str, id: &str) -> String {
    format!("{line} request_id={id}\n")
}

fn into_json(line: &str, id: &str) -> String {
    let open = line.strip_suffix('}').unwrap_or(line);
    format!("{open},\"request_id\":{}}}\n", serde_json::Value::from(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_leaves_the_line_valid_json() {
        let line = into_json(r#"{"level":"INFO"}"#, r#"a"\b"#);
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(line["request_id"], r#"a"\b"#);
    }
}
