"""The environment file: what is read, what is refused with which message, and that Terraform reads the same."""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from groundwork.environment.document import read
from groundwork.environment.json_schema import completed
from groundwork.environment.values import EnvironmentProblem, load, names
from groundwork.errors import Exit, UsageProblem
from ruamel.yaml import YAML

from tests.terraform_runs import ROOT, Terraform

BROKEN = Path(__file__).parent / "broken_environments"
FULL = """\
cloud: local
project: team-full
region: us-central1
protected: true
labels: {team: starfish}
members:
  ml@example.com: {role: viewer, type: group}
  alice@example.com: {role: operator}
buckets:
  data: {versioning: true, dvc: true, force_destroy: true}
  monitoring: {versioning: true, noncurrent_versions: {days: 7}, soft_delete_days: 14, storage_class: NEARLINE}
  old: {called: made-by-hand, location: eu}
repositories:
  images: {description: Images of the backend., keep: 9}
secrets:
  wandb-api-key: {readers: [train, serve]}
  empty: {location: automatic}
identities:
  train:
    description: Trains models.
    buckets: {data: read, monitoring: write}
    repositories: {images: read}
    project_roles: [roles/logging.logWriter]
    users: [data-scientist]
  serve: {description: Serves models., called: by-hand}
github: {repository: team/starfish, owner_id: "42", branch: master}
budget: {amount: 49.5, billing_account: 012345-6789AB-CDEF01}
cost: {assumptions: {bucket_gib: 100}}
policy:
  exceptions:
    - {check: bucket-versioning, resource: module.buckets, reason: None needed., owner: alice@example.com, expires: 2027-03-31}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A root folder with the schema and one healthy environment."""
    (tmp_path / "envs").mkdir()
    for name in ("schema.json", "local.yaml"):
        shutil.copy(ROOT / "envs" / name, tmp_path / "envs" / name)
    return tmp_path


def write(project: Path, name: str, text: str) -> Path:
    path = project / "envs" / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("case", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_a_broken_file_is_refused_with_every_mistake_in_its_line(case: str, project: Path) -> None:
    shutil.copy(BROKEN / f"{case}.yaml", project / "envs")
    with pytest.raises(EnvironmentProblem) as problem:
        load(case, project)
    assert list(problem.value.sentences) == (BROKEN / f"{case}.txt").read_text(encoding="utf-8").splitlines()
    assert problem.value.exit_code is Exit.USAGE


def test_files_that_an_editor_leaves_are_ignored(project: Path) -> None:
    """Emacs marks a file in work with a link to nowhere, envs/.#local.yaml."""
    (project / "envs" / ".#local.yaml").symlink_to("somebody@somewhere.1")
    (project / "envs" / "lost.yaml").symlink_to("nowhere.yaml")
    assert load("local", project).project == "groundwork-local"
    assert names(project) == ("local", "lost")
    with pytest.raises(UsageProblem, match=r"^envs/lost\.yaml cannot be read: No such file or directory\.$"):
        load("lost", project)


def test_every_broken_file_has_its_sentences_and_each_is_one_sentence() -> None:
    assert len(list(BROKEN.glob("*.yaml"))) >= 20
    for path in BROKEN.glob("*.yaml"):
        for sentence in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines():
            assert sentence.startswith(f"envs/{path.name}:")
            assert sentence.endswith(".")


def test_one_mistake_is_the_message_and_several_are_listed_below_it(project: Path) -> None:
    write(project, "one", "project: team-dev\nregion: moon\n")
    with pytest.raises(EnvironmentProblem) as one:
        load("one", project)
    assert one.value.message == 'envs/one.yaml:2: region is "moon"; allowed are the regions listed in envs/README.md.'
    assert one.value.details == ()
    write(project, "two", "project: x\nregion: moon\n")
    with pytest.raises(EnvironmentProblem) as two:
        load("two", project)
    assert two.value.message == "envs/two.yaml has 2 mistakes:"
    assert [line.split(" ")[0] for line in two.value.details] == ["envs/two.yaml:1:", "envs/two.yaml:2:"]


def test_an_environment_that_is_not_there_names_those_that_are(project: Path) -> None:
    with pytest.raises(UsageProblem) as problem:
        load("locla", project)
    assert problem.value.message == (
        'there is no environment "locla" (envs/locla.yaml); did you mean local? Allowed are local.'
    )


def test_a_file_that_cannot_be_read_is_reported(project: Path) -> None:
    (project / "envs" / "folder.yaml").mkdir()
    with pytest.raises(UsageProblem, match=r"^envs/folder\.yaml cannot be read: Is a directory\.$"):
        load("folder", project)


def test_a_path_loads_as_its_name_does(project: Path) -> None:
    assert load(project / "envs" / "local.yaml", project) == load("local", project)


def test_an_example_environment_belongs_to_the_same_clone(project: Path) -> None:
    (project / "envs" / "examples").mkdir(exist_ok=True)
    copied = project / "envs" / "examples" / "team.yaml"
    copied.write_bytes((project / "envs" / "local.yaml").read_bytes())
    assert load(copied, project).root == load("local", project).root == project


@pytest.mark.parametrize("name", names(ROOT))
def test_the_shipped_environments_are_valid(name: str) -> None:
    environment = load(name, ROOT)
    assert environment.name == name
    assert environment.state_bucket == f"{environment.project}-tfstate"


def test_only_the_local_environment_is_on_the_local_cloud() -> None:
    assert [name for name in names(ROOT) if load(name, ROOT).local] == ["local"]


def test_every_key_is_read(project: Path) -> None:
    write(project, "full", FULL)
    full = load("full", project)
    assert full.local
    assert full.protected
    assert full.members["ml@example.com"].principal == "group:ml@example.com"
    assert full.buckets["data"].url == "gs://team-full-data"
    assert (full.buckets["monitoring"].noncurrent_days, full.buckets["monitoring"].noncurrent_keep) == (7, 3)
    assert full.repositories["images"].url == "us-central1-docker.pkg.dev/team-full/images"
    assert full.repositories["images"].delete_after_days == 30
    assert full.secrets["wandb-api-key"].readers == ("train", "serve")
    assert full.identities["train"].email == "groundwork-train@team-full.iam.gserviceaccount.com"
    assert full.identities["train"].buckets == {"data": "read", "monitoring": "write"}
    assert full.deployer == "groundwork-deployer@team-full.iam.gserviceaccount.com"
    assert full.github is not None
    assert (full.github.branch, full.github.pool) == ("master", "github")
    assert full.budget is not None
    assert (full.budget.amount, full.budget.currency) == (49.5, "USD")
    assert full.assumptions == {"bucket_gib": 100}
    assert full.exceptions[0].expires == date(2027, 3, 31)


def test_parts_that_are_named_and_left_empty_count_as_left_out(project: Path) -> None:
    write(project, "bare", "project: team-bare\nregion: us-east1\nmembers:\nbuckets:\ngithub:\npolicy:\n")
    bare = load("bare", project)
    assert (bare.members, bare.buckets, bare.github, bare.exceptions) == ({}, {}, None, ())


def test_the_schemas_personas_are_the_existing_ones() -> None:
    schema = json.loads((ROOT / "envs" / "schema.json").read_text())
    personas = json.loads((ROOT / "modules" / "team_access" / "personas.json").read_text())
    members = schema["properties"]["members"]["additionalProperties"]["properties"]["role"]["enum"]
    users = schema["properties"]["identities"]["additionalProperties"]["properties"]["users"]["items"]["enum"]
    assert members == list(personas)
    assert users == list(personas)


def test_every_part_of_the_schema_says_what_it_is_for() -> None:
    schema = json.loads((ROOT / "envs" / "schema.json").read_text())

    def undescribed(part: dict[str, Any], path: str) -> list[str]:
        found = []
        for key, inner in part.get("properties", {}).items():
            found += [] if inner.get("description", "").endswith(".") else [f"{path}.{key}"]
            found += undescribed(inner, f"{path}.{key}")
            for below in ("additionalProperties", "items"):
                nested = inner.get(below)
                found += undescribed(nested, f"{path}.{key}") if isinstance(nested, dict) else []
        return found

    assert undescribed(schema, "") == []


@pytest.mark.parametrize(
    ("bucket", "versioning"),
    [("{}", False), ("{dvc: true}", True), ("{dvc: true, versioning: false}", False), ("{versioning: true}", True)],
)
def test_a_bucket_for_dvc_keeps_versions_unless_told_otherwise(bucket: str, versioning: bool, project: Path) -> None:
    file = project / "envs" / "small.yaml"
    file.write_text(f"project: team-small\nregion: us-east1\nbuckets: {{data: {bucket}}}\n", encoding="utf-8")
    assert load("small", project).buckets["data"].versioning is versioning
    terraform = reading(project, file)
    terraform.succeed("apply", "-auto-approve", "-no-color")
    assert terraform.outputs()["environment"]["values"]["buckets"]["data"]["versioning"] is versioning


@pytest.mark.parametrize("text", ["bare", "full", *names(ROOT)])
def test_terraform_reads_the_same_values_and_fills_in_the_same_defaults(text: str, tmp_path: Path) -> None:
    source = {"full": FULL, "bare": "project: team-bare\nregion: us-east1\n"}.get(text)
    file = tmp_path / "same.yaml"
    file.write_text(source or (ROOT / "envs" / f"{text}.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    terraform = reading(tmp_path, file)
    terraform.succeed("apply", "-auto-approve", "-no-color")
    theirs = terraform.outputs()["environment"]["values"]
    schema = json.loads((ROOT / "envs" / "schema.json").read_text())
    ours = completed(schema, read(file).values)
    ours["buckets"] = {name: {"versioning": bucket["dvc"], **bucket} for name, bucket in ours["buckets"].items()}
    assert compared(theirs) == compared({key: ours[key] for key in ours if key not in ("cloud", "cost", "policy")})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("buckets: {data: {versionning: true}}", "has keys that are not known: buckets.data.versionning."),
        ("github: {repository: a/b, owner_id: '1', pol: x}", "has keys that are not known: github.pol."),
        ("bucket: {}", "has keys that are not known: bucket."),
        ("buckets: {data: }", "has entries without a value: buckets.data. Write {}"),
        ("secrets: {key: {readers: [train]}}", "The readers of a secret must be among the identities"),
    ],
)
def test_terraform_alone_refuses_what_it_would_silently_drop(line: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(f"project: team-wrong\nregion: us-east1\n{line}\n", encoding="utf-8")
    assert complaint in reading(tmp_path, file).fail("plan", "-no-color")


def reading(folder: Path, file: Path) -> Terraform:
    """A root module that types the environment file and shows it; it needs no provider."""
    (folder / "main.tf").write_text(
        f"""
        module "environment" {{
          source = "{os.path.relpath(ROOT / "infra" / "environment", folder.resolve())}"
          path   = "{file}"
          values = yamldecode(file("{file}"))
        }}

        output "environment" {{
          value = module.environment
        }}
        """
    )
    terraform = Terraform(folder)
    terraform.succeed("init")
    return terraform


def compared(value: Any) -> Any:
    """A value without nulls and without the order of lists, which are sets to Terraform."""
    if isinstance(value, dict):
        return {key: compared(item) for key, item in value.items() if item is not None}
    return sorted(value) if isinstance(value, list) else value


def test_the_file_is_read_as_the_yaml_library_reads_it() -> None:
    for name in names(ROOT):
        path = ROOT / "envs" / f"{name}.yaml"
        assert read(path).values == YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


WORKLOADS = """\
project: team-full
region: us-central1
buckets: {models: {}}
repositories: {images: {}, own: {}}
secrets: {wandb-api-key: {}}
identities:
  serve: {description: Serves models., submits: [training], github: main}
  build: {description: Builds images., services: {api: deploy}, jobs: {drift: run}}
  train: {description: Trains models.}
github: {repository: team/starfish, owner_id: "42", branch: release-1.0}
services:
  api: {sidecars: {metrics: {image: a.b/c}}, buckets: {models: read}}
jobs:
  drift: {identity: serve, schedule: "0 6 * * 1"}
builds:
  api: {}
  front: {by_hand: true, image: frontend/web, repository: own, deploys: [api, drift]}
  train: {tag: v.*, file: train.yaml, secrets: {KEY: wandb-api-key}}
training:
  cats: {output: models}
  dogs: {image: own/dogs, tensorboard: true}
  mice: {image: "europe-docker.pkg.dev/vertex-ai/training/x:latest"}
"""


def test_services_jobs_builds_and_training_come_with_all_that_they_do_not_say(project: Path) -> None:
    write(project, "full", WORKLOADS)
    environment = load("full", project)
    images = "us-central1-docker.pkg.dev/team-full"
    api, drift = environment.services["api"], environment.jobs["drift"]
    assert (api.identity, api.memory, api.port, api.public, api.min_instances) == ("serve", "2Gi", 8080, False, 0)
    assert api.image == "us-docker.pkg.dev/cloudrun/container/hello"
    assert api.sidecars["metrics"].memory == "512Mi"
    assert (drift.identity, drift.schedule, drift.time_zone) == ("serve", "0 6 * * 1", "Etc/UTC")
    built = {name: (one.image, one.branch, one.tag, one.deploys) for name, one in environment.builds.items()}
    assert built == {
        "api": (f"{images}/images/api", r"^release-1\.0$", None, ("api",)),
        "front": (f"{images}/own/frontend/web", None, None, ("api", "drift")),
        "train": (f"{images}/images/train", None, "v.*", ()),
    }
    trained = {name: (one.image, one.output) for name, one in environment.training.items()}
    assert trained == {
        "cats": (f"{images}/images/cats", "gs://team-full-models"),
        "dogs": (f"{images}/own/dogs", "gs://team-full-staging"),
        "mice": ("europe-docker.pkg.dev/vertex-ai/training/x:latest", "gs://team-full-staging"),
    }
    assert (environment.staging_bucket, environment.sources_bucket) == ("team-full-staging", "team-full-sources")
    assert environment.identities["build"].services == {"api": "deploy"}


def test_an_example_is_found_by_its_name(project: Path) -> None:
    (project / "envs" / "examples").mkdir()
    (project / "envs" / "examples" / "full.yaml").write_text(WORKLOADS, encoding="utf-8")
    found = load("full", project)
    assert (found.file, found.root) == ("envs/examples/full.yaml", project)
    assert load("local", project).file == "envs/local.yaml"
    assert names(project) == ("local",)
