//! A preview for the terminal.

use std::{collections::BTreeMap, fmt};

use super::{Change, Preview};

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { films, would_write, labels_changed, periods_changed, stamps_only, .. } = self;
        writeln!(f, "{films} films, of which a run would write {would_write}:")?;
        writeln!(f, "  {labels_changed} with other labels")?;
        writeln!(f, "  {periods_changed} with the same labels and other validity periods")?;
        writeln!(f, "  {stamps_only} with a new stamp only")?;
        if self.id_mismatches > 0 {
            let films = self.id_mismatches;
            writeln!(f, "{films} stay unlabelled: their `id` is missing or differs from `_id`")?;
        }
        if self.unreadable > 0 {
            let films = self.unreadable;
            writeln!(
                f,
                "{films} stay unlabelled: an unreadable value of a field that a rule uses"
            )?;
        }
        table(f, "label", &self.labels)?;
        match &self.roles {
            Some(roles) => table(f, "films readable by", roles),
            None => Ok(()),
        }
    }
}

/// The rows of one kind of change, as wide as the longest name.
fn table(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    changes: &BTreeMap<String, Change>,
) -> fmt::Result {
    let named = |(name, change): (&String, _)| (described(name, change), change);
    let changes: Vec<(String, &Change)> = changes.iter().map(named).collect();
    let width = changes.iter().map(|(name, _)| name.len()).chain([title.len()]).max();
    let width = width.unwrap_or_default();
    writeln!(f, "\n{title:<width$}  {:>8}  {:>8}  {:>8}  samples", "gained", "lost", "after")?;
    for (name, change) in changes {
        let after = change.after.map_or("-".to_owned(), |films| films.to_string());
        let (gained, lost) = (change.gained, change.lost);
        write!(f, "{name:<width$}  {gained:>8}  {lost:>8}  {after:>8}")?;
        change.gained_samples.iter().try_for_each(|id| write!(f, "  +{id}"))?;
        change.lost_samples.iter().try_for_each(|id| write!(f, "  -{id}"))?;
        writeln!(f)?;
    }
    Ok(())
}

fn described(name: &str, change: &Change) -> String {
    match change.users {
        Some(1) => format!("{name} (1 user)"),
        Some(users) => format!("{name} ({users} users)"),
        None => name.to_owned(),
    }
}
