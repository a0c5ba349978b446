//! A cluster of Redis.

use std::process::Command;

use tempfile::TempDir;
use tests::{Redis, TestServer, free_port, until};

use crate::certificates::Certificates;
use crate::redis::{MANY_FROM_ONE_ADDRESS, PRIVILEGES, state, work_together};

/// As auth-server's README lists them, beside those for one server.
const CLUSTER_PRIVILEGES: &str = "+cluster|slots +asking";

/// Three primaries, and replicas.
struct Cluster {
    nodes: Vec<Redis>,
    /// Where programs reach the nodes.
    ports: Vec<u16>,
    _folders: Vec<TempDir>,
}

impl Cluster {
    /// Starts as many nodes, three of them primaries.
    async fn start(number: usize, tls: Option<&Certificates>) -> Self {
        let (mut nodes, mut ports, mut folders) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..number {
            let (folder, bus, tls_port) = (tempfile::tempdir().unwrap(), free_port(), free_port());
            let mut arguments = arguments(folder.path().to_str().unwrap(), bus);
            if let Some(tls) = tls {
                arguments.extend(tls_arguments(tls, tls_port));
            }
            let node = Redis::with(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            ports.push(if tls.is_some() { tls_port } else { node.port() });
            nodes.push(node);
            folders.push(folder);
        }
        let this = Self { nodes, ports, _folders: folders };
        this.create(tls);
        until("a cluster", async || this.is_ok().await).await;
        this
    }

    fn create(&self, tls: Option<&Certificates>) {
        let mut create = Command::new("redis-cli");
        if let Some(tls) = tls {
            create.args(["--tls", "--cacert"]).arg(tls.path("ca.pem"));
        }
        let replicas = (self.nodes.len() / 3 - 1).to_string();
        create.args(["--cluster", "create"]).args(self.addresses());
        create.args(["--cluster-replicas", &replicas, "--cluster-yes"]);
        let ran = create.output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }

    fn addresses(&self) -> Vec<String> {
        self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect()
    }

    fn url(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.addresses().join(","))
    }

    async fn servers(&self) -> (TestServer, TestServer) {
        let url = self.url("redis+cluster://");
        let one = TestServer::with(&[("REDIS_URL", &url), MANY_FROM_ONE_ADDRESS]).await;
        let two = one.replica(&[]).await;
        (one, two)
    }

    /// The primary that has keys like this.
    async fn owner(&self, keys: &str) -> usize {
        for (index, node) in self.nodes.iter().enumerate() {
            let role: Vec<redis::Value> = node.call(&["ROLE"]).await;
            let role: String = redis::from_redis_value(role[0].clone()).unwrap();
            let found: Vec<String> = node.call(&["KEYS", keys]).await;
            if role == "master" && !found.is_empty() {
                return index;
            }
        }
        panic!("no node has {keys}");
    }

    async fn is_ok(&self) -> bool {
        let info: String = self.nodes[0].call(&["CLUSTER", "INFO"]).await;
        info.contains("cluster_state:ok")
    }
}

fn arguments(folder: &str, bus: u16) -> Vec<String> {
    let text = format!(
        "--dir {folder} --cluster-enabled yes --cluster-port {bus} --cluster-node-timeout 2000 \
         --repl-diskless-sync-delay 0"
    );
    text.split_whitespace().map(str::to_owned).collect()
}

fn tls_arguments(certificates: &Certificates, port: u16) -> Vec<String> {
    let [cert, key, ca] = ["cert.pem", "key.pem", "ca.pem"].map(|name| certificates.text(name));
    let text = format!(
        "--tls-port {port} --tls-cluster yes --tls-replication yes --tls-auth-clients no \
         --tls-cert-file {cert} --tls-key-file {key} --tls-ca-cert-file {ca}"
    );
    text.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_use_a_cluster_before_and_after_a_primary_was_killed() {
    for keys in ["auth:{throttle}:*", "auth:revocations"] {
        let mut cluster = Cluster::start(6, None).await;
        let (one, two) = cluster.servers().await;
        work_together(&one, &two, "ada").await;
        let owner = cluster.owner(keys).await;
        cluster.nodes[owner].kill();
        until("not up", async || state(&one).await != "up").await;
        // As without Redis.
        one.register("bob").await.log_out().await.expect(204, "");
        work_together(&one, &two, "eve").await;
        // It comes back as a replica.
        cluster.nodes[owner].restart();
        work_together(&one, &two, "joe").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_use_a_cluster_while_the_primary_of_a_part_is_frozen() {
    let cluster = Cluster::start(6, None).await;
    let (one, two) = cluster.servers().await;
    work_together(&one, &two, "ada").await;
    let owner = cluster.owner("auth:{throttle}:*").await;
    cluster.nodes[owner].suspend();
    until("not up", async || state(&one).await != "up").await;
    work_together(&one, &two, "bob").await;
    cluster.nodes[owner].resume();
    work_together(&one, &two, "eve").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_with_slots_that_no_node_serves_is_unusable() {
    let mut cluster = Cluster::start(3, None).await;
    let (one, two) = cluster.servers().await;
    work_together(&one, &two, "ada").await;
    cluster.nodes[0].kill();
    until("unusable", async || state(&one).await == "unusable").await;
    assert!(one.metrics().await.contains("auth_redis_up 0"));
    one.register("bob").await.log_out().await.expect(204, "");
    cluster.nodes[0].restart();
    work_together(&one, &two, "eve").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_reached_with_tls() {
    let certificates = Certificates::create();
    let cluster = Cluster::start(3, Some(&certificates)).await;
    let (url, ca) = (cluster.url("rediss+cluster://"), certificates.text("ca.pem"));
    let settings = [("REDIS_URL", url.as_str()), ("REDIS_CA_FILE", &ca), MANY_FROM_ONE_ADDRESS];
    let one = TestServer::with(&settings).await;
    work_together(&one, &one.replica(&[]).await, "ada").await;
    let untrusting = TestServer::with(&[("REDIS_URL", &url)]).await;
    assert_eq!(state(&untrusting).await, "down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_documented_privileges_is_enough() {
    let cluster = Cluster::start(3, None).await;
    let mut user = vec!["ACL", "SETUSER", "films", "on", ">secret"];
    user.extend(PRIVILEGES.split_whitespace());
    user.extend(CLUSTER_PRIVILEGES.split_whitespace());
    for node in &cluster.nodes {
        node.call::<()>(&user).await;
    }
    let url = cluster.url("redis+cluster://films:secret@");
    let one = TestServer::with(&[("REDIS_URL", &url), MANY_FROM_ONE_ADDRESS]).await;
    work_together(&one, &one.replica(&[]).await, "ada").await;
    for node in &cluster.nodes {
        let denied: Vec<redis::Value> = node.call(&["ACL", "LOG"]).await;
        assert!(denied.is_empty(), "{denied:?}");
    }
}
