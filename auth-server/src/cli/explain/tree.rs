//! An explanation as text.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::explanation::{ExplanationView, RuleOutcome};

/// The explanation as lines of text. `subject` is the subject of the first sentence.
pub(super) fn text(subject: &str, view: &ExplanationView) -> String {
    let mut text = String::new();
    let parts = [head(subject, view), verdicts(view), remarks(view), rules(view)];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(part);
    }
    text
}

fn head(subject: &str, view: &ExplanationView) -> String {
    let ExplanationView { action, resource, reason, .. } = view;
    let (verdict, may) = if view.allowed { ("allowed", "may") } else { ("denied", "may not") };
    let title = view.title.as_deref().filter(|title| !title.is_empty());
    let title = title.map(|title| format!(" ({})", printable(title))).unwrap_or_default();
    let label = reason.label.as_deref().map(|label| format!(": {}", printable(label)));
    let (label, resource) = (label.unwrap_or_default(), printable(resource));
    let roles = if view.role_set.is_empty() { "none".to_owned() } else { view.role_set.join(", ") };
    format!(
        "{verdict}: {subject} {may} {action} {resource}{title}\n  reason    {}{label}\n  roles     {roles}\n  \
         time      {}, revision {}\n",
        reason.code,
        time(view.at),
        view.revision,
    )
}

/// The resource, and below it its labels.
fn verdicts(view: &ExplanationView) -> String {
    let width = view.verdicts.iter().map(|verdict| verdict.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, verdict) in view.verdicts.iter().enumerate() {
        let branch = match index {
            0 => "",
            _ if index + 1 == view.verdicts.len() => "└── ",
            _ => "├── ",
        };
        let width = width + 4 - branch.chars().count();
        let outcome = if verdict.allowed { "allowed" } else { "denied " };
        let rule = verdict.rule.as_ref().map_or("no rule matches".to_owned(), ToString::to_string);
        let path = match &*verdict.path {
            [] | [_] => String::new(),
            path => format!("  ({})", path.join(" → ")),
        };
        let name = printable(&verdict.name);
        line(&mut text, format_args!("{branch}{name:<width$}  {outcome}  {rule}{path}"));
    }
    text
}

fn remarks(view: &ExplanationView) -> String {
    let mut text = String::new();
    if !view.allowed_for.is_empty() {
        line(
            &mut text,
            format_args!("allowed with one of the roles: {}", view.allowed_for.join(", ")),
        );
    }
    for label in &view.inactive_labels {
        let from = label.from.map(|from| format!(" from {}", time(from))).unwrap_or_default();
        let until = label.until.map(|until| format!(" until {}", time(until))).unwrap_or_default();
        line(&mut text, format_args!("not active: label:{}, valid{from}{until}", label.name));
    }
    if let Some(until) = view.valid_until {
        line(&mut text, format_args!("may change at {}", time(until)));
    }
    if let Some(missing) = &view.missing {
        line(&mut text, format_args!("the film is not known: {}", missing.detail));
    }
    text
}

/// The rules that are about the resource or its labels, in order.
fn rules(view: &ExplanationView) -> String {
    let mut text = String::new();
    let about =
        view.rules.iter().filter(|considered| considered.outcome != RuleOutcome::OtherResource);
    for considered in about.clone() {
        line(&mut text, format_args!("  {:<12}  {}", considered.outcome, considered.rule));
    }
    let others = view.rules.len() - about.count() + view.omitted;
    match others {
        0 => {}
        1 => line(&mut text, format_args!("  1 rule about another resource")),
        _ => line(&mut text, format_args!("  {others} rules about other resources")),
    }
    if text.is_empty() { text } else { format!("rules in order:\n{text}") }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn line(text: &mut String, line: std::fmt::Arguments) {
    // A String takes whatever is written.
    let _ = writeln!(text, "{line}");
}

/// A text of others, without what a terminal would obey.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
