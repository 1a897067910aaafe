"""The contract that every service must meet."""

import re
from pathlib import Path

import localcloud
import pytest
from localcloud.engine import gate, shapes
from localcloud.engine.iam.roles import Roles
from localcloud.engine.service import Service
from localcloud.server.coverage import coverage, kind
from localcloud.services import SERVICES
from localcloud.services.unwritten import UNWRITTEN
from localcloud.spec.discovery import Method, document

from tests.localcloud.inside import PROJECT, inside

ROLES = Roles(service.roles for service in (*UNWRITTEN, *SERVICES) if service.roles)
each = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.api)


def methods(service: Service) -> dict[str, Method]:
    return {
        name: method for version in service.versions for name, method in document(service.api, version).methods.items()
    }


def aliased(service: Service) -> set[str]:
    return {alias.method for alias in service.aliases}


@each
def test_its_documents_exist_and_it_has_a_title(service: Service) -> None:
    assert methods(service)
    assert service.title or document(service.api, service.versions[0]).title


@each
def test_every_method_that_it_writes_is_documented_or_has_a_path(service: Service) -> None:
    assert set(service.methods) <= set(methods(service)) | aliased(service)


@each
def test_every_permission_that_it_lists_belongs_to_a_method(service: Service) -> None:
    assert set(service.permissions) <= set(methods(service)) | aliased(service)


@each
def test_every_resource_is_a_collection_of_the_document_or_a_kind_for_conditions(service: Service) -> None:
    collections = {method.collection for method in methods(service).values()}
    own = {name.partition(".")[2].rpartition(".")[0] for name in service.methods}
    for collection, resource in service.resources.items():
        assert collection in collections | own or not resource.iam, collection


@each
def test_some_role_holds_every_permission_that_it_asks_for(service: Service) -> None:
    required = {
        permission
        for name, method in methods(service).items()
        if kind(service, method) != "absent"
        for permission in [service.permissions.get(name, gate.usual(name, ROLES.permissions))]
        if isinstance(permission, str) and permission
    }
    assert required <= ROLES.permissions


@each
def test_no_method_of_a_resource_is_guessed_by_its_name(service: Service) -> None:
    for name, method in methods(service).items():
        if method.collection in service.resources and method.verb in shapes.NAMES and name not in service.methods:
            assert shapes.verb(method), (
                f"{name} is {method.http} {method.flat_path}: write it, no standard verb has that shape"
            )


@each
def test_all_that_is_known_of_it_is_its_own(service: Service) -> None:
    assert service.api not in {one.api for one in UNWRITTEN}, "take its row along from services/unwritten"
    assert not service.agent or "{number}" in service.agent


@each
def test_it_has_a_file_of_its_own(service: Service) -> None:
    folder = Path(localcloud.__file__).parent / "services"
    assert (folder / f"{service.api}.py").exists() or (folder / service.api / "__init__.py").exists()


@each
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"no": 1}'], ids=["nothing", "empty", "list", "unknown"])
def test_no_method_breaks_on_a_thin_request(service: Service, body: bytes, tmp_path: Path) -> None:
    cloud = inside(tmp_path, *SERVICES)
    for name, method in methods(service).items():
        path = re.sub(r"\{[^}]*\}", "x1", method.flat_path).replace("projects/x1", f"projects/{PROJECT}")
        response = cloud(method.http, f"{service.api}/{path}", body)
        assert response.status != 500, f"{name}: {response.message}"


def test_every_file_in_services_is_registered() -> None:
    folder = Path(localcloud.__file__).parent / "services"
    files = {path.stem for path in folder.iterdir() if path.stem not in {"__init__", "__pycache__", "unwritten"}}
    assert files == {service.api for service in SERVICES}


def test_no_two_services_answer_the_same_version() -> None:
    pairs = [(service.api, version) for service in SERVICES for version in service.versions]
    assert len(pairs) == len(set(pairs))


def test_coverage_counts_every_documented_method_once() -> None:
    for name, row in coverage(SERVICES).items():
        api, version = name.split(".")
        assert sum(row["counts"].values()) == len(document(api, version).methods), name
        assert set(row["methods"].values()) <= {"emulated", "generic", "absent"}
