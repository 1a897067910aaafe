"""google_artifact_registry_repository: its location may come from the provider block, its name is short."""

from __future__ import annotations

from localcloud.provider.hooks import Hooks
from localcloud.provider.paths import last
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def located(work: Work, planned: Object) -> Object:
    """The planned values with the provider block's region where no location is set."""
    location = planned["location"] or work.settings.region or work.settings.zone.rpartition("-")[0]
    if not location:
        raise Problem(
            "google_artifact_registry_repository has no location.",
            "Set location, or region in the provider block.",
            "location",
        )
    return planned | {"location": location}


def decode(work: Work, values: Object, _state: Object) -> Object:
    """The short name, and a Maven policy that the API leaves out when it is the default."""
    for block in values["maven_config"]:
        block["version_policy"] = block["version_policy"] or "VERSION_POLICY_UNSPECIFIED"
    return values | {"name": last(str(work.answer.get("name", "")))}


HOOKS = Hooks(located=located, decode=decode)
