//! Casbin, asked about one entry of the table.
//!
//! Building an enforcer costs more than asking it, so each thread keeps one and swaps the few
//! rules in that can apply. Nothing of an earlier question is left when the next is asked.

use std::cell::RefCell;
use std::sync::Arc;

use casbin::rhai::{Dynamic, ImmutableString};
use casbin::{CoreApi, DefaultModel, Enforcer, function_map::OperatorFunction};
use futures::FutureExt;

use crate::change::PolicyError;
use crate::names::RoleName;
use crate::pattern::covers;
use crate::rule::Rule;

/// The policy model, as casbin reads it.
pub const MODEL: &str = include_str!("../model.conf");

/// The caller, for casbin. `g(x, x)` is true, so it must be a name that no role can have.
pub const SUBJECT: &str = "\u{1}caller";

thread_local! {
    static ENFORCER: RefCell<Option<Enforcer>> = const { RefCell::new(None) };
}

/// A question to casbin: which of `rules`, in their order, decides for a caller with `role`?
pub(crate) struct Question<'a> {
    pub(crate) role: &'a RoleName,
    /// Role and inherited role, for every link that can matter.
    pub(crate) links: &'a [(&'a RoleName, &'a RoleName)],
    /// The rules that can apply, in rule order; not empty.
    pub(crate) rules: &'a [&'a Arc<Rule>],
    pub(crate) resource: &'a str,
    pub(crate) action: &'a str,
}

/// An enforcer with our model and matcher and no rules.
///
/// # Errors
/// The model does not load.
pub fn enforcer() -> Result<Enforcer, PolicyError> {
    let broken = |error: casbin::Error| PolicyError::Casbin(error.to_string());
    let stuck = || PolicyError::Casbin("building an enforcer did not finish".into());
    // Nothing here waits: the model is a string and there is no adapter.
    let model = DefaultModel::from_str(MODEL).now_or_never().ok_or_else(stuck)?.map_err(broken)?;
    let mut enforcer =
        Enforcer::new_raw(model, ()).now_or_never().ok_or_else(stuck)?.map_err(broken)?;
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

/// Index in `rules` of the rule that decides; none where casbin finds none, which denies.
///
/// # Errors
/// Casbin fails. The caller denies then, and keeps nothing.
pub(crate) fn ask(question: &Question) -> Result<Option<usize>, PolicyError> {
    ENFORCER.with_borrow_mut(|slot| {
        // Taken out, so that a failure leaves no half-filled enforcer behind.
        let mut enforcer = slot.take().map_or_else(enforcer, Ok)?;
        let answer = ask_with(&mut enforcer, question)?;
        *slot = Some(enforcer);
        Ok(answer)
    })
}

fn ask_with(enforcer: &mut Enforcer, question: &Question) -> Result<Option<usize>, PolicyError> {
    let broken = |error: casbin::Error| PolicyError::Casbin(error.to_string());
    let model = enforcer.get_mut_model();
    model.clear_policy();
    model.add_policy("g", "g", vec![SUBJECT.into(), question.role.to_string()]);
    for (role, inherited) in question.links {
        model.add_policy("g", "g", vec![role.to_string(), inherited.to_string()]);
    }
    let rows: Vec<Vec<String>> = question.rules.iter().map(|rule| rule.row()).collect();
    for row in &rows {
        // Casbin moves a row that it has already to the end, behind rules that stand after it.
        if !model.has_policy("p", "p", row.clone()) {
            model.add_policy("p", "p", row.clone());
        }
    }
    enforcer.build_role_links().map_err(broken)?;
    let request: Vec<String> =
        vec![SUBJECT.into(), question.resource.into(), question.action.into()];
    let (allowed, matched) = enforcer.enforce_ex(request).map_err(broken)?;
    let Some(row) = matched.first() else { return Ok(None) };
    let index = rows.iter().position(|candidate| candidate == row);
    let agrees = index
        .and_then(|i| question.rules.get(i))
        .is_some_and(|rule| (rule.effect == crate::Effect::Allow) == allowed);
    if agrees { Ok(index) } else { Err(PolicyError::Casbin("answer without its rule".into())) }
}
