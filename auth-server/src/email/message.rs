//! What stands in mails: plain text, in English.

use chrono::TimeDelta;
use zeroize::Zeroizing;

use super::MailToken;
use crate::config::{MailConfig, Page};

/// A mail to be sent. Secret: it shows nothing of itself.
pub(crate) struct Letter {
    /// Address of whoever gets it, as typed.
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: Zeroizing<String>,
    /// The link, or the bare token: what is logged where no mail is sent.
    pub(crate) link: Zeroizing<String>,
}

/// Writes mails.
#[derive(Clone, Debug)]
pub(crate) struct Letters {
    /// What users know the site by.
    name: String,
    verify: Option<Page>,
    reset: Option<Page>,
    verify_life: TimeDelta,
    reset_life: TimeDelta,
}

impl Letters {
    /// Mails of the site with this name.
    #[must_use]
    pub(crate) fn new(name: &str, config: &MailConfig) -> Self {
        Self {
            name: name.to_owned(),
            verify: config.link_verify.clone(),
            reset: config.link_reset.clone(),
            verify_life: config.verify_life(),
            reset_life: config.reset_life(),
        }
    }

    /// Asks whether an address is the user's. Nothing that somebody typed stands in it but the
    /// address: it may go to a stranger, who shall not get a mail that somebody else wrote.
    #[must_use]
    pub(crate) fn verification(&self, to: String, token: &MailToken) -> Letter {
        let (name, life) = (&self.name, duration(self.verify_life));
        let (link, what) = link(self.verify.as_ref(), token);
        let text = format!(
            "Hello,\n\n\
             somebody gave this address to their account at {name}. If that was you, confirm it \
             with this {what}:\n\n{}\n\n\
             It is good once, for {life}. If it wasn't you, there is nothing to do: without it the \
             address counts for nothing.\n",
            *link
        );
        let subject = format!("{name}: confirm your e-mail address");
        Letter { to, subject, text: Zeroizing::new(text), link }
    }

    /// Lets somebody set a new password. It goes to confirmed addresses alone.
    #[must_use]
    pub(crate) fn reset(&self, to: String, login: &str, token: &MailToken) -> Letter {
        let (name, life) = (&self.name, duration(self.reset_life));
        let (link, what) = self.reset_link(token);
        let text = format!(
            "Hello,\n\n\
             somebody asked for a new password of your account `{login}` at {name}. If that was \
             you, set one with this {what}:\n\n{}\n\n\
             It is good once, for {life}. If it wasn't you, there is nothing to do: your password \
             stays as it is.\n",
            *link
        );
        let subject = format!("{name}: a new password");
        Letter { to, subject, text: Zeroizing::new(text), link }
    }

    /// Where this token sets a new password, and what that is: a link, or the bare token.
    #[must_use]
    pub(crate) fn reset_link(&self, token: &MailToken) -> (Zeroizing<String>, &'static str) {
        link(self.reset.as_ref(), token)
    }
}

fn link(page: Option<&Page>, token: &MailToken) -> (Zeroizing<String>, &'static str) {
    match page {
        Some(page) => (Zeroizing::new(page.with(&token.text)), "link"),
        None => (token.text.clone(), "code"),
    }
}

/// In words, in the largest unit that fits.
fn duration(life: TimeDelta) -> String {
    let minutes = life.num_minutes();
    let (number, unit) =
        if minutes % 60 == 0 { (minutes / 60, "hour") } else { (minutes, "minute") };
    if number == 1 { format!("one {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_words() {
        let told = |minutes| duration(TimeDelta::minutes(minutes));
        assert_eq!(
            [told(1440), told(60), told(30), told(1)].join(", "),
            "24 hours, one hour, 30 minutes, one minute"
        );
    }
}
