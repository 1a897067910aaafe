"""Triggers of Cloud Build."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, Kind, Made, Removal, Without
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import Assumed, Need, Planned, assume, usage


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A build trigger: minutes on the machine that the configuration names, else on the default pool's."""
    options = resource.block("build").block("options")
    machine = str(options.get("machine_type", "e2-standard-2")).lower().replace("_", "-")
    machine = "e2-standard-2" if machine == "unspecified" else machine
    yield usage("build minutes", f"build.minute.{machine}", "global", assume(assumptions, resource, "build_minutes"))


KIND = Kind(
    name="build trigger",
    why="each build is billed by the minute",
    maker="Cloud Build console or `gcloud builds triggers create`",
    terraform=(
        Made(
            "google_cloudbuild_trigger",
            "trigger",
            Without("its id is Google's own, and not known before it is made"),
            price,
            Without("no layer makes one"),
        ),
    ),
    listings=(
        Listing(
            "cloudbuild", f"v1/{HERE}/triggers", "triggers", "resourceName", places="v2/projects/{project}/locations"
        ),
        Listing("cloudbuild", "v1/projects/{project}/triggers", "triggers", "resourceName"),
    ),
    removal=Removal(),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
