//! The faults of calls, and the state of accounts.

use trimtab_core::event::Approval;
use trimtab_core::failure::Failure;
use trimtab_core::memory::run;
use trimtab_core::name::{GroupName, ImageRepository, ImageTag, PackageArn};
use trimtab_core::port::{Images, Message, PortResult, Registry, Topic};

use super::{Fault, Services};

fn read(services: &Services) -> PortResult<()> {
    let (repository, tag) = (ImageRepository::parse("churn").unwrap(), ImageTag::parse("latest").unwrap());
    run(services.tagged(&repository, &tag)).unwrap().map(drop)
}

fn send(services: &Services) -> PortResult<()> {
    let message = Message { subject: "a".into(), body: String::new(), attributes: [].into() };
    run(Topic::publish(services, &message)).unwrap().map(drop)
}

#[test]
fn lost_response_is_applied_and_refusal_is_not() {
    for (fault, sent) in [(Fault::Lost, 1), (Fault::Throttled, 0), (Fault::Refused, 0)] {
        let services = Services::default();
        services.fail_next("topic.publish", fault);
        read(&services).unwrap();
        let failure = send(&services).unwrap_err();
        assert_eq!(matches!(failure, Failure::Permanent { .. }), fault == Fault::Refused, "{fault:?}");
        assert_eq!((services.sent().len(), services.effects()), (sent, sent), "{fault:?}");
        assert_eq!(send(&services), Ok(()), "only the next call fails: {fault:?}");
    }
}

#[test]
fn call_or_effect_fails_by_its_number() {
    let services = Services::default();
    services.fail_call(Some((1, Fault::Throttled)));
    services.fail_effect(1, Fault::Throttled);
    assert_eq!(read(&services), Ok(()));
    assert!(read(&services).is_err());
    assert_eq!((send(&services), read(&services)), (Ok(()), Ok(())));
    assert!(send(&services).is_err());
    assert_eq!(send(&services), Ok(()));
}

#[test]
fn refused_operation_fails_until_it_is_accepted() {
    let services = Services::default();
    services.refuse_effects(Failure::permanent("sns:Publish", "NotFound"));
    for _ in 0..2 {
        assert_eq!((send(&services).is_err(), read(&services)), (true, Ok(())));
    }
    services.accept();
    services.refuse("images.tagged", Failure::permanent("ecr:DescribeImages", "AccessDenied"));
    assert_eq!((send(&services), read(&services).is_err()), (Ok(()), true));
}

#[test]
fn accounts_share_the_calls_and_not_the_state() {
    let (home, other) = (Services::default(), Services::default().in_account("210987654321"));
    assert_eq!(home.account(), "123456789012");
    let staging = home.in_account(other.account());
    staging.ecr().insert("churn latest".into(), image());
    read(&staging).unwrap();
    read(&home).unwrap();
    assert!(home.ecr().is_empty() && home.in_account("210987654321").ecr().len() == 1);
    assert_eq!(home.take_calls(), ["210987654321 images.tagged churn latest", "images.tagged churn latest"]);
    assert!(staging.calls().is_empty());
}

fn image() -> trimtab_core::name::ImageUri {
    let digest = "a".repeat(64);
    let uri = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn@sha256:{digest}");
    trimtab_core::name::ImageUri::parse(&uri).unwrap()
}

#[test]
fn list_has_the_lowest_version_first() {
    let services = Services::default();
    let arn = |version: u32| format!("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/{version}");
    for version in [10, 9] {
        services.registry().set_approval(&arn(version), Approval::Approved);
    }
    let listed = run(services.newest(&GroupName::parse("churn").unwrap())).unwrap().unwrap();
    let versions: Vec<u32> = listed.iter().map(|listed| PackageArn::version(&listed.package)).collect();
    assert_eq!(versions, [9, 10]);
}
