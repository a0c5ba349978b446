//! The threads on which passwords are hashed, and the queue before them.
//!
//! A hash keeps a core busy for 10 ms. On the threads that answer requests it would delay a hundred
//! `/check`s; without a bound on what waits, a flood of logins would take the memory and leave
//! everybody waiting.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::phc::{Cost, Engine};
use super::quality::{NewPassword, Shortest};
use super::secret::Password;
use crate::config::PasswordConfig;
use crate::http::problem::{INTERNAL, Problem, Spec};

/// No more passwords can wait for being checked.
pub(crate) const BUSY: Spec =
    Spec::new(503, "hashing_busy", "Too many passwords are being checked; try again in a moment.");

/// What came out of comparing a password with a stored hash.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Another password, or no hash to compare with.
    Wrong,
    /// The password.
    Right,
    /// The password; its hash was made at another cost, and this is the one to store instead.
    Rehashed(String),
}

type Job = Box<dyn FnOnce(&mut Engine) + Send>;

/// Hashes passwords on threads of its own. They end when it is dropped.
pub(crate) struct Hasher {
    queue: SyncSender<Job>,
    shortest: Shortest,
    /// A hash that no password fits, compared with where there is no other: an unknown login then
    /// takes as long as a wrong password.
    dummy: String,
}

impl Hasher {
    /// Starts the threads that the configuration asks for.
    ///
    /// # Errors
    /// The system gives no threads, or argon2 refuses the configured cost.
    pub(crate) fn from_config(config: &PasswordConfig) -> std::io::Result<Self> {
        let cost = Cost::new(config.memory_kib, config.passes).map_err(std::io::Error::other)?;
        Self::start(&cost, config.threads(), config.queue(), config.shortest())
    }

    /// Starts `threads` threads, each with its own memory, before a queue of `waiting` passwords.
    /// New passwords have at least `shortest` characters.
    ///
    /// # Errors
    /// The system gives no threads, or argon2 doesn't work.
    pub(crate) fn start(
        cost: &Cost,
        threads: usize,
        waiting: usize,
        shortest: Shortest,
    ) -> std::io::Result<Self> {
        let nothing = [0; 24].map(|_: u8| rand::random_range('!'..='~')).iter().collect::<String>();
        let dummy = Engine::new(cost).hash(&nothing).map_err(std::io::Error::other)?;
        let (queue, jobs) = sync_channel::<Job>(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads {
            let (jobs, mut engine) = (jobs.clone(), Engine::new(cost));
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&jobs, &mut engine))?;
        }
        Ok(Self { queue, shortest, dummy })
    }

    /// The PHC string of a new password that is good enough.
    ///
    /// # Errors
    /// [`crate::password::NEW_PASSWORD`].
    pub(crate) async fn hash(&self, new: NewPassword) -> Result<String, Problem> {
        new.check_length(self.shortest)?;
        self.run(move |engine| {
            new.check_strength()?;
            engine.hash(new.password.expose()).map_err(|error| broken(&error))
        })
        .await?
    }

    /// Compares a password with a stored PHC string; without one it takes as long and is wrong.
    ///
    /// # Errors
    /// [`HASHING`].
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verdict, Problem> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        let dummy = self.dummy.clone();
        self.run(move |engine| {
            let right = match engine.verify(password.expose(), &stored) {
                Ok(right) => right,
                Err(error) => {
                    // Nobody can sign in with it; as for the answer and its time, as with any other
                    // that doesn't fit.
                    broken(&error);
                    let _ = engine.verify(password.expose(), &dummy);
                    false
                }
            };
            if !(right && known) {
                return Ok(Verdict::Wrong);
            }
            if !engine.is_outdated(&stored) {
                return Ok(Verdict::Right);
            }
            let hash = engine.hash(password.expose()).map_err(|error| broken(&error))?;
            Ok(Verdict::Rehashed(hash))
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |engine| {
            // Whoever asked may have hung up while this waited.
            if !answer.is_closed() {
                let _ = answer.send(job(engine));
            }
        });
        if self.queue.try_send(job).is_err() {
            return Err(busy());
        }
        answered.await.map_err(|_| Problem::new(INTERNAL))
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, engine: &mut Engine) {
    loop {
        // One idle thread waits in `recv`, the others for the lock.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The engine's memory is scratch: nothing in it can be left half-done.
        if catch_unwind(AssertUnwindSafe(|| job(engine))).is_err() {
            tracing::error!("hashing a password panicked");
        }
    }
}

/// The answer where no more passwords can wait.
#[must_use]
pub(crate) const fn busy() -> Problem {
    Problem::new(BUSY).retry_after(1)
}

fn broken(error: &crate::password::phc::Broken) -> Problem {
    tracing::error!(%error, "a stored password hash is unusable");
    Problem::new(INTERNAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(waiting: usize) -> Hasher {
        Hasher::start(&Cost::new(64, 1).unwrap(), 1, waiting, Shortest { any: 8, alone: 8 })
            .unwrap()
    }

    fn new(password: &str) -> NewPassword {
        NewPassword {
            password: password.to_owned().into(),
            field: "password",
            own_words: vec![],
            second_factor: false,
        }
    }

    #[tokio::test]
    async fn the_right_password_is_right_and_nothing_else() {
        let hasher = hasher(4);
        let stored = hasher.hash(new("correct horse battery staple")).await.unwrap();
        let verify = |text: &str, stored| hasher.verify(text.to_owned().into(), stored);
        let right = verify("correct horse battery staple", Some(stored.clone())).await.unwrap();
        assert_eq!(right, Verdict::Right);
        assert_eq!(verify("wrong", Some(stored)).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify("wrong", None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_full_queue_says_when_to_come_back() {
        let hasher = hasher(0);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let job: Job = Box::new(move |_| {
            let _ = started.send(());
            let _ = held.recv();
        });
        hasher.queue.send(job).unwrap();
        running.await.unwrap();
        let problem = hasher.verify("x".to_owned().into(), None).await.expect_err("busy");
        assert_eq!((problem.status, problem.code), (503, "hashing_busy"));
        assert!(problem.retry_after.is_some());
        release.send(()).unwrap();
    }

    #[tokio::test]
    async fn a_panic_costs_one_request_and_no_thread() {
        let hasher = hasher(4);
        let lost: Result<(), _> = hasher.run(|_| panic!("as if zxcvbn did")).await;
        assert_eq!(lost.expect_err("internal").status, 500);
        assert!(hasher.hash(new("correct horse battery staple")).await.is_ok());
    }
}
