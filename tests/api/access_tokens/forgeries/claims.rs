//! Claims that our servers do not write, with a valid signature.

use serde_json::{Value, json};
use tests::token::{signed, signed_text};

use super::{Forgeries, Original};

/// Claims with an unexpected value, with a valid signature.
pub(super) fn claims(from: &Original) -> Forgeries {
    let now = from.now();
    let aud = &from.claims["aud"];
    let mut all = Vec::new();
    // `client_id` is for other services; tokens from before it was introduced stay valid.
    let read = from.claims.as_object().unwrap().keys().filter(|name| *name != "client_id");
    for name in read {
        let claims = Original::without(&from.claims, name);
        all.push((format!("no {name}"), signed(&from.header, &claims, &from.key)));
        for value in [json!(null), json!({}), json!([[]])] {
            let claims = from.claim(name, value.clone());
            all.push((format!("{name} {value}"), signed(&from.header, &claims, &from.key)));
        }
    }
    let values = [
        ("aud", json!("else")),
        ("aud", json!("")),
        ("aud", json!([aud])),
        ("aud", json!([aud, "else"])),
        ("aud", json!(["else"])),
        ("aud", json!(format!("{} ", aud.as_str().unwrap()))),
        ("iss", json!("https://else.example")),
        ("iss", json!([from.claims["iss"]])),
        ("iss", json!(format!("{}/", from.claims["iss"].as_str().unwrap()))),
        ("sub", json!("root")),
        ("sub", json!("' OR 1=1")),
        ("sub", json!("\u{0}")),
        ("sid", json!("../")),
        ("sn", json!("1")),
        ("sn", json!(1.5)),
        ("rev", json!(-1.5)),
        ("rev", json!("0")),
        ("roles", json!("superuser")),
        ("roles", json!(["\u{0}"])),
        ("roles", json!(["Super User"])),
        ("exp", json!((now + 300).to_string())),
        ("exp", json!(1e18)),
        ("exp", json!(1e300)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(now + 301)),
        ("exp", json!(now + 86_400 * 365)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MIN)),
        ("exp", json!(now - 10)),
        ("nbf", json!(now + 60)),
        ("nbf", json!(i64::MAX)),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(1.5)),
        ("iat", json!(now + 60)),
        ("iat", json!(i64::MAX)),
        ("iat", json!(i64::MIN)),
        ("iat", json!(0)),
        ("iat", json!(now.to_string())),
        ("iat", json!(now - 3_600)),
    ];
    for (name, value) in values {
        let claims = from.claim(name, value.clone());
        all.push((format!("{name} = {value}"), signed(&from.header, &claims, &from.key)));
    }
    all
}

/// Texts that parsers disagree about, with a valid signature.
pub(super) fn texts(from: &Original) -> Forgeries {
    let (header, claims) = (from.header.to_string(), from.claims.to_string());
    let sign = |header: &str, claims: &str| signed_text(header, claims, &from.key);
    let mut all: Forgeries = Vec::new();
    for name in ["alg", "kid", "typ"] {
        let twice = format!("{{\"{name}\":{},{}", from.header[name], &header[1..]);
        all.push((format!("header with {name} twice"), sign(&twice, &claims)));
    }
    for name in ["sub", "exp", "aud", "iss", "roles", "sid"] {
        let twice = format!("{{\"{name}\":{},{}", from.claims[name], &claims[1..]);
        all.push((format!("claims with {name} twice"), sign(&header, &twice)));
    }
    let float =
        claims.replace(&from.claims["exp"].to_string(), &format!("{}.0", from.claims["exp"]));
    let exponent = claims.replace(&from.claims["exp"].to_string(), "1e400");
    for (what, header, claims) in [
        ("exp as a float", &*header, &*float),
        ("exp without bounds", &header, &exponent),
        ("claims with a second value", &header, &format!("{claims}{claims}")),
        ("header with a second value", &format!("{header}{{}}"), &claims),
        ("claims with a byte order mark", &header, &format!("\u{feff}{claims}")),
        ("claims with a NUL behind", &header, &format!("{claims}\u{0}")),
        ("claims with a comment", &header, &format!("{claims}// x")),
        ("claims cut", &header, &claims[..claims.len() - 1]),
        ("claims as a list", &header, &format!("[{claims}]")),
        ("claims as text", &header, &Value::String(claims.clone()).to_string()),
        ("claims empty", &header, ""),
        ("header empty", "", &claims),
        ("header null", "null", &claims),
        ("header as a list", &format!("[{header}]"), &claims),
        ("claims null", &header, "null"),
        ("a token in a token", &header, &from.token),
        ("claims nested deeply", &header, &format!("{}{}", "[".repeat(2_000), "]".repeat(2_000))),
    ] {
        all.push((what.into(), sign(header, claims)));
    }
    let cty = from.header("cty", json!("JWT")).to_string();
    all.push(("a token in a token, announced".into(), sign(&cty, &from.token)));
    all
}
