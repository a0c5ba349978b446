//! E-mail addresses as users type them.

use std::net::IpAddr;

use lettre::Address;

use crate::unicode::{fold_case, normalize};

/// The longest address that fits into an SMTP path (RFC 5321 §4.5.3.1.3), in bytes.
const MAX_LENGTH: usize = 254;

const INVALID: &str = "This is not an e-mail address.";

/// A well-formed e-mail address. Only a message to it can tell whether it exists. Addresses are compared
/// with the A-label form of the domain (RFC 5890), which names a mailbox once.
#[derive(Clone, Debug)]
pub(crate) struct EmailAddress {
    address: Address,
    key: String,
}

impl EmailAddress {
    /// Checks an address as it was typed.
    ///
    /// # Errors
    /// It is not an e-mail address; with the reason.
    pub(crate) fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = normalize(typed)?;
        if text.len() > MAX_LENGTH || text.contains(char::is_whitespace) {
            return Err(INVALID);
        }
        let address: Address = text.parse().map_err(|_| INVALID)?;
        let domain = idna::domain_to_ascii(address.domain()).map_err(|_| INVALID)?;
        if is_ip_address(&domain) {
            return Err(INVALID);
        }
        let key = format!("{}@{}", fold_case(address.user()), domain.to_ascii_lowercase());
        Ok(Self { address, key })
    }

    /// What addresses that begin with this text are compared by.
    pub(crate) fn key_of(typed: &str) -> String {
        Self::parse(typed).map_or_else(|_| fold_case(typed), |address| address.key)
    }

    /// The address as it was typed.
    pub(crate) fn as_str(&self) -> &str {
        self.address.as_ref()
    }

    /// What addresses are compared by.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The address as the transport takes it.
    pub(super) fn into_address(self) -> Address {
        self.address
    }
}

/// A literal would let anyone choose the host that the mail server connects to.
fn is_ip_address(domain: &str) -> bool {
    domain.starts_with('[') || domain.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_local_part_and_a_domain() {
        for good in ["a@b", "jane.doe+x@mail.example.com", "ü@münchen.example"] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a@.b", "a@b..c", "a@-b", "a b@c", "a@b c"] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
        for bad in ["a@b\r\nBcc: c@d", "a\u{0}@b", "a\u{200b}@b", " a@b", "\"a b\"@c", "<a>@b"] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
        assert!(EmailAddress::parse(&format!("{}@b", "a".repeat(65))).is_err());
        assert!(EmailAddress::parse(&format!("a@{}", "b".repeat(253))).is_err());
    }

    #[test]
    fn an_ip_address_is_not_a_domain() {
        for bad in ["a@[10.0.0.1]", "a@10.0.0.1", "a@[IPv6:::1]", "a@[::1]"] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_compared_without_case_and_composition() {
        let key = |typed| EmailAddress::parse(typed).unwrap().key().to_owned();
        assert_eq!(key("Renée@Example.COM"), key("rene\u{301}e@example.com"));
        assert_eq!(EmailAddress::parse("Ada@b.example").unwrap().as_str(), "Ada@b.example");
        assert_eq!(key("Ü@MÜNCHEN.example"), "ü@xn--mnchen-3ya.example");
        assert!(EmailAddress::parse("a@１０.0.0.1").is_err());
    }
}
