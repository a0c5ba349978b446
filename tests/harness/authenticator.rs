//! Somebody with an authenticator app.

use chrono::TimeDelta;
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::{PASSWORD, TestServer, User};

/// An authenticator app that has scanned a secret.
pub struct App(Totp);

impl App {
    /// Scans what a server answered to who begins a second factor.
    ///
    /// # Panics
    /// It is no `otpauth://` URI.
    #[must_use]
    pub fn scan(enrolment: &Value) -> Self {
        Self(Totp::from_url(enrolment["uri"].as_str().unwrap()).unwrap())
    }

    /// The code that the app shows now.
    #[must_use]
    pub fn code(&self, server: &TestServer) -> String {
        self.code_in(server, 0)
    }

    /// The code that the app shows so many steps of 30 seconds later.
    ///
    /// # Panics
    /// That is before 1970.
    #[must_use]
    pub fn code_in(&self, server: &TestServer, steps: i32) -> String {
        let at = server.clock.now() + TimeDelta::seconds(30) * steps;
        self.0.generate(at.timestamp().try_into().unwrap()).to_string()
    }

    /// A code that the app does not show around now.
    ///
    /// # Panics
    /// It shows all of them.
    #[must_use]
    pub fn wrong_code(&self, server: &TestServer) -> String {
        let near: Vec<String> = (-3..=3).map(|steps| self.code_in(server, steps)).collect();
        (0..10).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

impl TestServer {
    /// Turns the second factor of this user on; the app, and the recovery codes. The code of now is
    /// used by it.
    ///
    /// # Panics
    /// The server refuses it.
    pub async fn enrol(&self, user: &User) -> (App, Vec<String>) {
        let password = json!({ "current_password": PASSWORD });
        let app = App::scan(&user.post("me/second-factor", &password).await.ok());
        let code = json!({ "code": app.code(self) });
        let confirmed = user.post("me/second-factor/confirm", &code).await.ok();
        let codes = confirmed["recovery_codes"].as_array().unwrap();
        (app, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
    }

    /// The challenge that a login with the right password gets.
    ///
    /// # Panics
    /// There is none.
    pub async fn challenge(&self, login: &str) -> String {
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = self.guest().post("auth/login", &body).await.ok();
        answer["challenge"].as_str().unwrap().to_owned()
    }
}
