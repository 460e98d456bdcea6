//! Parts of names, and names that are derived from others.

use super::super::*;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[test]
fn arn_has_the_account_of_its_resource() {
    let topic = TopicArn::parse("arn:aws:sns:eu-west-1:123456789012:trimtab").unwrap();
    let role = RoleArn::parse("arn:aws:iam::210987654321:role/a:b".replace(":b", "").as_str()).unwrap();
    let package = PackageArn::parse("arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/12").unwrap();
    assert_eq!((topic.account(), role.account(), package.account()), ("123456789012", "210987654321", "111122223333"));
    assert_eq!((package.group(), package.version()), ("churn", 12));
}

#[test]
fn run_arn_has_its_pipeline() {
    let run = RunArn::parse("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/x1").unwrap();
    assert_eq!(run.pipeline(), "churn-training");
}

#[test]
fn build_arn_has_the_id_for_the_api_of_codebuild() {
    let build = BuildId::parse("arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:6d0f3c1e").unwrap();
    assert_eq!(build.short(), "churn-build:6d0f3c1e");
}

#[test]
fn image_uri_has_account_region_repository_and_digest() {
    let repository = ImageRepository::parse("team/churn").unwrap();
    let digest = ImageDigest::parse(&format!("sha256:{DIGEST}")).unwrap();
    for (region, host) in [("eu-west-1", "eu-west-1.amazonaws.com"), ("cn-north-1", "cn-north-1.amazonaws.com.cn")] {
        let image = ImageUri::of("123456789012", region, &repository, &digest).unwrap();
        assert_eq!(image.as_str(), format!("123456789012.dkr.ecr.{host}/team/churn@sha256:{DIGEST}"));
        assert_eq!((image.account(), image.repository()), ("123456789012", "team/churn"));
        assert_eq!(image.digest(), digest.as_str());
    }
    assert!(ImageUri::of("1234", "eu-west-1", &repository, &digest).is_err());
    assert!(ImageUri::of("123456789012", "eu west 1", &repository, &digest).is_err());
}

#[test]
fn execution_is_derived_from_machine_and_name_and_back() {
    let machine = StateMachineArn::parse("arn:aws:states:eu-west-1:123456789012:stateMachine:churn-tests").unwrap();
    assert_eq!(machine.name(), "churn-tests");
    let longest = machine.execution(&"x".repeat(80)).unwrap();
    assert_eq!((longest.name(), longest.machine()), ("x".repeat(80).as_str(), machine.to_string()));
    for bad in ["", "a b", "a:b", &"x".repeat(81)] {
        assert!(machine.execution(bad).is_err(), "{bad}");
    }
}

#[test]
fn object_has_its_bucket_and_its_whole_key() {
    let object = ObjectUri::parse("s3://churn-data/a/b/c.json").unwrap();
    assert_eq!((object.bucket(), object.key()), ("churn-data", "a/b/c.json"));
}

#[test]
fn run_of_a_sagemaker_pipeline_is_a_run() {
    let arn = RunArn::parse("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/x1").unwrap();
    assert_eq!(RunId::from(arn.clone()), RunId::Pipeline(arn));
}

#[test]
fn run_of_another_engine_is_recognized_by_its_text() {
    let parsed = |text: &str| RunId::parse(text).unwrap();
    assert!(matches!(parsed("airflow:ml/dag/run.1"), RunId::Airflow(environment, dag, run)
        if (environment.as_str(), dag.as_str(), run.as_str()) == ("ml", "dag", "run.1")));
    assert!(matches!(parsed("kubeflow:0f6a"), RunId::Kubeflow(id) if id.as_str() == "0f6a"));
    assert!(matches!(parsed("codepipeline:train/2b6a"), RunId::CodePipeline(pipeline, id)
        if (pipeline.as_str(), id.as_str()) == ("train", "2b6a")));
    assert!(matches!(parsed("arn:aws:states:eu-west-1:123456789012:execution:a-training:x"), RunId::Execution(_)));
}

#[test]
fn transform_job_has_name_version_and_attempt() {
    let name = TransformName::parse("leads-weekly").unwrap();
    assert_eq!(name.job(3, "0123abcd"), "trimtab-leads-weekly-v3-0123abcd");
    assert_eq!(TransformName::of_job("trimtab-leads-weekly-v3-0123abcd"), Some(name));
    for other in [
        "trimtab-leads-v3-0123abcde",
        "trimtab-leads-v3-0123abc",
        "trimtab-leads-v-0123abcd",
        "trimtab-leads-3-0123abcd",
    ] {
        assert_eq!(TransformName::of_job(other), None, "{other}");
    }
}
