//! argon2id and its PHC strings, in memory that is reused.

use argon2::password_hash::{Output, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand::RngCore;

/// Memory and passes of one hash.
#[derive(Clone, Debug)]
pub(crate) struct Cost(Params);

/// A cost that argon2 does not support.
#[derive(Debug, thiserror::Error)]
#[error("argon2 does not support this memory size and number of passes: {0}")]
pub(crate) struct CostError(argon2::Error);

/// Why a hash cannot be computed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    #[error("not a PHC string of argon2id: {0}")]
    Format(argon2::password_hash::Error),
    #[error("the parameters exceed the limits: {0:?}")]
    TooExpensive(Params),
    #[error("{0}")]
    Argon2(argon2::Error),
}

impl From<argon2::password_hash::Error> for HashError {
    fn from(error: argon2::password_hash::Error) -> Self {
        Self::Format(error)
    }
}

impl From<argon2::Error> for HashError {
    fn from(error: argon2::Error) -> Self {
        Self::Argon2(error)
    }
}

/// Bytes of a hash.
const OUTPUT: usize = 32;
/// Maximum memory of a stored hash, in KiB; a row in a table must not exhaust the server's memory.
const MAX_MEMORY_KIB: u32 = 256 << 10;
/// Maximum passes of a stored hash.
const MAX_PASSES: u32 = 16;

impl Cost {
    /// argon2id with this much memory (KiB), this many passes and one lane.
    ///
    /// # Errors
    /// argon2 requires at least 8 KiB and one pass.
    pub(crate) fn new(memory_kib: u32, passes: u32) -> Result<Self, CostError> {
        Params::new(memory_kib, passes, 1, Some(OUTPUT)).map(Self).map_err(CostError)
    }
}

/// Hashes one password at a time, and keeps its memory: allocating 19 MiB for each hash would cost a
/// tenth of the hash.
pub(crate) struct Engine {
    cost: Params,
    memory: Vec<Block>,
}

impl Engine {
    pub(crate) fn new(cost: &Cost) -> Self {
        Self { cost: cost.0.clone(), memory: vec![Block::default(); cost.0.block_count()] }
    }

    /// The PHC string of this password, with a new salt.
    pub(crate) fn hash(&mut self, password: &str) -> Result<String, HashError> {
        let mut bytes = [0; Salt::RECOMMENDED_LENGTH];
        rand::rng().fill_bytes(&mut bytes);
        let salt = SaltString::encode_b64(&bytes)?;
        let params = self.cost.clone();
        let hash = self.output(password, salt.as_salt(), &params)?;
        let phc = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: (&params).try_into()?,
            salt: Some(salt.as_salt()),
            hash: Some(hash),
        };
        Ok(phc.to_string())
    }

    /// Whether the PHC string was made of this password.
    pub(crate) fn verify(&mut self, password: &str, stored: &str) -> Result<bool, HashError> {
        let stored = PasswordHash::new(stored)?;
        let params = parameters(&stored)?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
            return Err(HashError::Format(argon2::password_hash::Error::PhcStringField));
        };
        // `Output` compares in constant time.
        Ok(self.output(password, salt, &params)? == expected)
    }

    /// Whether the stored hash was made with less memory or fewer passes than configured, or cannot be
    /// computed.
    pub(crate) fn is_outdated(&self, stored: &str) -> bool {
        let params = PasswordHash::new(stored).ok().and_then(|phc| parameters(&phc).ok());
        params.is_none_or(|params| {
            params.m_cost() < self.cost.m_cost() || params.t_cost() < self.cost.t_cost()
        })
    }

    fn output(&mut self, password: &str, salt: Salt, params: &Params) -> Result<Output, HashError> {
        let mut bytes = [0; 64];
        let salt = salt.decode_b64(&mut bytes)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let mut out = [0; OUTPUT];
        if params.block_count() <= self.memory.len() {
            let memory = &mut self.memory;
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut out, memory)?;
        } else {
            argon2.hash_password_into(password.as_bytes(), salt, &mut out)?;
        }
        Ok(Output::new(&out)?)
    }
}

/// The parameters of a stored hash, if they are within the limits.
fn parameters(phc: &PasswordHash) -> Result<Params, HashError> {
    let known = phc.algorithm == Algorithm::Argon2id.ident()
        && phc.version.is_none_or(|version| version == u32::from(Version::V0x13));
    if !known {
        return Err(HashError::Format(argon2::password_hash::Error::Algorithm));
    }
    let params = Params::try_from(phc)?;
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > 4 {
        return Err(HashError::TooExpensive(params));
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(memory: u32, passes: u32) -> Engine {
        Engine::new(&Cost::new(memory, passes).unwrap())
    }

    #[test]
    fn a_hash_names_its_parameters_and_matches_only_its_password() {
        let mut engine = engine(64, 2);
        let phc = engine.hash("correct horse").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{phc}");
        assert!(engine.verify("correct horse", &phc).unwrap());
        assert!(!engine.verify("correct hors", &phc).unwrap());
        assert_ne!(engine.hash("correct horse").unwrap(), phc);
    }

    #[test]
    fn reused_memory_does_not_affect_hashes() {
        use argon2::password_hash::PasswordVerifier;
        let mut engine = engine(64, 2);
        engine.hash("another one").unwrap();
        let phc = engine.hash("correct horse").unwrap();
        let fresh = PasswordHash::new(&phc).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &fresh).is_ok());
    }

    #[test]
    fn hashes_of_a_different_cost_are_verified_and_weaker_ones_are_outdated() {
        let phc = engine(128, 1).hash("correct horse").unwrap();
        let mut now = engine(64, 2);
        assert!(now.verify("correct horse", &phc).unwrap());
        assert!(now.is_outdated(&phc));
        let phc = now.hash("correct horse").unwrap();
        assert!(!now.is_outdated(&phc));
        let stronger = engine(64, 3).hash("correct horse").unwrap();
        assert!(!now.is_outdated(&stronger) && now.verify("correct horse", &stronger).unwrap());
    }

    #[test]
    fn hashes_that_are_too_expensive_or_foreign_are_rejected() {
        let salt_and_hash = "c29tZXNhbHRzb21lc2FsdA$PqP1yUyqmS3B0Zb2EKw3iIPvFWVGsKPvhXRVrMXeUvE";
        for params in ["m=4194304,t=2,p=1", "m=64,t=99999,p=1", "m=64,t=1,p=8"] {
            let phc = format!("$argon2id$v=19${params}${salt_and_hash}");
            assert!(engine(64, 1).verify("x", &phc).is_err(), "{params}");
        }
        for phc in
            ["", "x", "$argon2id$v=19$m=64,t=1,p=1", "$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ"]
        {
            assert!(engine(64, 1).verify("x", phc).is_err(), "{phc}");
        }
    }
}
