"""Repositories of images in Artifact Registry."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.environment.values import Environment
from groundwork.google.cloud import GoogleCloud
from groundwork.resources.item import Contents, Item
from groundwork.resources.kind import (
    NEVER_WAITS,
    Action,
    ConsolePage,
    FileEntry,
    FileSection,
    Kind,
    PolicyAccess,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import Assumed, Need, Planned, assume, usage
from groundwork.text import counted

_ONE = "v1/projects/{project}/locations/{region}/repositories/{name}"
_ASK = f"{_ONE}:testIamPermissions"


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """An Artifact Registry repository: its images, and the scan of every new one unless scanning is off."""
    region = str(resource.get("location", "global"))
    if resource.get("mode", "STANDARD_REPOSITORY") == "VIRTUAL_REPOSITORY":
        return
    yield usage("images", "artifactregistry.storage", region, assume(assumptions, resource, "images_gib"))
    scanning = resource.block("vulnerability_scanning_config").get("enablement_config", "INHERITED")
    if scanning != "DISABLED" and resource.get("format", "DOCKER") == "DOCKER":
        yield usage(
            "scans of new images", "artifactregistry.scan", region, assume(assumptions, resource, "images_pushed")
        )


def inside(cloud: GoogleCloud, item: Item) -> Contents:
    """Its images, or other packages, which go with it."""
    word = {"DOCKER": "image"}.get(str(item.body.get("format", "DOCKER")), "package")
    number = len(list(cloud.pages("artifactregistry", f"v1/{item.name}/packages", "packages")))
    return Contents(item, counted(number, word) if number else "empty", bool(number))


def adopted(environment: Environment, item: Item) -> FileEntry | str:
    """A repository as the file would have it; its images stay until somebody lowers what is kept."""
    if (found := item.body.get("format", "DOCKER")) != "DOCKER":
        return f"it is for {found}, and the file's repositories are for Docker images"
    if item.body.get("mode", "STANDARD_REPOSITORY") != "STANDARD_REPOSITORY":
        return "it holds no images of its own"
    if item.location != environment.region:
        return f"it is in {item.location}, and the file's repositories are in {environment.region}"
    values = {"keep": 1000, "delete_after_days": 3650}
    if description := item.body.get("description"):
        values = {"description": description, **values}
    return FileEntry(
        item.short, values, f"projects/{environment.project}/locations/{item.location}/repositories/{item.short}"
    )


ACTIONS = (
    Action("repository.see", "artifactregistry.repositories.get", "GET", "artifactregistry", _ONE),
    Action("repository.list-images", "artifactregistry.packages.list", "GET", "artifactregistry", f"{_ONE}/packages"),
    Action("repository.pull", "artifactregistry.repositories.downloadArtifacts", "POST", "artifactregistry", _ASK),
    Action("repository.push", "artifactregistry.repositories.uploadArtifacts", "POST", "artifactregistry", _ASK),
    Action("repository.delete-image", "artifactregistry.packages.delete", "POST", "artifactregistry", _ASK),
    Action("repository.delete", "artifactregistry.repositories.delete", "POST", "artifactregistry", _ASK),
)

KIND = Kind(
    name="image repository",
    why="images by GiB and month beyond 0.5 GiB",
    maker="`gcloud artifacts repositories create`",
    makers=(
        (r"gcf-artifacts", "`gcloud functions deploy`, for the images"),
        (r"cloud-run-source-deploy", "`gcloud run deploy --source`, for the images"),
        (r"(.+\.)?gcr\.io", "Artifact Registry in place of Container Registry"),
    ),
    terraform=(
        Provisioning(
            "google_artifact_registry_repository",
            "repository",
            "projects/{project}/locations/{location}/repositories/{repository_id}",
            price,
            (
                "artifactregistry.repositories.create",
                "artifactregistry.repositories.delete",
                "artifactregistry.repositories.setIamPolicy",
                "artifactregistry.repositories.update",
            ),
            section=("repository", "repository_id"),
        ),
    ),
    components={"repositories": "image repository"},
    listings=(Listing("artifactregistry", f"v1/{HERE}/repositories", "repositories", platform=True),),
    removal=Removal(after=("function", "Run service")),
    pausing=NEVER_WAITS,
    policy=PolicyAccess(
        "v1/{name}",
        "GET",
        "repository",
        "artifacts repositories {verb} {short} --project={project} --location={location}",
    ),
    inside=inside,
    reported=Without("the report has a section of its own for images"),
    parts=(
        FileSection(
            "repository",
            "repositories",
            2,
            lambda environment: {
                name: f"projects/{environment.project}/locations/{environment.region}/repositories/{name}"
                for name in environment.repositories
            },
            ACTIONS,
            (
                ("roles/artifactregistry.reader", "identities: {{{identity}: {{repositories: {{{name}: read}}}}}}"),
                ("roles/artifactregistry.writer", "identities: {{{identity}: {{repositories: {{{name}: write}}}}}}"),
            ),
            adopted,
            page=ConsolePage("/artifacts/docker/{project}/{region}/{name}?project={project}"),
        ),
    ),
)
