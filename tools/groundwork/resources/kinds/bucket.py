"""Buckets of Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from groundwork.environment import own_buckets
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.resources import functions
from groundwork.resources.contents import bytes_text, look_into
from groundwork.resources.item import Contents, Item
from groundwork.resources.kind import (
    NEVER_WAITS,
    Action,
    ConsolePage,
    FileEntry,
    FileSection,
    Free,
    Kind,
    PolicyAccess,
    Provisioning,
    Removal,
    Values,
    Without,
)
from groundwork.resources.listing import Listing
from groundwork.resources.needs import HOURS_A_MONTH, Assumed, Need, Planned, assume, usage
from groundwork.text import counted

SOFT_DELETE_SECONDS = 7 * 24 * 3600
"""Cloud Storage keeps deleted objects for seven days unless told otherwise (docs: soft-delete)."""
_OF_CODE = ("module.function_sources[", "module.sources[")
"""Where the platform's buckets with packed code are, which the file does not name."""
_PAGES = 100
_AT_ONCE = 8
_NOBODY = "groundwork-trial"
_ONE = "v1/b/{name}"
_NEVER = "ifMetagenerationMatch=9999999"
_SOFT_DELETE_DAYS = (7, 14, 30, 60, 90)
_OTHER_CLASSES = ("NEARLINE", "COLDLINE", "ARCHIVE")


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A Cloud Storage bucket: live objects, deleted and overwritten ones that it keeps, operations and downloads.

    Noncurrent and soft-deleted bytes cost as much as live ones of the same class (docs: soft-delete, pricing).
    """
    region, name = str(resource.get("location")), str(resource.get("storage_class", "STANDARD")).lower()
    # The bucket with Terraform's state: a few small files, whatever the others hold.
    is_state = str(resource.values.get("name", "")).endswith(own_buckets.name("", own_buckets.STATE))
    small = ("all states", "state") if is_state else None
    if resource.address.startswith(_OF_CODE):
        small = ("code", "sources")
    if small:
        operations = assume(assumptions, resource, f"{small[1]}_operations")
        yield usage(small[0], f"storage.{name}", region, assume(assumptions, resource, f"{small[1]}_gib"))
        yield usage("writes", f"storage.operations-a.{name}", region, operations)
        yield usage("reads", f"storage.operations-b.{name}", region, operations)
        return
    yield usage("stored", f"storage.{name}", region, assume(assumptions, resource, "bucket_gib"))
    if resource.block("versioning").get("enabled", False):
        yield usage("older versions", f"storage.{name}", region, assume(assumptions, resource, "bucket_noncurrent_gib"))
    # In the long run a month's deletions times this lie in the bucket.
    seconds = resource.block("soft_delete_policy").get("retention_duration_seconds", SOFT_DELETE_SECONDS)
    if months := Decimal(str(seconds)) / 3600 / HOURS_A_MONTH:
        deleted = assume(assumptions, resource, "bucket_deleted_gib").times(months)
        yield usage("soft-deleted", f"storage.{name}", region, deleted)
    yield usage(
        "writes and listings", f"storage.operations-a.{name}", region, assume(assumptions, resource, "bucket_writes")
    )
    yield usage("reads", f"storage.operations-b.{name}", region, assume(assumptions, resource, "bucket_reads"))
    if name != "standard":
        yield usage(
            "retrieved", f"storage.retrieval.{name}", region, assume(assumptions, resource, "bucket_retrieved_gib")
        )
    yield usage("downloads", "network.egress.internet", region, assume(assumptions, resource, "bucket_download_gib"))


def obstacle(cloud: GoogleCloud, environment: Environment, values: Values) -> str:
    """Why a bucket cannot go: it keeps Terraform's state, or it holds objects and may not delete them."""
    name = str(values["name"])
    if name == environment.state_bucket:
        return (
            f"gs://{name} keeps Terraform's state, and stays in {str(values.get('location', '')).lower()} as long as it is there; "
            "put the region back, or remove everything with `down --all` before you change it"
        )
    if values.get("force_destroy"):
        return ""
    found, unknown = look_into(cloud, [Item("bucket", name)])
    if unknown:
        return f"whether gs://{name} holds objects could not be seen ({', '.join(unknown.values())}), and force_destroy is false"
    if not found[0].holds:
        return ""
    return (
        f"gs://{name} holds {found[0].text}, and force_destroy is false; delete them with "
        f"`gcloud storage rm --recursive --all-versions gs://{name}/**`, or set force_destroy: true for it, run `up`, then do "
        "this again"
    )


def inside(cloud: GoogleCloud, item: Item) -> Contents:
    """Live objects, old versions and soft-deleted ones, which are all billed."""
    live, noncurrent, soft_deleted = _Sum(), _Sum(), _Sum()
    whole, last = True, ""
    for soft in (False, True):
        for number, page in enumerate(_objects(cloud, item.name, soft=soft)):
            for entry in page.get("items", ()):
                size = int(entry.get("size", 0))
                if soft:
                    soft_deleted, last = soft_deleted.plus(size), max(last, str(entry["hardDeleteTime"]))
                elif "timeDeleted" in entry:
                    noncurrent = noncurrent.plus(size)
                else:
                    live = live.plus(size)
            if number + 1 >= _PAGES and page.get("nextPageToken"):
                whole = False
                break
    parts = [
        f"{live.text} live",
        f"{noncurrent.text} old versions",
        f"{soft_deleted.text} soft-deleted, gone by {last[:10]}",
    ]
    sums = (live, noncurrent, soft_deleted)
    phrases = [part for part, total in zip(parts, sums, strict=True) if total.count]
    return Contents(item, ("" if whole else "at least ") + (", ".join(phrases) or "empty"), bool(phrases), whole)


def _objects(cloud: GoogleCloud, bucket: str, *, soft: bool) -> Iterator[dict[str, Any]]:
    which = {"softDeleted": "true"} if soft else {"versions": "true"}
    fields = {"fields": "items(name,size,timeDeleted,hardDeleteTime),nextPageToken", "maxResults": 1000}
    return cloud.whole_pages("storage", f"v1/b/{bucket}/o", {**which, **fields})


@dataclass(frozen=True)
class _Sum:
    count: int = 0
    size: int = 0

    def plus(self, size: int) -> _Sum:
        """One more of this size, in bytes."""
        return _Sum(self.count + 1, self.size + size)

    @property
    def text(self) -> str:
        """Number and size, as "3 objects (1.5 MiB)"."""
        return f"{counted(self.count, 'object')} ({bytes_text(self.size)})"


def empty(cloud: GoogleCloud, item: Item) -> None:
    """Delete every version of every object in a bucket, several at once. Raises CloudProblem."""
    # Nobody wants to restore Google's copies of code, for which a deleted bucket would be billed.
    if functions.is_copy(item):
        no = {"softDeletePolicy": {"retentionDurationSeconds": "0"}}
        cloud.request("PATCH", "storage", f"v1/b/{item.name}", json=no)

    def delete(entry: Mapping[str, Any]) -> None:
        path = f"v1/b/{item.name}/o/{quote(entry['name'], safe='')}"
        try:
            cloud.request("DELETE", "storage", path, params={"generation": entry["generation"]})
        except CloudProblem as problem:
            if problem.code != 404:
                raise

    fields = {"versions": "true", "maxResults": 1000, "fields": "items(name,generation),nextPageToken"}
    versions = list(cloud.pages("storage", f"v1/b/{item.name}/o", "items", fields))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(delete, versions):
            pass


def adopted(environment: Environment, item: Item) -> FileEntry | str:
    """A bucket as the file would have it; where it has versioning, no rule begins to delete old versions soon."""
    if item.name in own_buckets.names(environment.project):
        return "its name is one that groundwork gives a bucket of its own"
    if "google" in item.name or "." in item.name:
        return "the file takes no bucket with google or a dot in its name"
    body, usual = item.body, f"{environment.project}-"
    values: dict[str, Any] = {} if item.name.startswith(usual) else {"called": item.name}
    if (location := str(body.get("location", environment.region)).lower()) != environment.region:
        values["location"] = location
    if (body.get("versioning") or {}).get("enabled"):
        values |= {"versioning": True, "noncurrent_versions": {"days": 3650, "keep": 1000}}
    days = int((body.get("softDeletePolicy") or {}).get("retentionDurationSeconds", 0)) // 86400
    if days in _SOFT_DELETE_DAYS:
        values["soft_delete_days"] = days
    if (storage_class := str(body.get("storageClass", "STANDARD"))) in _OTHER_CLASSES:
        values["storage_class"] = storage_class
    return FileEntry(item.name.removeprefix(usual)[:46].strip("-_"), values, item.name)


def called(environment: Environment, name: str) -> str:
    """A bucket's name in the file; one that was removed from it has lost only the project."""
    if name in own_buckets.names(environment.project):
        return ""
    names = {bucket.full_name: short for short, bucket in environment.buckets.items()}
    return names.get(name, name.removeprefix(f"{environment.project}-"))


ACTIONS = (
    Action("bucket.see", "storage.buckets.get", "GET", "storage", _ONE),
    Action("bucket.change", "storage.buckets.update", "PATCH", "storage", f"{_ONE}?{_NEVER}", {"labels": {}}),
    Action("bucket.delete", "storage.buckets.delete", "DELETE", "storage", f"{_ONE}?{_NEVER}"),
    Action("bucket.see-access", "storage.buckets.getIamPolicy", "GET", "storage", f"{_ONE}/iam"),
    Action("bucket.list-objects", "storage.objects.list", "GET", "storage", f"{_ONE}/o?maxResults=1"),
    Action("bucket.read-object", "storage.objects.get", "GET", "storage", f"{_ONE}/o/{_NOBODY}?alt=media"),
    Action(
        "bucket.write-object",
        "storage.objects.create",
        "GET",
        "storage",
        f"{_ONE}/iam/testPermissions?permissions=storage.objects.create",
    ),
    Action("bucket.delete-object", "storage.objects.delete", "DELETE", "storage", f"{_ONE}/o/{_NOBODY}?generation=1"),
)

KIND = Kind(
    name="bucket",
    why="objects by GiB and month, old versions and soft-deleted ones too",
    maker="`gcloud storage buckets create`",
    makers=(
        (r"{project}_cloudbuild", "`gcloud builds submit`, for the sources"),
        (r"gcf-(v2-)?(sources|uploads)-.*", "`gcloud functions deploy`, for the sources"),
        (r"run-sources-.*", "`gcloud run deploy --source`, for the sources"),
        (r"cloud-ai-platform-.*", "Vertex AI, for staging"),
        (r"(.+\.)?artifacts\.{project}\.appspot\.com", "Container Registry, which has been shut down, for its images"),
        (r"(staging\.)?{project}\.appspot\.com", "App Engine"),
        (r"dataflow-staging-.*", "Dataflow, for staging"),
        (r".*[-_]tfstate|.*[-_]terraform[-_]state", "another Terraform, for its state"),
    ),
    terraform=(
        Provisioning(
            "google_storage_bucket",
            "bucket",
            "{name}",
            price,
            ("storage.buckets.create", "storage.buckets.delete", "storage.buckets.list"),
            obstacle,
            named="name",
            section=("bucket", "name"),
        ),
        Provisioning(
            "google_storage_bucket_object",
            "object",
            Without("making it again changes nothing"),
            Free("counted with its bucket"),
            ("storage.objects.create", "storage.objects.delete", "storage.objects.get"),
            uses=lambda environment: bool(environment.functions),
            again=True,
        ),
    ),
    components={"buckets": "bucket", "sources": "bucket", "state_bucket": "state bucket"},
    listings=(Listing("storage", "v1/b", "items", born="timeCreated", params={"project": "{project}"}, platform=True),),
    removal=Removal(after=("function", "log sink"), path=_ONE, before=empty),
    belongs=functions.copies_its_code,
    pausing=NEVER_WAITS,
    policy=PolicyAccess(
        f"{_ONE}/iam",
        "GET",
        "bucket",
        "storage buckets {verb} gs://{name}",
        getter="",
        setter="",
        write="PUT",
        whole=True,
        version="optionsRequestedPolicyVersion",
    ),
    inside=inside,
    reported=Without("the report has a section of its own for the contents of buckets"),
    parts=(
        FileSection(
            "bucket",
            "buckets",
            1,
            lambda environment: {name: bucket.full_name for name, bucket in environment.buckets.items()},
            ACTIONS,
            (
                ("roles/storage.objectViewer", "identities: {{{identity}: {{buckets: {{{name}: read}}}}}}"),
                ("roles/storage.objectUser", "identities: {{{identity}: {{buckets: {{{name}: write}}}}}}"),
            ),
            adopted,
            called=called,
            page=ConsolePage("/storage/browser/{full}?project={project}", "bucket/{full}"),
        ),
    ),
)
