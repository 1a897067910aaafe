"""Containers of Cloud Run services and jobs, functions, and images of builds, as Terraform writes them."""

from __future__ import annotations

from collections.abc import Iterator

from policies.language import Block, Resource, Unknown, blocks

SERVICE = "google_cloud_run_v2_service"
JOB = "google_cloud_run_v2_job"
FUNCTION = "google_cloudfunctions2_function"
TRIGGER = "google_cloudbuild_trigger"
SCHEDULE = "google_cloud_scheduler_job"


def template(resource: Resource) -> Block | Unknown:
    """The innermost template of a service or job, which has its containers and its account."""
    found: Block | Unknown = resource.values
    for _ in range(2 if resource.kind == JOB else 1):
        inner = blocks(found, "template") if not isinstance(found, Unknown) else found
        if isinstance(inner, Unknown):
            return inner
        found = inner[0] if inner else {}
    return found


def containers(resource: Resource) -> list[Block] | Unknown:
    """The containers of a service or job."""
    found = template(resource)
    return found if isinstance(found, Unknown) else blocks(found, "containers")


def images(resource: Resource) -> Iterator[str | Unknown]:
    """The images that a service or job runs, or that a build pushes."""
    if resource.kind in (SERVICE, JOB):
        found = containers(resource)
        if isinstance(found, Unknown):
            yield found
            return
        for container in found:
            yield from _texts(container.get("image"))
        return
    builds = resource.blocks("build")
    if isinstance(builds, Unknown):
        yield builds
        return
    for build in builds:
        yield from _texts(build.get("images"))
        steps = blocks(build, "step")
        if isinstance(steps, Unknown):
            yield steps
            continue
        for step in steps:
            yield from _texts(step.get("name"))


def _texts(value: object) -> Iterator[str | Unknown]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str | Unknown):
            yield one
