//! `trimtab apply`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use trimtab_core::name::ModelName;
use trimtab_core::policy::{Key, Policy};
use trimtab_core::port::Ledger;
use trimtab_ledger::DynamoLedger;

use crate::audience::SnsSubscriptions;
use crate::aws::{self, LedgerOptions, TopicOptions};
use crate::fault::Fault;
use crate::policies::{self, PolicySet};
use crate::recipients::{self, Changed};
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directory of policies
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    #[command(flatten)]
    ledger: LedgerOptions,
    #[command(flatten)]
    topic: TopicOptions,
    /// Validate only
    #[arg(long)]
    check: bool,
}

/// Valid policies, of `--check`.
///
/// JSON: `{"valid": 3}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The number of models' policies.
    pub valid: usize,
}

/// Applied policies.
///
/// JSON: `{"organization": {"guard": true}, "models": [{"model": "churn", "keys": 14, "released": []}],
/// "without_file": [], "subscriptions": [{"recipient": "…", "result": "subscribed", "detail": "…"}]}`. The organization
/// is `null` without `organization.toml`, and the subscriptions are `null` without a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// The organization's policy, if the directory has one.
    pub organization: Option<Organization>,
    /// The models' policies, in the order in which they were applied.
    pub models: Vec<AppliedModel>,
    /// Models that were applied before, and have no policy file in the directory.
    pub without_file: Vec<String>,
    /// The recipients; `None` without a topic.
    pub subscriptions: Option<Vec<Changed>>,
}

/// The organization's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Organization {
    /// Whether the guard is on.
    pub guard: bool,
}

/// A model's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedModel {
    /// The model.
    pub model: String,
    /// The number of AWS resources whose events are routed to the model.
    pub keys: usize,
    /// Keys of its policy before, which another model can claim now.
    pub released: Vec<String>,
}

/// Applies or checks the policies, and prints the [`Applied`] or [`Checked`].
///
/// # Errors
/// A policy is invalid, the ledger or SNS did not accept it. What was applied until then is printed.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let set = policies::read(&args.policies)?;
    if args.check {
        recipients::plan(&set, &[])?;
        ui.print(&Checked { valid: set.policies.len() });
        return Ok(());
    }
    let topic = recipients::topic(args.topic.topic.as_deref(), &set)?;
    let config = aws::config().await;
    let subscriptions = topic.map(|topic| SnsSubscriptions::new(&config, topic));
    // The subscriptions are planned before anything is written: an impossible filter must not leave half of it applied.
    let changes = recipients::planned(subscriptions.as_ref(), &set).await?;
    let ledger = DynamoLedger::new(&config, args.ledger.table);
    let mut applied = Applied::default();
    let mut result = apply_into(&ledger, &set, &mut applied).await;
    if let (Ok(()), Some(subscriptions)) = (&result, &subscriptions) {
        let changed = applied.subscriptions.insert(Vec::new());
        result = recipients::carry_out(subscriptions, &changes, changed).await;
    }
    if result.is_ok() || applied.organization.is_some() || !applied.models.is_empty() {
        ui.print(&applied);
    }
    result?;
    let changed = applied.subscriptions.unwrap_or_default();
    match recipients::refused(&changed) {
        0 => Ok(()),
        refused => Err(Fault::SubscriptionsRefused { refused, all: changed.len() }),
    }
}

/// Stores the policies in the ledger.
///
/// # Errors
/// The ledger did not accept a policy. The policies before it are applied; applying again is safe.
pub async fn apply(ledger: &DynamoLedger, set: &PolicySet) -> Result<Applied, Fault> {
    let mut applied = Applied::default();
    apply_into(ledger, set, &mut applied).await?;
    Ok(applied)
}

async fn apply_into(ledger: &DynamoLedger, set: &PolicySet, applied: &mut Applied) -> Result<(), Fault> {
    let mut before = BTreeMap::new();
    for policy in &set.policies {
        let stored = ledger.policy(&policy.model).await?;
        before.insert(&policy.model, stored.map(|stored| stored.keys()).unwrap_or_default());
    }
    let ordered = in_order(&set.policies, &before)?;
    if let Some(organization) = &set.organization {
        ledger.apply_organization(organization).await?;
        applied.organization = Some(Organization { guard: organization.guard.is_some() });
    }
    for policy in ordered {
        if let Err(failure) = ledger.apply(policy).await {
            let taken = ledger.key_of_another_model(policy).await.ok().flatten();
            let model = policy.model.clone();
            return Err(taken.map_or_else(|| failure.into(), |(key, holder)| Fault::KeyTaken { key, model, holder }));
        }
        let keys = policy.keys();
        let released = before.get(&policy.model).into_iter().flatten().filter(|key| !keys.contains(key));
        applied.models.push(AppliedModel {
            model: policy.model.to_string(),
            keys: keys.len(),
            released: released.map(ToString::to_string).collect(),
        });
    }
    let here: BTreeSet<&ModelName> = set.policies.iter().map(|policy| &policy.model).collect();
    let stored = ledger.applied_models().await?;
    applied.without_file = stored.iter().filter(|model| !here.contains(model)).map(ToString::to_string).collect();
    Ok(())
}

/// The policies in an order in which a key is released by one model before another one claims it.
fn in_order<'a>(
    policies: &'a [Policy],
    before: &BTreeMap<&ModelName, BTreeSet<Key>>,
) -> Result<Vec<&'a Policy>, Fault> {
    let mut waiting: Vec<&Policy> = policies.iter().collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let of_others = |policy: &Policy| {
            let others = waiting.iter().filter(|other| other.model != policy.model);
            let mut held = others.filter_map(|other| before.get(&other.model)).flatten();
            let claimed = policy.keys();
            held.find(|key| claimed.contains(key)).cloned()
        };
        let Some(next) = waiting.iter().position(|policy| of_others(policy).is_none()) else {
            let stuck = waiting.iter().find_map(|policy| Some((policy.model.clone(), of_others(policy)?)));
            return match stuck {
                Some((model, key)) => Err(Fault::KeysExchanged { model, key }),
                None => Ok(ordered),
            };
        };
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} valid {}", self.valid, if self.valid == 1 { "policy" } else { "policies" })
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Organization { guard }) = self.organization {
            writeln!(f, "applied organization.toml (guard {})", if guard { "on" } else { "off" })?;
        }
        for AppliedModel { model, keys, released } in &self.models {
            writeln!(f, "applied policy `{model}` ({keys} resources routed)")?;
            for key in released {
                writeln!(f, "    released {key}")?;
            }
        }
        match &self.subscriptions {
            Some(changed) => changed.iter().try_for_each(|changed| write!(f, "{changed}"))?,
            None => f.write_str("no SNS topic is given (--topic): subscriptions are left unchanged\n")?,
        }
        for model in &self.without_file {
            writeln!(f, "note: `{model}` is applied and has no policy file here; `trimtab remove {model}` removes it")?;
        }
        Ok(())
    }
}
