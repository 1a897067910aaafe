"""TensorBoards of Vertex AI."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.resources import vertex
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Kind,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.needs import Assumed, Need, Planned, assume, usage


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A TensorBoard: the logs that it keeps."""
    region = str(resource.get("region", "global"))
    yield usage("logs", "vertex.tensorboard", region, assume(assumptions, resource, "tensorboard_gib"))


KIND = Kind(
    name="Vertex tensorboard",
    why="by GiB of logs and month",
    maker="`gcloud ai tensorboards create`",
    terraform=(
        Provisioning(
            "google_vertex_ai_tensorboard",
            "TensorBoard",
            Without("its ID is assigned by Google when it is created"),
            price,
            ("aiplatform.tensorboards.create", "aiplatform.tensorboards.delete", "aiplatform.tensorboards.update"),
            uses=lambda environment: any(one.tensorboard for one in environment.training.values()),
        ),
    ),
    listings=(vertex.listing("tensorboards"),),
    removal=Removal(after=("Vertex custom job",)),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
