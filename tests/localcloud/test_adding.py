"""A new service and a new resource type are one folder each: these tests write one, and it works."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from localcloud import services
from localcloud.engine.service import Service
from localcloud.provider import rows
from localcloud.provider.servicer import Servicer
from localcloud.server import endpoints, launcher
from localcloud.server.coverage import coverage
from localcloud.services import SERVICES

from tests.local_project import fresh, running
from tests.localcloud.inside import NUMBER, PROJECT, inside
from tests.localcloud.provider.core import Core

DECLARED = """
from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Resource, Service

SERVICE = Service(
    api="workflows",
    agent="service-{number}@gcp-sa-workflows.iam.gserviceaccount.com",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"WORKFLOWS": "v1/"}, gcloud=""),
    proto="google.cloud.workflows.v1",
    resources={"projects.locations.workflows": Resource(kind="Workflow", id_param="workflowId")},
)
"""
ROLES = {
    "roles/workflows.viewer": {
        "title": "Workflows Viewer",
        "description": "See workflows.",
        "permissions": {"workflows.workflows": "get list"},
    },
    "roles/owner": {"permissions": {"workflows.workflows": "create delete get list update"}},
}
ROW = {
    "api": "logging.v2",
    "collection": "projects.exclusions",
    "id": "projects/{project}/exclusions/{name}",
    "imports": ["{project}/{name}", "{name}"],
    "update": "mask",
    "additions": ["project"],
    "schema": {
        "description": "string optional",
        "disabled": "bool optional",
        "filter": "string required",
        "name": "string required force_new",
        "project": "string optional computed force_new virtual",
    },
}
ALICE = "user:alice@example.com"


@pytest.fixture
def workflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service in a new folder."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "__init__.py").write_text(DECLARED, "utf-8")
    (folder / "roles.json").write_text(json.dumps(ROLES), "utf-8")
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    result: Service = import_module("localcloud.services.workflows").SERVICE
    yield result
    del sys.modules["localcloud.services.workflows"], services.workflows  # type: ignore[attr-defined]


def test_a_new_service_is_one_folder_and_a_line_in_the_registry(workflows: Service, tmp_path: Path) -> None:
    registry = (*SERVICES, workflows)
    cloud = inside(tmp_path / "state", *registry)
    parent = f"workflows/v1/projects/{PROJECT}/locations/europe-west1/workflows"
    created = cloud.ok("POST", f"{parent}?workflowId=train", {"description": "nightly"})
    assert created["done"]
    assert created["response"]["@type"] == "type.googleapis.com/google.cloud.workflows.v1.Workflow"
    assert cloud.as_(ALICE)("GET", parent).status == 403
    cloud.grant("roles/workflows.viewer", ALICE)
    assert cloud.as_(ALICE).ok("GET", parent)["workflows"][0]["description"] == "nightly"
    assert cloud.as_(ALICE)("DELETE", f"{parent}/train").status == 403
    assert cloud.ok("DELETE", f"{parent}/train")["done"]
    identity = f"serviceusage/v1beta1/projects/{PROJECT}/services/workflows.googleapis.com:generateServiceIdentity"
    assert cloud.ok("POST", identity)["response"]["email"] == workflows.agent.format(number=NUMBER)
    named = endpoints.variables("http://127.0.0.1:1", registry)
    assert named["GOOGLE_WORKFLOWS_CUSTOM_ENDPOINT"] == "http://127.0.0.1:1/workflows/v1/"
    assert named["CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWS"] == "http://127.0.0.1:1/workflows/"
    assert coverage(registry)["workflows.v1"]["counts"]["generic"] > 4


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Core]:
    """A provider with a type in a new folder, on a local cloud."""
    folder = tmp_path / "types" / "google_logging_project_exclusion"
    folder.mkdir(parents=True)
    (folder / "row.json").write_text(json.dumps(ROW), "utf-8")
    monkeypatch.setattr(rows, "FOLDER", folder.parent)
    rows.catalogue.cache_clear()
    with running(tmp_path / "clone") as checkout:
        fresh(checkout, PROJECT)
        cloud = launcher.find(checkout.local_state)
        assert cloud is not None
        yield Core(Servicer(cloud.base, launcher.token(cloud.state), 9)).configured(project=PROJECT)
    rows.catalogue.cache_clear()


def test_a_new_resource_type_is_one_folder(core: Core) -> None:
    name = "google_logging_project_exclusion"
    created = core.created(name, name="chatter", filter="severity < WARNING")
    assert created["id"] == f"projects/{PROJECT}/exclusions/chatter"
    changed = core.changed(name, created, name="chatter", filter="severity < WARNING", description="debug lines")
    assert core.read(name, changed) == changed
    assert (
        core.plan(name, changed, name="chatter", filter="severity < WARNING", description="debug lines").values
        == changed
    )
    assert core.plan(name, changed, name="other", filter="severity < WARNING").replaced[0] == "name"
    assert core.imported(name, "chatter") == changed
    core.destroyed(name, changed)
    assert core.read(name, changed) is None
