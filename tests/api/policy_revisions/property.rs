//! Whatever is written, each earlier revision is what it was.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer, User};

use super::{policy, restore, text_at};
use crate::rules::rule;
use crate::users::put_role;

const WRITES: usize = 80;
const ROLES: [&str; 5] = ["a", "b", "c", "d", "subscriber"];
const FILMS: [&str; 4] = ["film:a", "film:b", "film:*", "label:new"];

/// The policy after one write.
struct Seen {
    revision: i64,
    text: String,
    /// Name, description and inheritance of each role.
    roles: Vec<Value>,
    /// Without their ETags.
    rules: Vec<Value>,
}

impl Seen {
    async fn now(root: &Caller) -> Self {
        let (text, tag) = policy(root).await;
        let without_revision = |mut item: Value| {
            item.as_object_mut().unwrap().remove("revision");
            item
        };
        let items = async |path: &str| -> Vec<Value> {
            root.items(path).await.into_iter().map(without_revision).collect()
        };
        let revision = tag.trim_matches('"').parse().unwrap();
        Self { revision, text, roles: items("roles").await, rules: items("rules").await }
    }
}

/// Random writes, some of which are refused.
struct Writer<'a> {
    random: StdRng,
    root: &'a User,
    user: &'a User,
    last: i64,
}

impl Writer<'_> {
    fn role(&mut self) -> &'static str {
        ROLES.choose(&mut self.random).unwrap()
    }

    fn rule(&mut self) -> Value {
        let priority = self.random.random_range(1..4);
        let film = FILMS.choose(&mut self.random).unwrap();
        let effect = ["allow", "deny"].choose(&mut self.random).unwrap();
        rule(priority, self.role(), film, "read", effect)
    }

    async fn id(&mut self) -> Value {
        let rules = self.root.items("rules").await;
        rules.choose(&mut self.random).unwrap()["id"].clone()
    }

    fn role_body(&mut self) -> Value {
        let mut body = json!({});
        if self.random.random() {
            body["description"] = json!(self.random.random_range(0..100).to_string());
        }
        if self.random.random() {
            body["inherits"] = json!([self.role()]);
        }
        body
    }

    async fn write(&mut self) -> Answer {
        let role = self.role();
        match self.random.random_range(0..12) {
            0..=2 => self.root.post("rules", &self.rule()).await,
            3 => {
                let path = format!("rules/{}", self.id().await);
                self.root.put(&path, &self.rule()).await
            }
            4 => self.root.delete(&format!("rules/{}", self.id().await)).await,
            5 | 6 => {
                let mut body = self.role_body();
                body["name"] = json!(role);
                self.root.post("roles", &body).await
            }
            7 => self.root.patch(&format!("roles/{role}"), &self.role_body()).await,
            8 => self.root.delete(&format!("roles/{role}")).await,
            9 => put_role(self.root, &self.user.id, role).await,
            10 => self.root.delete(&format!("users/{}/roles/{role}", self.user.id)).await,
            _ => {
                let revision = self.random.random_range(0..=self.last);
                restore(self.root, revision).await
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_earlier_revision_is_what_it_was_then() {
    for seed in 0..3 {
        let server = TestServer::start().await;
        let (root, user) = (server.superuser().await, server.register("ada").await);
        let random = StdRng::seed_from_u64(seed);
        let mut seen = vec![Seen::now(&root).await];
        let mut writer = Writer { random, root: &root, user: &user, last: seen[0].revision };
        for _ in 0..WRITES {
            writer.write().await;
            // Names are free again at once, so that roles can come back.
            server.database.execute("DELETE FROM role_tombstones").await;
            let now = Seen::now(&root).await;
            if now.revision > writer.last {
                writer.last = now.revision;
                seen.push(now);
            }
        }
        assert!(seen.len() > WRITES / 6, "{} writes", seen.len());
        for then in &seen {
            assert_eq!(text_at(&root, then.revision).await, then.text, "seed {seed}");
            assert_roles(&root, then, seen.last().unwrap()).await;
        }
        for _ in 0..10 {
            let then = seen.choose(&mut writer.random).unwrap();
            restore_and_compare(&server, &root, then).await;
        }
    }
}

/// Asserts that the roles that differ from the present are said to.
async fn assert_roles(root: &Caller, then: &Seen, now: &Seen) {
    let difference = root.get(&format!("policy/revisions/{}/changes", then.revision)).await.ok();
    let mut roles: Vec<Value> = now.roles.clone();
    for changed in difference["roles"].as_array().unwrap() {
        roles.retain(|role| role["name"] != changed["name"]);
        if let Value::Object(mut state) = changed["before"].clone() {
            state.insert("name".into(), changed["name"].clone());
            state.insert("builtin".into(), json!(false));
            roles.push(state.into());
        }
    }
    roles.sort_by_key(|role| role["name"].as_str().unwrap().to_owned());
    assert_eq!(roles, then.roles, "revision {}", then.revision);
}

async fn restore_and_compare(server: &TestServer, root: &Caller, then: &Seen) {
    server.database.execute("DELETE FROM role_tombstones").await;
    let done = restore(root, then.revision).await.expect(200, "").json();
    let now = Seen::now(root).await;
    assert_eq!(now.rules, then.rules, "revision {}", then.revision);
    let kept = |role: &Value| {
        let kept = done["kept_roles"].as_array().unwrap();
        kept.iter().any(|kept| kept["role"] == role["name"])
    };
    let roles: Vec<&Value> = now.roles.iter().filter(|role| !kept(role)).collect();
    assert_eq!(roles, then.roles.iter().collect::<Vec<_>>(), "revision {}", then.revision);
    for role in now.roles.iter().filter(|role| kept(role)) {
        assert_eq!(role["inherits"], json!([]), "{role}");
    }
}
