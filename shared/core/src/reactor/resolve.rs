//! Routing: which policy an event concerns. The functions route by the ledger, `trimtab plan` by the files of a
//! directory, and both by this one function, so that a plan cannot disagree with the reaction.

use std::future::Future;
use std::sync::Arc;

use super::Subject;
use crate::failure::Failure;
use crate::name::ModelName;
use crate::plan::Reason;
use crate::policy::{Key, OrganizationPolicy, Policy};
use crate::port::{Ledger, PortResult};

/// Policies, and the models that own their keys.
pub trait PolicyIndex {
    /// The model that owns the key.
    fn owner(&self, key: &Key) -> impl Future<Output = PortResult<Option<ModelName>>> + Send;
    /// The policy of a model.
    fn policy_of(&self, model: &ModelName) -> impl Future<Output = PortResult<Option<Arc<Policy>>>> + Send;
    /// The organization's policy.
    fn organization(&self) -> impl Future<Output = PortResult<Option<Arc<OrganizationPolicy>>>> + Send;
}

impl<L: Ledger + Sync> PolicyIndex for L {
    fn owner(&self, key: &Key) -> impl Future<Output = PortResult<Option<ModelName>>> + Send {
        self.model_of(key)
    }

    fn policy_of(&self, model: &ModelName) -> impl Future<Output = PortResult<Option<Arc<Policy>>>> + Send {
        self.policy(model)
    }

    fn organization(&self) -> impl Future<Output = PortResult<Option<Arc<OrganizationPolicy>>>> + Send {
        self.organization_policy()
    }
}

/// The policy that an event concerns, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved {
    /// A model's policy.
    Model(Arc<Policy>),
    /// The organization's policy.
    Organization(Arc<OrganizationPolicy>),
    /// The event needs no policy.
    Platform,
    /// The event is skipped, with a history entry.
    NotConcerned(Reason),
    /// The event is skipped, without a history entry: most events of its kind are other teams'.
    Unrecorded(Reason),
    /// The event fails: it names a model or a key that no policy has, or AWS refuses to name one.
    Unknown(Reason),
}

/// Resolves the subject. `is_on` says whether the organization's policy enables the function; `look_up` looks up the
/// key of a [`Subject::Lookup`] through AWS, and is polled for no other subject.
///
/// # Errors
/// The index or AWS cannot be read at the moment.
pub async fn resolve<I: PolicyIndex + Sync>(
    subject: Subject,
    is_on: fn(&OrganizationPolicy) -> bool,
    index: &I,
    look_up: impl Future<Output = PortResult<Option<Key>>> + Send,
) -> PortResult<Resolved> {
    match subject {
        Subject::None => {
            let reason = Reason::new("not_concerned", "nothing in this event concerns this function");
            Ok(Resolved::NotConcerned(reason))
        }
        Subject::Platform => Ok(Resolved::Platform),
        Subject::Lookup => match look_up.await {
            Ok(key) => of_first(key, index).await,
            Err(Failure::Permanent { operation, cause }) => {
                Ok(Resolved::Unknown(Reason::new("refused", format!("{operation}: {cause}"))))
            }
            Err(transient) => Err(transient),
        },
        Subject::Organization => Ok(match index.organization().await?.filter(|policy| is_on(policy)) {
            Some(policy) => Resolved::Organization(policy),
            None => Resolved::Unrecorded(Reason::new("off", "organization.toml does not enable this function")),
        }),
        Subject::Model(model) => of_model(&model, index).await,
        Subject::Keys(keys) => of_first(keys, index).await,
        Subject::Key(key) => match index.owner(&key).await? {
            Some(model) => of_model(&model, index).await,
            None => {
                let text = format!("no model has {key} in its policy: add it to a policy and apply it");
                Ok(Resolved::Unknown(Reason::new("unknown_model", text)))
            }
        },
    }
}

/// The policy of the model that owns the first of these keys that is owned.
async fn of_first<I: PolicyIndex + Sync>(keys: impl IntoIterator<Item = Key>, index: &I) -> PortResult<Resolved> {
    for key in keys {
        if let Some(model) = index.owner(&key).await? {
            return of_model(&model, index).await;
        }
    }
    Ok(Resolved::Unrecorded(Reason::new("not_configured", "no policy names this resource")))
}

async fn of_model<I: PolicyIndex + Sync>(model: &ModelName, index: &I) -> PortResult<Resolved> {
    Ok(match index.policy_of(model).await? {
        Some(policy) => Resolved::Model(policy),
        None => {
            let reason = Reason::new("unknown_model", format!("model {model} has no policy: apply one"));
            Resolved::Unknown(reason)
        }
    })
}
