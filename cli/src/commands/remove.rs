//! `trimtab remove`.
//!
//! The history of the model, its aggregates and its pause stay, so that a policy that is applied again continues where
//! the model was. AWS resources are not touched.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::name::{ModelName, TopicArn};
use trimtab_ledger::{AppliedPolicy, DynamoLedger};

use crate::audience::{SnsSubscriptions, Subscriptions};
use crate::aws::{self, LedgerOptions, TopicOptions};
use crate::fault::Fault;
use crate::in_flight::in_flight;
use crate::recipients::{self, Changed, Planned};
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model
    model: String,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove the model although work is in flight; that work is not continued
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    ledger: LedgerOptions,
    #[command(flatten)]
    topic: TopicOptions,
}

/// A removed model, or what would be removed.
///
/// JSON: `{"model": "churn", "dry_run": false, "policy": true, "keys": ["package-group#churn"], "in_flight": [],
/// "subscriptions": [{"recipient": "…", "result": "unsubscribed", "detail": "…"}]}`. The subscriptions are `null` without
/// a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The model.
    pub model: String,
    /// Whether nothing was removed.
    pub dry_run: bool,
    /// Whether a policy was applied.
    pub policy: bool,
    /// The keys that another model can claim now.
    pub keys: Vec<String>,
    /// The work in flight.
    pub in_flight: Vec<String>,
    /// The recipients; `None` without a topic.
    pub subscriptions: Option<Vec<Changed>>,
}

/// Removes the model, and prints the [`Removed`].
///
/// # Errors
/// Work is in flight, the model is not applied, or the ledger or SNS refused. What was removed until then is printed.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let model = ModelName::parse(&args.model)?;
    let config = aws::config().await;
    let ledger = DynamoLedger::new(&config, args.ledger.table);
    let topic = args.topic.topic.as_deref().map(str::trim).filter(|topic| !topic.is_empty());
    let topic = topic.map(TopicArn::parse).transpose()?;
    let subscriptions = topic.map(|topic| SnsSubscriptions::new(&config, topic));
    let removal = plan(&ledger, subscriptions.as_ref(), &model, Timestamp::now()).await?;
    let mut removed = removal.removed(args.dry_run);
    let mut result = Ok(());
    if !args.dry_run {
        if !removed.in_flight.is_empty() && !args.force {
            return Err(Fault::InFlight { model, work: removed.in_flight });
        }
        result = removal.carry_out(&ledger, subscriptions.as_ref(), &mut removed).await;
    }
    if result.is_ok() || removed.policy || removed.subscriptions.is_some() {
        ui.print(&removed);
    }
    result
}

/// What a removal has to do.
#[derive(Debug)]
pub struct Removal {
    model: ModelName,
    applied: Option<AppliedPolicy>,
    in_flight: Vec<String>,
    changes: Option<Vec<Planned>>,
}

/// Reads what is applied, subscribed and in flight.
///
/// # Errors
/// The ledger or SNS cannot be read, the model is not applied, or its policy has recipients and no topic is given.
pub async fn plan<S: Subscriptions>(
    ledger: &DynamoLedger,
    subscriptions: Option<&S>,
    model: &ModelName,
    now: Timestamp,
) -> Result<Removal, Fault> {
    let applied = ledger.applied_policy(model).await?;
    let recipients = applied.as_ref().map_or(&[][..], |applied| recipients::recipients(&applied.policy));
    let changes = match subscriptions {
        Some(subscriptions) => Some(recipients::removal(model, recipients, &subscriptions.list().await?)?),
        None if !recipients.is_empty() => return Err(Fault::NoTopic),
        None => None,
    };
    // A removal that failed after the ledger's part is completed by the next one, which finds no policy.
    if applied.is_none() && changes.as_ref().is_none_or(Vec::is_empty) {
        return Err(Fault::NotApplied(model.clone()));
    }
    let in_flight = ledger.aggregates(model).await?.iter().filter_map(|one| in_flight(one, now)).collect();
    Ok(Removal { model: model.clone(), applied, in_flight, changes })
}

impl Removal {
    /// The result before anything is removed.
    fn removed(&self, dry_run: bool) -> Removed {
        let keys = self.applied.iter().flat_map(|applied| &applied.keys).map(ToString::to_string).collect();
        let changes = self.changes.as_deref().filter(|_| dry_run).map(recipients::dry_run);
        Removed {
            model: self.model.to_string(),
            dry_run,
            policy: self.applied.is_some(),
            keys,
            in_flight: self.in_flight.clone(),
            subscriptions: changes,
        }
    }

    /// Removes the policy and the keys, then the subscriptions: a model that is still applied keeps its recipients.
    async fn carry_out<S: Subscriptions>(
        &self,
        ledger: &DynamoLedger,
        subscriptions: Option<&S>,
        removed: &mut Removed,
    ) -> Result<(), Fault> {
        if let Some(applied) = &self.applied
            && let Err(failure) = ledger.remove(applied).await
        {
            (removed.policy, removed.keys) = (false, Vec::new());
            return Err(failure.into());
        }
        let (Some(subscriptions), Some(changes)) = (subscriptions, &self.changes) else { return Ok(()) };
        let changed = removed.subscriptions.insert(Vec::new());
        recipients::carry_out(subscriptions, changes, changed).await?;
        match recipients::refused(changed) {
            0 => Ok(()),
            refused => Err(Fault::SubscriptionsRefused { refused, all: changed.len() }),
        }
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = &self.model;
        let would = |done: &'static str, planned: &'static str| if self.dry_run { planned } else { done };
        if self.policy {
            writeln!(f, "{} policy `{model}`", would("removed", "would remove"))?;
        }
        for key in &self.keys {
            writeln!(f, "{} {key}", would("released", "would release"))?;
        }
        for work in &self.in_flight {
            writeln!(f, "in flight: {work}{}", would(", not continued", ""))?;
        }
        match &self.subscriptions {
            Some(changed) => changed.iter().try_for_each(|changed| write!(f, "{changed}"))?,
            None => f.write_str("no SNS topic is given (--topic): subscriptions are left unchanged\n")?,
        }
        writeln!(f, "AWS resources of {model} and its history are left unchanged")
    }
}
