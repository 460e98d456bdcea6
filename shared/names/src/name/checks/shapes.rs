//! Names with a structure: ARNs, URIs and the like. Each list has names that AWS documents, and names that differ from
//! them in one position.

use super::super::*;

const COMMIT: &str = "8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190";
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[track_caller]
fn check(what: &str, takes: fn(&str) -> bool, good: &[String], bad: &[String]) {
    for text in good {
        assert!(takes(text), "{what}: AWS has such names: {text}");
    }
    for text in bad {
        assert!(!takes(text), "{what}: AWS has no such names: {text}");
    }
}

/// Each of these with `{}` where the text goes.
fn in_template(texts: &[&str], template: &str) -> Vec<String> {
    texts.iter().map(|text| template.replace("{}", text)).collect()
}

fn own(texts: &[&str]) -> Vec<String> {
    in_template(texts, "{}")
}

#[test]
fn arn_has_six_parts_each_as_aws_writes_it() {
    let service = |text: &str| PackageArn::parse(text).is_ok();
    let good = [
        "arn:aws:sagemaker:eu-west-1:123456789012",
        "arn:aws-cn:sagemaker:cn-north-1:123456789012",
        "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012",
        "arn:aws-iso-b:sagemaker:us-isob-east-1:123456789012",
    ];
    let bad = [
        "",
        "urn:aws:sagemaker:eu-west-1:123456789012",
        "arn:amazon:sagemaker:eu-west-1:123456789012",
        "arn::sagemaker:eu-west-1:123456789012",
        "arn:awsx:sagemaker:eu-west-1:123456789012",
        "arn:aws-c n:sagemaker:eu-west-1:123456789012",
        "arn:aws-abcdefghijklmnopq:sagemaker:eu-west-1:123456789012",
        "arn:aws:states:eu-west-1:123456789012",
        "arn:aws::eu-west-1:123456789012",
        "arn:aws:sagemaker::123456789012",
        "arn:aws:sagemaker:eu west 1:123456789012",
        "arn:aws:sagemaker:eu-west-1:12345678901",
        "arn:aws:sagemaker:eu-west-1:1234567890123",
        "arn:aws:sagemaker:eu-west-1:12345678901a",
        "arn:aws:sagemaker:eu-west-1:",
    ];
    check(
        "ARN",
        service,
        &in_template(&good, "{}:model-package/churn/3"),
        &in_template(&bad, "{}:model-package/churn/3"),
    );
    assert!(!service("arn:aws:sagemaker:eu-west-1:123456789012"), "an ARN without a resource");
    assert!(service(&format!("arn:aws-{}:sagemaker:r:123456789012:model-package/c/1", "a".repeat(16))));
    assert!(service(&format!("arn:aws:sagemaker:{}:123456789012:model-package/c/1", "r".repeat(30))));
    assert!(!service(&format!("arn:aws:sagemaker:{}:123456789012:model-package/c/1", "r".repeat(31))));
}

#[test]
fn account_is_twelve_digits() {
    let good = own(&["123456789012", "000000000000"]);
    let bad = own(&["", "12345678901", "1234567890123", "12345678901x", "٣٣٣٣٣٣", " 12345678901"]);
    check("AccountId", |text| AccountId::parse(text).is_ok(), &good, &bad);
}

#[test]
fn commit_and_digest_are_whole_and_in_lower_case() {
    let good = own(&[COMMIT, &"0".repeat(40)]);
    let bad = [COMMIT[1..].to_owned(), format!("{COMMIT}0"), COMMIT.to_uppercase(), COMMIT.replacen('8', "g", 1)];
    check("CommitId", |text| CommitId::parse(text).is_ok(), &good, &bad);
    let digest = |text: &str| format!("sha256:{text}");
    let bad = [
        digest(&DIGEST[1..]),
        digest(&format!("{DIGEST}0")),
        digest(&DIGEST.to_uppercase()),
        DIGEST.to_owned(),
        format!("sha512:{DIGEST}"),
        digest(&DIGEST.replacen('9', "g", 1)),
    ];
    check("ImageDigest", |text| ImageDigest::parse(text).is_ok(), &[digest(DIGEST)], &bad);
}

#[test]
fn pull_request_is_up_to_twenty_digits() {
    let good = own(&["1", &"9".repeat(20)]);
    check("PullRequestId", |text| PullRequestId::parse(text).is_ok(), &good, &own(&["", &"9".repeat(21), "4x", "-1"]));
}

#[test]
fn repository_in_ecr_has_single_separators_between_its_parts() {
    let good = own(&["churn", "team/churn", "a.b_c__d-e---f/g", "0a"]);
    let bad = own(&["team//churn", "a..b", "a._b", "a___b", "a/-b", "a-/b", "a/_b", "/ab", "ab/", "a b"]);
    check("ImageRepository", |text| ImageRepository::parse(text).is_ok(), &good, &bad);
}

#[test]
fn package_arn_names_a_version_of_a_group() {
    let template = "arn:aws:sagemaker:eu-west-1:123456789012:{}";
    let longest = format!("model-package/{}/1", "g".repeat(63));
    let good = in_template(&["model-package/churn/3", "model-package/churn/4294967295", &longest], template);
    let long = format!("model-package/{}/1", "g".repeat(64));
    let bad = [
        "model-package/churn/0",
        "model-package/churn/-1",
        "model-package/churn/x",
        "model-package/-churn/3",
        "model-package/churn/",
        "model-package//3",
        "model-package-group/churn/3",
        "model-package/churn/3/4",
        "model-package/churn/4294967296",
        &long,
    ];
    check("PackageArn", |text| PackageArn::parse(text).is_ok(), &good, &in_template(&bad, template));
}

#[test]
fn run_arn_names_an_execution_of_a_pipeline() {
    let template = "arn:aws:sagemaker:eu-west-1:123456789012:{}";
    let longest = format!("pipeline/{}/execution/{}", "p".repeat(256), "x".repeat(64));
    let good = in_template(&["pipeline/churn-training/execution/4k7w2m9qx1ab", &longest], template);
    let (name, id) =
        (format!("pipeline/{}/execution/x", "p".repeat(257)), format!("pipeline/p/execution/{}", "x".repeat(65)));
    let bad = [
        "pipeline/churn",
        "pipeline/churn/execution",
        "pipeline/churn/execution/",
        "pipeline/churn/executions/x",
        "pipelines/churn/execution/x",
        "pipeline/-churn/execution/x",
        "pipeline/churn/execution/x/y",
        "pipeline/churn/execution/x_y",
        &name,
        &id,
    ];
    check("RunArn", |text| RunArn::parse(text).is_ok(), &good, &in_template(&bad, template));
}

#[test]
fn state_machine_and_execution_arns_have_names_of_up_to_eighty() {
    let template = "arn:aws:states:eu-west-1:123456789012:{}";
    let (name, long) = ("n".repeat(80), "n".repeat(81));
    let good = in_template(&["stateMachine:churn-tests", &format!("stateMachine:{name}")], template);
    let bad = [
        "stateMachine:",
        "stateMachine:churn-tests:3",
        "statemachine:churn",
        "execution:churn:x",
        &format!("stateMachine:{long}"),
        "stateMachine:a b",
    ];
    check("StateMachineArn", |text| StateMachineArn::parse(text).is_ok(), &good, &in_template(&bad, template));
    let good = in_template(&["execution:churn-tests:churn-v3_1", &format!("execution:{name}:{name}")], template);
    let bad = [
        "execution:churn-tests",
        "execution:churn-tests:",
        "execution::x",
        "stateMachine:churn:x",
        "express:churn:x",
        "execution:churn:x:y",
        &format!("execution:{long}:x"),
        &format!("execution:m:{long}"),
    ];
    check("ExecutionArn", |text| ExecutionArn::parse(text).is_ok(), &good, &in_template(&bad, template));
}

#[test]
fn build_arn_names_a_build_of_a_project() {
    let template = "arn:aws:codebuild:eu-west-1:123456789012:{}";
    let good = in_template(
        &["build/churn-build:6d0f3c1e-52a7-4b1d-9a35-0e8b7c2d41f6", &format!("build/{}", "b".repeat(250))],
        template,
    );
    let bad = ["build/", "builds/churn:1", "project/churn", "build/churn/1", &format!("build/{}", "b".repeat(251))];
    check("BuildId", |text| BuildId::parse(text).is_ok(), &good, &in_template(&bad, template));
}

#[test]
fn alarm_has_any_printable_name_of_up_to_255() {
    let (name, long) = ("é".repeat(255), "é".repeat(256));
    let good = own(&["churn: drift (production)", &name]);
    check("AlarmName", |text| AlarmName::parse(text).is_ok(), &good, &own(&["", &long, "a\nb", "a\u{7}"]));
    let template = "arn:aws:cloudwatch:eu-west-1:123456789012:{}";
    let good = in_template(&["alarm:churn: drift", &format!("alarm:{name}")], template);
    let bad = in_template(&["alarm:", "alarms:x", "churn", &format!("alarm:{long}"), "alarm:a\nb"], template);
    check("AlarmArn", |text| AlarmArn::parse(text).is_ok(), &good, &bad);
}

#[test]
fn s3_location_has_a_bucket_and_printable_characters() {
    let (longest, long) = (format!("s3://churn/{}", "k".repeat(501)), format!("s3://churn/{}", "k".repeat(502)));
    let bucket = format!("s3://{}/k", "b".repeat(63));
    let good = own(&["s3://churn", "s3://churn/", "s3://churn/a/b.csv", &longest, &bucket]);
    let bad = [
        "",
        "https://churn/a",
        "s3://",
        "s3:///a",
        "s3://churn/a b",
        "s3://churn/é",
        "s3://ch_urn/a",
        &long,
        &format!("s3://{}/k", "b".repeat(64)),
    ];
    check("S3Uri", |text| S3Uri::parse(text).is_ok(), &good, &own(&bad));
}

#[test]
fn prefix_has_one_to_eight_folders_in_a_bucket_of_s3s_rules() {
    let template = "s3://{}/features/";
    let names = in_template(&["abc", "a.b-c", "0bc", &"b".repeat(63)], template);
    let bad_names = in_template(&["ab", "", ".bc", "-bc", "a..b", "Churn", "a_b", "a b", &"b".repeat(64)], template);
    let takes = |text: &str| S3Prefix::parse(text).is_ok();
    check("S3Prefix", takes, &names, &bad_names);
    let folders =
        in_template(&["a/", &"a/".repeat(8), "with blank/é/", &format!("{}/", "k".repeat(899))], "s3://churn/{}");
    let bad = ["", "a", "a/b", "a//b/", "/", &"a/".repeat(9), "a\n/", &format!("{}/", "k".repeat(900))];
    check("S3Prefix", takes, &folders, &in_template(&bad, "s3://churn/{}"));
    check("S3Prefix", takes, &[], &own(&["https://churn/a/", "churn/a/", "s3://churn"]));
}

#[test]
fn object_has_a_bucket_and_a_key_of_up_to_1024_bytes() {
    let keys = in_template(&["a", "a/b c.json", &"k".repeat(1024), &"é".repeat(512)], "s3://churn/{}");
    let bad = ["", "a\nb", &"k".repeat(1025), &"é".repeat(513)];
    let takes = |text: &str| ObjectUri::parse(text).is_ok();
    check("ObjectUri", takes, &keys, &in_template(&bad, "s3://churn/{}"));
    check("ObjectUri", takes, &[], &own(&["s3://ab/k", "s3://churn", "https://churn/k", "s3://Churn/k"]));
}

#[test]
fn topic_arn_has_a_name_of_up_to_256() {
    let template = "arn:aws:sns:eu-west-1:123456789012:{}";
    let good = in_template(&["trimtab", "a_b-c.fifo", &"t".repeat(256)], template);
    check(
        "TopicArn",
        |text| TopicArn::parse(text).is_ok(),
        &good,
        &in_template(&["", "a b", "a:b", &"t".repeat(257)], template),
    );
}

#[test]
fn role_arn_is_global_and_has_an_account_and_a_path() {
    let good = ["arn:aws:iam::123456789012:role/churn", "arn:aws-cn:iam::123456789012:role/team/a+=,.@_-b"];
    let longest = format!("arn:aws:iam::123456789012:role/{}", "r".repeat(600));
    let bad = [
        "",
        "arn:aws:iam:eu-west-1:123456789012:role/churn",
        "arn:aws:iam::12345678901:role/churn",
        "arn:aws:iam::123456789012:user/churn",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/a b",
        "arn:aws:sts::123456789012:role/churn",
        "urn:aws:iam::123456789012:role/churn",
        "arn::iam::123456789012:role/churn",
        "arn:amazon:iam::123456789012:role/churn",
        &format!("arn:aws:iam::123456789012:role/{}", "r".repeat(601)),
    ];
    let good = own(&[good[0], good[1], &longest]);
    check("RoleArn", |text| RoleArn::parse(text).is_ok(), &good, &own(&bad));
}

#[test]
fn template_is_an_object_in_s3_over_tls() {
    let good = [
        "https://templates.s3.eu-west-1.amazonaws.com/tariffs.yaml",
        "https://s3.eu-west-1.amazonaws.com/templates/a/b(1).yaml",
        "https://s3-eu-west-1.amazonaws.com/templates/t.yaml",
        "https://templates.s3-eu-west-1.amazonaws.com/t.yaml",
        "https://templates.s3.cn-north-1.amazonaws.com.cn/t.yaml",
    ];
    let bad = [
        "http://templates.s3.eu-west-1.amazonaws.com/t.yaml",
        "https://templates.s3.eu-west-1.amazonaws.com",
        "https://templates.s3.eu-west-1.amazonaws.com/",
        "https://templates.s3.eu-west-1.amazonaws.com.evil.example/t.yaml",
        "https://evil.example/s3.amazonaws.com/t.yaml",
        "https://templates.ec2.eu-west-1.amazonaws.com/t.yaml",
        "https://templates.s3.eu-west-1.amazonaws.com/../t.yaml",
        "https://templates.s3.eu-west-1.amazonaws.com/t.yaml?x=1",
        "https://user@s3.eu-west-1.amazonaws.com/t.yaml",
    ];
    let long = |length| format!("https://s3.eu-west-1.amazonaws.com/{}", "k".repeat(length));
    let takes = |text: &str| TemplateUrl::parse(text).is_ok();
    check("TemplateUrl", takes, &own(&good), &own(&bad));
    check("TemplateUrl", takes, &[long(1024)], &[long(1025)]);
}

#[test]
fn image_is_in_a_registry_and_named_by_its_digest() {
    let template = format!("{{}}@sha256:{DIGEST}");
    let good = [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/churn",
    ];
    let bad = [
        "12345678901.dkr.ecr.eu-west-1.amazonaws.com/churn",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/Churn",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.org/churn",
        "123456789012.dkr.ecr..amazonaws.com/churn",
        "123456789012.ecr.eu-west-1.amazonaws.com/churn",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    ];
    check(
        "ImageUri",
        |text| ImageUri::parse(text).is_ok(),
        &in_template(&good, &template),
        &in_template(&bad, &template),
    );
    let without = own(&["123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:latest"]);
    check("ImageUri", |text| ImageUri::parse(text).is_ok(), &[], &without);
}

#[test]
fn secret_begins_with_trimtab() {
    let (longest, long) = (format!("trimtab/{}", "s".repeat(248)), format!("trimtab/{}", "s".repeat(249)));
    let good = own(&["trimtab/k", "trimtab/a/b_+=.@-c", &longest]);
    check(
        "SecretName",
        |text| SecretName::parse(text).is_ok(),
        &good,
        &own(&["trimtab/", "other/k", "Trimtab/k", "trimtab/a b", &long]),
    );
}

#[test]
fn url_has_host_port_and_path_over_tls() {
    let (host, long_host) = ("h".repeat(63), "h".repeat(64));
    let (part, long_part) = ("p".repeat(100), "p".repeat(101));
    let whole =
        |length: usize| format!("https://a.b/{}/{}/{}", "p".repeat(100), "p".repeat(100), "p".repeat(length - 214));
    let good = [
        "https://ml.example.com",
        "https://localhost:1",
        "https://localhost:65535/a/b.c_d~e",
        &format!("https://{host}.example"),
        &format!("https://a.b/{part}"),
        &whole(300),
    ];
    let bad = [
        "https://localhost:65536",
        "https://localhost:",
        "https://localhost:x",
        "https://a..b",
        "https://-a.b",
        "https://a.b/.hidden",
        "https://a.b//c",
        "https://a.b/c%20",
        &format!("https://{long_host}.example"),
        &format!("https://a.b/{long_part}"),
        &whole(301),
    ];
    check("HttpsUrl", |text| HttpsUrl::parse(text).is_ok(), &own(&good), &own(&bad));
}

/// `platform` is the owner of what belongs to no model; `trimtab` stands for it in messages.
#[test]
fn reserved_name_is_no_model() {
    for name in ["platform", "trimtab"] {
        assert!(ModelName::parse(name).is_err(), "{name}");
        assert!(ModelName::parse(&format!("{name}-1")).is_ok(), "{name}");
    }
}
