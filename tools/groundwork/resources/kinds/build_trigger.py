"""Triggers of Cloud Build."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.environment.values import Environment
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_LOOKED_INTO,
    Action,
    ConsolePage,
    FileSection,
    Kind,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import Assumed, Need, Planned, assume, usage


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A build trigger: minutes on the machine that the configuration names, else on the default pool's."""
    options = resource.block("build").block("options")
    machine = str(options.get("machine_type", "e2-standard-2")).lower().replace("_", "-")
    machine = "e2-standard-2" if machine == "unspecified" else machine
    yield usage("build minutes", f"build.minute.{machine}", "global", assume(assumptions, resource, "build_minutes"))


def starting(environment: Environment, name: str) -> tuple[tuple[str, str], ...]:
    """Acting as the identity that builds."""
    return ((f"identity/{environment.builds[name].identity}", "act-as"),)


# A trigger has no policy of its own, so the project is asked.
_ASK = "v1/projects/{project}:testIamPermissions"
ACTIONS = (
    Action("build.see", "cloudbuild.builds.get", "POST", "cloudresourcemanager", _ASK),
    Action("build.start", "cloudbuild.builds.create", "POST", "cloudresourcemanager", _ASK, also=starting),
    Action("build.cancel", "cloudbuild.builds.update", "POST", "cloudresourcemanager", _ASK),
)

KIND = Kind(
    name="build trigger",
    why="each build is billed by the minute",
    maker="Cloud Build console or `gcloud builds triggers create`",
    terraform=(
        Provisioning(
            "google_cloudbuild_trigger",
            "trigger",
            Without("its ID is assigned by Google when it is created"),
            price,
            ("cloudbuild.builds.create", "cloudbuild.builds.update"),
            uses=lambda environment: bool(environment.builds),
            section=("build", "name"),
        ),
    ),
    components={"builds": "build"},
    listings=(
        Listing(
            "cloudbuild", f"v1/{HERE}/triggers", "triggers", "resourceName", places="v2/projects/{project}/locations"
        ),
        Listing("cloudbuild", "v1/projects/{project}/triggers", "triggers", "resourceName"),
    ),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=Without("the report has a section of its own for builds"),
    parts=(
        FileSection(
            "build",
            "project",
            7,
            lambda environment: {name: name for name in environment.builds},
            ACTIONS,
            (("roles/cloudbuild.builds.editor", "identities: {{{identity}: {{submits: [builds]}}}}"),),
            page=ConsolePage("/cloud-build/triggers;region={region}?project={project}", "project/{project}/cloudbuild"),
        ),
    ),
)
