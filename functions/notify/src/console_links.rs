//! Where to look, and what to run: links to AWS's console and exact commands, made of the account, the
//! region, the policy and checked names. No link that stands in a fact is passed on.

use trimtab_core::event::Event;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{CommitId, ImageUri, JOBS, ModelName, RunArn};
use trimtab_core::policy::{Policy, Target};

/// Where the suite runs, and what the model's policy names.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConsoleLinks<'a> {
    region: &'a str,
    account: &'a str,
    policy: Option<&'a Policy>,
}

/// Letters, digits and what needs no escape in a part of a link; everything else is escaped.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl<'a> ConsoleLinks<'a> {
    /// The event's place.
    #[must_use]
    pub fn of(event: &'a Event, policy: Option<&'a Policy>) -> Self {
        let known = event.envelope.region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let region = if known { event.envelope.region.as_str() } else { "" };
        Self { region, account: event.envelope.account.as_str(), policy }
    }

    fn console(&self, path: &str) -> String {
        let domain = match self.region.split('-').next() {
            Some("cn") => "amazonaws.cn",
            _ if self.region.starts_with("us-gov-") => "amazonaws-us-gov.com",
            _ => "aws.amazon.com",
        };
        format!("https://{}.console.{domain}/{path}", self.region)
    }

    fn sagemaker(&self, fragment: &str) -> String {
        self.console(&format!("sagemaker/home?region={}#/{fragment}", self.region))
    }

    fn developer_tools(&self, path: &str) -> String {
        self.console(&format!("codesuite/{path}?region={}", self.region))
    }

    /// The page of what the fact is about; the logs of the suite where it has none.
    #[must_use]
    pub fn link(&self, fact: &Fact) -> String {
        self.build(fact)
            .or_else(|| self.image(fact))
            .or_else(|| self.resource(fact))
            .or_else(|| self.stage(fact))
            .unwrap_or_else(|| {
                self.console(&format!(
                    "cloudwatch/home?region={}#logsV2:log-groups$3FlogGroupNameFilter$3D$252Ftrimtab",
                    self.region
                ))
            })
    }

    fn build(&self, fact: &Fact) -> Option<String> {
        let rules = self.policy?.integrate.as_ref()?;
        if fact.kind == FactKind::BranchDeleted {
            return Some(self.developer_tools(&format!("codecommit/repositories/{}/branches", rules.repository)));
        }
        if !fact.dedup_key.trim_start_matches("late/").starts_with("build/") {
            return None;
        }
        let build = fact.details.get("build");
        Some(match (build.and_then(|build| build.split_once(':')), build, &rules.codepipeline) {
            (Some((project, _)), Some(build), _) => {
                let (account, project) = (self.account, escaped(project));
                self.developer_tools(&format!("codebuild/{account}/projects/{project}/build/{}/", escaped(build)))
            }
            (None, Some(execution), Some(delivery)) => {
                let execution = escaped(execution);
                self.developer_tools(&format!(
                    "codepipeline/pipelines/{}/executions/{execution}/timeline",
                    escaped(delivery.name.as_str())
                ))
            }
            _ => {
                let commit = CommitId::parse(fact.details.get("commit")?).ok()?;
                self.developer_tools(&format!("codecommit/repositories/{}/commit/{commit}", rules.repository))
            }
        })
    }

    fn image(&self, fact: &Fact) -> Option<String> {
        let image = ImageUri::parse(fact.details.get("image")?).ok()?;
        let (region, account) = (self.region, self.account);
        let repository = image.repository();
        let path = format!(
            "ecr/repositories/private/{account}/{repository}/_/image/{}/details?region={region}",
            image.digest()
        );
        Some(self.console(&path))
    }

    /// What somebody made in SageMaker.
    fn resource(&self, fact: &Fact) -> Option<String> {
        let (kind, name) = fact.details.get("resource")?.splitn(6, ':').nth(5)?.split_once('/')?;
        let page = match kind {
            "training-job" => "jobs",
            "processing-job" => "processing-jobs",
            "model" => "models",
            "endpoint-config" => "endpointConfig",
            "endpoint" => "endpoints",
            "notebook-instance" => "notebook-instances",
            _ => return None,
        };
        Some(self.sagemaker(&format!("{page}/{}", escaped(name))))
    }

    /// What the fact's stage serves by; `None` where that is in another account, whose pages are not this one's.
    fn target(&self, fact: &Fact) -> Option<&'a Target> {
        let stage = self.policy?.deploy.as_ref()?.named(fact.details.get("stage"))?;
        stage.account.is_none().then_some(&stage.target)
    }

    /// What the policy names for this part of the loop.
    fn stage(&self, fact: &Fact) -> Option<String> {
        let policy = self.policy?;
        match fact.dedup_key.trim_start_matches("late/").split('/').next()? {
            "rollout" => Some(match self.target(fact)? {
                Target::Endpoint(target) => self.sagemaker(&format!("endpoints/{}", target.name)),
                Target::Pipeline(target) => {
                    self.developer_tools(&format!("codepipeline/pipelines/{}/view", escaped(target.name.as_str())))
                }
                Target::Transform(_) => self.sagemaker("transform-jobs"),
                Target::Stack(target) => self.console(&format!(
                    "cloudformation/home?region={}#/stacks?filteringText={}",
                    self.region,
                    escaped(target.name.as_str())
                )),
            }),
            "candidate" => {
                let machine = escaped(policy.evaluate.as_ref()?.tests.as_str());
                Some(self.console(&format!("states/home?region={}#/statemachines/view/{machine}", self.region)))
            }
            // Runs of pipelines have no page outside of Studio.
            "incident" => Some(self.sagemaker("studio-landing")),
            "held" if fact.kind != FactKind::NotificationBatched => {
                Some(self.console(&format!("cloudwatch/home?region={}#alarmsV2:", self.region)))
            }
            _ => None,
        }
    }

    /// The command that tells more, or does what is next.
    #[must_use]
    pub fn command(&self, fact: &Fact) -> String {
        let run = fact.details.get("run").and_then(|run| RunArn::parse(run).ok());
        match (fact.kind, run, fact.model.as_ref()) {
            (FactKind::EventDeadLettered | FactKind::EvaluationStuck | FactKind::StopFailed, ..) => {
                "trimtab dead-letters".to_owned()
            }
            (FactKind::DeadlineExceeded, _, Some(model)) => format!("trimtab reconcile {model}"),
            (_, Some(run), _) => format!("aws sagemaker list-pipeline-execution-steps --pipeline-execution-arn {run}"),
            (_, None, Some(model)) => self.asking(fact, model),
            (_, None, None) => "trimtab history".to_owned(),
        }
    }

    fn asking(&self, fact: &Fact, model: &ModelName) -> String {
        match (self.target(fact), fact.dedup_key.starts_with("rollout/")) {
            (Some(Target::Endpoint(target)), true) => {
                format!("aws sagemaker describe-endpoint --endpoint-name {}", target.name)
            }
            (Some(Target::Pipeline(target)), true) => {
                format!("aws codepipeline get-pipeline-state --name {}", target.name)
            }
            (Some(Target::Transform(target)), true) => {
                format!("aws sagemaker list-transform-jobs --name-contains {JOBS}{}-v", target.name)
            }
            _ => format!("trimtab history {model}"),
        }
    }
}

/// What belongs together: all that is said of one incident, one version, one commit.
#[must_use]
pub fn thread(dedup_key: &str) -> String {
    let dedup_key = dedup_key.trim_start_matches("late/");
    let parts = match dedup_key.split('/').next() {
        Some("incident") => 2,
        // Through stages, the stage stands before the version.
        Some("rollout") if dedup_key.split('/').count() > 4 => 4,
        _ => 3,
    };
    dedup_key.split('/').take(parts).collect::<Vec<_>>().join("/")
}
