//! A valid token, truncated or encoded in another way.

use base64::Engine;
use base64::prelude::{
    BASE64_STANDARD, BASE64_URL_SAFE as PADDED, BASE64_URL_SAFE_NO_PAD as BASE64,
};
use serde_json::json;
use tests::token::{signed, unknown_key};

use super::{Forgeries, Original, hex};

/// The token itself, encoded in another way or truncated.
pub(super) fn spellings(from: &Original) -> Forgeries {
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
        ("huge", join(&[header, &"A".repeat(24_000), signature])),
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
    all.push(("another key".into(), signed(&from.header, &from.claims, &unknown_key())));
    all
}

/// The same signature with S + L for S, which lax verifiers accept (RFC 8032, 5.1.7).
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

/// In the encoding of 64 bytes, four bits of the last character are unused.
fn spare_bits(signature: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let value = alphabet.find(last).unwrap();
    format!("{rest}{}", &alphabet[value + 1..value + 2])
}
