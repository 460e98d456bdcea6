//! Recipients: brings the subscriptions of the SNS topic in line with the policies.
//!
//! SNS has one subscription for each protocol and endpoint of a topic, with one filter policy. What several policies
//! want of one address is merged into one filter. Subscriptions that Trimtab did not write are never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use trimtab_core::failure::Failure;
use trimtab_core::name::{ModelName, TopicArn};
use trimtab_core::policy::{Address, Policy, Protocol, Recipient};
use trimtab_core::text::one_line;

use crate::audience::{Audience, Filter, Standing, Subscription, Subscriptions, VALUES_MAX};
use crate::fault::Fault;
use crate::policies::PolicySet;

/// A recipient, and the change of its subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The recipient, such as `email oncall@example.com`.
    pub recipient: String,
    /// The change.
    pub change: Change,
}

/// The change of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new subscription.
    Subscribe(Address, Filter),
    /// Another filter for the subscription with this ARN.
    SetFilter(String, Filter),
    /// The end of the subscription with this ARN.
    Unsubscribe(String),
    /// No change, for this reason.
    Unchanged(String),
}

/// A recipient, and the outcome of the change.
///
/// JSON: `{"recipient": "email oncall@example.com", "result": "subscribed", "detail": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The recipient.
    pub recipient: String,
    /// The outcome.
    pub result: Outcome,
    /// The outcome in words.
    pub detail: String,
}

/// The outcome of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// There is a new subscription.
    Subscribed,
    /// The subscription has another filter.
    FilterSet,
    /// The subscription has ended.
    Unsubscribed,
    /// Nothing was changed.
    Unchanged,
    /// SNS refused the change.
    Refused,
    /// The change was not made, because of a dry run.
    Planned,
}

/// The topic that was given; `None` if none is given and none is needed.
///
/// # Errors
/// The text is not a topic's ARN, or the policies name recipients and no topic is given.
pub fn topic(given: Option<&str>, set: &PolicySet) -> Result<Option<TopicArn>, Fault> {
    match given.map(str::trim).filter(|given| !given.is_empty()) {
        Some(given) => Ok(Some(TopicArn::parse(given)?)),
        None if wanted(set).is_empty() => Ok(None),
        None => Err(Fault::NoTopic),
    }
}

/// Plans the changes for these policies against the topic's subscriptions.
///
/// # Errors
/// SNS cannot be read, or an address needs a larger filter than SNS accepts.
pub async fn planned<S: Subscriptions>(subscriptions: Option<&S>, set: &PolicySet) -> Result<Vec<Planned>, Fault> {
    match subscriptions {
        Some(subscriptions) => plan(set, &subscriptions.list().await?),
        None => Ok(Vec::new()),
    }
}

/// Makes the changes, and adds each outcome to `changed`. A refused change does not stop the others.
///
/// # Errors
/// SNS is unreachable or busy.
pub async fn carry_out<S: Subscriptions>(
    subscriptions: &S,
    plan: &[Planned],
    changed: &mut Vec<Changed>,
) -> Result<(), Fault> {
    for Planned { recipient, change } in plan {
        let (result, detail) = match make(subscriptions, change).await {
            Ok(made) => made,
            Err(Failure::Permanent { operation, cause }) => {
                (Outcome::Refused, format!("{operation}: {}", one_line(&cause, 300)))
            }
            Err(transient) => return Err(transient.into()),
        };
        changed.push(Changed { recipient: recipient.clone(), result, detail });
    }
    Ok(())
}

async fn make<S: Subscriptions>(subscriptions: &S, change: &Change) -> Result<(Outcome, String), Failure> {
    Ok(match change {
        Change::Subscribe(address, filter) => {
            let confirmed = subscriptions.subscribe(address, &filter.policy()).await?;
            let note = if confirmed { "" } else { "; receives nothing until the recipient confirms it" };
            (Outcome::Subscribed, format!("subscribed to {filter}{note}"))
        }
        Change::SetFilter(arn, filter) => {
            subscriptions.set_filter(arn, &filter.policy()).await?;
            (Outcome::FilterSet, format!("receives {filter} from now on; SNS may take 15 minutes"))
        }
        Change::Unsubscribe(arn) => {
            subscriptions.unsubscribe(arn).await?;
            (Outcome::Unsubscribed, "unsubscribed: no policy names it".to_owned())
        }
        Change::Unchanged(reason) => (Outcome::Unchanged, reason.clone()),
    })
}

/// The changes as a dry run reports them.
#[must_use]
pub fn dry_run(plan: &[Planned]) -> Vec<Changed> {
    let report = |Planned { recipient, change }: &Planned| {
        let (result, detail) = match change {
            Change::Subscribe(_, filter) => (Outcome::Planned, format!("would be subscribed to {filter}")),
            Change::SetFilter(_, filter) => (Outcome::Planned, format!("would receive {filter}")),
            Change::Unsubscribe(_) => (Outcome::Planned, "would be unsubscribed: no policy names it".to_owned()),
            Change::Unchanged(reason) => (Outcome::Unchanged, reason.clone()),
        };
        Changed { recipient: recipient.clone(), result, detail }
    };
    plan.iter().map(report).collect()
}

/// The number of refused changes.
#[must_use]
pub fn refused(changed: &[Changed]) -> usize {
    changed.iter().filter(|changed| changed.result == Outcome::Refused).count()
}

/// The filter that each address needs for these policies.
fn wanted(set: &PolicySet) -> BTreeMap<Address, Filter> {
    let mut wanted: BTreeMap<Address, Filter> = BTreeMap::new();
    let mut add = |audience: &Audience, recipients: &[Recipient]| {
        for Recipient { address, severities } in recipients {
            wanted.entry(address.clone()).or_default().add(audience.clone(), severities.iter().copied());
        }
    };
    if let Some(notify) = set.organization.as_ref().and_then(|organization| organization.notify.as_ref()) {
        add(&Audience::All, &notify.all);
        add(&Audience::Platform, &notify.platform);
    }
    for policy in &set.policies {
        add(&Audience::Model(policy.model.clone()), recipients(policy));
    }
    wanted
}

/// The recipients of a policy.
#[must_use]
pub fn recipients(policy: &Policy) -> &[Recipient] {
    policy.notify.as_ref().map_or(&[], |notify| &notify.recipients)
}

/// The changes after which each address receives what the policies want, and no other address receives anything.
///
/// A directory may have the policies of some models only. Filters for other models, and for all models if there is no
/// `organization.toml`, stay.
///
/// # Errors
/// An address needs a larger filter policy than SNS accepts.
pub fn plan(set: &PolicySet, existing: &[Subscription]) -> Result<Vec<Planned>, Fault> {
    let here: BTreeSet<Audience> = set.policies.iter().map(|policy| Audience::Model(policy.model.clone())).collect();
    let managed = |audience: &Audience| match audience {
        Audience::Model(_) => here.contains(audience),
        Audience::All | Audience::Platform => set.organization.is_some(),
    };
    let mut wanted = wanted(set);
    let mut changes = Vec::new();
    for subscription in existing {
        let wanted = address(subscription).and_then(|address| wanted.remove(&address));
        changes.extend(change(subscription, wanted, managed)?);
    }
    for (address, filter) in wanted {
        let recipient = address.to_string();
        check_size(&recipient, &filter)?;
        changes.push(Planned { recipient, change: Change::Subscribe(address, filter) });
    }
    changes.sort_by(|one, other| one.recipient.cmp(&other.recipient));
    Ok(changes)
}

/// The changes after which no address receives messages of this model. `recipients` are those of its last policy, if it
/// is known: of unconfirmed subscriptions only theirs are reported.
///
/// # Errors
/// A filter that remains needs more values than SNS accepts.
pub fn removal(model: &ModelName, recipients: &[Recipient], existing: &[Subscription]) -> Result<Vec<Planned>, Fault> {
    let of_model = Audience::Model(model.clone());
    let mut changes = Vec::new();
    for subscription in existing {
        let concerned = match &subscription.standing {
            Standing::Confirmed { filter, .. } => filter
                .as_ref()
                .and_then(Filter::read)
                .is_some_and(|filter| !filter.only(|audience| *audience == of_model).is_empty()),
            Standing::Pending => {
                address(subscription).is_some_and(|address| recipients.iter().any(|one| one.address == address))
            }
            Standing::Others => false,
        };
        if concerned {
            changes.extend(change(subscription, None, |audience| *audience == of_model)?);
        }
    }
    changes.sort_by(|one, other| one.recipient.cmp(&other.recipient));
    Ok(changes)
}

fn address(Subscription { protocol, endpoint, .. }: &Subscription) -> Option<Address> {
    Protocol::parse(protocol).and_then(|protocol| Address::parse(protocol, endpoint).ok())
}

/// The change of an existing subscription; `None` if it is not Trimtab's. `managed` says which audiences the wanted
/// filter decides about; the others stay as they are.
fn change(
    Subscription { protocol, endpoint, standing }: &Subscription,
    wanted: Option<Filter>,
    managed: impl Fn(&Audience) -> bool,
) -> Result<Option<Planned>, Fault> {
    let recipient = one_line(&format!("{protocol} {endpoint}"), 300);
    let planned = |change| Ok(Some(Planned { recipient: recipient.clone(), change }));
    let unchanged = |reason: &str| planned(Change::Unchanged(reason.to_owned()));
    let (arn, filter, by_body) = match (standing, &wanted) {
        (Standing::Pending, Some(_)) => {
            return unchanged("receives nothing until the recipient confirms it; apply again after that");
        }
        (Standing::Pending, None) => {
            return unchanged("is in no policy, and is not confirmed: SNS removes it after 48 hours");
        }
        (Standing::Others, Some(_)) => return unchanged("is subscribed by another account, which alone can change it"),
        (Standing::Others, None) => return Ok(None),
        (Standing::Confirmed { arn, filter, by_body }, _) => (arn, filter, *by_body),
    };
    let own = filter.as_ref().and_then(Filter::read);
    let receives = match (&own, wanted) {
        // A filter would take away the CloudWatch alarms that the topic carries as well.
        (None, Some(_)) if filter.is_none() => {
            return unchanged("is subscribed without a filter, and continues to receive all messages");
        }
        (None, None) => return Ok(None),
        (None, Some(wanted)) => wanted,
        (Some(own), wanted) => own.only(|audience| !managed(audience)).and(wanted.unwrap_or_default()),
    };
    if receives.is_empty() {
        return planned(Change::Unsubscribe(arn.clone()));
    }
    check_size(&recipient, &receives)?;
    if !by_body && filter.as_ref() == Some(&receives.policy()) {
        return planned(Change::Unchanged(format!("receives {receives}, as before")));
    }
    planned(Change::SetFilter(arn.clone(), receives))
}

fn check_size(recipient: &str, filter: &Filter) -> Result<(), Fault> {
    let values = filter.values();
    if values <= VALUES_MAX {
        return Ok(());
    }
    Err(Fault::FilterTooLarge { recipient: recipient.to_owned(), values, most: VALUES_MAX })
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = if self.result == Outcome::Refused { "refused: " } else { "" };
        writeln!(f, "{}: {refused}{}", self.recipient, self.detail)
    }
}

#[cfg(test)]
mod tests;
