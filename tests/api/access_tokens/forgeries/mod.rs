//! A collection of forgeries. Those of `claims`, and some of `headers`, have a valid signature, as
//! if the key had been stolen: they must be rejected for their contents.

mod algorithms;
mod claims;
mod headers;
mod spellings;

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tests::token::{read, signed, signed_text, stolen_key};
use tests::{Caller, TestServer, User};

use crate::check::{film, read as check};

type Forgeries = Vec<(String, String)>;

/// The source of all forgeries: a superuser's token in its parts, and the key that signed it.
struct Original {
    token: String,
    header: Value,
    claims: Value,
    key: SigningKey,
    refresh_token: String,
    /// Another valid token.
    other: String,
}

impl Original {
    async fn of(server: &TestServer, root: &User, other: &User) -> Self {
        let (header, claims) = read(root.token());
        Self {
            token: root.token().to_owned(),
            header,
            claims,
            key: stolen_key(&server.database).await,
            refresh_token: root.refresh_token.clone(),
            other: other.token().to_owned(),
        }
    }

    fn parts(&self) -> [&str; 3] {
        let parts: Vec<&str> = self.token.split('.').collect();
        parts.try_into().unwrap()
    }

    fn header(&self, name: &str, value: Value) -> Value {
        let mut header = self.header.clone();
        header[name] = value;
        header
    }

    fn claim(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims.clone();
        claims[name] = value;
        claims
    }

    fn without(value: &Value, name: &str) -> Value {
        let mut value = value.clone();
        value.as_object_mut().unwrap().remove(name);
        value
    }

    fn now(&self) -> i64 {
        self.claims["iat"].as_i64().unwrap()
    }
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// A check, the caller's own account, and an operation for admins.
async fn answers(caller: &Caller) -> [tests::Answer; 3] {
    [check(caller, film(&["new"])).await, caller.get("me").await, caller.get("rules").await]
}

#[tokio::test]
async fn every_forgery_is_rejected_and_its_bearer_is_not_treated_as_a_guest() {
    let server = TestServer::start().await;
    let (root, other) = (server.superuser().await, server.register("ada").await);
    let from = Original::of(&server, &root, &other).await;
    let (header, claims_of) = (from.header.to_string(), from.claims.to_string());
    // Control: reassembled without changes, the token is accepted.
    let same = [
        signed(&from.header, &from.claims, &from.key),
        signed_text(&header, &claims_of, &from.key),
        signed(&from.header, &from.claim("anything", json!("else")), &from.key),
    ];
    for token in same {
        for answer in answers(&server.as_user(&token)).await {
            answer.expect(200, "");
        }
    }
    let groups = [
        algorithms::algorithms,
        headers::key_ids,
        headers::headers,
        claims::claims,
        claims::texts,
        spellings::spellings,
    ];
    let forgeries: Vec<_> = groups.iter().flat_map(|group| group(&from)).collect();
    println!("{} forged tokens", forgeries.len());
    assert!(forgeries.len() > 200);
    let mut taken = vec![];
    for (what, token) in &forgeries {
        for answer in answers(&server.as_user(token)).await {
            let code = answer.code();
            let refused =
                answer.status == 401 && code.starts_with("token_") && code != "token_missing";
            let named = answer.header("www-authenticate").contains(&code);
            if !refused || !named {
                taken.push(format!("{what}: {} {} {code}", answer.path, answer.status));
            }
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
    root.get("rules").await.expect(200, "");
}
