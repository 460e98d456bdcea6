//! Who is told: brings the topic's subscriptions to what the policies say.
//!
//! SNS knows one subscription for each protocol and endpoint of a topic, with one filter policy: what
//! several policies want of one address becomes one filter. A subscription is the suite's own if its filter
//! names the [audience](trimtab_core::audience); what others have subscribed is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use trimtab_core::audience::{Filter, Standing, Subscription, Subscriptions, VALUES_MAX, Whose};
use trimtab_core::failure::Failure;
use trimtab_core::name::TopicArn;
use trimtab_core::policy::{Address, Protocol, Recipient};
use trimtab_core::text::one_line;

use crate::fault::Fault;
use crate::policies::PolicySet;

/// What is done about one address.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The address.
    pub who: String,
    /// What is done.
    pub does: Does,
}

/// What can be done about an address.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    /// It is subscribed.
    Subscribe(Address, Filter),
    /// Its subscription gets this filter.
    SetFilter(String, Filter),
    /// Its subscription ends.
    Unsubscribe(String),
    /// Nothing, and why.
    Nothing(String),
}

/// The topic; `None` where none is given and none is needed.
///
/// # Errors
/// The text is no topic's ARN, or the policies name recipients and there is no topic.
pub fn topic(given: Option<&str>, set: &PolicySet) -> Result<Option<TopicArn>, Fault> {
    match given.map(str::trim).filter(|given| !given.is_empty()) {
        Some(given) => Ok(Some(TopicArn::parse(given)?)),
        None if wanted(set).is_empty() => Ok(None),
        None => {
            let say = "the policies name recipients, and no topic: give the stack's output TopicArn as --topic or in \
                       TRIMTAB_TOPIC_ARN. Nothing was applied";
            Err(Fault::Recipients(say.to_owned()))
        }
    }
}

/// Looks at the topic's subscriptions, and says what is to be done about them.
///
/// # Errors
/// SNS did not answer, or an address cannot be told all that the policies want.
pub async fn planned<S: Subscriptions>(subscriptions: Option<&S>, set: &PolicySet) -> Result<Vec<Step>, Fault> {
    match subscriptions {
        Some(subscriptions) => plan(set, &subscriptions.list().await?),
        None => Ok(Vec::new()),
    }
}

/// Does it, and adds to `said` a line on each.
///
/// # Errors
/// SNS did not answer, or refused some; the others are done all the same.
pub async fn carry_out<S: Subscriptions>(
    subscriptions: Option<&S>,
    plan: &[Step],
    mut said: String,
) -> Result<String, Fault> {
    let Some(subscriptions) = subscriptions else {
        said.push_str("no topic was given (--topic): who is told stays as it is\n");
        return Ok(said);
    };
    let mut refused = false;
    for step in plan {
        let line = match carry(subscriptions, &step.does).await {
            Ok(line) => line,
            Err(Failure::Permanent { operation, cause }) => {
                refused = true;
                format!("REFUSED: {operation}: {}", one_line(&cause, 300))
            }
            Err(retry) => return Err(retry.into()),
        };
        let _ = writeln!(said, "{}: {line}", step.who);
    }
    if refused { Err(Fault::NotSubscribed(said)) } else { Ok(said) }
}

async fn carry<S: Subscriptions>(subscriptions: &S, does: &Does) -> Result<String, Failure> {
    Ok(match does {
        Does::Subscribe(address, filter) => {
            let confirmed = subscriptions.subscribe(address, &filter.policy()).await?;
            let waits = if confirmed { "" } else { "; hears nothing until it is confirmed there" };
            format!("subscribed to {filter}{waits}")
        }
        Does::SetFilter(arn, filter) => {
            subscriptions.set_filter(arn, &filter.policy()).await?;
            format!("hears {filter} from now on; SNS may take 15 minutes")
        }
        Does::Unsubscribe(arn) => {
            subscriptions.unsubscribe(arn).await?;
            "unsubscribed: no policy names it any more".to_owned()
        }
        Does::Nothing(why) => why.clone(),
    })
}

/// What each address is to hear, as far as these policies say.
fn wanted(set: &PolicySet) -> BTreeMap<Address, Filter> {
    let mut wanted: BTreeMap<Address, Filter> = BTreeMap::new();
    let mut tell = |whose: &Whose, recipients: &[Recipient]| {
        for Recipient { address, severities } in recipients {
            wanted.entry(address.clone()).or_default().let_through(whose.clone(), severities.iter().copied());
        }
    };
    if let Some(told) = set.organization.as_ref().and_then(|suite| suite.notify.as_ref()) {
        tell(&Whose::All, &told.all);
        tell(&Whose::Platform, &told.platform);
    }
    for policy in &set.policies {
        let recipients = policy.notify.as_ref().map_or(&[][..], |notify| &notify.recipients);
        tell(&Whose::Model(policy.model.clone()), recipients);
    }
    wanted
}

/// What is to be done, so that each address hears what the policies want, and nobody whom none names.
///
/// A folder may hold some models' policies and not others': what the suite has let through of those, or of
/// the whole suite where there is no `organization.toml`, stays.
///
/// # Errors
/// An address would need a larger filter policy than SNS takes.
pub fn plan(set: &PolicySet, existing: &[Subscription]) -> Result<Vec<Step>, Fault> {
    let here: BTreeSet<Whose> = set.policies.iter().map(|policy| Whose::Model(policy.model.clone())).collect();
    let says = |whose: &Whose| match whose {
        Whose::Model(_) => here.contains(whose),
        Whose::All | Whose::Platform => set.organization.is_some(),
    };
    let mut wanted = wanted(set);
    let mut steps = Vec::new();
    for subscription in existing {
        let Subscription { protocol, endpoint, standing } = subscription;
        let address = Protocol::parse(protocol).and_then(|protocol| Address::parse(protocol, endpoint).ok());
        let asked = address.and_then(|address| wanted.remove(&address));
        let who = one_line(&format!("{protocol} {endpoint}"), 300);
        if let Some(does) = about(&who, standing, asked, says)? {
            steps.push(Step { who, does });
        }
    }
    for (address, filter) in wanted {
        let who = address.to_string();
        fits(&who, &filter)?;
        steps.push(Step { who, does: Does::Subscribe(address, filter) });
    }
    steps.sort_by(|one, other| one.who.cmp(&other.who));
    Ok(steps)
}

/// What is to be done about a subscription that is there; `None` where it is nothing of the suite's.
fn about(
    who: &str,
    standing: &Standing,
    asked: Option<Filter>,
    says: impl Fn(&Whose) -> bool,
) -> Result<Option<Does>, Fault> {
    let nothing = |why: &str| Ok(Some(Does::Nothing(why.to_owned())));
    let (arn, filter, by_body) = match (standing, &asked) {
        (Standing::Pending, Some(_)) => {
            return nothing("hears nothing until it is confirmed there; apply once more after that");
        }
        (Standing::Pending, None) => {
            return nothing(
                "is in no policy, and not confirmed: SNS lets nobody remove it, and does so itself after 48 hours",
            );
        }
        (Standing::Others, Some(_)) => return nothing("is subscribed by another account, and stays as it is"),
        (Standing::Others, None) => return Ok(None),
        (Standing::Confirmed { arn, filter, by_body }, _) => (arn, filter, *by_body),
    };
    let own = filter.as_ref().and_then(Filter::read);
    let hears = match (&own, asked) {
        // Whoever did so wants everything, and gets the alarms of CloudWatch, too, which no filter lets through.
        (None, Some(_)) if filter.is_none() => {
            return nothing("is subscribed without a filter, hears everything, and stays so");
        }
        (None, None) => return Ok(None),
        (None, Some(asked)) => asked,
        (Some(own), asked) => own.only(|whose| !says(whose)).and(asked.unwrap_or_default()),
    };
    if hears.is_empty() {
        return Ok(Some(Does::Unsubscribe(arn.clone())));
    }
    fits(who, &hears)?;
    if !by_body && filter.as_ref() == Some(&hears.policy()) {
        return Ok(Some(Does::Nothing(format!("hears {hears}, as before"))));
    }
    Ok(Some(Does::SetFilter(arn.clone(), hears)))
}

fn fits(who: &str, filter: &Filter) -> Result<(), Fault> {
    let values = filter.values();
    if values <= VALUES_MAX {
        return Ok(());
    }
    Err(Fault::Recipients(format!(
        "{who}: its filter policy would have {values} values, and SNS takes {VALUES_MAX}: let it hear all severities, \
         or [[notify.all]] in organization.toml. Nothing was applied"
    )))
}

#[cfg(test)]
mod tests;
