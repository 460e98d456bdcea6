//! Valid policies, one key in each line. Together they have every table.

use super::row::Base;

const HEAD: &str = "version = 1\nmodel = \"churn\"\nowner = \"churn-team\"\npackage_group = \"churn\"\n";
const RECONCILE: &str = "[reconcile]\nbuild = \"2h\"\ntraining = \"24h\"\nevaluation = \"6h\"\nrollout = \"6h\"\n";
const LINEAGE: &str = "[lineage]\n";

const INTEGRATE: &str = "[integrate]\nrepository = \"churn-model\"\nbranches = [\"main\"]\nproject = \"churn-build\"\n";
const BUILT_BY_PIPELINE: &str = "[integrate]
repository = \"churn-model\"
branches = [\"main\"]
[integrate.codepipeline]
name = \"churn-integration\"
source = \"Source\"
variable = \"Commit\"
";
const IMAGE: &str = "[integrate.image]\nrepository = \"churn-training\"\ntags = [\"latest\"]\n";

const BUDGET: &str = "[retrain.budget]\nruns = 4\nper = \"7d\"\n";
const RETRAIN: &str = "[retrain]\npipeline = \"churn\"\ncool_down = \"24h\"\n";
const STATE_MACHINE: &str = "[retrain]
state_machine = \"arn:aws:states:eu-west-1:123456789012:stateMachine:churn-training\"
cool_down = \"24h\"
";
const AIRFLOW: &str = "[retrain]\ncool_down = \"24h\"\n[retrain.airflow]\nenvironment = \"ml\"\ndag = \"churn\"\n";
const KUBEFLOW: &str = "[retrain]
cool_down = \"24h\"
[retrain.kubeflow]
url = \"https://kubeflow.example.com\"
pipeline = \"5b1e7c2a\"
secret = \"trimtab/kubeflow\"
";
const CODEPIPELINE: &str = "[retrain]
codepipeline = \"churn-training\"
cool_down = \"24h\"
[retrain.parameters]
incident = \"Incident\"
";
const PARAMETERS: &str = "[retrain.parameters]\nimage = \"Image\"\ncommit = \"Commit\"\n";
const DATA: &str = "[retrain.data]\nprefixes = [\"s3://churn-data/features/\"]\n";

const EVALUATE: &str = "[evaluate]
tests = \"arn:aws:states:eu-west-1:123456789012:stateMachine:churn-tests\"
on_pass = \"approve\"
on_fail = \"reject\"
[[evaluate.metrics]]
name = \"auc\"
at_least = 0.8
";

const DEPLOY: &str = "[deploy]\non_rejected = \"notify\"\n";
const ENDPOINT: &str = "[deploy.endpoint]
name = \"churn-prod\"
role = \"arn:aws:iam::123456789012:role/churn-endpoint\"
instance_type = \"ml.m5.large\"
instances = 2
";
const SERVERLESS: &str = "[deploy.endpoint]
name = \"churn-prod\"
role = \"arn:aws:iam::123456789012:role/churn-endpoint\"
[deploy.endpoint.serverless]
memory_mb = 2048
max_concurrency = 20
";
const ASYNCHRONOUS: &str = "[deploy.endpoint.asynchronous]\noutput = \"s3://churn-data/answers/\"\n";
const TOPICS: &str = "[deploy.endpoint.asynchronous.topics]
success = \"arn:aws:sns:eu-west-1:123456789012:answers\"
error = \"arn:aws:sns:eu-west-1:123456789012:failures\"
";
const CANARY: &str = "[deploy.endpoint.canary]\npercent = 10\nbake_time = \"10m\"\nalarms = [\"errors\"]\n";
const LINEAR: &str = "[deploy.endpoint.linear]\npercent = 50\nbake_time = \"10m\"\nalarms = [\"errors\"]\n";
const ROLLING: &str = "[deploy.endpoint.rolling]\npercent = 50\nbake_time = \"10m\"\nalarms = [\"errors\"]\n";
const SHADOW: &str = "[deploy.endpoint.shadow]\npercent = 50\nduration = \"24h\"\nalarms = [\"errors\"]\n";
const AB_TEST: &str = "[deploy.endpoint.ab_test]\npercent = 50\nduration = \"24h\"\nalarms = [\"errors\"]\n";
const SCALING: &str = "[deploy.endpoint.autoscaling]\nmin = 2\nmax = 4\ninvocations_per_instance = 100\n";
const SCHEDULE: &str = "[[deploy.endpoint.autoscaling.schedule]]
name = \"night\"
at = \"cron(0 20 ? * MON-FRI *)\"
min = 2
max = 4
";
const BACKLOG: &str = "[deploy.endpoint.autoscaling]\nmin = 2\nmax = 4\nbacklog_per_instance = 5\n";
const PIPELINE: &str = "[deploy.pipeline]\nname = \"churn-delivery\"\nvariable = \"ModelPackageArn\"\n";
const STACK: &str = "[deploy.stack]
name = \"churn-prod\"
template = \"https://churn.s3.eu-west-1.amazonaws.com/endpoint.yaml\"
role = \"arn:aws:iam::123456789012:role/churn-stack\"
parameter = \"ModelPackageArn\"
";
const TRANSFORM: &str = "[deploy.transform]
name = \"churn-prod\"
role = \"arn:aws:iam::123456789012:role/churn-endpoint\"
instance_type = \"ml.m5.xlarge\"
instances = 2
input = \"s3://churn-data/features/\"
content_type = \"text/csv\"
output = \"s3://churn-data/scores/\"
split = \"line\"
";

const FIRST_STAGE: &str = "[[deploy.stages]]
name = \"dev\"
[deploy.stages.endpoint]
name = \"churn-dev\"
role = \"arn:aws:iam::123456789012:role/churn-endpoint\"
instance_type = \"ml.m5.large\"
instances = 1
";
const SECOND_STAGE: &str = "[[deploy.stages]]
name = \"prod\"
gate = \"manual\"
[deploy.stages.account]
role = \"arn:aws:iam::210987654321:role/trimtab-stage-churn\"
[deploy.stages.smoke_test]
body = \"42\"
[deploy.stages.endpoint]
name = \"churn\"
role = \"arn:aws:iam::210987654321:role/churn-endpoint\"
instance_type = \"ml.m5.large\"
instances = 1
";
const STAGE_OF_A_TRANSFORM: &str = "[[deploy.stages]]
name = \"prod\"
[deploy.stages.transform]
name = \"churn\"
role = \"arn:aws:iam::123456789012:role/churn-endpoint\"
instance_type = \"ml.m5.xlarge\"
instances = 2
input = \"s3://churn-data/features/\"
content_type = \"text/csv\"
output = \"s3://churn-data/scores/\"
";
const STAGE_OF_A_PIPELINE: &str = "[[deploy.stages]]
name = \"prod\"
[deploy.stages.pipeline]
name = \"churn-delivery\"
variable = \"ModelPackageArn\"
";

const MONITOR: &str = "[monitor]
role = \"arn:aws:iam::123456789012:role/churn-monitor\"
instance_type = \"ml.m5.xlarge\"
output = \"s3://churn-data/reports\"
[monitor.images]
analyzer = \"123456789012.dkr.ecr.eu-west-1.amazonaws.com/analyzer\"
clarify = \"123456789012.dkr.ecr.eu-west-1.amazonaws.com/clarify\"
[monitor.capture]
percent = 20
destination = \"s3://churn-data/captured\"
[monitor.network]
subnets = [\"subnet-0a1b2c3d\"]
security_groups = [\"sg-0a1b2c3d\"]
[monitor.data_quality]
features = [\"tenure\"]
at_most = 0.2
[monitor.model_quality]
problem = \"BinaryClassification\"
ground_truth = \"s3://churn-data/labels\"
inference = \"0\"
metric = \"auc\"
at_least = 0.8
[monitor.bias]
ground_truth = \"s3://churn-data/labels\"
metric = \"DPPL\"
stage = \"post-training\"
label = \"churned\"
label_value = \"1\"
facet = \"senior\"
facet_value = \"1\"
at_most = 0.1
[monitor.feature_attribution]
feature = \"tenure\"
at_least = 0.05
";

const NOTIFY: &str = "[notify]\ndigest_severities = [\"info\"]\ndigest_interval = \"24h\"\n";
const RECIPIENT: &str = "[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"oncall@example.com\"\n";

/// The head of the organization's policy.
pub(super) const ORGANIZATION: &str = "version = 1\n";
const GUARD: &str = "[guard]\nkms = true\ntags = [\"owner\"]\n";
const ALL_RECIPIENTS: &str = "[[notify.all]]\nprotocol = \"email\"\nendpoint = \"oncall@example.com\"\n";

macro_rules! bases {
    ($($name:ident = [$($block:ident),*];)*) => {
        $(pub(in crate::tests) const $name: Base = &[$($block),*];)*
        /// All bases.
        pub(super) const ALL: &[Base] = &[$($name),*];
    };
}

bases! {
    PLAIN = [HEAD, RECONCILE, LINEAGE];
    BUILT = [HEAD, INTEGRATE, RETRAIN, BUDGET];
    PIPED = [HEAD, BUILT_BY_PIPELINE, RETRAIN, BUDGET, DEPLOY, PIPELINE];
    IMAGED = [HEAD, INTEGRATE, IMAGE, RETRAIN, BUDGET, PARAMETERS];
    TRAINED = [HEAD, RECONCILE, RETRAIN, BUDGET, DATA];
    BY_STATES = [HEAD, STATE_MACHINE, BUDGET];
    BY_AIRFLOW = [HEAD, RECONCILE, AIRFLOW, BUDGET];
    BY_KUBEFLOW = [HEAD, RECONCILE, KUBEFLOW, BUDGET];
    BY_CODEPIPELINE = [HEAD, CODEPIPELINE, BUDGET];
    NAMED = [HEAD, RETRAIN, BUDGET, PARAMETERS];
    TESTED = [HEAD, EVALUATE];
    SERVED = [HEAD, DEPLOY, ENDPOINT];
    CANARIED = [HEAD, DEPLOY, ENDPOINT, CANARY];
    STEPPED = [HEAD, DEPLOY, ENDPOINT, LINEAR];
    ROLLED = [HEAD, DEPLOY, ENDPOINT, ROLLING];
    SHADOWED = [HEAD, RECONCILE, DEPLOY, ENDPOINT, SHADOW];
    AB_TESTED = [HEAD, RECONCILE, DEPLOY, ENDPOINT, AB_TEST];
    SCALED = [HEAD, DEPLOY, ENDPOINT, SCALING, SCHEDULE];
    BY_REQUEST = [HEAD, DEPLOY, SERVERLESS];
    QUEUED = [HEAD, DEPLOY, ENDPOINT, ASYNCHRONOUS, TOPICS, BACKLOG, SCHEDULE];
    DEPLOYED_BY_PIPELINE = [HEAD, DEPLOY, PIPELINE];
    STACKED = [HEAD, DEPLOY, STACK];
    TRANSFORMED = [HEAD, DEPLOY, TRANSFORM];
    STAGED = [HEAD, DEPLOY, FIRST_STAGE, SECOND_STAGE];
    STAGED_TO_TRANSFORM = [HEAD, DEPLOY, FIRST_STAGE, STAGE_OF_A_TRANSFORM];
    STAGED_TO_PIPELINE = [HEAD, DEPLOY, FIRST_STAGE, STAGE_OF_A_PIPELINE];
    MONITORED = [HEAD, DEPLOY, ENDPOINT, MONITOR];
    NOTIFIED = [HEAD, RECONCILE, NOTIFY, RECIPIENT];
    GUARDED = [ORGANIZATION, GUARD];
    ORGANIZATION_NOTIFIED = [ORGANIZATION, ALL_RECIPIENTS];
}
