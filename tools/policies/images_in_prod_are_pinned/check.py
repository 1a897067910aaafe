"""A protected environment runs images that cannot be moved: by digest, or tagged with the commit that they were built from."""

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
from policies.workloads import JOB, SERVICE, images

_PINNED = re.compile(r".*(@sha256:[0-9a-f]{64}|:[0-9a-f]{7,40})")
_PLACEHOLDER = re.compile(r"us-docker\.pkg\.dev/cloudrun/container/.*")


def judge(resource: Resource, settings: Settings) -> Ruling:
    """Fails, where the environment is protected, an image without a tag or with one that is not a commit."""
    return worst(map(_judge, images(resource))) if settings.protected else PASSES


def _judge(image: str | Unknown) -> Ruling:
    if isinstance(image, Unknown):
        return unknown("its image")
    pinned = _PINNED.fullmatch(image) or _PLACEHOLDER.fullmatch(image)
    return PASSES if pinned else fails(f"runs {image}, which can be moved")


POLICY = Policy(
    title="Images in prod are pinned",
    severity=Severity.MEDIUM,
    why="A tag such as latest can be pushed again: the next instance that starts then runs something that nobody deployed.",
    mend="Leave `image` to the builds, which deploy by commit, or write it with `@sha256:…`.",
    resources=(SERVICE, JOB),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="an image known only after apply is what a build has deployed",
)
