//! Accounts and what works on them. Here the caller's own account; signing in is in `login`.

mod change;
mod current_password;
mod delete;
pub mod device;
pub mod history;
pub mod identities;
pub mod login;
pub mod mail;
pub mod me;
pub mod password;
pub mod permissions;
mod proof;
pub mod second_factor;
pub mod sessions;
mod start;
mod superuser;
pub mod user_agents;

use std::sync::Arc;

use sqlx::PgPool;

pub use start::start;
pub use superuser::{
    Made, Superuser, SuperuserError, create_superuser, depose, promote, superusers,
};

use crate::clock::Clock;
use crate::config::MailConfig;
use crate::history::History;
use crate::identity::Identity;
use crate::mail::{Letters, Mailer};
use crate::ops::Logins;
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
