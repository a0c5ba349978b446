//! The texts of messages: minijinja templates, shipped in the binary or an operator's own.
//!
//! A message has three templates, `<message>.subject.txt`, `<message>.txt` and `<message>.html`.
//! `auth-server/README.md` lists the variables; values are escaped in HTML.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::notice::Notice;
use super::token_store::Purpose;

/// Name of the message that tells about a change of the account.
const NOTICE: &str = "notice";

/// Name and shipped source of every template.
const SHIPPED: [(&str, &str); 9] = [
    ("verify_email.subject.txt", include_str!("templates/verify_email.subject.txt")),
    ("verify_email.txt", include_str!("templates/verify_email.txt")),
    ("verify_email.html", include_str!("templates/verify_email.html")),
    ("reset_password.subject.txt", include_str!("templates/reset_password.subject.txt")),
    ("reset_password.txt", include_str!("templates/reset_password.txt")),
    ("reset_password.html", include_str!("templates/reset_password.html")),
    ("notice.subject.txt", include_str!("templates/notice.subject.txt")),
    ("notice.txt", include_str!("templates/notice.txt")),
    ("notice.html", include_str!("templates/notice.html")),
];

/// Why templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file is missing or unreadable.
    #[error("AUTH_MAIL_TEMPLATES: {}: {}", .0.display(), .1)]
    File(PathBuf, std::io::Error),
    /// A template does not parse, or does not render with the documented variables.
    #[error("AUTH_MAIL_TEMPLATES: {}", describe(.0, .1))]
    Invalid(PathBuf, minijinja::Error),
    /// A subject renders to nothing or to several lines.
    #[error("AUTH_MAIL_TEMPLATES: {}, line 1: a subject is exactly one line", .0.display())]
    Subject(PathBuf),
}

fn describe(path: &Path, error: &minijinja::Error) -> String {
    let line = error.line().unwrap_or(1);
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{}, line {line}: {}{detail}", path.display(), error.kind())
}

/// The templates of every message.
pub(crate) struct Templates {
    environment: Environment<'static>,
    site: String,
}

/// What a template may refer to, besides the name of the site.
pub(crate) struct Variables<'a> {
    /// The page with the token; `None` where no page is configured.
    pub link: Option<&'a str>,
    pub code: &'a str,
    pub login: &'a str,
    pub expires_in: TimeDelta,
}

/// The parts of one message.
pub(crate) struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Templates {
    /// Loads the templates of the directory, or the shipped ones, and renders each of them once.
    ///
    /// # Errors
    /// A template is missing or broken.
    pub(crate) fn load(site: &str, directory: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, shipped) in SHIPPED {
            let source = match directory {
                None => shipped.to_owned(),
                Some(directory) => read(&directory.join(name))?,
            };
            environment
                .add_template_owned(name, source)
                .map_err(|error| invalid(directory, name, error))?;
        }
        let templates = Self { environment, site: site.to_owned() };
        templates.check(directory)?;
        Ok(templates)
    }

    /// Renders every message, with a link and without.
    fn check(&self, directory: Option<&Path>) -> Result<(), TemplateError> {
        for purpose in [Purpose::VerifyEmail, Purpose::ResetPassword] {
            for link in [Some("https://films.example/page#token=sample"), None] {
                let expires_in = TimeDelta::hours(24);
                let sample = Variables { link, code: "sample", login: "sample", expires_in };
                check_rendered(directory, purpose.as_str(), self.render(purpose, &sample))?;
            }
        }
        let notice = self.render_notice(Notice::PasswordChanged, DateTime::UNIX_EPOCH);
        check_rendered(directory, NOTICE, notice)
    }

    /// Renders a message.
    pub(crate) fn render(
        &self,
        purpose: Purpose,
        variables: &Variables<'_>,
    ) -> Result<Rendered, minijinja::Error> {
        let mut values = context! {
            site => self.site.as_str(),
            link => variables.link,
            code => variables.code,
            expires_in => in_words(variables.expires_in),
            expires_in_minutes => variables.expires_in.num_minutes(),
        };
        // A message that may go to a stranger holds nothing that a user chose.
        if purpose == Purpose::ResetPassword {
            values = context! { login => variables.login, ..values };
        }
        self.render_parts(purpose.as_str(), &values)
    }

    /// Renders a notice.
    pub(crate) fn render_notice(
        &self,
        notice: Notice,
        at: DateTime<Utc>,
    ) -> Result<Rendered, minijinja::Error> {
        let values = context! {
            site => self.site.as_str(),
            change => notice.sentence(),
            time => at.format("%Y-%m-%d %H:%M UTC").to_string(),
        };
        self.render_parts(NOTICE, &values)
    }

    fn render_parts(&self, message: &str, values: &Value) -> Result<Rendered, minijinja::Error> {
        let part = |suffix: &str| self.render_part(&format!("{message}.{suffix}"), values);
        let (subject, text, html) = (part("subject.txt")?, part("txt")?, part("html")?);
        Ok(Rendered { subject: subject.trim().to_owned(), text, html })
    }

    fn render_part(&self, name: &str, values: &Value) -> Result<String, minijinja::Error> {
        self.environment.get_template(name)?.render(values)
    }
}

fn check_rendered(
    directory: Option<&Path>,
    message: &str,
    rendered: Result<Rendered, minijinja::Error>,
) -> Result<(), TemplateError> {
    let rendered = rendered.map_err(|error| {
        let name = error.name().unwrap_or_default().to_owned();
        invalid(directory, &name, error)
    })?;
    if rendered.subject.is_empty() || rendered.subject.contains(char::is_control) {
        let name = format!("{message}.subject.txt");
        return Err(TemplateError::Subject(path(directory, &name)));
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, TemplateError> {
    std::fs::read_to_string(path).map_err(|error| TemplateError::File(path.to_owned(), error))
}

fn invalid(directory: Option<&Path>, name: &str, error: minijinja::Error) -> TemplateError {
    TemplateError::Invalid(path(directory, name), error)
}

fn path(directory: Option<&Path>, name: &str) -> PathBuf {
    directory.map_or_else(|| PathBuf::from(name), |directory| directory.join(name))
}

/// A duration in its largest whole unit, as `24 hours`.
fn in_words(duration: TimeDelta) -> String {
    let minutes = duration.num_minutes();
    let (number, unit) =
        if minutes % 60 == 0 { (minutes / 60, "hour") } else { (minutes, "minute") };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://films.example/reset?a=1&b=2#token=t";

    fn reset<'a>(link: Option<&'a str>, login: &'a str) -> Variables<'a> {
        Variables { link, code: "t", login, expires_in: TimeDelta::minutes(30) }
    }

    /// A directory with the shipped templates, of which one reads as given.
    fn directory(name: &str, source: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, source) in SHIPPED {
            std::fs::write(directory.path().join(name), source).unwrap();
        }
        std::fs::write(directory.path().join(name), source).unwrap();
        directory
    }

    fn error(name: &str, source: &str) -> String {
        let directory = directory(name, source);
        let loaded = Templates::load("films", Some(directory.path()));
        let text = loaded.err().map(|error| error.to_string()).unwrap();
        text.replace(&format!("{}/", directory.path().display()), "")
    }

    #[test]
    fn durations_are_in_words() {
        let words = [1440, 60, 90, 30, 1].map(|minutes| in_words(TimeDelta::minutes(minutes)));
        assert_eq!(words.join(", "), "24 hours, 1 hour, 90 minutes, 30 minutes, 1 minute");
    }

    #[test]
    fn values_are_escaped_in_html_alone() {
        let templates = Templates::load("Films & <b>co</b>", None).unwrap();
        let login = "<script>\"x\"";
        let rendered = templates.render(Purpose::ResetPassword, &reset(Some(LINK), login)).unwrap();
        assert!(rendered.text.contains(login) && rendered.text.contains(LINK), "{}", rendered.text);
        assert!(rendered.subject.starts_with("Films & <b>co</b>:"), "{}", rendered.subject);
        assert!(rendered.html.contains("&lt;script&gt;&quot;x&quot;"), "{}", rendered.html);
        assert!(rendered.html.contains("?a=1&amp;b=2#token=t"), "{}", rendered.html);
        assert!(!rendered.html.contains("<b>co"), "{}", rendered.html);
    }

    #[test]
    fn without_a_page_the_message_has_the_code() {
        let templates = Templates::load("films", None).unwrap();
        let rendered = templates.render(Purpose::ResetPassword, &reset(None, "ada")).unwrap();
        assert!(rendered.text.contains("with this code:\n\nt\n\nThe code"), "{}", rendered.text);
        assert!(rendered.html.contains("<code>t</code>"), "{}", rendered.html);
    }

    #[test]
    fn an_operators_templates_replace_the_shipped_ones() {
        let text = "{{ login }}: {{ code }} ({{ expires_in_minutes }} min)\n";
        let directory = directory("reset_password.txt", text);
        let templates = Templates::load("films", Some(directory.path())).unwrap();
        let rendered = templates.render(Purpose::ResetPassword, &reset(None, "ada")).unwrap();
        assert_eq!(rendered.text, "ada: t (30 min)");
    }

    #[test]
    fn a_broken_template_is_named_with_its_line() {
        let syntax = error("verify_email.html", "<p>\n{{ site }\n</p>");
        assert!(syntax.starts_with("AUTH_MAIL_TEMPLATES: verify_email.html, line 2: "), "{syntax}");
        let unknown = error("verify_email.txt", "Hello\n\n{{ sight }}");
        assert!(
            unknown.starts_with("AUTH_MAIL_TEMPLATES: verify_email.txt, line 3: "),
            "{unknown}"
        );
        let branch = error("verify_email.txt", "{% if not link %}\n{{ cod }}{% endif %}");
        assert!(branch.starts_with("AUTH_MAIL_TEMPLATES: verify_email.txt, line 2: "), "{branch}");
        let login = error("verify_email.txt", "{{ login }}");
        assert!(login.contains("verify_email.txt, line 1: undefined value"), "{login}");
        for subject in ["a\nb", "\n"] {
            let subject = error("verify_email.subject.txt", subject);
            assert!(subject.contains("verify_email.subject.txt, line 1: "), "{subject}");
        }
    }

    #[test]
    fn a_missing_template_is_named() {
        let directory = directory("verify_email.txt", "");
        let file = directory.path().join("verify_email.txt");
        std::fs::remove_file(&file).unwrap();
        let error = Templates::load("films", Some(directory.path())).err().unwrap().to_string();
        assert!(
            error.contains(file.to_str().unwrap()) && error.contains("No such file"),
            "{error}"
        );
    }
}
