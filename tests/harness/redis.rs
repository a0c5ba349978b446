//! A Redis for one test, as a process that can be killed or suspended.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{free_port, program};

/// A Redis without persistence: it is empty whenever it starts.
pub struct Redis {
    port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// If there is no `redis-server`, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts it with further arguments.
    ///
    /// # Panics
    /// If there is no `redis-server`, or it does not start.
    #[must_use]
    pub fn with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut redis = Self { port: free_port(), arguments, child: None };
        redis.restart();
        redis
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
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

    /// How often scripts were called.
    ///
    /// # Panics
    /// If it is not running.
    pub async fn script_calls(&self) -> u64 {
        let stats: String = self.call(&["INFO", "commandstats"]).await;
        let calls = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
        calls.map(|line| line.split(',').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    /// Starts it again, empty, at the same address and with the same arguments.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]);
        command.args(&self.arguments);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).current_dir("/");
        self.child = Some(command.spawn().unwrap());
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "Redis does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it answers to a command.
    ///
    /// # Panics
    /// If it does not reply, or refuses the command.
    pub async fn call<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        self.ask(command).await.unwrap()
    }

    /// What it answers to a command, for a server that may end the connection.
    ///
    /// # Errors
    /// If it does not reply, or refuses the command.
    pub async fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        ask(&self.url(), command).await
    }

    /// The number of revocations published to it since it started.
    ///
    /// # Panics
    /// If it does not reply.
    pub async fn revocations(&self) -> usize {
        self.call(&["XLEN", "auth:revocations"]).await
    }

    /// The number of connections that it accepted since it started, including the one that asks.
    ///
    /// # Panics
    /// If it does not reply.
    pub async fn connections(&self) -> u64 {
        let stats: String = self.call(&["INFO", "stats"]).await;
        let total = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        total.unwrap().parse().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the server at this URL answers to a command, on a connection of its own.
///
/// # Errors
/// If it does not reply, or refuses the command.
///
/// # Panics
/// If the command is empty.
pub async fn ask<T: redis::FromRedisValue>(url: &str, command: &[&str]) -> redis::RedisResult<T> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let (name, arguments) = command.split_first().unwrap();
    redis::cmd(name).arg(arguments).query_async(&mut connection).await
}
