//! Accounts and what works on them. Here the caller's own account; signing in is in `login`.

use std::sync::Arc;

use sqlx::PgPool;

use crate::authn::Identity;
use crate::clock::Clock;
use crate::config::MailConfig;
use crate::email::{Letters, Mailer};
use crate::login_history::History;
use crate::metrics::Logins;
use crate::password::Hasher;
use crate::second_factor::SecondFactors;
use crate::session::Sessions;
use crate::throttle::Throttle;
use crate::token::Issuer;

/// What every operation on accounts works on. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    /// PostgreSQL.
    pub pool: PgPool,
    /// Checks and hashes passwords.
    pub hasher: Arc<Hasher>,
    /// Slows down whoever guesses.
    pub throttle: Arc<Throttle>,
    /// Opens, carries on and ends sessions.
    pub sessions: Arc<Sessions>,
    /// Makes and checks second factors.
    pub second_factors: Arc<SecondFactors>,
    /// Signs access tokens.
    pub issuer: Arc<Issuer>,
    /// Tells callers by their tokens; has to hear of every revocation.
    pub identity: Arc<Identity>,
    /// Counts tries to log in.
    pub logins: Logins,
    /// Takes notes of tries to log in.
    pub history: History,
    /// Sends mails.
    pub mailer: Mailer,
    /// Writes them.
    pub letters: Arc<Letters>,
    /// How long what stands in them is good.
    pub mail: Arc<MailConfig>,
    /// The time.
    pub clock: Clock,
}
