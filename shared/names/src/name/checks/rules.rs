//! Each name of letters, digits and a few other characters is compared with the pattern and the lengths that AWS
//! documents for it (the services' API references; botocore has the same in its models).

use super::super::*;

/// The names that AWS accepts.
struct Rule {
    what: &'static str,
    takes: fn(&str) -> bool,
    /// The shortest and the longest length.
    length: (usize, usize),
    upper_case: bool,
    /// The characters besides letters and digits: anywhere, as first, and as last character.
    inside: &'static str,
    first: &'static str,
    last: &'static str,
    /// Whether a digit may be the first.
    digit_first: bool,
}

/// `[a-zA-Z0-9](-*[a-zA-Z0-9])*`: SageMaker's own.
const HYPHENS: Rule = Rule {
    what: "",
    takes: |_| false,
    length: (1, 63),
    upper_case: true,
    inside: "-",
    first: "",
    last: "",
    digit_first: true,
};

macro_rules! takes {
    ($name:ident) => {
        |text| $name::parse(text).is_ok()
    };
}

fn rules() -> Vec<Rule> {
    let all =
        |what, takes, length, inside| Rule { what, takes, length, inside, first: inside, last: inside, ..HYPHENS };
    vec![
        // SageMaker's API reference: CreateEndpoint, CreatePipeline, CreateModelPackageGroup and so on.
        Rule { what: "EndpointName", takes: takes!(EndpointName), ..HYPHENS },
        Rule { what: "GroupName", takes: takes!(GroupName), ..HYPHENS },
        Rule { what: "ResourceName", takes: takes!(ResourceName), ..HYPHENS },
        Rule { what: "ScheduleName", takes: takes!(ScheduleName), ..HYPHENS },
        Rule { what: "PipelineName", takes: takes!(PipelineName), length: (1, 256), ..HYPHENS },
        Rule { what: "FeatureGroupName", takes: takes!(FeatureGroupName), length: (1, 64), inside: "_-", ..HYPHENS },
        // Trimtab's own, which names in SageMaker contain.
        Rule { what: "ModelName", takes: takes!(ModelName), length: (1, 40), upper_case: false, ..HYPHENS },
        Rule { what: "StageName", takes: takes!(StageName), length: (1, 15), upper_case: false, ..HYPHENS },
        Rule { what: "TransformName", takes: takes!(TransformName), length: (1, 32), upper_case: false, ..HYPHENS },
        // CodeCommit: `[\w\.-]+`.
        all("RepositoryName", takes!(RepositoryName), (1, 100), "._-"),
        // CodeBuild: `[A-Za-z0-9][A-Za-z0-9\-_]{1,149}`.
        Rule { first: "", ..all("ProjectName", takes!(ProjectName), (2, 150), "-_") },
        // CodePipeline: `[A-Za-z0-9.@\-_]+`.
        all("CodePipelineName", takes!(CodePipelineName), (1, 100), ".@-_"),
        all("ActionName", takes!(ActionName), (1, 100), ".@-_"),
        all("PipelineBuildId", takes!(PipelineBuildId), (1, 64), "-"),
        all("CodePipelineRunId", takes!(CodePipelineRunId), (1, 64), "-"),
        // Docker's tags: `[\w][\w.-]{0,127}`.
        Rule { first: "_", ..all("ImageTag", takes!(ImageTag), (1, 128), "._-") },
        // ECR: `[a-z0-9]+` with '.', '_', '-' and '/' between them.
        Rule {
            what: "ImageRepository",
            takes: takes!(ImageRepository),
            length: (2, 256),
            upper_case: false,
            inside: "._-/",
            ..HYPHENS
        },
        // KMS, as SageMaker takes keys: `[a-zA-Z0-9:/_-]*`.
        all("KmsKeyId", takes!(KmsKeyId), (1, 2048), ":/_-"),
        // CloudFormation: `[a-zA-Z][-a-zA-Z0-9]*`.
        Rule { digit_first: false, first: "", ..all("StackName", takes!(StackName), (1, 128), "-") },
        // MWAA: `[a-zA-Z][0-9a-zA-Z-_]*`.
        Rule { digit_first: false, first: "", ..all("EnvironmentName", takes!(EnvironmentName), (1, 80), "_-") },
        // Airflow's ids: up to 250 letters, digits, dashes, dots and underscores.
        all("DagId", takes!(DagId), (1, 250), "._-"),
        all("DagRunId", takes!(DagRunId), (1, 64), "._-"),
        all("KubeflowId", takes!(KubeflowId), (1, 64), "-"),
        // Git's branches, as far as they are one word of a shell.
        Rule { first: "._/+@", ..all("BranchName", takes!(BranchName), (1, 255), "._-/+@") },
        Rule { first: "._", last: "._-", ..all("FilePath", takes!(FilePath), (1, 255), "._-/") },
    ]
}

/// Whether AWS accepts this character there.
fn expected(rule: &Rule, c: char, allowed: &str, digits: bool) -> bool {
    match c {
        'a'..='z' => true,
        'A'..='Z' => rule.upper_case,
        '0'..='9' => digits,
        other => allowed.contains(other),
    }
}

#[test]
fn name_is_accepted_at_its_bounds_and_refused_beyond() {
    for rule in rules() {
        let (least, most) = rule.length;
        for (length, good) in [(least, true), (most, true), (most + 1, false), (least - 1, false), (0, false)] {
            assert_eq!((rule.takes)(&"a".repeat(length)), good, "{} of {length} characters", rule.what);
        }
    }
}

#[test]
fn name_has_the_characters_that_aws_documents_and_no_others() {
    let characters = (0..128u8).map(char::from).chain(['é', 'ａ', '\u{200b}', '٣']);
    for c in characters {
        for rule in rules() {
            let cases = [
                ("first", format!("{c}aa"), expected(&rule, c, rule.first, rule.digit_first)),
                ("inside", format!("a{c}a"), expected(&rule, c, rule.inside, true)),
                ("last", format!("aa{c}"), expected(&rule, c, rule.last, true)),
            ];
            for (position, text, good) in cases {
                assert_eq!((rule.takes)(&text), good, "{}: {c:?} as {position} character", rule.what);
            }
        }
    }
}

#[test]
fn name_error_has_the_rule_and_never_the_text() {
    let error = EndpointName::parse("Robert'); DROP").unwrap_err();
    assert_eq!(error.to_string(), "not a valid endpoint name: expected 1 to 63 letters, digits and inner hyphens");
}

#[test]
fn name_is_read_and_written_as_plain_text() {
    let name: EndpointName = serde_json::from_str("\"churn-prod\"").unwrap();
    assert_eq!((name.as_str(), name.to_string().as_str()), ("churn-prod", "churn-prod"));
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"churn-prod\"");
    assert_eq!(String::from(name), "churn-prod");
    assert!(serde_json::from_str::<EndpointName>("\"-churn\"").is_err(), "deserializing validates a name, too");
}
