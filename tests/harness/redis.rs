//! A Redis for one test, as a process that can be killed or suspended.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{free_port, program};

/// A Redis without persistence: it is empty whenever it starts.
pub struct Redis {
    port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// If there is no `redis-server`, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let mut redis = Self { port: free_port(), child: None };
        redis.restart();
        redis
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Kills the process, as a power failure would.
    ///
    /// # Panics
    /// If the process cannot be killed.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Suspends the process, like a machine that hangs: connections stay open, replies do not come.
    ///
    /// # Panics
    /// If it is not running.
    pub fn suspend(&self) {
        self.signal("STOP");
    }

    /// Resumes the process, with all its data.
    ///
    /// # Panics
    /// If it is not running.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        program::signal(self.child.as_ref().unwrap().id(), name);
    }

    /// Starts it again, empty, at the same address.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).current_dir("/");
        self.child = Some(command.spawn().unwrap());
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "Redis does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The number of revocations published to it since it started.
    ///
    /// # Panics
    /// If it does not reply.
    pub async fn revocations(&self) -> usize {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let length = redis::cmd("XLEN").arg("auth:revocations").clone();
        length.query_async(&mut connection).await.unwrap()
    }

    /// The number of connections that it accepted since it started, including the one that asks.
    ///
    /// # Panics
    /// If it does not reply.
    pub async fn connections(&self) -> u64 {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let stats = redis::cmd("INFO").arg("stats").clone();
        let stats: String = stats.query_async(&mut connection).await.unwrap();
        let total = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        total.unwrap().parse().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
