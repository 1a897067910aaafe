"""The contents of buckets and image repositories, for the report."""

from __future__ import annotations

from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.report.section import Section
from groundwork.resources.contents import bytes_text, look_into
from groundwork.resources.inventory import Inventory
from groundwork.resources.item import Item
from groundwork.workloads.images import short

MOST = 20
"""The most top-level names of a bucket that the report lists."""
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
"""The exceptions that an undocumented answer can cause."""
_DARK = "could not be read"


def buckets(cloud: GoogleCloud, inventory: Inventory) -> Section:
    """Every bucket with the size of its contents, and its top-level folders."""
    bucket_items = [item for item in inventory.items if item.kind == "bucket"]
    looked, dark = look_into(cloud, bucket_items)
    unread = {**_listed(inventory, "bucket"), **dark}
    tops: dict[str, str] = {}
    for item in bucket_items:
        try:
            tops[item.name] = _top(cloud, item)
        except (CloudProblem, *MALFORMED) as problem:
            unread[f"objects of bucket {item.short}"] = reason(problem)
    text_by_name = {entry.item.name: entry.text for entry in looked}
    rows = tuple((item.name, text_by_name.get(item.name, _DARK), tops.get(item.name, _DARK)) for item in bucket_items)
    none = () if rows or unread else ("There is no bucket.",)
    return Section("buckets", "What is in the buckets?", ("bucket", "holds", "top level"), rows, none, unread)


def reason(problem: Exception) -> str:
    """Why something could not be read."""
    return (
        problem.message if isinstance(problem, CloudProblem) else f"the response could not be understood ({problem!r})"
    )


def _listed(inventory: Inventory, kind: str) -> dict[str, str]:
    return {name: why for name, why in inventory.unknown.items() if name in (kind, "enabled APIs")}


def _top(cloud: GoogleCloud, item: Item) -> str:
    params = {"delimiter": "/", "maxResults": MOST, "fields": "prefixes,items(name),nextPageToken"}
    page = cloud.request("GET", "storage", f"v1/b/{item.name}/o", params=params)
    names = [*page.get("prefixes", ()), *(str(entry["name"]) for entry in page.get("items", ()))]
    return ", ".join(map(str, names)) + (", …" if page.get("nextPageToken") else "")


def images(cloud: GoogleCloud, inventory: Inventory) -> Section:
    """Every image in every repository, newest first, untagged ones by digest."""
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    unread = _listed(inventory, "image repository")
    repositories = [item for item in inventory.items if item.kind == "image repository"]
    for item in repositories:
        try:
            image_bodies = list(cloud.pages("artifactregistry", f"v1/{item.name}/dockerImages", "dockerImages"))
            image_bodies.sort(key=lambda image: str(image.get("uploadTime", "")), reverse=True)
            rows += [image_row(item.short, image) for image in image_bodies]
        except (CloudProblem, *MALFORMED) as problem:
            unread[f"images of {item.short}"] = reason(problem)
            continue
        notes += [] if image_bodies else [f"Repository {item.short} is empty."]
    notes += [] if repositories or unread else ["There is no image repository."]
    columns = ("repository", "image", "tags", "size", "pushed")
    return Section("images", "Which images are in the registry?", columns, tuple(rows), tuple(notes), unread)


def image_row(repository: str, image: dict[str, object]) -> tuple[str, ...]:
    """A row of the table, from Artifact Registry's description of an image."""
    name, _, digest = str(image.get("name", "")).rpartition("/")[2].partition("@")
    tags = image.get("tags")
    size = bytes_text(int(str(image["imageSizeBytes"]))) if image.get("imageSizeBytes") else "not said"
    tag_text = (
        ", ".join(short(str(tag)) for tag in tags) if isinstance(tags, list) and tags else f"untagged, {digest[:19]}"
    )
    return (repository, name, tag_text, size, str(image.get("uploadTime", ""))[:16].replace("T", " "))
