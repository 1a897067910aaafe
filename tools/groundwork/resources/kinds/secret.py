"""Secrets of Secret Manager, with their versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from groundwork.environment.values import Environment
from groundwork.google.cloud import GoogleCloud
from groundwork.resources.item import Contents, Item
from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_REPORTED,
    Action,
    ConsolePage,
    FileEntry,
    FileSection,
    Free,
    Kind,
    PolicyAccess,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.listing import Listing
from groundwork.resources.needs import HOURS_A_MONTH, Assumed, Need, Planned, assume, usage
from groundwork.text import counted

_ONE = "v1/projects/{project}/secrets/{name}"
_ASK = f"{_ONE}:testIamPermissions"
_WRONG_SUM = {"payload": {"data": "eA==", "dataCrc32c": "1"}}


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A secret: its versions in every location that they are kept in, reads, and rotation notices.

    Automatic replication is billed as one location (Secret Manager's price page).
    """
    replicas = resource.block("replication").block("user_managed").blocks("replicas")
    versions = assume(assumptions, resource, "secret_versions").times(max(len(replicas), 1))
    yield usage("versions", "secretmanager.version", "global", versions)
    yield usage("reads", "secretmanager.access", "global", assume(assumptions, resource, "secret_accesses"))
    period = resource.block("rotation").get("rotation_period", "")
    if period:
        months = Decimal(str(period).rstrip("s")) / 3600 / HOURS_A_MONTH
        yield Need("rotation notices", "secretmanager.rotation", "global", 1 / months, "fixed")


def inside(cloud: GoogleCloud, item: Item) -> Contents:
    """Versions that are not destroyed: disabled ones are billed too."""
    states: list[str] = [
        str(version.get("state"))
        for page in cloud.whole_pages("secretmanager", f"v1/{item.name}/versions")
        for version in page.get("versions", ())
    ]
    active = sum(state != "DESTROYED" for state in states)
    return Contents(item, counted(active, "active version") if active else "no active version", bool(active))


def adopted(environment: Environment, item: Item) -> FileEntry | str:
    """A secret as the file would have it: its values stay where they are kept."""
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_-]{0,62}", item.short):
        return "the file takes names of at most 63 characters that begin with a letter; `groundwork secrets set` copies its value into one"
    replicas = ((item.body.get("replication") or {}).get("userManaged") or {}).get("replicas", ())
    if len(replicas) > 1:
        return f"it is kept in {len(replicas)} regions, and groundwork keeps a secret in one"
    location = replicas[0]["location"] if replicas else "automatic"
    values = {} if location == environment.region else {"location": location}
    return FileEntry(item.short, values, f"projects/{environment.project}/secrets/{item.short}")


ACTIONS = (
    Action("secret.see", "secretmanager.secrets.get", "GET", "secretmanager", _ONE),
    Action("secret.list-versions", "secretmanager.versions.list", "GET", "secretmanager", f"{_ONE}/versions"),
    Action("secret.read", "secretmanager.versions.access", "GET", "secretmanager", f"{_ONE}/versions/latest:access"),
    Action("secret.set", "secretmanager.versions.add", "POST", "secretmanager", f"{_ONE}:addVersion", _WRONG_SUM),
    Action(
        "secret.disable",
        "secretmanager.versions.disable",
        "POST",
        "secretmanager",
        f"{_ONE}/versions/999999:disable",
        {},
    ),
    Action(
        "secret.destroy",
        "secretmanager.versions.destroy",
        "POST",
        "secretmanager",
        f"{_ONE}/versions/999999:destroy",
        {},
    ),
    Action("secret.delete", "secretmanager.secrets.delete", "POST", "secretmanager", _ASK),
    Action("secret.change-access", "secretmanager.secrets.setIamPolicy", "POST", "secretmanager", _ASK),
)

KIND = Kind(
    name="secret",
    why="$0.06 a month for each active version beyond six",
    maker="`gcloud secrets create`",
    terraform=(
        Provisioning(
            "google_secret_manager_secret",
            "secret",
            "projects/{project}/secrets/{secret_id}",
            price,
            (
                "secretmanager.secrets.create",
                "secretmanager.secrets.delete",
                "secretmanager.secrets.setIamPolicy",
                "secretmanager.secrets.update",
            ),
            section=("secret", "secret_id"),
        ),
        Provisioning(
            "google_secret_manager_secret_version",
            "secret version",
            Without("its number is not known before it is created"),
            Free("counted with its secret"),
            Without("groundwork's Terraform creates none: values stay out of it"),
        ),
    ),
    components={"secrets": "secret"},
    listings=(Listing("secretmanager", "v1/projects/{project}/secrets", "secrets", platform=True),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=PolicyAccess("v1/{name}", "GET", "secret_id", "secrets {verb} {short} --project={project}"),
    inside=inside,
    reported=NOT_REPORTED,
    parts=(
        FileSection(
            "secret",
            "secrets",
            3,
            lambda environment: {
                name: f"projects/{environment.project}/secrets/{name}" for name in environment.secrets
            },
            ACTIONS,
            (("roles/secretmanager.secretAccessor", "secrets: {{{name}: {{readers: [{identity}]}}}}"),),
            adopted,
            page=ConsolePage("/security/secret-manager/secret/{name}/versions?project={project}"),
        ),
    ),
)
