//! Other algorithms, and the public key as an HMAC secret.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::json;
use tests::token::{jwk, signed, unsigned};

use super::{Forgeries, Original, hex};

pub(super) fn algorithms(from: &Original) -> Forgeries {
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

/// The public key is public, so a MAC under it proves nothing.
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
