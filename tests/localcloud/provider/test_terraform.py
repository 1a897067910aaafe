"""Terraform itself with our provider: several provider blocks, concurrent runs, an interrupt, files, unknown types."""

from __future__ import annotations

import json
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.google import local
from localcloud.server import daemons

from tests.local_project import variables_of
from tests.localcloud.provider.conftest import PROJECT, World
from tests.polling import until
from tests.terraform_runs import Terraform, binary, plain_environment

ALICE, BOB = "user:alice@example.com", "user:bob@example.com"
HEAD = f"""
terraform {{
  required_providers {{
    google = {{ source = "hashicorp/google" }}
  }}
}}
provider "google" {{
  project = "{PROJECT}"
  region  = "europe-west1"
}}
"""
SECRET = """
resource "google_secret_manager_secret" "one" {
  secret_id = "one"
  replication {
    auto {}
  }
}
"""
REPOSITORY = """
resource "google_artifact_registry_repository" "slow" {
  repository_id = "slow"
  format        = "DOCKER"
}
"""


def root(folder: Path, checkout: Checkout, *parts: str, principal: str = local.OWNER) -> Terraform:
    """A root module of these parts with the provider block, initialised."""
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(HEAD + "".join(parts), "utf-8")
    terraform = Terraform(folder, variables_of(checkout, PROJECT, "europe-west1", principal))
    terraform.succeed("init", "-input=false")
    return terraform


def grant(world: World, principal: str, role: str = "roles/secretmanager.admin") -> None:
    """Grants a principal a role on the project."""
    policy = {"bindings": [{"role": role, "members": [principal]}, {"role": "roles/owner", "members": [local.OWNER]}]}
    world.ask("POST", "cloudresourcemanager", "v1/projects/{project}:setIamPolicy", {"policy": policy})


def secrets(world: World) -> list[str]:
    """The names of the project's secrets."""
    found = world.ask("GET", "secretmanager", "v1/projects/{project}/secrets").get("secrets", [])
    return sorted(one["name"].rpartition("/")[2] for one in found)


def test_two_provider_blocks_are_two_principals(world: World, checkout: Checkout, folder: Path) -> None:
    grant(world, ALICE)
    blocks = f"""
    provider "google" {{
      alias        = "alice"
      project      = "{PROJECT}"
      access_token = "{world.token(ALICE)}"
      default_labels = {{ by = "alice" }}
    }}
    provider "google" {{
      alias        = "bob"
      project      = "{PROJECT}"
      access_token = "{world.token(BOB)}"
    }}
    """
    secret = """
    resource "google_secret_manager_secret" "%s" {
      provider  = google.%s
      secret_id = "%s"
      replication {
        auto {}
      }
    }
    """
    both = "".join(secret % (name, name, name) for name in ("alice", "bob"))
    refused = root(folder, checkout, blocks, both).fail("apply", "-auto-approve", "-no-color")
    assert "secretmanager.secrets.create" in refused
    assert "google_secret_manager_secret.bob" in refused
    assert secrets(world) == ["alice"]
    labels = world.ask("GET", "secretmanager", "v1/projects/{project}/secrets/alice")["labels"]
    assert labels == {"by": "alice", "goog-terraform-provisioned": "true"}


def test_two_runs_at_once_are_two_principals(world: World, checkout: Checkout, folder: Path) -> None:
    grant(world, ALICE)
    many = SECRET.replace('"one"', '"many"', 1).replace('= "one"', '= "s-${count.index}"\n  count = 20')
    runs = [root(folder / name, checkout, many, principal=who) for name, who in (("alice", ALICE), ("bob", BOB))]
    with ThreadPoolExecutor() as pool:
        alice, bob = pool.map(lambda run: run.run("apply", "-auto-approve", "-no-color"), runs)
    assert alice.returncode == 0, alice.stderr
    assert bob.returncode == 1
    assert bob.stderr.count("secretmanager.secrets.create") == 20
    assert len(secrets(world)) == 20


def test_an_interrupt_ends_the_wait_and_the_state_is_correct(world: World, checkout: Checkout, folder: Path) -> None:
    terraform = root(folder, checkout, SECRET, REPOSITORY)
    create = "artifactregistry.projects.locations.repositories.create"
    world.fault(method=create, kind="pending", seconds=3600, count=1)
    running = subprocess.Popen(
        [binary(), f"-chdir={folder}", "apply", "-auto-approve", "-no-color"],
        env=plain_environment() | terraform.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until(lambda: "/operations/" in json.dumps(world.requests()) and secrets(world))
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert "interrupted" in output
    addresses = set(terraform.succeed("state", "list").split())
    assert addresses == {"google_artifact_registry_repository.slow", "google_secret_manager_secret.one"}
    assert terraform.changes() == {"google_artifact_registry_repository.slow": ["delete", "create"]}
    terraform.succeed("apply", "-auto-approve")
    assert terraform.changes() == {}


def test_files_are_found_from_where_terraform_runs(world: World, checkout: Checkout, folder: Path) -> None:
    (folder / "note.txt").write_text("first", "utf-8")
    files = """
    resource "google_storage_bucket" "files" {
      name     = "provider-project-files"
      location = "EU"
    }
    resource "google_storage_bucket_object" "note" {
      bucket = google_storage_bucket.files.name
      name   = "note.txt"
      source = "note.txt"
    }
    """
    terraform = root(folder, checkout, files)
    terraform.succeed("apply", "-auto-approve")
    assert terraform.changes() == {}
    (folder / "note.txt").write_text("second", "utf-8")
    assert terraform.changes() == {"google_storage_bucket_object.note": ["update"]}


def test_a_resource_is_moved_and_removed_from_the_state(world: World, checkout: Checkout, folder: Path) -> None:
    root(folder, checkout, SECRET).succeed("apply", "-auto-approve")
    moved = """
    moved {
      from = google_secret_manager_secret.one
      to   = google_secret_manager_secret.first
    }
    """
    terraform = root(folder, checkout, SECRET.replace('"one"', '"first"', 1), moved)
    assert terraform.changes() == {}
    terraform.succeed("apply", "-auto-approve")
    removed = """
    removed {
      from = google_secret_manager_secret.first
      lifecycle {
        destroy = false
      }
    }
    """
    root(folder, checkout, removed).succeed("apply", "-auto-approve")
    assert terraform.succeed("state", "list") == ""
    assert secrets(world) == ["one"]
    terraform = root(folder, checkout, SECRET)
    terraform.succeed("import", "google_secret_manager_secret.one", "one")
    assert terraform.changes() == {"google_secret_manager_secret.one": ["update"]}


def test_nothing_secret_is_shown_or_kept(world: World, checkout: Checkout, folder: Path) -> None:
    version = """
    variable "password" {
      type      = string
      ephemeral = true
      default   = "hush-hush"
    }
    resource "google_secret_manager_secret_version" "one" {
      secret                 = google_secret_manager_secret.one.id
      secret_data_wo         = var.password
      secret_data_wo_version = 1
    }
    """
    terraform = root(folder, checkout, SECRET, version)
    output = terraform.succeed("apply", "-auto-approve")
    path = "v1/projects/{project}/secrets/one/versions/latest:access"
    assert world.ask("GET", "secretmanager", path)["payload"]["data"] == "aHVzaC1odXNo"
    logs = "".join(file.read_text("utf-8") for file in checkout.local_state.glob("*.log"))
    for text in (output, (folder / "terraform.tfstate").read_text("utf-8"), logs):
        assert "hush-hush" not in text
        assert "aHVzaC1odXNo" not in text


def test_an_unsupported_type_and_a_misspelt_attribute_are_named(checkout: Checkout, folder: Path) -> None:
    output = root(folder, checkout, 'resource "google_sql_user" "x" {}').fail("validate", "-no-color")
    assert 'does not support resource type "google_sql_user"' in output
    output = root(folder, checkout, SECRET.replace("secret_id", "secret_ids")).fail("validate", "-no-color")
    assert 'An argument named "secret_ids" is not expected here' in output


def test_the_process_ends_with_its_state_folder(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    checkout = Checkout(tmp_path / "clone")
    cloud = local.start(checkout)
    process = local.provider(checkout, cloud, local.token(checkout)).pid
    local.stop(checkout)
    until(lambda: not daemons.alive(process))
