"""google_compute_default_service_account: the account that virtual machines run as when they name none."""

from __future__ import annotations

from localcloud.provider.client import HttpError
from localcloud.provider.data_sources.google_service_account.reading import shown
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work
from localcloud.spec.discovery import document

_PROJECT = "compute.projects.get"


def read(work: Work) -> Object:
    """The account that Compute Engine names for the project."""
    project = work.configured_project()
    try:
        found = work.ask(document("compute", "v1").methods[_PROJECT], {"project": project})
    except HttpError as error:
        raise Problem(f"Compute Engine of the project {project} cannot be read: {error}") from error
    account = shown(work, f"projects/-/serviceAccounts/{found['defaultServiceAccount']}")
    return {name: value for name, value in account.items() if name in work.row.schema.root.children}
