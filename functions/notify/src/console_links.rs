//! Links to AWS's console, and exact commands. They are made of account, region, policy and checked names: a link in a
//! fact is never passed on.

use trimtab_core::event::Event;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{JOBS, ModelName};
use trimtab_core::policy::{Policy, Target};

use crate::fact::{self, About};

/// Source of links: the account and region of the event, and the model's policy.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConsoleLinks<'a> {
    region: &'a str,
    account: &'a str,
    policy: Option<&'a Policy>,
}

/// Percent-encoding for one segment of a link.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl<'a> ConsoleLinks<'a> {
    /// Links in the account and region of the event.
    #[must_use]
    pub fn of(event: &'a Event, policy: Option<&'a Policy>) -> Self {
        // A forged region could name another host.
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

    /// The console page of the fact's subject; Trimtab's logs if it has none.
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
        if fact::about(fact) != About::Build {
            return None;
        }
        let build = fact::build(fact);
        // A build of CodeBuild is named `PROJECT:ID`, an execution of CodePipeline by its ID alone.
        if let Some((build, (project, _))) = build.as_deref().and_then(|build| Some((build, build.split_once(':')?))) {
            let (account, project, build) = (self.account, escaped(project), escaped(build));
            return Some(self.developer_tools(&format!("codebuild/{account}/projects/{project}/build/{build}/")));
        }
        if let (Some(execution), Some(pipeline)) = (build, &rules.codepipeline) {
            let (pipeline, execution) = (escaped(pipeline.name.as_str()), escaped(&execution));
            let path = format!("codepipeline/pipelines/{pipeline}/executions/{execution}/timeline");
            return Some(self.developer_tools(&path));
        }
        let commit = fact::commit(fact)?;
        Some(self.developer_tools(&format!("codecommit/repositories/{}/commit/{commit}", rules.repository)))
    }

    fn image(&self, fact: &Fact) -> Option<String> {
        let image = fact::image(fact)?;
        let (region, account) = (self.region, self.account);
        let (repository, digest) = (image.repository(), image.digest());
        let path = format!("ecr/repositories/private/{account}/{repository}/_/image/{digest}/details?region={region}");
        Some(self.console(&path))
    }

    /// The page of the resource that a finding is about.
    fn resource(&self, fact: &Fact) -> Option<String> {
        let (kind, name) = fact::resource(fact)?;
        let page = match kind.as_str() {
            "training-job" => "jobs",
            "processing-job" => "processing-jobs",
            "model" => "models",
            "endpoint-config" => "endpointConfig",
            "endpoint" => "endpoints",
            "notebook-instance" => "notebook-instances",
            _ => return None,
        };
        Some(self.sagemaker(&format!("{page}/{}", escaped(&name))))
    }

    /// The target of the fact's stage; `None` if it is in another account, whose console this account cannot open.
    fn target(&self, fact: &Fact) -> Option<&'a Target> {
        let stage = self.policy?.deploy.as_ref()?.named(fact::stage(fact).as_ref())?;
        stage.account.is_none().then_some(&stage.target)
    }

    /// The page of the resource that the policy names for this part of the automation.
    fn stage(&self, fact: &Fact) -> Option<String> {
        let policy = self.policy?;
        match fact::about(fact) {
            About::Rollout => Some(match self.target(fact)? {
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
            About::Version => {
                let machine = escaped(policy.evaluate.as_ref()?.tests.as_str());
                Some(self.console(&format!("states/home?region={}#/statemachines/view/{machine}", self.region)))
            }
            // Executions of SageMaker Pipelines have no page outside of Studio.
            About::Incident => Some(self.sagemaker("studio-landing")),
            About::Limit => Some(self.console(&format!("cloudwatch/home?region={}#alarmsV2:", self.region))),
            About::Build | About::Other => None,
        }
    }

    /// The command that shows more, or that is the next step.
    #[must_use]
    pub fn command(&self, fact: &Fact) -> String {
        match (fact.kind, fact::run(fact), fact.model.as_ref()) {
            (FactKind::EventDeadLettered | FactKind::EvaluationStuck | FactKind::StopFailed, ..) => {
                "trimtab dead-letters".to_owned()
            }
            (FactKind::DeadlineExceeded, _, Some(model)) => format!("trimtab reconcile {model}"),
            (_, Some(run), _) => format!("aws sagemaker list-pipeline-execution-steps --pipeline-execution-arn {run}"),
            (_, None, Some(model)) => self.describe(fact, model),
            (_, None, None) => "trimtab history".to_owned(),
        }
    }

    /// The command that describes the target of a rollout; the history of the model for everything else.
    fn describe(&self, fact: &Fact, model: &ModelName) -> String {
        let target = if fact::about(fact) == About::Rollout { self.target(fact) } else { None };
        match target {
            Some(Target::Endpoint(target)) => {
                format!("aws sagemaker describe-endpoint --endpoint-name {}", target.name)
            }
            Some(Target::Pipeline(target)) => format!("aws codepipeline get-pipeline-state --name {}", target.name),
            Some(Target::Transform(target)) => {
                format!("aws sagemaker list-transform-jobs --name-contains {JOBS}{}-v", target.name)
            }
            Some(Target::Stack(_)) | None => format!("trimtab history {model}"),
        }
    }
}
