//! A collection of forgeries. Those of `texts` and `claims` carry a good signature, as if the key
//! had been stolen: they must be refused for what they say.

use base64::Engine;
use base64::prelude::{
    BASE64_STANDARD, BASE64_URL_SAFE as PADDED, BASE64_URL_SAFE_NO_PAD as BASE64,
};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use tests::token::{jwk, read, signed, signed_text, stolen_key, strange_key, unsigned};
use tests::{Caller, TestServer, User};

use crate::check::{film, read as check};

type Forgeries = Vec<(String, String)>;

/// What forgeries are made from: a superuser's token in its parts, and the key that signed it.
struct Original {
    token: String,
    header: Value,
    claims: Value,
    key: SigningKey,
    refresh_token: String,
    /// Another good token.
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

fn algorithms(from: &Original) -> Forgeries {
    let mut all = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "none ", "\u{0}none", "n\u{43e}ne", ""] {
        let message = unsigned(&from.header("alg", json!(alg)), &from.claims);
        all.push((format!("alg {alg:?}, no signature"), format!("{message}.")));
        all.push((
            format!("alg {alg:?}, signature kept"),
            format!("{message}.{}", from.parts()[2]),
        ));
        all.push((format!("alg {alg:?}, two parts"), message));
    }
    for alg in [json!(null), json!(0), json!(true), json!(["EdDSA"]), json!({ "EdDSA": 1 })] {
        all.push((format!("alg {alg}"), signed(&from.header("alg", alg), &from.claims, &from.key)));
    }
    for alg in [
        "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "Ed25519", "eddsa", "EdDSA ",
    ] {
        let token = signed(&from.header("alg", json!(alg)), &from.claims, &from.key);
        all.push((format!("alg {alg}, signed by our key"), token));
    }
    let header = Original::without(&from.header, "alg");
    all.push(("no alg".into(), signed(&header, &from.claims, &from.key)));
    all.extend(public_key_as_secret(from));
    all
}

/// The public key is known to everybody, so a MAC under it proves nothing.
fn public_key_as_secret(from: &Original) -> Forgeries {
    let public = from.key.verifying_key().to_bytes();
    let der = [&hex("302a300506032b6570032100")[..], &public].concat();
    let body = BASE64_STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let secrets = [
        ("bytes", public.to_vec()),
        ("base64url", BASE64.encode(public).into_bytes()),
        ("DER", der),
        ("PEM", pem.into_bytes()),
        ("JWK", jwk(&from.key).to_string().into_bytes()),
        ("key id", from.header["kid"].as_str().unwrap().into()),
        ("nothing", vec![]),
    ];
    let mut all = Vec::new();
    for (what, secret) in secrets {
        for alg in ["HS256", "EdDSA"] {
            let message = unsigned(&from.header("alg", json!(alg)), &from.claims);
            let key = EncodingKey::from_secret(&secret);
            let mac = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
            all.push((
                format!("MAC under the public key ({what}) as {alg}"),
                format!("{message}.{mac}"),
            ));
        }
    }
    all
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn key_ids(from: &Original) -> Forgeries {
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

/// Headers that bring a key along, or ask for something that we don't do. Each once with a
/// stranger's key, and once with our own signature: such a header is never ours.
fn headers(from: &Original) -> Forgeries {
    let strange = strange_key();
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

/// Claims that no server of ours writes, under a good signature.
fn claims(from: &Original) -> Forgeries {
    let now = from.now();
    let aud = &from.claims["aud"];
    let mut all = Vec::new();
    for name in from.claims.as_object().unwrap().keys() {
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

/// Texts under a good signature that different parsers read differently.
fn texts(from: &Original) -> Forgeries {
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

/// The token itself, spelled or cut in another way.
fn spellings(from: &Original) -> Forgeries {
    let [header, claims, signature] = from.parts();
    let others: Vec<&str> = from.other.split('.').collect();
    let padded = |part: &str| PADDED.encode(BASE64.decode(part).unwrap());
    let bytes = BASE64.decode(signature).unwrap();
    let join = |parts: &[&str]| parts.join(".");
    let last = signature.len() - 1;
    let all = [
        ("no signature", join(&[header, claims, ""])),
        ("two parts", join(&[header, claims])),
        ("one part", header.to_owned()),
        ("four parts", join(&[header, claims, signature, ""])),
        ("five parts, as a JWE", join(&[header, "", claims, signature, signature])),
        ("five parts", join(&[header, claims, signature, claims, signature])),
        ("many dots", ".".repeat(5_000)),
        ("signature cut", join(&[header, claims, &signature[..last]])),
        ("signature cut by a byte", join(&[header, claims, &BASE64.encode(&bytes[..63])])),
        ("signature cut to half", join(&[header, claims, &BASE64.encode(&bytes[..32])])),
        ("signature longer", join(&[header, claims, &BASE64.encode([&bytes[..], &[0]].concat())])),
        ("signature twice", join(&[header, claims, &format!("{signature}{signature}")])),
        ("signature of zeros", join(&[header, claims, &BASE64.encode([0; 64])])),
        ("signature of another token", join(&[header, claims, others[2]])),
        ("claims of another token", join(&[header, others[1], signature])),
        ("signature's S plus the group's order", join(&[header, claims, &malleable(&bytes)])),
        ("signature's spare bits set", join(&[header, claims, &spare_bits(signature)])),
        ("signature padded", join(&[header, claims, &padded(signature)])),
        ("claims padded", join(&[header, &format!("{claims}="), signature])),
        ("header padded", join(&[&format!("{header}="), claims, signature])),
        ("a space inside", join(&[header, &format!("{claims} "), signature])),
        ("a tab inside", join(&[header, claims, &format!("\t{signature}")])),
        ("another alphabet", join(&[header, claims, &BASE64_STANDARD.encode([0xfb; 64])])),
        ("percent-encoded", from.token.replace('.', "%2E")),
        ("quoted", format!("\"{}\"", from.token)),
        ("upper case", from.token.to_uppercase()),
        ("full-width dots", from.token.replace('.', "\u{ff0e}")),
        ("unicode in the signature", join(&[header, claims, &format!("{signature}\u{e9}")])),
        ("a list of two", format!("{}, {}", from.token, from.other)),
        (
            "as JSON",
            json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
        ),
        ("huge", join(&[header, &"A".repeat(60_000), signature])),
        (
            "a JWE",
            join(&[&BASE64.encode(r#"{"alg":"dir","enc":"A256GCM"}"#), "", "AAAA", "AAAA", "AAAA"]),
        ),
        ("the refresh token", from.refresh_token.clone()),
        ("the refresh token as a signature", join(&[header, claims, &from.refresh_token])),
        ("the refresh token's prefix before it", format!("rt_{}", from.token)),
    ];
    let mut all: Forgeries = all.map(|(what, token)| (what.to_owned(), token)).into();
    for name in ["sub", "roles", "exp", "rev"] {
        let changed = from.claim(name, json!("00000000-0000-4000-8000-000000000000"));
        all.push((
            format!("{name} changed"),
            join(&[header, &BASE64.encode(changed.to_string()), signature]),
        ));
    }
    all.push(("another key".into(), signed(&from.header, &from.claims, &strange_key())));
    all
}

/// The same signature with S + L for S, which lax verifiers take as well (RFC 8032, 5.1.7).
fn malleable(signature: &[u8]) -> String {
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut forged = signature.to_vec();
    let mut carry = 0;
    for (byte, add) in forged[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    BASE64.encode(forged)
}

/// 64 bytes leave four bits of the last character without a meaning.
fn spare_bits(signature: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let value = alphabet.find(last).unwrap();
    format!("{rest}{}", &alphabet[value + 1..value + 2])
}

/// A check, the caller's own account, and what only admins may.
async fn answers(caller: &Caller) -> [tests::Answer; 3] {
    [check(caller, film(&["new"])).await, caller.get("me").await, caller.get("rules").await]
}

#[tokio::test]
async fn no_forgery_is_taken_and_none_makes_a_guest_of_its_bearer() {
    let server = TestServer::start().await;
    let (root, other) = (server.superuser().await, server.register("ada").await);
    let from = Original::of(&server, &root, &other).await;
    let (header, claims_of) = (from.header.to_string(), from.claims.to_string());
    // The forger's tools are good: with nothing forged, the token is taken.
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
    let groups = [algorithms, key_ids, headers, claims, texts, spellings];
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
