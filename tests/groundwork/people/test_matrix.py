"""Every persona by every action, tried for real on the local cloud; the expected table is written here by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from google.api_core.exceptions import GoogleAPICallError
from groundwork.google.waiting import GRANTS, Patience
from groundwork.people.access import Access, RolePermissions, find_action, find_target, known_policies, matrix
from groundwork.people.actions import attempt, every, let_in, on
from groundwork.people.personas import personas, targets
from groundwork.people.team import OnboardingResult, broken
from groundwork.people.trials import Judge, trial
from groundwork.resources.bindings import Binding, Policies
from groundwork.resources.item import Item
from groundwork.resources.registry import parts

from tests.groundwork.people.conftest import ROOT, Platform

LOOKS = {
    "project.see", "project.see-apis", "project.list-buckets", "project.list-secrets", "bucket.see",
    "bucket.list-objects", "bucket.read-object", "repository.see", "repository.list-images", "repository.pull",
    "secret.see", "secret.list-versions", "project.see-access", "project.read-logs", "project.see-alerts", "service.see", "service.call", "function.see", "function.call", "job.see",
    "build.see", "training.see", "workstation.see", "schedule.see",
}  # fmt: skip
WORKS = LOOKS | {"bucket.write-object", "bucket.delete-object", "secret.read", "identity.act-as"} | {
    "job.run", "training.submit", "training.cancel", "workstation.log-in", "workstation.start", "workstation.stop",
}  # fmt: skip
SHIPS = WORKS | {
    "repository.push", "secret.set", "secret.disable", "secret.destroy", "service.deploy", "service.delete", "service.see-access",
    "job.deploy", "job.delete", "build.start", "build.cancel",
    "workstation.become-root", "schedule.pause", "schedule.resume", "project.snooze-alerts",
}  # fmt: skip
RUNS = SHIPS | {"repository.delete-image", "deployer.impersonate", "bucket.see-access"}
EXPECTED = {"viewer": LOOKS, "data-scientist": WORKS, "ml-engineer": SHIPS, "operator": RUNS, "": set()}
MEMBERS = {"data-scientist": "alice@example.com", "ml-engineer": "bob@example.com", "operator": "carol@example.com"}


@pytest.fixture(scope="module")
def people() -> dict[str, str]:
    """A member of each persona, and an outsider under ""."""
    return {**MEMBERS, "viewer": "vera@example.com", "": "zoe@example.com"}


def test_there_are_at_least_thirty_actions_and_the_table_knows_each() -> None:
    assert len(every()) >= 30
    assert {action.name for action in every()} >= RUNS
    assert set(personas(ROOT)) == set(EXPECTED) - {""}


@pytest.mark.parametrize("persona", EXPECTED)
def test_a_persona_can_access_exactly_what_the_table_says(
    platform: Platform, people: dict[str, str], persona: str
) -> None:
    environment = platform.environment
    cloud = platform.cloud(f"user:{people[persona]}")
    wrong = []
    for target in targets(environment):
        for action in on(target):
            status = attempt(cloud, environment, action, target)
            expected = action.name in EXPECTED[persona]
            if target.kind == "identity" and expected:
                expected = persona in environment.identities[target.name].users
            if let_in(status) != expected:
                wrong.append(f"{action.name} on {target.text}: {status}")
    assert not wrong


@pytest.mark.parametrize("persona", EXPECTED)
def test_google_cloud_storage_itself_uploads_and_downloads_as_the_table_says(
    platform: Platform, people: dict[str, str], persona: str
) -> None:
    owner = platform.cloud().storage().bucket("groundwork-local-models")
    owner.blob("there").upload_from_string("weights")
    bucket = platform.cloud(f"user:{people[persona]}").storage().bucket("groundwork-local-models")

    def status(work: Callable[[], object]) -> int:
        try:
            work()
        except GoogleAPICallError as refusal:
            return int(refusal.code)
        return 200

    upload = status(lambda: bucket.blob(f"by-{persona}").upload_from_string("x"))
    read = status(lambda: bucket.blob("there").download_as_bytes())
    assert upload == (200 if "bucket.write-object" in EXPECTED[persona] else 403)
    assert read == (200 if "bucket.read-object" in EXPECTED[persona] else 403)


def test_the_matrix_from_the_policies_agrees_with_what_is_tried(platform: Platform, people: dict[str, str]) -> None:
    environment = platform.environment
    owner = platform.cloud()
    access = Access(environment, known_policies(owner), RolePermissions(owner))
    clouds = {person: platform.cloud(f"user:{person}") for person in people.values()}
    wrong = [
        f"{cell.person} {cell.action.name} {cell.target.text}"
        for cell in matrix(access, people.values())
        if cell.allowed != let_in(attempt(clouds[cell.person], environment, cell.action, cell.target))
    ]
    assert not wrong


FROM = "from the live policies of project groundwork-local on the local cloud (simulated)\n"


def test_explain_names_the_role_that_allows(platform: Platform) -> None:
    result = platform("access", "explain", "alice@example.com", "read", "secret/wandb-api-key")
    assert result.returncode == 0
    assert result.stdout == (
        "alice@example.com may: secretmanager.versions.access on secret/wandb-api-key comes with "
        "roles/secretmanager.secretAccessor on secret wandb-api-key.\n" + FROM
    )


def test_explain_says_what_is_missing_and_the_line_that_grants_it(platform: Platform) -> None:
    result = platform("access", "explain", "zoe@example.com", "push", "repository/images")
    assert result.returncode == 5
    assert result.stdout.splitlines() == [
        "zoe@example.com may not: artifactregistry.repositories.uploadArtifacts on repository/images is missing.",
        "groundwork onboard zoe@example.com --role ml-engineer --env local",
        FROM.strip(),
    ]
    assert result.stderr == "zoe@example.com is not a member in envs/local.yaml.\n"
    misspelt = platform("access", "explain", "alise@example.com", "read", "secret/wandb-api-key")
    assert "not a member in envs/local.yaml; did you mean alice@example.com?" in misspelt.stderr


@pytest.mark.parametrize(
    "name", ["build", "identity/build", "groundwork-build@groundwork-local.iam.gserviceaccount.com"]
)
def test_explain_accepts_every_name_of_an_identity(platform: Platform, name: str) -> None:
    result = platform("access", "explain", name, "push", "repository/images")
    email = "groundwork-build@groundwork-local.iam.gserviceaccount.com"
    assert result.returncode == 0
    assert result.stdout == (
        f"{email} may: artifactregistry.repositories.uploadArtifacts on repository/images comes with "
        f"roles/artifactregistry.writer on image repository images.\n{FROM}"
    )


@pytest.mark.parametrize(
    ("name", "action", "on_what", "line"),
    [
        ("serve", "push", "repository/images", "identities: {serve: {repositories: {images: write}}}"),
        ("serve", "write-object", "bucket/models", "identities: {serve: {buckets: {models: write}}}"),
        ("build", "read", "secret/wandb-api-key", "secrets: {wandb-api-key: {readers: [build]}}"),
        ("build", "create-bucket", "project", "identities: {build: {project_roles: [ROLE]}}"),
        ("deployer", "read-object", "project", ""),
        (
            "x@y.iam.gserviceaccount.com",
            "see",
            "project",
            "--member=serviceAccount:x@y.iam.gserviceaccount.com --role=ROLE",
        ),
    ],
)
def test_explain_shows_which_line_of_the_file_grants_an_identity_access(
    platform: Platform, name: str, action: str, on_what: str, line: str
) -> None:
    result = platform("access", "explain", name, action, on_what)
    assert (result.returncode, line in result.stdout) == (5 if line else 2, True), result.stdout + result.stderr


def test_what_read_and_write_come_to_is_what_the_terraform_grants() -> None:
    text = "".join(file.read_text("utf-8") for file in (ROOT / "infra" / "platform").glob("*.tf"))
    lines = [(role, line) for _, part in parts() for role, line in part.lines]
    for role, line in lines:
        word = next((word for word in ("read", "write") if f": {word}}}" in line), "")
        assert re.search(rf'^ *{word} *= \[?.*"{role}"' if word else rf'"{role}"', text, re.MULTILINE), line
    assert len(lines) == 12


def test_explain_gives_gclouds_line_where_no_persona_may(platform: Platform) -> None:
    result = platform("access", "explain", "bob@example.com", "delete", "bucket/data")
    assert re.search(
        r"^gcloud storage buckets add-iam-policy-binding gs://groundwork-local-data ", result.stdout, re.MULTILINE
    )


def test_explain_counts_a_domain_and_names_the_groups_that_may(platform: Platform) -> None:
    binding = Binding(
        Item("bucket", f"{platform.environment.project}-data"),
        "roles/storage.objectViewer",
        ("domain:example.org", "group:team@example.com", "allAuthenticatedUsers"),
    )
    target = find_target(platform.environment, "bucket/data")
    known = Access(platform.environment, Policies((binding,), {}), RolePermissions(platform.cloud()))
    narrow = replace(known, policies=Policies((replace(binding, members=binding.members[:2]),), {}))
    assert known.allowing("anybody@example.net", "storage.objects.get", target)
    assert narrow.allowing("who@example.org", "storage.objects.get", target)
    assert not narrow.allowing("who@sub.example.org", "storage.objects.get", target)
    assert narrow.groups_allowing("storage.objects.get", target) == ("team@example.com",)
    assert narrow.groups_allowing("storage.objects.delete", target) == ()


def test_check_acts_as_the_named_member_and_names_the_cloud(platform: Platform) -> None:
    result = platform("access", "check", "--as", "alice@example.com")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["secret/wandb-api-key", "set", "no", "403"] in lines
    assert result.stdout.endswith(
        "tried in project groundwork-local on the local cloud (simulated) as alice@example.com\n"
    )
    wrong = platform("access", "check", "--as", "alice")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert '"alice" is not an e-mail address' in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("alice@example.com", "read", "bucket/nowhere"),
            "There is no bucket/nowhere in local; there are project,",
        ),
        (("alice@example.com", "fly", "project"), '"fly" is not an action on a project; allowed are change-access,'),
        (("alice", "read", "secret/wandb-api-key"), '"alice" is not an e-mail address'),
        (("identity/nobody", "see", "project"), '"identity/nobody" is not an e-mail address'),
    ],
)
def test_explain_refuses_what_it_does_not_know(platform: Platform, arguments: tuple[str, ...], sentence: str) -> None:
    result = platform("access", "explain", *arguments)
    assert result.returncode == 2
    assert sentence in result.stderr


def test_a_policy_that_cannot_be_read_is_unknown_and_nothing_is_claimed(platform: Platform) -> None:
    owner = platform.cloud()
    with platform.fault(method="secretmanager.projects.secrets.getIamPolicy", kind="error", code=403):
        result = platform("access")
    assert result.returncode == 8
    assert "1 policy could not be read, so nothing is claimed about access" in result.stderr
    assert known_policies(owner).unknown == {}


@pytest.mark.parametrize(("count", "answer", "waits"), [(2, "yes", 2), (None, "not yet", len(GRANTS))])
def test_a_grant_that_a_service_still_refuses_is_pending_and_retried(
    platform: Platform, count: int | None, answer: str, waits: int
) -> None:
    messages: list[str] = []
    pauses: list[float] = []
    environment, alice = platform.environment, "alice@example.com"
    theirs = replace(platform.cloud(f"user:{alice}"), patience=Patience(sleep=pauses.append))
    target = find_target(environment, "secret/wandb-api-key")
    read, delete = find_action("read", target), find_action("delete", target)
    judge = Judge(platform.cloud(), environment, alice)
    method = "secretmanager.projects.secrets.versions.access"
    with platform.fault(method=method, kind="error", code=403, count=count):
        tried = trial(theirs, judge, target, read, messages.append)
    assert (tried.answer, pauses, len(messages)) == (answer, list(GRANTS[:waits]), waits)
    assert messages[0] == "secret.read on secret/wandb-api-key: not yet; trying again in 1 s"
    assert trial(theirs, judge, target, delete, messages.append).answer == "no"
    problem = broken(
        OnboardingResult(environment, environment.members[alice], changed=False, proof=(tried,), tried=True)
    )
    assert (problem and problem.exit_code) == (None if answer == "yes" else 8)


def test_without_access_to_policies_every_refusal_counts(platform: Platform) -> None:
    cloud = platform.cloud("user:bob@example.com")
    judge = Judge(cloud, platform.environment, "bob@example.com", sure=False)
    target = find_target(platform.environment, "secret/wandb-api-key")
    assert not judge.gives(target, find_action("read", target))
