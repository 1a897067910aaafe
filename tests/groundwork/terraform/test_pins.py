"""The real provider's hashes: how Terraform uses them, and that they belong to the release that the layers require."""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.checkout import LAYERS
from groundwork.google import isolation
from groundwork.lifecycle import prerequisites
from groundwork.terraform import installation, pins
from groundwork.terraform.commands import TerraformFailed
from groundwork.terraform.initialise import initialise

from tests.groundwork.clone import cloned
from tests.groundwork.conftest import RecordedTalk
from tests.terraform_runs import ROOT, Terraform

REQUIRED = (
    'terraform {{\n  required_providers {{\n    google = {{ source = "hashicorp/google", version = "{0}" }}\n  }}\n}}\n'
)


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A root module that asks for the real provider."""
    folder = tmp_path / "layer"
    folder.mkdir()
    (folder / "main.tf").write_text(REQUIRED.format(pins.VERSION), encoding="utf-8")
    return folder


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with some program in place of the real provider, as mirror and as cache."""
    name = f"terraform-provider-google_v{pins.VERSION}_x5"
    place = (
        tmp_path / "packages" / f"registry.terraform.io/hashicorp/google/{pins.VERSION}" / installation.this_platform()
    )
    place.mkdir(parents=True)
    (place / name).write_text("#!/bin/sh\n", encoding="utf-8")
    (place / name).chmod(0o755)
    return place / name


def initialised(layer: Path, package: Path, **variables: str) -> Terraform:
    return Terraform(layer, {"TF_CLI_CONFIG_FILE": str(settings_for(package)), **variables})


def settings_for(package: Path) -> Path:
    """Terraform's settings that name nothing but the package's folder."""
    mirror = package.parents[5]
    settings = mirror.parent / "settings"
    settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n', "utf-8")
    return settings


def test_a_package_of_another_content_is_not_installed(layer: Path, package: Path) -> None:
    pins.pin(layer)
    assert "doesn't match any of the checksums" in initialised(layer, package).fail("init", "-no-color")


def test_nor_is_it_read_from_a_cache(layer: Path, package: Path, tmp_path: Path) -> None:
    pins.pin(layer)
    cache = {**isolation.cached_providers({}, tmp_path), "TF_PLUGIN_CACHE_DIR": str(package.parents[5])}
    assert "doesn't match any of the checksums" in initialised(layer, package, **cache).fail("init", "-no-color")


def test_one_of_a_pinned_content_is_installed_and_stays_pinned(layer: Path, package: Path) -> None:
    line = f"{hashlib.sha256(package.read_bytes()).hexdigest()}  {package.name}\n"
    known = "h1:" + base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()
    pins.pin(layer, [known])
    initialised(layer, package).succeed("init", "-no-color")
    package.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    assert "does not match any of the checksums" in initialised(layer, package).fail("providers", "schema", "-json")


def test_without_pins_any_build_is_accepted_and_an_own_lock_file_stays(layer: Path, package: Path) -> None:
    pins.unpin(layer)
    pins.pin(layer)
    pins.unpin(layer)
    initialised(layer, package).succeed("init", "-no-color")
    lock_file = (layer / ".terraform.lock.hcl").read_text(encoding="utf-8")
    pins.unpin(layer)
    assert (layer / ".terraform.lock.hcl").read_text(encoding="utf-8") == lock_file


def test_the_hashes_are_of_the_release_that_every_layer_asks_for() -> None:
    for name in LAYERS:
        hcl = (ROOT / "infra" / name / "versions.tf").read_text(encoding="utf-8")
        assert f'version = "{pins.VERSION}"' in hcl, (
            f"{name} asks for another release: pin its hashes in {pins.__name__}"
        )
    assert all(re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=|zh:[0-9a-f]{64}", each) for each in pins.HASHES)
    assert sum(each.startswith("zh:") for each in pins.HASHES) > 4


def test_no_lock_file_is_part_of_the_project() -> None:
    assert ".terraform.lock.hcl" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("on_google", [True, False])
def test_on_google_cloud_every_layer_is_pinned_before_it_is_initialised(
    tmp_path: Path, package: Path, on_google: bool
) -> None:
    with cloned(tmp_path / "clone") as clone:
        session = clone.session()
        work = {
            name: value for name, value in session.process_variables.work.items() if name != "TF_REATTACH_PROVIDERS"
        }
        around = replace(session.process_variables, work={**work, "TF_CLI_CONFIG_FILE": str(settings_for(package))})
        environment = replace(session.environment, local=not on_google)
        real = replace(session, provider="google", environment=environment, process_variables=around)
        prerequisites.create(session.cloud, session.environment, lambda _text: None)
        with pytest.raises(TerraformFailed) if on_google else nullcontext():
            initialise(real, RecordedTalk())
        text = (clone.checkout.layer("bootstrap") / ".terraform.lock.hcl").read_text(encoding="utf-8")
    assert (set(pins.HASHES) <= set(re.findall(r'"([^"]+)"', text))) is on_google
