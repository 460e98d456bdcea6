"""Where versions come from: CodeCommit's repositories, CodeBuild's builds, ECR's images."""

import json

from client import ROLE, refused, until

PROJECT = {
    "source": {"type": "CODECOMMIT", "location": "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/any"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"},
    "serviceRole": ROLE,
}


def builds(aws):
    codebuild = aws.codebuild
    assert codebuild.create_project(name=aws.own, **PROJECT)["project"]["name"] == aws.own
    assert [one["name"] for one in codebuild.batch_get_projects(names=[aws.own])["projects"]] == [aws.own]
    build = codebuild.start_build(projectName=aws.own, sourceVersion="c" * 40)["build"]
    assert (build["projectName"], build["sourceVersion"], build["buildStatus"]) == (aws.own, "c" * 40, "IN_PROGRESS")
    until(lambda: codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]["buildStatus"], "SUCCEEDED")
    assert codebuild.list_builds_for_project(projectName=aws.own)["ids"] == [build["id"]]
    refused(codebuild.start_build, "ResourceNotFoundException", "Project cannot be found", projectName="none")


def repositories(aws):
    codecommit = aws.codecommit
    made = codecommit.create_repository(repositoryName=aws.own, repositoryDescription="d")["repositoryMetadata"]
    assert (made["repositoryName"], made["repositoryDescription"]) == (aws.own, "d")
    assert codecommit.get_repository(repositoryName=aws.own)["repositoryMetadata"]["Arn"].endswith(f":{aws.own}")
    refused(codecommit.get_repository, "RepositoryDoesNotExistException", repositoryName="none")
    refused(codecommit.create_repository, "RepositoryNameExistsException", repositoryName=aws.own)


def images(aws):
    """Trimtab reads these sources: MiniStack behind the emulator has some, moto the others."""
    ecr = aws.ecr
    ecr.create_repository(repositoryName=f"{aws.own}-training")
    manifest = lambda text: json.dumps(
        {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"digest": text}}
    )
    put = lambda text: ecr.put_image(
        repositoryName=f"{aws.own}-training", imageManifest=manifest(text), imageTag="latest"
    )["image"]["imageId"]["imageDigest"]
    there = lambda: ecr.describe_images(repositoryName=f"{aws.own}-training", imageIds=[{"imageTag": "latest"}])
    for text in ("one", "two"):
        digest = put(text)
        (image,) = there()["imageDetails"]
        assert (image["imageDigest"], image["registryId"]) == (digest, "123456789012"), image
        assert len(digest) == len("sha256:") + 64, digest
    refused(ecr.describe_images, "RepositoryNotFoundException", repositoryName="none")


def tokens_of_codebuild(aws):
    codebuild = aws.codebuild
    codebuild.create_project(name="own", **PROJECT)
    variables = [{"name": "TRIMTAB_MODEL", "value": "churn", "type": "PLAINTEXT"}]
    start = dict(projectName="own", sourceVersion="a" * 40, idempotencyToken="t", environmentVariablesOverride=variables)
    first, again = (codebuild.start_build(**start)["build"] for _ in range(2))
    assert first["id"] == again["id"], "the same token and request are the same build"
    assert first["environment"]["environmentVariables"] == variables
    refused(codebuild.start_build, "InvalidInputException", "token", **dict(start, sourceVersion="b" * 40))
    codebuild.stop_build(id=first["id"])
    until(lambda: codebuild.batch_get_builds(ids=[first["id"]])["builds"][0]["buildStatus"], "STOPPED")
    gone = codebuild.batch_get_builds(ids=["own:none"])
    assert (gone["builds"], gone["buildsNotFound"]) == ([], ["own:none"])


def branches_of_codecommit(aws):
    codecommit = aws.codecommit
    put = lambda text, **more: codecommit.create_commit(
        repositoryName="emulator", branchName="main", putFiles=[{"filePath": "f", "fileContent": text}], **more
    )["commitId"]
    refused(codecommit.get_branch, "BranchDoesNotExistException", repositoryName="emulator", branchName="main")
    first = put(b"1")
    refused(put, "ParentCommitIdRequiredException", text=b"2")
    second = put(b"2", parentCommitId=first)
    refused(put, "ParentCommitIdOutdatedException", text=b"3", parentCommitId=first)
    head = codecommit.get_branch(repositoryName="emulator", branchName="main")["branch"]["commitId"]
    assert (head, len(head)) == (second, 40)
    assert codecommit.get_commit(repositoryName="emulator", commitId=second)["commit"]["parents"] == [first]
    refused(codecommit.get_commit, "CommitIdDoesNotExistException", repositoryName="emulator", commitId="0" * 40)
    file = lambda commit, path: codecommit.get_file(repositoryName="emulator", commitSpecifier=commit, filePath=path)
    assert [file(commit, "f")["fileContent"] for commit in (first, second)] == [b"1", b"2"], "each commit has its own"
    assert (file(first, "f")["commitId"], file(first, "f")["fileSize"]) == (first, 1)
    refused(file, "FileDoesNotExistException", commit=first, path="g")
    refused(file, "CommitDoesNotExistException", commit="0" * 40, path="f")
    codecommit.create_branch(repositoryName="emulator", branchName="b", commitId=first)
    assert codecommit.get_repository(repositoryName="emulator")["repositoryMetadata"]["defaultBranch"] == "main"
    refused(codecommit.delete_branch, "DefaultBranchCannotBeDeletedException", repositoryName="emulator", branchName="main")
    gone = codecommit.delete_branch(repositoryName="emulator", branchName="b")["deletedBranch"]
    assert gone == {"branchName": "b", "commitId": first}
    codecommit.create_branch(repositoryName="emulator", branchName="b", commitId=first)
    target = {"repositoryName": "emulator", "sourceReference": "b", "destinationReference": "main"}
    made = codecommit.create_pull_request(title="t", targets=[target])["pullRequest"]
    own = made["pullRequestId"]
    assert codecommit.get_pull_request(pullRequestId=own)["pullRequest"]["pullRequestTargets"][0]["sourceCommit"] == first
    assert codecommit.list_pull_requests(repositoryName="emulator", pullRequestStatus="OPEN")["pullRequestIds"] == [own]
    refused(codecommit.get_pull_request, "PullRequestDoesNotExistException", pullRequestId="99")
    said = dict(pullRequestId=own, repositoryName="emulator", beforeCommitId=second, afterCommitId=first, content="c")
    once = codecommit.post_comment_for_pull_request(clientRequestToken="1", **said)["comment"]["commentId"]
    assert codecommit.post_comment_for_pull_request(clientRequestToken="1", **said)["comment"]["commentId"] == once
    refused(codecommit.post_comment_for_pull_request, "CommitDoesNotExistException", **{**said, "afterCommitId": "0" * 40})
    there = codecommit.get_comments_for_pull_request(pullRequestId=own)["commentsForPullRequestData"]
    assert [one["comments"][0]["commentId"] for one in there] == [once]
    codecommit.create_branch(repositoryName="emulator", branchName="c", commitId=first)
    other = codecommit.create_pull_request(title="u", targets=[dict(target, sourceReference="c")])["pullRequest"]
    named = dict(pullRequestId=other["pullRequestId"], repositoryName="emulator")
    merged = codecommit.merge_pull_request_by_three_way(**named)["pullRequest"]
    (aim,) = merged["pullRequestTargets"]
    assert (merged["pullRequestStatus"], aim["sourceCommit"], aim["destinationCommit"]) == ("CLOSED", first, second)
    metadata = aim["mergeMetadata"]
    assert (metadata["isMerged"], metadata["mergeOption"]) == (True, "THREE_WAY_MERGE"), metadata
    joined = codecommit.get_commit(repositoryName="emulator", commitId=metadata["mergeCommitId"])["commit"]
    assert joined["parents"] == [second, first], "the destination first"
    main = codecommit.get_branch(repositoryName="emulator", branchName="main")["branch"]["commitId"]
    assert main == metadata["mergeCommitId"]
    refused(codecommit.merge_pull_request_by_fast_forward, "PullRequestAlreadyClosedException", **named)
    shut = codecommit.update_pull_request_status(pullRequestId=own, pullRequestStatus="CLOSED")["pullRequest"]
    assert shut["pullRequestStatus"] == "CLOSED"
    assert codecommit.list_pull_requests(repositoryName="emulator", pullRequestStatus="OPEN")["pullRequestIds"] == []
