//! A primary and a replica of Redis, watched by three processes of Sentinel.

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tests::program::{AUTH_SERVER, signal};
use tests::redis::ask;
use tests::{Redis, TestServer, free_port, until};

use crate::certificates::Certificates;
use crate::redis::{MANY_FROM_ONE_ADDRESS, PRIVILEGES, state, work_together};

/// A process of Sentinel, killed when this value is dropped.
struct Sentinel {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Sentinel {
    /// Watches the primary at this port, with further lines of configuration.
    fn start(primary: u16, lines: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "bind 127.0.0.1\nport {port}\n{lines}\n\
             sentinel monitor films 127.0.0.1 {primary} 2\n\
             sentinel down-after-milliseconds films 1500\n\
             sentinel failover-timeout films 4000\n"
        );
        fs::write(&file, text).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").current_dir(&folder);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        Self { port, child, _folder: folder }
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        ask(&format!("redis://127.0.0.1:{}", self.port), command).await
    }

    /// Whether it knows the two others and the replica.
    async fn knows_all(&self) -> bool {
        let known = async |what| self.ask::<Vec<redis::Value>>(&["SENTINEL", what, "films"]).await;
        let (sentinels, replicas) = (known("SENTINELS").await, known("REPLICAS").await);
        sentinels.is_ok_and(|them| them.len() == 2) && replicas.is_ok_and(|them| them.len() == 1)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A primary, its replica, and what watches them.
struct Watched {
    primary: Redis,
    replica: Redis,
    sentinels: Vec<Sentinel>,
    _folder: TempDir,
}

impl Watched {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let common = ["--dir", path, "--repl-diskless-sync-delay", "0"];
        let primary = Redis::with(&common);
        let port = primary.port().to_string();
        let replica = Redis::with(&[&common[..], &["--replicaof", "127.0.0.1", &port]].concat());
        let sentinels: Vec<_> = (0..3).map(|_| Sentinel::start(primary.port(), "")).collect();
        let this = Self { primary, replica, sentinels, _folder: folder };
        until("replicates", async || is_replica(&this.replica, "connected").await).await;
        for sentinel in &this.sentinels {
            until("knows all", async || sentinel.knows_all().await).await;
        }
        this
    }

    fn url(&self) -> String {
        let hosts: Vec<_> =
            self.sentinels.iter().map(|one| format!("127.0.0.1:{}", one.port)).collect();
        format!("redis+sentinel://{}/films/0", hosts.join(","))
    }

    async fn servers(&self) -> (TestServer, TestServer) {
        let server = TestServer::with(&[("REDIS_URL", &self.url()), MANY_FROM_ONE_ADDRESS]).await;
        let other = server.replica(&[]).await;
        (server, other)
    }
}

/// Whether it is a replica whose link to the primary has this state. A Sentinel that demotes a
/// server ends the connections of all its clients.
async fn is_replica(redis: &Redis, link: &str) -> bool {
    let Ok(role) = redis.ask::<Vec<redis::Value>>(&["ROLE"]).await else { return false };
    let text = |index: usize| redis::from_redis_value::<String>(role[index].clone());
    text(0).unwrap() == "slave" && text(3).unwrap() == link
}

async fn counters(redis: &Redis) -> usize {
    redis.call::<Vec<String>>(&["KEYS", "auth:{throttle}:*"]).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_follow_to_the_next_primary_after_the_first_was_killed() {
    let mut watched = Watched::start().await;
    let (one, two) = watched.servers().await;
    work_together(&one, &two, "ada").await;
    assert!(counters(&watched.primary).await > 0 && watched.primary.revocations().await > 0);
    let settings = [
        ("DATABASE_URL", one.database.url.clone()),
        ("AUTH_SECRET", one.database.secret_text()),
        ("REDIS_URL", watched.url()),
    ];
    let doctor = AUTH_SERVER.run(&["doctor"], &settings, "");
    assert!(doctor.stdout.contains("redis: accepts writes"), "{doctor:?}");
    let before = watched.replica.revocations().await;

    watched.primary.kill();
    until("not up", async || state(&one).await == "down").await;
    // As without Redis.
    one.register("bob").await.log_out().await.expect(204, "");
    work_together(&one, &two, "eve").await;
    assert!(watched.replica.revocations().await > before);

    // It comes back as an empty primary, and is made a replica.
    watched.primary.restart();
    until("demoted", async || is_replica(&watched.primary, "connected").await).await;
    work_together(&one, &two, "joe").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_follow_to_the_next_primary_while_the_first_is_frozen() {
    let watched = Watched::start().await;
    let (one, two) = watched.servers().await;
    work_together(&one, &two, "ada").await;
    watched.primary.suspend();
    until("not up", async || state(&one).await == "down").await;
    work_together(&one, &two, "bob").await;
    assert!(counters(&watched.replica).await > 0);
    watched.primary.resume();
    until("demoted", async || is_replica(&watched.primary, "connected").await).await;
    work_together(&one, &two, "eve").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_that_does_not_respond_is_not_waited_for() {
    let watched = Watched::start().await;
    signal(watched.sentinels[0].child.id(), "STOP");
    let (one, two) = watched.servers().await;
    work_together(&one, &two, "ada").await;
    signal(watched.sentinels[1].child.id(), "KILL");
    assert_eq!(state(&one.replica(&[]).await).await, "up");
}

#[tokio::test]
async fn users_with_the_documented_privileges_are_enough() {
    let primary = Redis::start();
    let mut user = vec!["ACL", "SETUSER", "films", "on", ">secret"];
    user.extend(PRIVILEGES.split_whitespace());
    primary.call::<()>(&user).await;
    let lines =
        "user watch on >hidden resetkeys resetchannels -@all +sentinel|get-master-addr-by-name";
    let sentinel = Sentinel::start(primary.port(), lines);
    until("starts", async || sentinel.ask::<String>(&["PING"]).await.is_ok()).await;
    let url = format!(
        "redis+sentinel://films:secret@127.0.0.1:{}/films?sentinel_user=watch&sentinel_password=hidden",
        sentinel.port
    );
    let server = TestServer::with(&[("REDIS_URL", &url), MANY_FROM_ONE_ADDRESS]).await;
    let other = server.replica(&[]).await;
    work_together(&server, &other, "ada").await;
    let denied: Vec<redis::Value> = primary.call(&["ACL", "LOG"]).await;
    assert!(denied.is_empty(), "{denied:?}");
    let denied: Vec<redis::Value> = sentinel.ask(&["ACL", "LOG"]).await.unwrap();
    assert!(denied.is_empty(), "{denied:?}");
    // Another name than that of the primary.
    let other = server.replica(&[("REDIS_URL", &url.replace("/films?", "/books?"))]).await;
    assert_eq!(state(&other).await, "down");
}

#[tokio::test]
async fn sentinel_and_primary_are_reached_with_tls() {
    let (certificates, port) = (Certificates::create(), free_port());
    let files = ["tls-cert-file cert.pem", "tls-key-file key.pem", "tls-ca-cert-file ca.pem"];
    let lines = files.map(|line| {
        let (name, file) = line.split_once(' ').unwrap();
        format!("{name} {}", certificates.text(file))
    });
    let tls = format!("tls-port {port}\ntls-auth-clients no\n{}", lines.join("\n"));
    let arguments: Vec<String> = tls
        .lines()
        .flat_map(|line| {
            let (name, value) = line.split_once(' ').unwrap();
            [format!("--{name}"), value.to_owned()]
        })
        .collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let _primary = Redis::with(&arguments);
    let sentinel_port = free_port();
    let lines = tls.replace(&port.to_string(), &sentinel_port.to_string());
    let _sentinel = Sentinel::start(port, &format!("{lines}\ntls-replication yes"));
    let url = format!("rediss+sentinel://localhost:{sentinel_port}/films");
    let ca = certificates.text("ca.pem");
    let server = TestServer::with(&[("REDIS_URL", &url), ("REDIS_CA_FILE", &ca)]).await;
    until("up", async || state(&server).await == "up").await;
    let untrusting = TestServer::with(&[("REDIS_URL", &url)]).await;
    assert_eq!(state(&untrusting).await, "down");
}
