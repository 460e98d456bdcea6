//! The ports over the simulated services. Each call goes through [`Sim::call`], which injects the faults.

mod code;
mod runs;
mod serve;

pub(crate) use serve::keyed;

use jiff::SignedDuration;
use trimtab_core::failure::Failure;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Message, Topic};

use crate::Site;
use crate::journal::Happening;
use crate::services::{Fate, Services, Sim};

/// The time-out of a call.
const TIME_OUT: SignedDuration = SignedDuration::from_secs(8);
/// The delay after which a call that timed out is applied.
const LATE: SignedDuration = SignedDuration::from_secs(25);

impl Sim {
    /// Makes a call that changes something, or a strongly consistent read.
    pub(crate) async fn call<T, E, F>(&self, site: Site, apply: F) -> Result<T, E>
    where
        E: From<Failure>,
        F: FnOnce(&mut Services) -> Result<T, E> + Send + Sync + 'static,
    {
        self.read(site, apply, None::<fn(&mut Services) -> Result<T, E>>).await
    }

    /// Makes an eventually consistent read; `stale` gives the response that is out of date.
    pub(crate) async fn read<T, E, F, S>(&self, site: Site, apply: F, stale: Option<S>) -> Result<T, E>
    where
        E: From<Failure>,
        F: FnOnce(&mut Services) -> Result<T, E> + Send + Sync + 'static,
        S: FnOnce(&mut Services) -> Result<T, E>,
    {
        let refused = |cause: &str| Err(E::from(Failure::transient("simulated", cause)));
        let fate = self.services().fate(site, stale.is_some());
        match fate {
            Fate::Go => apply(&mut self.services()),
            Fate::Refuse => refused("throttled"),
            Fate::LoseResponse => {
                let mut services = self.services();
                let _ = apply(&mut services);
                services.now += TIME_OUT;
                refused("timed out")
            }
            Fate::ApplyLate => {
                let mut services = self.services();
                let late = move |services: &mut Services| drop(apply(services));
                services.apply_late(LATE, Box::new(late));
                services.now += TIME_OUT;
                refused("timed out")
            }
            Fate::CrashBefore => std::future::pending().await,
            Fate::CrashAfter => {
                let _ = apply(&mut self.services());
                std::future::pending().await
            }
            Fate::Stale => match stale {
                Some(stale) => stale(&mut self.services()),
                None => apply(&mut self.services()),
            },
        }
    }
}

impl Topic for Sim {
    async fn publish(&self, message: &Message) -> PortResult<String> {
        let dedup_key = message.body.lines().find_map(|line| line.trim().strip_prefix("dedup_key: "));
        let kind = message.attributes.get("kind").cloned().unwrap_or_default();
        let key = format!("{kind} on {}", dedup_key.unwrap_or_default());
        let attribute = |name: &str| message.attributes.get(name).cloned().unwrap_or_default();
        let happening = Happening::Message {
            kind,
            severity: attribute("severity"),
            model: attribute("model"),
            dedup_key: dedup_key.unwrap_or_default().to_owned(),
            subject: message.subject.clone(),
            body: message.body.clone(),
        };
        self.call(Site::TopicPublish, move |services| {
            *services.messages.entry(key).or_default() += 1;
            services.record(happening);
            Ok("message".to_owned())
        })
        .await
    }
}
