//! The caller's right to an operation, as the rules have it.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use policies::{RoleName, Rule, Snapshot};
use uuid::Uuid;

use super::SignedIn;
use crate::audit::Actor;
use crate::http::problem::{Extension, ForbiddenDetails, INTERNAL, MissingRight, Problem, Spec};
use crate::policy::{ESCALATION, LivePolicy};
use crate::second_factor::{Gate, REQUIRED};

const FORBIDDEN: Spec = Spec::new(403, "forbidden", "You don't have the right to do this.")
    .with(Extension::of::<ForbiddenDetails>());

/// What an operation for admins can answer before it runs, besides [`crate::authn::SIGNED_IN`].
pub(crate) const AUTHORIZATION: &[Spec] = &[FORBIDDEN, REQUIRED];

/// A signed-in caller whose roles may send this method to this path.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizedAdmin {
    /// The caller.
    pub user: Uuid,
    /// The roles that count now.
    pub roles: Vec<RoleName>,
}

impl AuthorizedAdmin {
    /// The caller as the audit trail names them.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.user)
    }

    fn is_superuser(&self) -> bool {
        self.roles.contains(&RoleName::superuser())
    }

    /// Refuses to write this rule for anybody but a superuser, if it speaks of the server's own
    /// routes or of everything.
    pub(crate) fn authorize_rule_write(&self, rule: &Rule) -> Result<(), Problem> {
        if rule.is_privileged() && !self.is_superuser() {
            return Err(Problem::new(ESCALATION)
                .field("resource")
                .detail("Rules on `route:` and on `*` are written by a superuser only."));
        }
        Ok(())
    }

    /// Refuses to hand this role on for anybody but a superuser, if it reaches such a rule.
    pub(crate) fn authorize_role_grant(
        &self,
        policy: &Snapshot,
        role: &RoleName,
    ) -> Result<(), Problem> {
        if !self.is_superuser() && policy.is_privileged(role) {
            return Err(Problem::new(ESCALATION).field("role").detail(format!(
                "Role {role} reaches rules on `route:` or on `*`; only a superuser gives or takes it."
            )));
        }
        Ok(())
    }

    /// Refuses to do something to somebody with these roles for anybody but a superuser, if they
    /// administer something: nobody pushes aside those who watch them.
    pub(crate) fn authorize_user_change(
        &self,
        policy: &Snapshot,
        roles: &[RoleName],
    ) -> Result<(), Problem> {
        match roles.iter().find(|role| policy.is_privileged(role)) {
            Some(role) if !self.is_superuser() => Err(Problem::new(ESCALATION).detail(format!(
                "They have the role {role}, which reaches rules on `route:` or on `*`; only a \
                 superuser does this to them."
            ))),
            _ => Ok(()),
        }
    }
}

impl<'a> ApiExtractor<'a> for AuthorizedAdmin {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        SignedIn::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        SignedIn::security_schemes()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let SignedIn(caller) = SignedIn::from_request(request, body, options).await?;
        crate::http::precondition::refuse_unreadable(request.headers())?;
        let broken = |message: String| {
            tracing::error!(message, "a right could not be decided");
            Problem::new(INTERNAL)
        };
        let live = request
            .data::<Arc<LivePolicy>>()
            .ok_or_else(|| broken("the routes were built without a policy".into()))?;
        let roles = live.roles(caller.user, &caller.roles);
        let policy = live.snapshot();
        let method = request.method().as_str();
        // Decided on what the path says, however it is spelled.
        let path = percent_decode_str(request.original_uri().path()).decode_utf8_lossy();
        let allowed = policy
            .allows_route(&policy.role_set(&roles), method, &path)
            .map_err(|error| broken(error.to_string()))?;
        if !allowed {
            let problem = Problem::new(FORBIDDEN).extend(&ForbiddenDetails {
                missing: MissingRight { action: method.into(), resource: format!("route:{path}") },
            });
            return Err(problem.into());
        }
        let guarded = Self { user: caller.user, roles };
        if guarded.is_superuser() {
            let gate = request
                .data::<Arc<Gate>>()
                .ok_or_else(|| broken("the routes were built without a gate".into()))?;
            gate.pass(guarded.user).await?;
        }
        Ok(guarded)
    }
}
