"""The tables of predefined roles: complete, consistent, and with every permission that a method needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud import services
from localcloud.engine import gate
from localcloud.engine.dispatch import handler
from localcloud.engine.iam import roles
from localcloud.engine.service import Service
from localcloud.services import SERVICES
from localcloud.services.unwritten import UNWRITTEN
from localcloud.spec.discovery import document

KNOWN = (*UNWRITTEN, *SERVICES)
ROLES = roles.Roles(service.roles for service in KNOWN if service.roles)
FILES = {"basic": roles.BASIC, **{service.api: service.roles.file for service in KNOWN if service.roles}}
ROWS = [(api, name, row) for api, file in FILES.items() for name, row in json.loads(file.read_text()).items()]
SPREAD = {"roles/owner", "roles/editor", "roles/viewer", "roles/iam.securityReviewer"}


def permissions(role: str) -> frozenset[str]:
    return ROLES.predefined[role].permissions


def static_needs(service: Service) -> Iterator[tuple[str, str]]:
    """(method, permission) of every method that has a function and a fixed permission."""
    for version in service.versions:
        for name, method in document(service.api, version).methods.items():
            permission = service.permissions.get(name, gate.usual(name, ROLES.permissions))
            if handler(service, method) is not None and isinstance(permission, str) and permission:
                yield name, permission


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.api)
def test_every_permission_that_a_method_needs_is_one_of_googles(service: Service) -> None:
    unknown = {need for _, need in static_needs(service)} - ROLES.permissions
    assert not unknown, "no role of the tables holds these; a permission's name is misspelt or its row is missing"


def test_includes_name_roles_that_exist() -> None:
    known = set(ROLES.predefined)
    assert not {
        (name, included) for _, name, row in ROWS for included in row.get("includes", ()) if included not in known
    }


def test_a_role_is_in_its_services_file_and_described_once() -> None:
    described = [name for _, name, row in ROWS if "title" in row]
    assert sorted(described) == sorted(set(described)) == sorted(ROLES.predefined)
    homes = {name: api for api, name, row in ROWS if "title" in row and name not in SPREAD}
    strays = {name for name, api in homes.items() if name[6:].partition(".")[0] not in {api, api.removeprefix("cloud")}}
    assert strays == {"roles/browser"}


def test_every_table_belongs_to_a_service() -> None:
    folder = Path(services.__file__).parent
    files = {*folder.glob("*/roles.json"), *folder.glob("unwritten/*.json")}
    assert files == set(FILES.values()) - {roles.BASIC}


def test_permissions_have_a_service_a_resource_and_a_verb() -> None:
    assert not [one for one in ROLES.permissions if one.count(".") < 2]


def test_the_basic_roles_contain_each_other() -> None:
    assert permissions("roles/viewer") < permissions("roles/editor") < permissions("roles/owner")
    assert permissions("roles/browser") - permissions("roles/owner") <= {
        "resourcemanager.folders.get",
        "resourcemanager.folders.list",
        "resourcemanager.organizations.get",
    }


@pytest.mark.parametrize(
    ("role", "permission", "held"),
    [
        ("roles/owner", "secretmanager.versions.access", True),
        ("roles/editor", "secretmanager.versions.access", False),
        ("roles/viewer", "secretmanager.secrets.get", True),
        ("roles/owner", "iam.serviceAccounts.getAccessToken", False),
        ("roles/iam.serviceAccountTokenCreator", "iam.serviceAccounts.getAccessToken", True),
        ("roles/iam.workloadIdentityUser", "iam.serviceAccounts.getAccessToken", True),
        ("roles/iam.serviceAccountUser", "iam.serviceAccounts.actAs", True),
        ("roles/iam.serviceAccountUser", "iam.serviceAccounts.getAccessToken", False),
        ("roles/owner", "storage.objects.get", False),
        ("roles/storage.objectViewer", "storage.objects.get", True),
        ("roles/storage.objectViewer", "storage.buckets.get", False),
        ("roles/storage.legacyBucketReader", "storage.objects.list", True),
        ("roles/storage.legacyObjectReader", "storage.objects.get", True),
        ("roles/artifactregistry.reader", "artifactregistry.repositories.uploadArtifacts", False),
        ("roles/artifactregistry.writer", "artifactregistry.repositories.uploadArtifacts", True),
        ("roles/secretmanager.secretAccessor", "secretmanager.secrets.get", False),
        ("roles/secretmanager.admin", "secretmanager.versions.access", True),
        ("roles/resourcemanager.projectIamAdmin", "resourcemanager.projects.setIamPolicy", True),
        ("roles/serviceusage.serviceUsageAdmin", "serviceusage.services.enable", True),
        ("roles/editor", "resourcemanager.projects.setIamPolicy", False),
    ],
)
def test_what_well_known_roles_hold_and_do_not_hold(role: str, permission: str, held: bool) -> None:
    assert (permission in permissions(role)) is held
