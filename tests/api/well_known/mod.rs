//! `/.well-known/…`

mod authorization_server;
mod jwks;
