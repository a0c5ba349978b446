//! A user's authenticator app.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::{Answer, Caller, TestServer, User, current_password};

/// An authenticator app that has scanned a secret.
pub struct AuthenticatorApp(Totp);

impl AuthenticatorApp {
    /// Scans the enrollment that a server has begun.
    ///
    /// # Panics
    /// If it has no `otpauth://` URI.
    #[must_use]
    pub fn scan(enrollment: &Value) -> Self {
        Self(Totp::from_url(enrollment["uri"].as_str().unwrap()).unwrap())
    }

    /// The current code.
    #[must_use]
    pub fn code(&self, server: &TestServer) -> String {
        self.code_after(server, 0)
    }

    /// The code that the app shows after this many steps of 30 seconds.
    ///
    /// # Panics
    /// If that is before 1970.
    #[must_use]
    pub fn code_after(&self, server: &TestServer, steps: i32) -> String {
        self.code_at(server.clock.now() + TimeDelta::seconds(30) * steps)
    }

    /// The code that the app shows at this time.
    ///
    /// # Panics
    /// If that is before 1970.
    #[must_use]
    pub fn code_at(&self, at: DateTime<Utc>) -> String {
        self.0.generate(at.timestamp().try_into().unwrap()).to_string()
    }

    /// A code that the app does not show for the next and the last 90 seconds.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn wrong_code(&self, server: &TestServer) -> String {
        let near: Vec<String> = (-3..=3).map(|steps| self.code_after(server, steps)).collect();
        (0..10).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

impl TestServer {
    /// Enables two-factor authentication for this user; returns the app and the recovery codes. The
    /// current code of the app is used up.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn enroll(&self, user: &User) -> (AuthenticatorApp, Vec<String>) {
        let begun = user.post("me/second-factor", &current_password()).await.ok();
        let app = AuthenticatorApp::scan(&begun);
        let code = json!({ "code": app.code(self) });
        let confirmed = user.post("me/second-factor/confirm", &code).await.ok();
        let codes = confirmed["recovery_codes"].as_array().unwrap();
        (app, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
    }

    /// The challenge that a login with the right password receives.
    ///
    /// # Panics
    /// If there is none.
    pub async fn challenge(&self, login: &str) -> String {
        self.guest().log_in(login, crate::PASSWORD).await.expect(200, "").string("challenge")
    }
}

impl Caller {
    /// `POST auth/login/second-factor`, whatever the outcome.
    pub async fn answer_challenge(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({ "challenge": challenge, "code": code });
        self.post("auth/login/second-factor", &body).await
    }
}
