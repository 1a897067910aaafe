"""What each module refuses before anything is planned, and the words that say what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.local_project import LocalProject
from tests.terraform_runs import ROOT, Terraform

BASIC = 'iam = { "roles/editor" = ["user:a@example.com"] }'
PUBLIC = 'iam = { "roles/storage.objectViewer" = ["user:a@example.com", "allUsers"] }'
GOOD = {
    "bucket": {"project_id": '"my-project"', "name": '"my-project-data"', "location": '"europe-west1"'},
    "docker_repository": {"project_id": '"my-project"', "name": '"images"', "location": '"europe-west1"'},
    "github_identity": {"project_id": '"my-project"', "repository": '"team/cats"', "owner_id": '"12"'},
    "project_role": {
        "project_id": '"my-project"',
        "name": '"own"',
        "title": '"Own"',
        "description": '"Sees."',
        "permissions": '["storage.buckets.get"]',
    },
    "project_services": {"project_id": '"my-project"', "services": '["iam.googleapis.com"]'},
    "secret": {"project_id": '"my-project"', "name": '"wandb-api-key"'},
    "service_account": {"project_id": '"my-project"', "name": '"groundwork-train"', "description": '"Trains."'},
    "team_access": {
        "project_id": '"my-project"',
        "members": '{ "a@example.com" = { role = "viewer" } }',
        "roles": '{ viewer = "projects/my-project/roles/viewer" }',
    },
}
BAD = {
    "bucket": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        (BASIC, "the basic roles owner, editor and viewer are not allowed"),
        ('labels = { Team = "x" }', "at most 63 lower-case letters"),
        ('name = "my-google-data"', "The bucket name must have 3 to 63"),
        ('location = "Europe West"', "The location must be a region"),
        ('project_id = "my_project"', "The project id must have 6 to 30"),
        ("soft_delete_days = 3", "must be 0, or from 7 to 90"),
        ('storage_class = "COLD"', "must be ARCHIVE, COLDLINE, NEARLINE or STANDARD"),
        ("incomplete_upload_days = 0.5", "must be a whole number of days, at least 1"),
        ("noncurrent_versions = { days = 0, keep = 1 }", "have days and keep as whole numbers of at least 1"),
        ("noncurrent_versions = { days = 1.5, keep = 1 }", "have days and keep as whole numbers of at least 1"),
    ],
    "docker_repository": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        ("cleanup = { keep = 0 }", "must be whole numbers, at least 1"),
        ('name = "Images"', "The repository name must have 1 to 63"),
    ],
    "github_identity": [
        ('repository = "https://github.com/team/cats"', "must be owner/name, without a host"),
        ('owner_id = "team"', "must be a number, in quotes"),
        ('repository_id = "cats"', "must be a number, in quotes"),
        ('workflow = "apply"', "must be the name of a file in .github/workflows"),
        ('name = "gcp-github"', "begin with a letter but not with gcp-"),
        ("branch = \"main' || true || '\"", "must be the name of one branch"),
    ],
    "project_role": [
        ('name = "my-role"', "must have 3 to 64 letters, digits, dots and underscores"),
        ('permissions = ["roles/viewer"]', "must be written as storage.buckets.get"),
        ("permissions = []", "must be written as storage.buckets.get"),
        ('permissions = ["storage.buckets.setIamPolicy"]', "are as good as every role of every account"),
        ('permissions = ["iam.serviceAccounts.actAs"]', "are as good as every role of every account"),
        ('title = ""', "The title must have 1 to 100 characters"),
        ('description = ""', "The description must have 1 to 256 characters"),
    ],
    "project_services": [
        ('services = ["containerscanning.googleapis.com"]', "it bills each image that is pushed"),
        ('services = ["iam"]', "must be the full name of an API"),
    ],
    "secret": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        ('location = "eu"', "must be a region such as europe-west1, or null"),
        ('name = "wandb api key"', "must have 1 to 255 letters"),
    ],
    "service_account": [
        ('project_roles = ["roles/owner"]', "the basic roles owner, editor and viewer are not allowed"),
        ('project_roles = ["roles/iam.serviceAccountUser"]', "grant the right to act as an account on that account"),
        ('name = "train"', "The account name must have 6 to 30"),
        ('description = ""', "must have 1 to 256 characters"),
    ],
    "team_access": [
        ('members = { "Alice@example.com" = { role = "viewer" } }', "must be an e-mail address in lower case"),
        (
            'members = { "a@example.com" = { role = "owner" } }',
            "personas data-scientist, ml-engineer, operator, viewer",
        ),
        ('members = { "a@example.com" = { role = "viewer", type = "robot" } }', "must be user or group"),
        (
            'identities = { x = ["boss"] }',
            "personas data-scientist, ml-engineer, operator, viewer",
        ),
        ('roles = { viewer = "roles/browser" }', "must be a custom role of the project with its full name"),
    ],
}
# What a regular expression is held against, with a newline behind; by variable, in each module that has it.
NEWLINES = {
    "branch": [r'"main\n"'],
    "iam": [
        r'{ "roles/viewerOf.it" = ["user:a@example.com\n"] }',
        r'{ "roles/viewerOf.it" = ["principalSet://iam.googleapis.com/p/attribute.rule/main\n"] }',
        r'{ "roles/viewerOf.it\n" = ["user:a@example.com"] }',
    ],
    "labels": [r'{ team = "cats\n" }', r'{ "team\n" = "cats" }'],
    "location": [r'"europe-west1\n"'],
    "members": [r'{ "a@example.com\n" = { role = "viewer" } }'],
    "name": [r'"groundwork-train\n"'],
    "owner_id": [r'"12\n"'],
    "permissions": [r'["storage.buckets.get\n"]'],
    "project_id": [r'"my-project\n"'],
    "project_roles": [r'["roles/logging.logWriter\n"]'],
    "repository": [r'"team/cats\n"'],
    "repository_id": [r'"12\n"'],
    "roles": [r'{ viewer = "projects/p/roles/viewer\n" }'],
    "services": [r'["iam.googleapis.com\n"]'],
    "workflow": [r'"apply.yml\n"'],
}


def call(module: str, number: int, bad: str) -> str:
    """A module block with good arguments but for those that `bad` gives."""
    given = {line.split("=")[0].strip() for line in bad.splitlines()}
    good = "\n".join(f"  {name} = {value}" for name, value in GOOD[module].items() if name not in given)
    return f'module "case_{number}" {{\n  source = "../../modules/{module}"\n{good}\n  {bad}\n}}\n'


@pytest.mark.parametrize("module", GOOD)
def test_a_module_refuses_bad_values_and_says_what_is_allowed(
    module: str, tmp_path: Path, project: LocalProject
) -> None:
    cases = BAD[module]
    calls = [call(module, number, bad) for number, (bad, _) in enumerate(cases)]
    complaints = refusal(calls, tmp_path, project)
    for _, words in cases:
        assert words in complaints
    assert complaints.count("Error: ") == len(cases)


def test_no_rule_may_trim_the_versions_that_dvc_points_at(tmp_path: Path, project: LocalProject) -> None:
    trimmed = call("bucket", 0, "dvc = true\n  noncurrent_versions = { days = 1, keep = 1 }")
    assert "noncurrent_versions must be null for a DVC bucket" in refusal([trimmed], tmp_path, project)


def test_a_member_has_a_persona_whose_role_is_given(tmp_path: Path, project: LocalProject) -> None:
    other = call("team_access", 0, 'roles = { operator = "projects/my-project/roles/operator" }')
    assert "must have one for the persona of each member" in refusal([other], tmp_path, project)


def refusal(calls: list[str], folder: Path, project: LocalProject) -> str:
    """What Terraform has against a root module that calls modules so."""
    (folder / "modules").symlink_to(ROOT / "modules")
    root = folder / "infra" / "example"
    root.mkdir(parents=True)
    (root / "main.tf").write_text('provider "google" {\n  project = "my-project"\n}\n' + "".join(calls))
    terraform = Terraform(root, project.variables)
    terraform.succeed("init")
    return terraform.fail("plan", "-no-color")


def test_every_module_is_tried_with_bad_values() -> None:
    modules = {path.parent.name for path in (ROOT / "modules").glob("*/main.tf")}
    assert set(GOOD) == set(BAD) == modules


@pytest.mark.parametrize("module", GOOD)
def test_no_value_ends_in_a_newline(module: str, tmp_path: Path, project: LocalProject) -> None:
    text = (ROOT / "modules" / module / "variables.tf").read_text(encoding="utf-8")
    blocks = re.findall(r'^variable "(\w+)" {$(.*?)^}$', text, re.MULTILINE | re.DOTALL)
    cases = [f"{name} = {value}" for name, body in blocks if "regex(" in body for value in NEWLINES[name]]
    calls = [call(module, number, bad) for number, bad in enumerate(cases)]
    assert refusal(calls, tmp_path, project).count("Error: ") == len(cases)
