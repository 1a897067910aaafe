"""What each module refuses before anything is planned, with a message that says what is allowed."""

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
    "build_trigger": {
        "project_id": '"my-project"',
        "name": '"api"',
        "location": '"europe-west1"',
        "file": '"cloudbuild.yaml"',
        "repository": '"projects/p/locations/l/connections/github/repositories/cats"',
        "service_account": '"build@my-project.iam.gserviceaccount.com"',
    },
    "cloud_run_job": {
        "project_id": '"my-project"',
        "name": '"drift"',
        "location": '"europe-west1"',
        "service_account": '"drift@my-project.iam.gserviceaccount.com"',
    },
    "cloud_run_service": {
        "project_id": '"my-project"',
        "name": '"api"',
        "location": '"europe-west1"',
        "service_account": '"serve@my-project.iam.gserviceaccount.com"',
    },
    "docker_repository": {"project_id": '"my-project"', "name": '"images"', "location": '"europe-west1"'},
    "github_connection": {"project_id": '"my-project"', "location": '"europe-west1"'},
    "github_identity": {"project_id": '"my-project"', "repository": '"team/cats"', "owner_id": '"12"'},
    "monitoring": {"project_id": '"my-project"', "name": '"dev"', "notify": '["team@example.com"]'},
    "network": {"project_id": '"my-project"', "name": '"groundwork"', "location": '"europe-west1"'},
    "project_role": {
        "project_id": '"my-project"',
        "name": '"own"',
        "title": '"Own"',
        "description": '"Sees."',
        "permissions": '["storage.buckets.get"]',
    },
    "project_services": {"project_id": '"my-project"', "services": '["iam.googleapis.com"]'},
    "function": {
        "project_id": '"my-project"',
        "name": '"prepare"',
        "location": '"europe-west1"',
        "service_account": '"function@my-project.iam.gserviceaccount.com"',
        "builder": '{ repository = "projects/my-project/locations/europe-west1/repositories/images", service_account = "build@my-project.iam.gserviceaccount.com" }',
        "code": '{ archive = "prepare.zip", bucket = "my-project-functions", entry_point = "prepare" }',
    },
    "function_builder": {"project_id": '"my-project"', "account": '"build@my-project.iam.gserviceaccount.com"'},
    "storage_events": {
        "project_id": '"my-project"',
        "agent": '"service-123456789012@gs-project-accounts.iam.gserviceaccount.com"',
    },
    "scheduled_job": {
        "project_id": '"my-project"',
        "name": '"drift"',
        "location": '"europe-west1"',
        "job": '"drift"',
        "schedule": '{ cron = "0 6 * * 1" }',
        "service_account": '"scheduler@my-project.iam.gserviceaccount.com"',
    },
    "budget": {
        "billing_account": '"012345-6789AB-CDEF01"',
        "name": '"my-project"',
        "amount": "50",
        "project_id": '"my-project"',
        "project_number": '"123"',
    },
    "secret": {"project_id": '"my-project"', "name": '"wandb-api-key"'},
    "service_account": {"project_id": '"my-project"', "name": '"groundwork-train"', "description": '"Trains."'},
    "training": {"project_id": '"my-project"', "name": '"my-project-staging"', "location": '"europe-west1"'},
    "workstation": {
        "project_id": '"my-project"',
        "name": '"work"',
        "zone": '"europe-west1-b"',
        "service_account": '"work@my-project.iam.gserviceaccount.com"',
        "subnetwork": '"projects/my-project/regions/europe-west1/subnetworks/groundwork"',
    },
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
    "build_trigger": [
        (
            'file = null\n  build = { image = "gcr.io/my-project/api" }',
            "must be in Artifact Registry and without a tag",
        ),
        (
            'file = null\n  build = { image = "l-docker.pkg.dev/p/images/api", machine_type = "E2_HUGE" }',
            "must be E2_MEDIUM, E2_HIGHCPU_8",
        ),
        (
            'file = null\n  build = { image = "l-docker.pkg.dev/p/images/api", timeout_minutes = 0 }',
            "a whole number from 1 to 1440",
        ),
        (
            'file = null\n  build = { image = "l-docker.pkg.dev/p/images/api", secrets = { key = "x" } }',
            "must be a variable in capital letters",
        ),
        ('event = { branch = "main", tag = "v.*" }', "must be a branch or a tag, not both"),
        ('file = "/cloudbuild"', "must be the path of a JSON or YAML file"),
        ('included_files = [""]', "must be a glob such as backend/**"),
        ('location = "eu"', "must be a region such as europe-west1"),
        ('repository = "team/cats"', "must be written as projects/my-project/locations"),
        (
            'service_account = "12-compute@developer.gserviceaccount.com"',
            "the default accounts of Compute Engine and App Engine are not",
        ),
        ('substitutions = { MODEL = "cats" }', "must begin with an underscore"),
    ],
    "cloud_run_job": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        ('container = { memory = "8Gi" }', "must be at most 4Gi for each cpu"),
        ("tasks = { retries = 11 }", "retries from 0 to 10"),
        ("tasks = { timeout_seconds = 0 }", "must be from 1 to 604800"),
        (
            'service_account = "12-compute@developer.gserviceaccount.com"',
            "the default accounts of Compute Engine and App Engine are not",
        ),
    ],
    "cloud_run_service": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        ('buckets = { "gs://data" = {} }', "must be named as Cloud Storage does"),
        ("container = { cpu = 3 }", "cpu must be 1, 2, 4, 6 or 8"),
        ('container = { memory = "2GB" }', "memory must be written as 512Mi or 2Gi"),
        ('container = { memory = "8Gi" }', "must be at most 4Gi for each cpu"),
        ('container = { env = { PORT = "80" } }', "such as PORT and K_SERVICE, are not allowed"),
        (
            'container = { env = { A = "1" }, secrets = { A = { secret = "a" } } }',
            "must be in env or in secrets, not in both",
        ),
        ('name = "Api"', "The name must have 1 to 49"),
        ('probes = { path = "health" }', "must begin with a slash"),
        ('probes = { path = "/health", grpc = true }', "must ask either by HTTP, with path, or by grpc"),
        ("probes = { startup_seconds = 300 }", "must be from 5 to 240"),
        ("requests = { concurrency = 0 }", "concurrency must be from 1 to 1000"),
        ("scaling = { min = 4 }", "min must be from 0 to max"),
        (
            'service_account = "12-compute@developer.gserviceaccount.com"',
            "the default accounts of Compute Engine and App Engine are not",
        ),
        ('sidecars = { Api = { image = "x" } }', "have a name of lower-case letters"),
    ],
    "docker_repository": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        ("cleanup = { keep = 0 }", "must be whole numbers, at least 1"),
        ('name = "Images"', "The repository name must have 1 to 63"),
    ],
    "github_connection": [
        (
            'installation = { app_installation_id = 1, token_secret_version = "token" }',
            "must be written as projects/my-project/secrets",
        ),
        ('name = "GitHub"', "The connection name must have 1 to 63"),
        ('repositories = ["https://github.com/team/cats"]', "must be owner/name, without a host"),
    ],
    "github_identity": [
        ('repository = "https://github.com/team/cats"', "must be owner/name, without a host"),
        ('owner_id = "team"', "must be a number, in quotes"),
        ('repository_id = "cats"', "must be a number, in quotes"),
        ('workflow = "apply"', "must be the name of a file in .github/workflows"),
        ('name = "gcp-github"', "begin with a letter but not with gcp-"),
        ("branch = \"main' || true || '\"", "must be the name of one branch"),
    ],
    "network": [
        ('range = "10.0.0.0"', "must be one of private IPv4 addresses"),
        ('range = "35.235.240.0/20"', "must be one of private IPv4 addresses"),
        ('location = "eu"', "must be a region such as europe-west1"),
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
    "function": [
        (
            'builder = { repository = "images", service_account = "build@p.iam.gserviceaccount.com" }',
            "with its full name",
        ),
        (
            'builder = { repository = "projects/p/locations/l/repositories/r", service_account = "1-compute@developer.gserviceaccount.com" }',
            "the default accounts of Compute Engine and App Engine are not",
        ),
        ('code = { archive = "a.zip", bucket = "b", entry_point = "a b" }', "must be the name of a function"),
        (
            'code = { archive = "a.zip", bucket = "b", entry_point = "a", runtime = "python 3" }',
            "must be a language and its version",
        ),
        (
            'event = { bucket = "b", location = "eu", service_account = "events@p.iam.gserviceaccount.com", type = "written" }',
            "must be finalized, deleted, archived or metadataUpdated",
        ),
        (
            'event = { bucket = "b", location = "eu", service_account = "1-compute@developer.gserviceaccount.com" }',
            "must be the e-mail address of an account of its own",
        ),
        ("limits = { cpu = 3 }", "cpu must be 1, 2, 4, 6 or 8"),
        ("limits = { timeout_seconds = 0 }", "timeout_seconds from 1 to 3600"),
        ("scaling = { min = 2, max = 1 }", "min must be from 0 to max"),
        ('variables = { env = { A = "1" }, secrets = { A = "a" } }', "in env or in secrets, not in both"),
        ('iam = { "roles/run.invoker" = ["allUsers"] }', "allUsers and allAuthenticatedUsers are not allowed"),
    ],
    "function_builder": [
        (
            'account = "1-compute@developer.gserviceaccount.com"',
            "the default accounts of Compute Engine and App Engine are not",
        ),
    ],
    "storage_events": [('agent = "me@example.com"', "must be Cloud Storage's own")],
    "scheduled_job": [
        ('schedule = { cron = "daily" }', "must have five fields"),
        ('schedule = { cron = "0 6 L * *" }', "must have five fields"),
        ('schedule = { cron = "0 6 * * 1", time_zone = "Mars 1" }', "must be a name of the tz database"),
        ('job = "Drift"', "must be the name of a Cloud Run job"),
        ('name = "every monday"', "must have 1 to 500 letters"),
        ("attempts = { deadline_seconds = 5 }", "must be from 15 to 1800"),
        ("attempts = { retries = 6 }", "retries from 0 to 5"),
        (
            'service_account = "12-compute@developer.gserviceaccount.com"',
            "the default accounts of Compute Engine and App Engine are not",
        ),
    ],
    "budget": [
        ('billing_account = "my-account"', "must be an id such as 012345-6789AB-CDEF01"),
        ("amount = 0", "The amount must be above 0"),
        ('currency = "dollars"', "must have three capital letters"),
        ('name = ""', "must have 1 to 60 characters"),
        ('notify = ["team"]', "such as team@example.com"),
        ('notify = ["a@b.c", "b@b.c", "c@b.c", "d@b.c", "e@b.c", "f@b.c"]', "at most 5 e-mail addresses"),
        ('project_number = "my-project"', "must have digits only"),
        ("thresholds = []", "must be at least one, all different"),
        ("thresholds = [0.5, 0.5]", "must be at least one, all different"),
        ("thresholds = [50]", "each from 0.01 to 10"),
        ('topic = "spend"', "projects/my-project/topics/my-topic"),
    ],
    "monitoring": [
        ("alerts = { errors = 5 }", "0.05 is one request in twenty"),
        ("alerts = { memory = 0 }", "must be above 0, and at most 1"),
        ("alerts = { latency_ms = 0 }", "latency_ms must be above 0"),
        ('jobs = ["Drift"]', "must be names of Cloud Run jobs"),
        ('name = ""', "must have 1 to 60 characters"),
        ("notify = []", "There must be 1 to 16 e-mail addresses"),
        ('notify = ["team"]', "such as team@example.com"),
        ('services = ["a b"]', "must be names of Cloud Run services"),
        ('uptime = { api = { host = "https://api" } }', "without https://"),
        ('uptime = { api = { host = "api.example.com", path = "health" } }', "the path must begin with a slash"),
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
    "training": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        ('name = "my-google-data"', "The bucket name must have 3 to 63"),
        ('tensorboard = join("", [for n in range(129) : "x"])', "must have at most 128 characters"),
    ],
    "workstation": [
        (PUBLIC, "allUsers and allAuthenticatedUsers are not allowed"),
        ('accelerator = { type = "T4" }\n  machine_type = "n1-standard-4"', "must have a type such as nvidia-tesla-t4"),
        ("disk_gb = 9", "must be a whole number from 10 to 65536"),
        ('image = "debian-12"', "must be written as PROJECT/FAMILY"),
        ("limits = { idle_minutes = 4 }", "idle_minutes must be a whole number from 5 to 1440"),
        ("limits = { max_hours = 0.5 }", "max_hours must be a whole number from 1 to 168"),
        ('machine_type = "big"', "must be one of Compute Engine's"),
        (
            'service_account = "12-compute@developer.gserviceaccount.com"',
            "the default accounts of Compute Engine and App Engine are not",
        ),
        ('subnetwork = "default"', "must be a full name such as projects/my-project"),
        ('zone = "europe-west1"', "must be one such as europe-west1-b"),
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
    "account": [r'"build@my-project.iam.gserviceaccount.com\n"'],
    "agent": [r'"service-1@gs-project-accounts.iam.gserviceaccount.com\n"'],
    "builder": [
        r'{ repository = "projects/p/locations/l/repositories/r\n", service_account = "b@p.iam.gserviceaccount.com" }',
        r'{ repository = "projects/p/locations/l/repositories/r", service_account = "b@p.iam.gserviceaccount.com\n" }',
    ],
    "code": [
        r'{ archive = "a.zip", bucket = "b", entry_point = "a\n" }',
        r'{ archive = "a.zip", bucket = "b", entry_point = "a", runtime = "python312\n" }',
    ],
    "event": [r'{ bucket = "b", location = "eu", service_account = "events@p.iam.gserviceaccount.com\n" }'],
    "limits": [r'{ memory = "2Gi\n" }'],
    "accelerator": [r'{ type = "nvidia-tesla-t4\n" }'],
    "billing_account": [r'"012345-6789AB-CDEF01\n"'],
    "branch": [r'"main\n"'],
    "buckets": [r'{ "my-data\n" = {} }'],
    "build": [
        'file = null\n  build = { image = "l-docker.pkg.dev/p/images/api\\n" }',
        'file = null\n  build = { image = "l-docker.pkg.dev/p/images/api", secrets = { "KEY\\n" = "key" } }',
        'file = null\n  build = { image = "l-docker.pkg.dev/p/images/api", secrets = { KEY = "key\\n" } }',
    ],
    "container": [r'{ memory = "2Gi\n" }'],
    "file": [r'"cloudbuild.yaml\n"'],
    "iam": [
        r'{ "roles/viewerOf.it" = ["user:a@example.com\n"] }',
        r'{ "roles/viewerOf.it" = ["principalSet://iam.googleapis.com/p/attribute.rule/main\n"] }',
        r'{ "roles/viewerOf.it\n" = ["user:a@example.com"] }',
    ],
    "image": [r'"debian-cloud/debian-12\n"'],
    "installation": [r'{ app_installation_id = 1, token_secret_version = "projects/p/secrets/s/versions/1\n" }'],
    "job": [r'"drift\n"'],
    "jobs": [r'["drift\n"]'],
    "labels": [r'{ team = "cats\n" }', r'{ "team\n" = "cats" }'],
    "location": [r'"europe-west1\n"'],
    "machine_type": [r'"n1-standard-1\n"'],
    "members": [r'{ "a@example.com\n" = { role = "viewer" } }'],
    "name": [r'"groundwork-train\n"'],
    "notify": [r'["team@example.com\n"]'],
    "owner_id": [r'"12\n"'],
    "permissions": [r'["storage.buckets.get\n"]'],
    "probes": [r'{ path = "/health\n" }'],
    "project_id": [r'"my-project\n"'],
    "project_roles": [r'["roles/logging.logWriter\n"]'],
    "project_number": [r'"12\n"'],
    "repositories": [r'["team/cats\n"]'],
    "repository": [r'"team/cats\n"', r'"projects/p/locations/l/connections/github/repositories/cats\n"'],
    "repository_id": [r'"12\n"'],
    "roles": [r'{ viewer = "projects/p/roles/viewer\n" }'],
    "topic": [r'"projects/p/topics/t\n"'],
    "currency": [r'"USD\n"'],
    "schedule": [r'{ cron = "0 6 * * 1\n" }', r'{ cron = "0 6 * * 1", time_zone = "Etc/UTC\n" }'],
    "service_account": [r'"serve@my-project.iam.gserviceaccount.com\n"'],
    "services": [r'["iam.googleapis.com\n"]'],
    "sidecars": [r'{ "metrics\n" = { image = "x" } }', r'{ metrics = { image = "x", memory = "1Gi\n" } }'],
    "substitutions": [r'{ "_MODEL\n" = "cats" }'],
    "subnetwork": [r'"projects/my-project/regions/europe-west1/subnetworks/own\n"'],
    "uptime": [r'{ api = { host = "api.example.com\n" } }'],
    "workflow": [r'"apply.yml\n"'],
    "zone": [r'"europe-west1-b\n"'],
}


def call(module: str, number: int, bad: str) -> str:
    """A module block with valid arguments except those in `bad`."""
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


@pytest.mark.parametrize(
    ("module", "bad", "message"),
    [
        ("build_trigger", "file = null", "Either build or file must be given, and not both"),
        (
            "build_trigger",
            'build = { image = "l-docker.pkg.dev/p/images/api" }',
            "Either build or file must be given, and not both",
        ),
        (
            "function",
            'code = { archive = "a.tgz", bucket = "b", entry_point = "a" }',
            "must be packed as a zip archive",
        ),
        ("cloud_run_service", 'sidecars = { api = { image = "x" } }', "must have another name than the service"),
        ("workstation", 'accelerator = { type = "nvidia-tesla-t4" }', "allowed on machine types of the family n1 only"),
    ],
)
def test_what_two_variables_say_together_is_refused(
    module: str, bad: str, message: str, tmp_path: Path, project: LocalProject
) -> None:
    assert message in refusal([call(module, 0, bad)], tmp_path, project)


def test_a_member_has_a_persona_whose_role_is_given(tmp_path: Path, project: LocalProject) -> None:
    other = call("team_access", 0, 'roles = { operator = "projects/my-project/roles/operator" }')
    assert "must have one for the persona of each member" in refusal([other], tmp_path, project)


def refusal(calls: list[str], folder: Path, project: LocalProject) -> str:
    """Terraform's errors about a root module with these module blocks."""
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
    values = [(name, value) for name, body in blocks if "regex(" in body for value in NEWLINES[name]]
    cases = [value if " = {" in value and "\n" in value else f"{name} = {value}" for name, value in values]
    calls = [call(module, number, bad) for number, bad in enumerate(cases)]
    assert refusal(calls, tmp_path, project).count("Error: ") == len(cases)
