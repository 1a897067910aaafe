"""What a row of data cannot say about a resource type: functions per type, named in one registry."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from localcloud.provider.values import Object

if TYPE_CHECKING:
    from localcloud.provider.additions import Draft
    from localcloud.provider.work import Work

Adjust = Callable[["Work", Object, Object], Object]


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions of one type; None where the rule for all types holds.

    plan     (draft): changes the plan, like a provider's own CustomizeDiff
    encode   (work, values, body) -> body: what is sent, before it is sent
    decode   (work, values, state) -> values: what was read, before it is stored; `work.answer` is the API's answer
    located  (work, values) -> values: what is taken from the provider block when the resource is made
    created  (work, state): what has to be sent right after the resource was made
    create, read, update, delete, import_   replace the whole step; see rest.py for their contracts
    """

    plan: Callable[[Draft], None] | None = None
    located: Callable[[Work, Object], Object] | None = None
    created: Callable[[Work, Object], None] | None = None
    encode: Adjust | None = None
    decode: Adjust | None = None
    create: Callable[[Work, Object], Object] | None = None
    read: Callable[[Work, Object], Object | None] | None = None
    update: Callable[[Work, Object, Object], Object] | None = None
    delete: Callable[[Work, Object], None] | None = None
    import_: Callable[[Work, str], Object] | None = None


NONE = Hooks()

# Resource type -> the module in this package that has its HOOKS.
REGISTRY: Mapping[str, str] = {
    "google_artifact_registry_repository": "repository",
    "google_iam_workload_identity_pool": "identity_pool",
    "google_project_iam_custom_role": "custom_role",
    "google_project_service": "project_service",
    "google_secret_manager_secret": "secret",
    "google_secret_manager_secret_version": "secret_version",
    "google_service_account": "service_account",
    "google_storage_bucket": "bucket",
    "google_storage_bucket_object": "bucket_object",
}


@lru_cache(maxsize=256)
def hooks(resource_type: str) -> Hooks:
    """The hooks of a resource type; NONE for most."""
    if resource_type not in REGISTRY:
        return NONE
    found = importlib.import_module(f"{__name__}.{REGISTRY[resource_type]}").HOOKS
    assert isinstance(found, Hooks)
    return found
