"""A new service and a new resource type are one folder each: these tests write one, and it works."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from localcloud import services
from localcloud.engine.operations import topic
from localcloud.engine.service import Service
from localcloud.provider import rows
from localcloud.provider.protocol.servicer import Servicer
from localcloud.server import endpoints, launcher
from localcloud.server.coverage import coverage
from localcloud.services import SERVICES

from tests.local_project import fresh, running
from tests.localcloud.inside import NUMBER, PROJECT, inside
from tests.localcloud.provider.core import Core
from tests.localcloud.serving import serving

DECLARED = """
from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Resource, Service, Worker
from localcloud.services.workflows import removal

SERVICE = Service(
    api="workflows",
    agent="service-{number}@gcp-sa-workflows.iam.gserviceaccount.com",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"WORKFLOWS": "v1/"}, gcloud=""),
    proto="google.cloud.workflows.v1",
    resources={"projects.locations.workflows": Resource(kind="Workflow", id_param="workflowId")},
    methods={"workflows.projects.locations.workflows.delete": removal.delete},
    workers={"removal": Worker(removal.run)},
)
"""
REMOVAL = """
from localcloud.engine import lro, standard
from localcloud.errors import failed_precondition

def delete(call):
    return lro.started(call, "removal", {"name": call.name})

async def run(cloud, job):
    name = job.body["name"]
    if cloud.store.get(job.api, name)["description"] == "in use":
        raise failed_precondition("It is in use.")
    await job.write(lambda: standard.remove(cloud, job.api, name))
    await job.write(lambda: cloud.operations.done(job.api, job.operation, {}))
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
POLICY = "projects/{project}/regions/{region}/resourcePolicies/{name}"
TYPES = {
    "google_logging_project_exclusion": {"row.json": ROW},
    "google_compute_resource_policy": {
        "row.json": {
            "api": "compute.v1",
            "collection": "resourcePolicies",
            "id": POLICY,
            "imports": ["{project}/{region}/{name}", "{name}"],
            "verbs": {"create": "insert"},
            "additions": ["project"],
            "schema": {
                "description": "string optional force_new",
                "name": "string required force_new",
                "project": "string optional computed force_new virtual",
                "region": "string optional computed force_new virtual suppress=self_link_or_name",
                "self_link": "string computed",
            },
        },
        "iam.json": {
            "api": "compute.v1",
            "collection": "resourcePolicies",
            "id": POLICY,
            "iam": {"accepts": [POLICY, "{region}/{name}", "{name}"], "attribute": "name"},
            "schema": {
                "name": "string required force_new suppress=self_link_or_name",
                "project": "string optional computed force_new",
                "region": "string optional computed force_new",
            },
        },
    },
}
ALICE = "user:alice@example.com"


@pytest.fixture
def workflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service in a new folder."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "__init__.py").write_text(DECLARED, "utf-8")
    (folder / "removal.py").write_text(REMOVAL, "utf-8")
    (folder / "roles.json").write_text(json.dumps(ROLES), "utf-8")
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    result: Service = import_module("localcloud.services.workflows").SERVICE
    yield result
    for name in ("localcloud.services.workflows", "localcloud.services.workflows.removal"):
        del sys.modules[name]
    del services.workflows  # type: ignore[attr-defined]


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
    identity = f"serviceusage/v1beta1/projects/{PROJECT}/services/workflows.googleapis.com:generateServiceIdentity"
    assert cloud.ok("POST", identity)["response"]["email"] == workflows.agent.format(number=NUMBER)
    named = endpoints.variables("http://127.0.0.1:1", registry)
    assert named["GOOGLE_WORKFLOWS_CUSTOM_ENDPOINT"] == "http://127.0.0.1:1/workflows/v1/"
    assert named["CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWS"] == "http://127.0.0.1:1/workflows/"
    assert coverage(registry)["workflows.v1"]["counts"]["generic"] > 4


@pytest.mark.parametrize(("description", "left", "ends"), [("nightly", 0, "response"), ("in use", 1, "error")])
def test_its_operations_take_time_and_end_with_what_its_worker_did(
    workflows: Service, tmp_path: Path, description: str, left: int, ends: str
) -> None:
    with serving(tmp_path / "state", "workflows", services=(*SERVICES, workflows)) as cloud:
        parent = f"workflows/v1/projects/{PROJECT}/locations/europe-west1/workflows"
        cloud("POST", parent, {"description": description}, workflowId="train")
        operation = cloud("DELETE", f"{parent}/train")
        assert "done" not in operation
        assert operation["metadata"]["@type"] == "type.googleapis.com/google.cloud.workflows.v1.OperationMetadata"
        name = operation["name"]
        cloud.until(lambda: cloud.cloud.operations.get("workflows", name).over, topic("workflows", name))
        ended = cloud("GET", f"workflows/v1/{name}")
        assert ended["done"]
        assert ends in ended
        assert len(cloud("GET", parent).get("workflows", [])) == left


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Core]:
    """A provider with types in new folders, on a local cloud."""
    for name, files in TYPES.items():
        folder = tmp_path / "types" / name
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_text(json.dumps(content), "utf-8")
    monkeypatch.setattr(rows, "FOLDER", tmp_path / "types")
    rows.catalogue.cache_clear()
    with running(tmp_path / "clone") as checkout:
        compute = f"v1/projects/{PROJECT}/services/compute.googleapis.com:enable"
        fresh(checkout, PROJECT).cloud.request("POST", "serviceusage", compute, json={})
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


def test_a_new_type_with_operations_and_access_is_one_folder(core: Core) -> None:
    name = "google_compute_resource_policy"
    created = core.created(name, name="nightly", description="at night", region="europe-west1")
    assert created["self_link"].endswith(f"projects/{PROJECT}/regions/europe-west1/resourcePolicies/nightly")
    assert core.read(name, created) == created
    grant = {"name": "nightly", "region": "europe-west1", "role": "roles/compute.viewer"}
    member = core.created(f"{name}_iam_member", member=ALICE, **grant)
    assert core.read(f"{name}_iam_member", member) == member
    bob = "user:bob@example.com"
    binding = core.created(f"{name}_iam_binding", members=[ALICE, bob], **grant)
    assert sorted(core.read(f"{name}_iam_binding", binding)["members"]) == [ALICE, bob]
    core.destroyed(f"{name}_iam_binding", binding)
    assert core.read(f"{name}_iam_member", member) is None
    core.destroyed(name, created)
    assert core.read(name, created) is None
