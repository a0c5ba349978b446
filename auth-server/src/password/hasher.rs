//! The threads that hash passwords, and their bounded queue.
//!
//! A hash keeps a core busy for 10 ms. On the threads that serve requests it would delay a hundred
//! `/check`s; with an unbounded queue, a flood of logins would exhaust memory and delay every login.
//! Networks take turns, so that a flood from one delays the others little.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use super::fair_queue::FairQueue;
use super::phc::HashError;
use super::phc::{Cost, Engine};
use super::quality::{MinLength, NewPassword};
use super::secret::Password;
use crate::config::PasswordConfig;
use crate::http::network;
use crate::http::problem::{INTERNAL, Problem, Spec};

/// The queue is full.
pub(crate) const BUSY: Spec =
    Spec::new(503, "hashing_busy", "Too many passwords are being checked; try again in a moment.");

/// The result of verifying a password against a stored hash.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    /// The password is incorrect, or there is no hash.
    Incorrect,
    /// The password is correct.
    Correct,
    /// The password is correct, but the hash was made at a lower cost; store this one instead.
    Rehashed(String),
}

type Job = Box<dyn FnOnce(&mut Engine) + Send>;

/// A new password that meets the requirements.
pub(crate) struct AcceptedPassword(Password);

/// The turn of one registration, held while its password is checked and hashed.
pub(crate) struct RegistrationTurn<'a> {
    _waiting: SemaphorePermit<'a>,
    _turn: SemaphorePermit<'a>,
}

/// Hashes passwords on threads of its own, which end when it is dropped.
pub(crate) struct Hasher {
    queue: Arc<FairQueue<Job>>,
    /// Registrations that may be in the queue: as many as there are threads. More of them wait for
    /// their turn, and logins do not wait for those.
    registration_turns: Semaphore,
    /// Bounds the registrations that wait.
    waiting_registrations: Semaphore,
    min_length: MinLength,
    /// A hash of a random password, verified when there is no stored hash: an unknown login then
    /// takes as long as an incorrect password.
    dummy: String,
}

impl Hasher {
    /// Starts the threads that these settings ask for.
    ///
    /// # Errors
    /// Threads cannot be started, or argon2 rejects the configured cost.
    pub(crate) fn from_config(config: &PasswordConfig) -> std::io::Result<Self> {
        let cost = Cost::new(config.memory_kib, config.passes).map_err(std::io::Error::other)?;
        Self::start(&cost, config.threads(), config.queue(), MinLength::new(config))
    }

    /// Starts `threads` threads, each with its own memory, and a queue of `capacity` passwords.
    ///
    /// # Errors
    /// Threads cannot be started, or argon2 fails.
    pub(crate) fn start(
        cost: &Cost,
        threads: usize,
        capacity: usize,
        min_length: MinLength,
    ) -> std::io::Result<Self> {
        let random = [0; 24].map(|_: u8| rand::random_range('!'..='~')).iter().collect::<String>();
        let dummy = Engine::new(cost).hash(&random).map_err(std::io::Error::other)?;
        let queue = Arc::new(FairQueue::new(capacity));
        for number in 0..threads {
            let (queue, mut engine) = (Arc::clone(&queue), Engine::new(cost));
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&queue, &mut engine))?;
        }
        let waiting_registrations = Semaphore::new(threads + capacity / 4);
        let registration_turns = Semaphore::new(threads);
        Ok(Self { queue, registration_turns, waiting_registrations, min_length, dummy })
    }

    /// Waits for the turn of a registration.
    ///
    /// # Errors
    /// [`BUSY`].
    pub(crate) async fn registration_turn(&self) -> Result<RegistrationTurn<'_>, Problem> {
        let waiting = self.waiting_registrations.try_acquire().map_err(|_| busy())?;
        // Fails only for a closed semaphore, and this one is never closed.
        let turn = self.registration_turns.acquire().await.map_err(|_| busy())?;
        Ok(RegistrationTurn { _waiting: waiting, _turn: turn })
    }

    /// Accepts a new password that meets the requirements. Estimating its strength takes
    /// milliseconds, hence a thread.
    ///
    /// # Errors
    /// [`crate::password::NEW_PASSWORD`].
    pub(crate) async fn accept(&self, new: NewPassword) -> Result<AcceptedPassword, Problem> {
        new.check_length(self.min_length)?;
        self.run(move |_| new.check_strength().map(|()| AcceptedPassword(new.password))).await?
    }

    /// The PHC string of a new password, if it meets the requirements.
    ///
    /// # Errors
    /// [`crate::password::NEW_PASSWORD`].
    pub(crate) async fn accept_and_hash(&self, new: NewPassword) -> Result<String, Problem> {
        self.hash(self.accept(new).await?).await
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// [`BUSY`].
    pub(crate) async fn hash(&self, new: AcceptedPassword) -> Result<String, Problem> {
        let AcceptedPassword(password) = new;
        self.run(move |engine| {
            engine.hash(password.expose()).map_err(|error| hashing_failed(&error))
        })
        .await?
    }

    /// Verifies a password against a stored PHC string. Without one it takes as long and is
    /// incorrect.
    ///
    /// # Errors
    /// [`BUSY`].
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verification, Problem> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        let dummy = self.dummy.clone();
        self.run(move |engine| {
            let correct = match engine.verify(password.expose(), &stored) {
                Ok(correct) => correct,
                Err(error) => {
                    // No password matches this hash. Response and timing are those of an incorrect
                    // password.
                    tracing::error!(%error, "a stored password hash is unusable");
                    let _ = engine.verify(password.expose(), &dummy);
                    false
                }
            };
            if !(correct && known) {
                return Ok(Verification::Incorrect);
            }
            if !engine.is_outdated(&stored) {
                return Ok(Verification::Correct);
            }
            let hash = engine.hash(password.expose()).map_err(|error| hashing_failed(&error))?;
            Ok(Verification::Rehashed(hash))
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (result, receiver) = oneshot::channel();
        let job: Job = Box::new(move |engine| {
            // The caller may be gone by now.
            if !result.is_closed() {
                let _ = result.send(job(engine));
            }
        });
        self.queue.push(network::of_request(), job).map_err(|_| busy())?;
        receiver.await.map_err(|_| Problem::new(INTERNAL))
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn work(queue: &FairQueue<Job>, engine: &mut Engine) {
    while let Some(job) = queue.pop() {
        // The engine's memory is scratch space: a panic leaves no inconsistent state behind.
        if catch_unwind(AssertUnwindSafe(|| job(engine))).is_err() {
            tracing::error!("hashing a password panicked");
        }
    }
}

/// The problem of a full queue.
#[must_use]
pub(crate) fn busy() -> Problem {
    Problem::new(BUSY).retry_after(1)
}

fn hashing_failed(error: &HashError) -> Problem {
    tracing::error!(%error, "cannot hash a password");
    Problem::new(INTERNAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(capacity: usize) -> Hasher {
        let min_length = MinLength { any: 8, single_factor: 8 };
        Hasher::start(&Cost::new(64, 1).unwrap(), 1, capacity, min_length).unwrap()
    }

    async fn hash(hasher: &Hasher, password: &str) -> Result<String, Problem> {
        let new = NewPassword {
            password: password.to_owned().into(),
            field: "password",
            own_words: vec![],
            second_factor: false,
        };
        hasher.accept_and_hash(new).await
    }

    #[tokio::test]
    async fn only_the_password_itself_is_correct() {
        let hasher = hasher(4);
        let stored = hash(&hasher, "correct horse battery staple").await.unwrap();
        let verify = |text: &str, stored| hasher.verify(text.to_owned().into(), stored);
        let right = verify("correct horse battery staple", Some(stored.clone())).await.unwrap();
        assert_eq!(right, Verification::Correct);
        assert_eq!(verify("wrong", Some(stored)).await.unwrap(), Verification::Incorrect);
        assert_eq!(verify("wrong", None).await.unwrap(), Verification::Incorrect);
    }

    #[tokio::test]
    async fn a_full_queue_says_when_to_retry() {
        let hasher = hasher(1);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let job: Job = Box::new(move |_| {
            let _ = started.send(());
            let _ = held.recv();
        });
        assert!(hasher.queue.push(network::of_request(), job).is_ok());
        running.await.unwrap();
        assert!(hasher.queue.push(network::of_request(), Box::new(|_| ())).is_ok());
        let problem = hasher.verify("x".to_owned().into(), None).await.expect_err("busy");
        assert_eq!((problem.status, problem.code), (503, "hashing_busy"));
        assert!(problem.retry_after.is_some());
        release.send(()).unwrap();
    }

    #[tokio::test]
    async fn registrations_take_turns_and_too_many_are_refused() {
        let hasher = hasher(4);
        let turn = hasher.registration_turn().await.unwrap();
        let next = hasher.registration_turn();
        tokio::pin!(next);
        assert!(futures::poll!(&mut next).is_pending());
        assert_eq!(hasher.registration_turn().await.err().unwrap().status, 503);
        drop(turn);
        assert!(next.await.is_ok());
    }

    #[tokio::test]
    async fn a_panic_fails_one_request_and_no_thread() {
        let hasher = hasher(4);
        let lost: Result<(), _> = hasher.run(|_| panic!("as if zxcvbn did")).await;
        assert_eq!(lost.expect_err("internal").status, 500);
        assert!(hash(&hasher, "correct horse battery staple").await.is_ok());
    }
}
