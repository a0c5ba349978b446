//! A Redis of a test's own, as a process that can be killed or made to hang.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Tests of one process take ports that differ in their last digit.
static NUMBER: AtomicU16 = AtomicU16::new(0);

/// A Redis that keeps nothing on disk: whenever it starts it is empty.
pub struct Redis {
    port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Starts on a port that nobody has. Below 32768, where no outgoing connection takes it while
    /// Redis is stopped.
    ///
    /// # Panics
    /// There is no `redis-server`, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let process = u16::try_from(std::process::id() % 1_000).unwrap();
        let first = 20_000 + 10 * process + NUMBER.fetch_add(1, Ordering::Relaxed);
        let port = (first..32_768).step_by(10).find(free).unwrap();
        let mut redis = Self { port, child: None };
        redis.restart();
        redis
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it as a power failure would.
    ///
    /// # Panics
    /// The process can't be ended.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it as a machine does that hangs: connections stay, answers don't come.
    ///
    /// # Panics
    /// It is not running.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on, with all that it has.
    ///
    /// # Panics
    /// It is not running.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    /// Starts it again, empty, at the same address.
    ///
    /// # Panics
    /// It does not start.
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

    /// How many revocations were sent to it since it started.
    ///
    /// # Panics
    /// It does not answer.
    pub async fn revocations(&self) -> usize {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let length = redis::cmd("XLEN").arg("auth:revocations").clone();
        length.query_async(&mut connection).await.unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
