//! Key ids and headers that our servers do not write.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;
use tests::token::{jwk, signed, unknown_key};

use super::{Forgeries, Original};

pub(super) fn key_ids(from: &Original) -> Forgeries {
    let kid = from.header["kid"].as_str().unwrap();
    let ids = [
        json!("x"),
        json!(""),
        json!(null),
        json!(7),
        json!([kid]),
        json!({ "kid": kid }),
        json!(format!("{kid} ")),
        json!(format!("{kid}\u{0}")),
        json!(kid.to_lowercase()),
        json!("../../../../dev/null"),
        json!("/proc/self/environ"),
        json!("file:///dev/null"),
        json!("' OR '1'='1"),
        json!("x' UNION SELECT 'AA=='; --"),
        json!("$(id)|id;`id`"),
        json!("\u{202e}\u{1F511}"),
        json!("x".repeat(4_000)),
    ];
    let mut all: Forgeries = Vec::new();
    for id in ids {
        let header = from.header("kid", id.clone());
        let what: String = id.to_string().chars().take(40).collect();
        all.push((format!("kid {what}"), signed(&header, &from.claims, &from.key)));
    }
    let header = Original::without(&from.header, "kid");
    all.push(("no kid".into(), signed(&header, &from.claims, &from.key)));
    all
}

/// Headers that carry a key, or ask for an unsupported feature. Each is signed once with an unknown
/// key and once with our own: our servers never write such a header.
pub(super) fn headers(from: &Original) -> Forgeries {
    let strange = unknown_key();
    let certificate = BASE64_STANDARD.encode([0x30; 64]);
    let members = [
        ("jwk", jwk(&strange)),
        ("jku", json!("http://127.0.0.1:1/jwks.json")),
        ("jku", json!("file:///dev/null")),
        ("x5u", json!("http://127.0.0.1:1/chain.pem")),
        ("x5c", json!([certificate])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("epk", jwk(&strange)),
        ("anything", json!("else")),
    ];
    let mut all = Vec::new();
    for (name, value) in members {
        let header = from.header(name, value.clone());
        all.push((format!("{name} {value}, our key"), signed(&header, &from.claims, &from.key)));
        all.push((format!("{name}, another key"), signed(&header, &from.claims, &strange)));
        let header = Original::without(&header, "kid");
        all.push((format!("{name}, no kid"), signed(&header, &from.claims, &strange)));
    }
    let critical = json!(["b64"]);
    let mut header = from.header("crit", critical);
    header["b64"] = json!(false);
    let message = format!("{}.{}", BASE64.encode(header.to_string()), from.claims);
    all.push(("an unencoded payload".into(), format!("{message}.{}", from.parts()[2])));
    for typ in [
        json!("JWT"),
        json!("at+jwt "),
        json!("rt+jwt"),
        json!("id_token"),
        json!(null),
        json!(["at+jwt"]),
        json!("application/jwt"),
        json!("\u{ff41}t+jwt"),
    ] {
        all.push((format!("typ {typ}"), signed(&from.header("typ", typ), &from.claims, &from.key)));
    }
    let header = Original::without(&from.header, "typ");
    all.push(("no typ".into(), signed(&header, &from.claims, &from.key)));
    all
}
