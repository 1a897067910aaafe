"""`groundwork open`: the address of a page that works, in either console, and an explanation for what has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import load
from groundwork.errors import UsageProblem
from groundwork.report import console
from groundwork.resources.registry import parts

from tests.groundwork.clone import Clone, cloned

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    with cloned(tmp_path / "clone") as clone:
        yield clone


def test_on_the_local_cloud_the_address_answers_a_browser(clone: Clone) -> None:
    project = clone.environment.project
    clone.cloud.request("POST", "cloudresourcemanager", "v3/projects", json={"projectId": project})
    clone.cloud.request("POST", "storage", "v1/b", params={"project": project}, json={"name": f"{project}-data"})
    response = requests.get(clone.run("open", "--env", "small", "--no-browser").stdout.strip(), timeout=30)
    assert response.status_code == 200
    assert "Simulated" in response.text
    assert project in response.text
    bucket = requests.get(clone.run("open", "bucket/data", "--env", "small", "--no-browser").stdout.strip(), timeout=30)
    assert f"gs://{project}-data/" in bucket.text


def test_the_console_gets_the_map_that_is_opened_with_it(clone: Clone) -> None:
    project = clone.environment.project
    clone.cloud.request("POST", "cloudresourcemanager", "v3/projects", json={"projectId": project})
    address = clone.run("open", "--env", "small", "--no-browser").stdout.strip()
    assert 'class="map"' in requests.get(f"{address}/map", timeout=30).text
    assert f"(project {project}) (simulated)" in requests.get(f"{address}/map.svg", timeout=30).text


def test_on_google_cloud_it_is_the_page_of_googles_console() -> None:
    environment = load("dev", ROOT)
    found = console.address(Checkout(ROOT), environment, "secret/wandb-api-key")
    assert found == (
        "https://console.cloud.google.com/security/secret-manager/secret/wandb-api-key/versions"
        f"?project={environment.project}"
    )


@pytest.mark.parametrize(
    ("thing", "path"),
    [
        ("bucket/data", "/storage/browser/starfish-example-data?project=starfish-example"),
        ("service/backend", "/run/detail/us-central1/backend/metrics?project=starfish-example"),
        ("job/drift", "/run/jobs/details/us-central1/drift/executions?project=starfish-example"),
        ("schedule/drift", "/cloudscheduler/jobs/edit/us-central1/drift?project=starfish-example"),
        ("build/everything", "/cloud-build/triggers;region=us-central1?project=starfish-example"),
        (
            "identity/train",
            "/iam-admin/serviceaccounts/details/groundwork-train%40starfish-example.iam.gserviceaccount.com?project=starfish-example",
        ),
    ],
)
def test_each_kind_says_where_its_page_is(thing: str, path: str) -> None:
    environment = replace(load(ROOT / "envs" / "examples" / "starfish.yaml", ROOT), local=False)
    assert console.address(Checkout(ROOT), environment, thing) == f"https://console.cloud.google.com{path}"


def test_all_that_the_file_can_name_has_a_page() -> None:
    """But for the project and the deployer, of which there is one each."""
    assert {part.word for _, part in parts()} - set(console.words()) == {"project", "deployer"}


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        ("", ""),
        ("logs", ""),
        ("bucket/data", ""),
        ("bucket/dta", "envs/dev.yaml has no bucket dta; did you mean data?"),
        ("secret/by-hand", "envs/dev.yaml has no secret by-hand."),
    ],
)
def test_a_resource_missing_from_the_file_is_reported_and_still_opened(thing: str, sentence: str) -> None:
    assert console.stranger(load("dev", ROOT), thing) == sentence


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        ("buckets/data", r"There is no page for 'buckets/data': did you mean bucket\?"),
        ("bucket", r"Say which: bucket/NAME"),
    ],
)
def test_a_resource_without_a_page_is_reported_in_one_sentence(thing: str, sentence: str) -> None:
    with pytest.raises(UsageProblem, match=sentence):
        console.address(Checkout(ROOT), load("dev", ROOT), thing)
