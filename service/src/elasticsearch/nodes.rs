//! The nodes of a cluster, by turns, without those that do not respond.

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use elasticsearch::Elasticsearch;
use elasticsearch::http::transport::{Connection, ConnectionPool};
use futures::future::join_all;
use url::Url;

/// How often the nodes are asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// A node that takes longer does not respond.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The nodes. Clones share what is known of them.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    nodes: Arc<[Node]>,
    turn: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Node {
    connection: Connection,
    responds: AtomicBool,
}

impl Nodes {
    /// Nodes that all count as responding.
    pub(super) fn new(urls: impl IntoIterator<Item = Url>) -> Self {
        let node = |url| Node { connection: Connection::new(url), responds: AtomicBool::new(true) };
        Self { nodes: urls.into_iter().map(node).collect(), turn: Arc::default() }
    }

    /// The same, asked now and then every second, each by a client of its own, until the last clone is
    /// dropped. A single node is not asked: there is none to replace it.
    pub(super) async fn watched(
        urls: impl IntoIterator<Item = Url>,
        clients: Vec<Elasticsearch>,
    ) -> Self {
        let nodes = Self::new(urls);
        if clients.len() > 1 {
            ask(&nodes.nodes, &clients).await;
            tokio::spawn(watch(Arc::downgrade(&nodes.nodes), clients));
        }
        nodes
    }

    /// The URLs of all, in the order of their positions.
    pub(super) fn urls(&self) -> impl Iterator<Item = Arc<Url>> {
        self.nodes.iter().map(|node| node.connection.url())
    }

    /// The position of the next node that responds, or of the next one if none does.
    pub(super) fn position(&self) -> usize {
        let count = self.nodes.len();
        let first = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(count).unwrap_or(0);
        let responds = |at: &usize| {
            self.nodes.get(*at).is_some_and(|node| node.responds.load(Ordering::Relaxed))
        };
        (first..count).chain(0..first).find(responds).unwrap_or(first)
    }
}

impl ConnectionPool for Nodes {
    fn next(&self) -> Connection {
        self.nodes.get(self.position()).map_or_else(nowhere, |node| node.connection.clone())
    }
}

/// The settings refuse an empty list of URLs.
#[expect(clippy::unreachable, reason = "a cluster has at least one node")]
fn nowhere() -> Connection {
    unreachable!("no node")
}

async fn watch(nodes: Weak<[Node]>, clients: Vec<Elasticsearch>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(nodes) = nodes.upgrade() else { return };
        ask(&nodes, &clients).await;
    }
}

async fn ask(nodes: &[Node], clients: &[Elasticsearch]) {
    join_all(nodes.iter().zip(clients).map(async |(node, client)| {
        let responds = responds(client).await;
        let url = node.connection.url();
        match (node.responds.swap(responds, Ordering::Relaxed), responds) {
            (true, false) => tracing::warn!(%url, "a node of Elasticsearch does not respond"),
            (false, true) => tracing::info!(%url, "a node of Elasticsearch responds again"),
            _ => {}
        }
    }))
    .await;
}

/// A node that refuses the credentials responds; one without a cluster does not.
async fn responds(client: &Elasticsearch) -> bool {
    let answer = client.ping().request_timeout(TIMEOUT).send().await;
    answer.is_ok_and(|answer| !answer.status_code().is_server_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_take_turns_and_those_that_do_not_respond_are_skipped() {
        let urls = ["http://a/", "http://b/", "http://c/"].map(|url| url.parse().expect("a URL"));
        let nodes = Nodes::new(urls);
        let next = |count| -> String {
            (0..count)
                .map(|_| nodes.next().url().host_str().unwrap_or_default().to_owned())
                .collect()
        };
        assert_eq!(next(4), "abca");
        let set = |at: usize, responds| {
            nodes.nodes.get(at).expect("a node").responds.store(responds, Ordering::Relaxed);
        };
        set(1, false);
        assert_eq!(next(3), "cca");
        for at in [0, 2] {
            set(at, false);
        }
        // All are tried if none is known to respond.
        assert_eq!(next(3), "bca");
    }
}
