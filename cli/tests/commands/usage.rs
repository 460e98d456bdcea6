//! Arguments, errors and exit codes.

use serde_json::{Value, json};

use crate::cloud::{CHURN, Cloud, Folder};
use crate::support::wire::Answer;

#[test]
fn refusal_of_aws_exits_1() {
    let cloud = Cloud::new();
    let folder = Folder::new("refused", &[("churn.toml", CHURN)]);
    cloud.table.answers(Answer::error(400, "ResourceNotFoundException", "no such table"));
    cloud.fails(
        &["apply", "--policies", folder.path()],
        1,
        "\nhint: check the region (AWS_REGION), the credentials, and --table or --bus\n",
    );
    let holder = json!({"pk": {"S": "key#package-group#churn"}, "sk": {"S": "model"}, "model": {"S": "other"}});
    cloud.table.put(&holder);
    cloud.fails(&["apply", "--policies", folder.path()], 1, "belongs to another model already: other");
    for (refusal, words) in
        [((400, "AccessDeniedException"), "was refused"), ((500, "InternalFailure"), "can be retried")]
    {
        let cloud = Cloud::refusing(Some(refusal));
        for command in [
            &["reconcile", "churn"][..],
            &["retrain", "churn", "--reason", "r"],
            &["promote", "churn", "3", "--to", "prod"],
            &["rollback", "churn"],
        ] {
            cloud.fails(command, 1, words);
        }
    }
}

#[test]
fn wrong_arguments_exit_2() {
    let cloud = Cloud::new();
    for arguments in [
        &["promote", "churn", "three", "--to", "prod"][..],
        &["redrive", "--queue", "other"],
        &["remove"],
        &["fly"],
        &[],
    ] {
        let ended = cloud.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
    }
    for arguments in [
        &["reconcile", "Churn;"][..],
        &["retrain", "Churn;", "--reason", "r"],
        &["promote", "Churn;", "3", "--to", "prod"],
        &["promote", "churn", "3", "--to", "Prod;"],
        &["rollback", "Churn;"],
        &["rollback", "churn", "--stage", "Prod;"],
        &["history", "Churn;"],
        &["resume", "Churn;"],
        &["remove", "Churn;"],
    ] {
        cloud.fails(arguments, 2, "not a valid ");
    }
    assert_eq!(*cloud.events.lock().unwrap(), Vec::<Value>::new());
}

#[test]
fn request_without_an_operator_exits_2() {
    let cloud = Cloud::new();
    let ended = cloud.run_with(&["rollback", "churn"], &[("USER", "")]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert!(ended.err.contains("--by is not given"), "{}", ended.err);
    assert_eq!(*cloud.events.lock().unwrap(), Vec::<Value>::new());
}

#[test]
fn completions_name_every_command_and_option() {
    let cloud = Cloud::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = cloud.run(&["completions", shell]);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{shell}");
        for command in trimtab_cli::command().get_subcommands() {
            assert!(ended.out.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
        assert!(ended.out.contains("dry-run"), "{shell}");
    }
}

#[test]
fn summaries_are_one_line_without_a_full_stop() {
    let summary = |text: Option<&clap::builder::StyledStr>| text.unwrap().to_string();
    for command in trimtab_cli::command().get_subcommands() {
        let arguments = command.get_arguments().filter(|one| one.get_id() != "help");
        let mut texts = vec![summary(command.get_about())];
        texts.extend(arguments.map(|argument| summary(argument.get_help())));
        for text in texts {
            assert!(!text.contains('\n') && !text.ends_with('.') && text.len() < 110, "{}: {text}", command.get_name());
        }
    }
}
