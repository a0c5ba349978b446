//! A side of a comparison: a running server, the requests that ask it, and how its responses are read.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::data::{Data, Question};
use crate::message;
use crate::process::Server;
use crate::response::read_response;

/// Time in which the answers of one operation are compared: the slowest sides do not answer all questions in it.
const VERIFY_TIME: Duration = Duration::from_mins(1);

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// May this user read this film?
    Check,
    /// May this user read these 100 films?
    Batch,
    /// Which films may this user read? Answered with a filter for a search.
    Filter,
    /// As [`Operation::Check`], by the API of OpenID AuthZEN.
    AuthZen,
    /// May this user send this request to another application? Only asked of auth-server.
    ForwardAuth,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Check => "check",
            Self::Batch => "batch of 100",
            Self::Filter => "list filter",
            Self::AuthZen => "AuthZEN",
            Self::ForwardAuth => "forward-auth",
        })
    }
}

impl Operation {
    /// The questions of this kind.
    pub(crate) fn questions(self, data: &Data) -> &[Question] {
        match self {
            Self::Check | Self::AuthZen | Self::ForwardAuth => &data.single,
            Self::Batch => &data.batches,
            Self::Filter => &data.lists,
        }
    }

    /// Connections that keep a server busy without much waiting for each other's requests.
    pub(crate) fn connections(self) -> u32 {
        if matches!(self, Self::Batch | Self::Filter) { 4 } else { 32 }
    }

    /// The right answers.
    fn answers(self, data: &Data, question: &Question) -> Vec<bool> {
        // Another application may be reached by all.
        if self == Self::ForwardAuth { vec![true] } else { data.answers(question) }
    }
}

/// Reads the answer for each film of a question from the body of a response.
type Read = fn(&Data, &Question, &Value) -> anyhow::Result<Vec<bool>>;

/// The requests of one operation, one for each question.
pub(crate) struct Requests {
    pub(crate) messages: Vec<Vec<u8>>,
    read: Read,
}

pub(crate) struct Side {
    pub(crate) name: String,
    pub(crate) server: Server,
    pub(crate) operations: BTreeMap<Operation, Requests>,
}

impl Side {
    pub(crate) fn new(name: impl Into<String>, server: Server) -> Self {
        Self { name: name.into(), server, operations: BTreeMap::new() }
    }

    /// Adds an operation: `POST path` with the body that `body` makes of each question.
    pub(crate) fn post(
        &mut self,
        data: &Data,
        operation: Operation,
        path: &str,
        body: impl Fn(&Question) -> Value,
        read: Read,
    ) {
        let address = &self.server.address;
        let message = |question| message::post(address, path, "", &body(question).to_string());
        let messages = operation.questions(data).iter().map(message).collect();
        self.operations.insert(operation, Requests { messages, read });
    }

    pub(crate) fn add(&mut self, operation: Operation, messages: Vec<Vec<u8>>, read: Read) {
        self.operations.insert(operation, Requests { messages, read });
    }

    /// Asks every question of every operation once, compares the answers with the right ones, and says so.
    pub(crate) async fn verify(&self, data: &Data) -> anyhow::Result<()> {
        for (&operation, requests) in &self.operations {
            let compared = self.verify_operation(data, operation, requests).await?;
            let all = requests.messages.len();
            println!("{}, {operation}: {compared} of {all} answers are right", self.name);
        }
        Ok(())
    }

    /// Returns how many answers were compared: all, unless the side is too slow.
    async fn verify_operation(
        &self,
        data: &Data,
        operation: Operation,
        requests: &Requests,
    ) -> anyhow::Result<usize> {
        let mut stream = TcpStream::connect(&self.server.address).await?;
        stream.set_nodelay(true)?;
        let (mut buffer, mut compared, start) = (Vec::new(), 0, Instant::now());
        for (question, message) in operation.questions(data).iter().zip(&requests.messages) {
            if start.elapsed() > VERIFY_TIME {
                break;
            }
            stream.write_all(message).await?;
            let body = read_response(&mut stream, &mut buffer).await?;
            let response = serde_json::from_str(&body).unwrap_or_default();
            let answers = (requests.read)(data, question, &response)
                .with_context(|| format!("{}, {operation}: {body:.2000}", self.name))?;
            ensure!(
                answers == operation.answers(data, question),
                "{} answers the {operation} of user {} wrongly: {body:.2000}",
                self.name,
                question.user
            );
            compared += 1;
        }
        Ok(compared)
    }
}
