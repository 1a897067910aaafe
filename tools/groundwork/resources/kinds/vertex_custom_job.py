"""Custom jobs of Vertex AI."""

from __future__ import annotations

from groundwork.environment.values import Environment
from groundwork.resources import reporting, vertex
from groundwork.resources.kind import (
    ENDS_BY_ITSELF,
    NO_POLICY,
    NOT_LOOKED_INTO,
    NOT_MADE,
    Action,
    ConsolePage,
    FileSection,
    Kind,
    Removal,
)
from groundwork.resources.reporting import ReportEntry


def submitting(environment: Environment, name: str) -> tuple[tuple[str, str], ...]:
    """Acting as the identity that trains."""
    return ((f"identity/{environment.training[name].identity}", "act-as"),)


# A job has no policy of its own, so the project is asked.
_ASK = "v1/projects/{project}:testIamPermissions"
ACTIONS = (
    Action("training.see", "aiplatform.customJobs.get", "POST", "cloudresourcemanager", _ASK),
    Action("training.submit", "aiplatform.customJobs.create", "POST", "cloudresourcemanager", _ASK, also=submitting),
    Action("training.cancel", "aiplatform.customJobs.cancel", "POST", "cloudresourcemanager", _ASK),
)

KIND = Kind(
    name="Vertex custom job",
    why="machines by the hour while it runs; a finished one only keeps its record",
    maker="`gcloud ai custom-jobs create`",
    terraform=NOT_MADE,
    components={"training": "training"},
    listings=(vertex.listing("customJobs"),),
    removal=Removal(
        after=("Vertex pipeline run", "Vertex training pipeline", "Vertex tuning job"), before=vertex.cancel
    ),
    pausing=ENDS_BY_ITSELF,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(
        reporting.training(0),
        ReportEntry("machines", 2, reporting.worker_pools),
    ),
    parts=(
        FileSection(
            "training",
            "project",
            8,
            lambda environment: {name: name for name in environment.training},
            ACTIONS,
            (("roles/aiplatform.user", "identities: {{{identity}: {{submits: [training]}}}}"),),
            page=ConsolePage("/vertex-ai/training/custom-jobs?project={project}", "project/{project}/aiplatform"),
        ),
    ),
    over=vertex.over,
)
