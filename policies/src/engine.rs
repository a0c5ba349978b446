//! Evaluates one entry of the decision table with casbin.
//!
//! Building an enforcer costs more than an evaluation, so each thread keeps one and replaces its
//! rules with the few that can apply. No state of an evaluation survives into the next.

use std::cell::RefCell;
use std::sync::Arc;

use casbin::rhai::{Dynamic, ImmutableString};
use casbin::{CoreApi, DefaultModel, Enforcer, function_map::OperatorFunction};
use futures::FutureExt;

use crate::error::PolicyError;
use crate::names::RoleName;
use crate::pattern::covers;
use crate::rule::{Effect, Rule};

/// The policy model in casbin's syntax.
pub const MODEL: &str = include_str!("../model.conf");

/// The caller's name in casbin. `g(x, x)` is true, so no role may have this name.
pub const SUBJECT: &str = "\u{1}caller";

thread_local! {
    static ENFORCER: RefCell<Option<Enforcer>> = const { RefCell::new(None) };
}

/// Everything that decides one entry of the table.
pub(crate) struct DecisionContext<'a> {
    pub(crate) role: &'a RoleName,
    /// Every inheritance link that can matter: a role and one that it inherits directly.
    pub(crate) links: &'a [(&'a RoleName, &'a RoleName)],
    /// The rules that can apply, in rule order; not empty.
    pub(crate) rules: &'a [&'a Arc<Rule>],
    pub(crate) resource: &'a str,
    pub(crate) action: &'a str,
}

/// An enforcer with our model and matcher, without rules.
///
/// # Errors
/// [`PolicyError::Internal`] if the model cannot be loaded.
pub fn enforcer() -> Result<Enforcer, PolicyError> {
    let pending = || PolicyError::Internal("creating an enforcer did not complete at once".into());
    // Neither future ever waits: the model is a string and there is no adapter.
    let model = DefaultModel::from_str(MODEL).now_or_never().ok_or_else(pending)??;
    let mut enforcer = Enforcer::new_raw(model, ()).now_or_never().ok_or_else(pending)??;
    enforcer.add_function("covers", OperatorFunction::Arg2(matcher));
    Ok(enforcer)
}

fn matcher(pattern: Dynamic, name: Dynamic) -> Dynamic {
    let text = |value: Dynamic| value.try_cast::<ImmutableString>();
    match (text(pattern), text(name)) {
        (Some(pattern), Some(name)) => covers(&pattern, &name).into(),
        _ => false.into(),
    }
}

/// Index in `context.rules` of the rule that decides; `None` if no rule matches, which denies.
///
/// # Errors
/// [`PolicyError::Internal`] if casbin fails. The caller must then deny and store nothing.
pub(crate) fn evaluate(context: &DecisionContext) -> Result<Option<usize>, PolicyError> {
    ENFORCER.with_borrow_mut(|slot| {
        // Taken out, so that a failure leaves no half-filled enforcer behind.
        let mut enforcer = slot.take().map_or_else(enforcer, Ok)?;
        let decided = enforce(&mut enforcer, context)?;
        *slot = Some(enforcer);
        Ok(decided)
    })
}

fn enforce(
    enforcer: &mut Enforcer,
    context: &DecisionContext,
) -> Result<Option<usize>, PolicyError> {
    let rows: Vec<Vec<String>> = context.rules.iter().map(|rule| rule.row()).collect();
    load(enforcer, context, &rows)?;
    let request = vec![SUBJECT.to_owned(), context.resource.into(), context.action.into()];
    let (allowed, matched) = enforcer.enforce_ex(request)?;
    let Some(row) = matched.first() else { return Ok(None) };
    let index = rows.iter().position(|candidate| candidate == row);
    let agrees = index
        .and_then(|index| context.rules.get(index))
        .is_some_and(|rule| (rule.effect == Effect::Allow) == allowed);
    if agrees {
        Ok(index)
    } else {
        Err(PolicyError::Internal("casbin's decision contradicts the rule that it names".into()))
    }
}

/// Replaces the enforcer's rules and roles with those of the context.
fn load(
    enforcer: &mut Enforcer,
    context: &DecisionContext,
    rows: &[Vec<String>],
) -> Result<(), PolicyError> {
    let model = enforcer.get_mut_model();
    model.clear_policy();
    model.add_policy("g", "g", vec![SUBJECT.into(), context.role.to_string()]);
    for (role, inherited) in context.links {
        model.add_policy("g", "g", vec![role.to_string(), inherited.to_string()]);
    }
    for row in rows {
        // Casbin moves a duplicate row to the end, behind rules that must come after it.
        if !model.has_policy("p", "p", row.clone()) {
            model.add_policy("p", "p", row.clone());
        }
    }
    Ok(enforcer.build_role_links()?)
}
