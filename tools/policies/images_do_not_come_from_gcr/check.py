"""No image comes from Container Registry, which was shut down: gcr.io accepts no pushes and serves only Google's own images."""

import re

from policies.language import (
    PASSES,
    Policy,
    Resource,
    Ruling,
    Settings,
    Severity,
    Unknown,
    Verdict,
    fails,
    unknown,
    worst,
)
from policies.workloads import JOB, SERVICE, TRIGGER, images

_GCR = re.compile(r"(\w+\.)?gcr\.io/(?P<project>[^/]+)/.*")
_GOOGLES = (
    "cloud-builders",
    "cloud-marketplace",
    "distroless",
    "google.com",
    "google-samples",
    "gke-release",
    "kaniko-project",
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails an image at gcr.io that is not Google's own."""
    return worst(map(_judge, images(resource)))


def _judge(image: str | Unknown) -> Ruling:
    if isinstance(image, Unknown):
        return unknown("its image")
    found = _GCR.fullmatch(image)
    return (
        fails(f"uses {image}, which Container Registry no longer has")
        if found and found["project"] not in _GOOGLES
        else PASSES
    )


POLICY = Policy(
    title="Images do not come from Container Registry",
    severity=Severity.MEDIUM,
    why="Container Registry has refused pushes since 2025-03-18 and pulls since 2025-06-03: the build or the service fails.",
    mend="Write the image as `REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME`, with a repository of the environment file.",
    resources=(SERVICE, JOB, TRIGGER),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="an image known only after apply is in a repository that this plan creates, which is in Artifact Registry",
)
