//! The authorization guard of admin operations: the server's own policy decides about its routes.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use poem::http::Method;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use policies::{RoleName, Rule, Snapshot};
use uuid::Uuid;

use super::SignedIn;
use crate::audit::Actor;
use crate::http::problem::{FORBIDDEN, INTERNAL, Problem, Spec, forbidden};
use crate::policy::{ESCALATION, LivePolicy};
use crate::second_factor::{MFA_REQUIRED, MfaRequirement};

/// Errors of an admin operation, besides [`crate::authn::SIGNED_IN`].
pub(crate) const AUTHORIZATION: &[Spec] = &[FORBIDDEN, MFA_REQUIRED];

/// A signed-in caller whose roles allow this method on this path.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizedAdmin {
    /// The caller.
    pub user: Uuid,
    /// The caller's current roles.
    pub roles: Vec<RoleName>,
}

impl AuthorizedAdmin {
    /// The author of a write in the audit trail.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.user)
    }

    fn is_superuser(&self) -> bool {
        self.roles.contains(&RoleName::superuser())
    }

    /// Only a superuser may write a rule on the server's own routes or on everything.
    pub(crate) fn authorize_rule_write(&self, rule: &Rule) -> Result<(), Problem> {
        if rule.is_privileged() && !self.is_superuser() {
            return Err(Problem::new(ESCALATION)
                .field("resource")
                .detail("Only a superuser may write rules on `route:` or `*`."));
        }
        Ok(())
    }

    /// Only a superuser may grant, revoke or inherit a role that reaches such a rule.
    pub(crate) fn authorize_role_grant(
        &self,
        policy: &Snapshot,
        role: &RoleName,
    ) -> Result<(), Problem> {
        if !self.is_superuser() && policy.is_privileged(role) {
            return Err(Problem::new(ESCALATION).field("role").detail(format!(
                "Role {role} reaches rules on `route:` or `*`; only a superuser may grant or revoke it."
            )));
        }
        Ok(())
    }

    /// Only a superuser may change the account of a user with such a role: admins must not lock
    /// each other out.
    pub(crate) fn authorize_user_change(
        &self,
        policy: &Snapshot,
        roles: &[RoleName],
    ) -> Result<(), Problem> {
        match roles.iter().find(|role| policy.is_privileged(role)) {
            Some(role) if !self.is_superuser() => Err(Problem::new(ESCALATION).detail(format!(
                "The user has the role {role}, which reaches rules on `route:` or `*`; only a \
                 superuser may do this."
            ))),
            _ => Ok(()),
        }
    }
}

/// HEAD is answered by the operation of GET, so the same rules apply to it.
fn action(method: &Method) -> &str {
    if method == Method::HEAD { Method::GET.as_str() } else { method.as_str() }
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
        let SignedIn(principal) = SignedIn::from_request(request, body, options).await?;
        crate::http::precondition::refuse_unreadable(request.headers())?;
        let fault = |message: String| {
            tracing::error!(message, "the caller's authorization could not be decided");
            Problem::new(INTERNAL)
        };
        let live = request
            .data::<Arc<LivePolicy>>()
            .ok_or_else(|| fault("the routes were built without a policy".into()))?;
        let roles = live.roles(principal.user, &principal.roles);
        let policy = live.snapshot();
        let method = action(request.method());
        // Decoded, so that an escaped spelling of a path cannot evade a rule.
        let path = percent_decode_str(request.original_uri().path()).decode_utf8_lossy();
        let allowed = policy
            .allows_route(&policy.role_set(&roles), method, &path)
            .map_err(|error| fault(error.to_string()))?;
        if !allowed {
            return Err(forbidden(method, format!("route:{path}")).into());
        }
        let admin = Self { user: principal.user, roles };
        if admin.is_superuser() {
            let requirement = request
                .data::<Arc<MfaRequirement>>()
                .ok_or_else(|| fault("the routes were built without an MFA requirement".into()))?;
            requirement.check(admin.user).await?;
        }
        Ok(admin)
    }
}
