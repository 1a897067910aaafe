"""What Google itself has on offer: zones, regions, machine types, types of disk, and public images. A part of it, by rule.

Source: cloud.google.com/compute/docs/regions-zones, …/machine-resource, …/disks, …/images/os-details (November 2026).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from localcloud.engine import links, paging, places
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import not_found
from localcloud.spec import filters

_ZONES = {"europe-west1": "bcd", "us-central1": "abcf", "us-east1": "bcd"}
_SIZES = (2, 4, 8, 16, 32)
_FAMILIES = {  # memory in MiB for each vCPU, and the sizes in vCPUs
    "e2-standard": (4096, _SIZES),
    "e2-highmem": (8192, (2, 4, 8, 16)),
    "e2-highcpu": (1024, _SIZES),
    "n1-standard": (3840, (1, *_SIZES, 64, 96)),
    "n1-highmem": (6656, (*_SIZES, 64, 96)),
    "n2-standard": (4096, (*_SIZES, 48, 64, 80)),
    "n2-highmem": (8192, (*_SIZES, 48, 64, 80)),
    "c3-standard": (4096, (4, 8, 22, 44, 88, 176)),
    "g2-standard": (4096, (4, 8, 12, 16, 24, 32, 48, 96)),
    "a2-highgpu": (7253, (12, 24, 48, 96)),
}
_SHARED = {"e2-micro": 1024, "e2-small": 2048, "e2-medium": 4096, "f1-micro": 614, "g1-small": 1740}
_DISKS = {"pd-standard": 500, "pd-balanced": 100, "pd-ssd": 100, "pd-extreme": 1000, "local-ssd": 375}
_IMAGES = {  # project -> (family, image)
    "debian-cloud": (("debian-12", "debian-12-bookworm-v20261110"), ("debian-13", "debian-13-trixie-v20261110")),
    "ubuntu-os-cloud": (
        ("ubuntu-2204-lts", "ubuntu-2204-jammy-v20261105"),
        ("ubuntu-2404-lts-amd64", "ubuntu-2404-noble-amd64-v20261105"),
    ),
    "cos-cloud": (("cos-stable", "cos-stable-125-19216-104-60"),),
    "deeplearning-platform-release": (
        ("common-cu128-ubuntu-2204-nvidia-570", "common-cu128-ubuntu-2204-nvidia-570-v20261101"),
        ("pytorch-2-7-cu128-ubuntu-2204-nvidia-570", "pytorch-2-7-cu128-ubuntu-2204-nvidia-570-v20261101"),
    ),
}
PUBLIC = frozenset(_IMAGES)
"""Projects of Google's whose images anybody may read."""
_BORN = "2026-11-10T00:00:00.000000Z"


def zones(region: str) -> tuple[str, ...]:
    """The zones of a region."""
    return tuple(f"{region}-{letter}" for letter in _ZONES.get(region, "abc"))


def is_zone(zone: str) -> bool:
    """Whether there is such a zone."""
    region = zone.rpartition("-")[0]
    return region in places.REGIONS and zone in zones(region)


def all_zones() -> Iterator[str]:
    """Every zone, by region."""
    for region in places.REGIONS:
        yield from zones(region)


def machine(name: str) -> Body | None:
    """A machine type; None when there is none of that name. Custom ones say their size themselves: n2-custom-4-8192."""
    if name in _SHARED:
        return {"guestCpus": 2 if name.startswith("e2") else 1, "memoryMb": _SHARED[name], "isSharedCpu": True}
    custom = re.fullmatch(r"(?:(?:e2|n1|n2|n2d|n4)-)?custom-(\d{1,3})-(\d{3,7})(?:-ext)?", name)
    if custom:
        return {"guestCpus": int(custom[1]), "memoryMb": int(custom[2]), "isSharedCpu": False}
    family, _, size = name.rpartition("-")
    memory, sizes = _FAMILIES.get(family, (0, ()))
    if family == "a2-highgpu" and size in {"1g", "2g", "4g", "8g"}:
        return {"guestCpus": 12 * int(size[0]), "memoryMb": 87_040 * int(size[0]), "isSharedCpu": False}
    if not size.isdecimal() or int(size) not in sizes:
        return None
    return {"guestCpus": int(size), "memoryMb": memory * int(size), "isSharedCpu": False}


def image(reference: str) -> Body | None:
    """A public image by "projects/debian-cloud/global/images/NAME" or …/images/family/FAMILY; None when it is none."""
    found = re.fullmatch(r"projects/([^/]+)/global/images/(family/)?([^/]+)", reference)
    if found is None:
        return None
    wanted = 0 if found[2] else 1
    return next((_image(found[1], *pair) for pair in _IMAGES.get(found[1], ()) if pair[wanted] == found[3]), None)


def _zone(name: str) -> Body:
    return {"status": "UP", "description": name, "region": f"regions/{name.rpartition('-')[0]}"}


def _image(project: str, family: str, name: str) -> Body:
    return {
        "name": name,
        "family": family,
        "status": "READY",
        "diskSizeGb": "10" if project != "deeplearning-platform-release" else "50",
        "archiveSizeBytes": "1073741824",
        "architecture": "X86_64",
        "sourceType": "RAW",
        "description": f"{family} (simulated: nothing boots from it)",
        "_project": project,
    }


def _all(call: Call) -> Iterator[tuple[str, Body]]:
    """(path below the call's place, body) of what the catalogue holds of the method's collection."""
    collection, words = call.method.collection, call.path.split("/")
    if collection == "zones":
        yield from ((f"projects/{call.project}/zones/{zone}", _zone(zone)) for zone in all_zones())
    elif collection == "regions":
        yield from ((f"projects/{call.project}/regions/{region}", _region(region)) for region in places.REGIONS)
    elif collection == "images":
        for pair in _IMAGES.get(words[1], ()):
            yield f"projects/{words[1]}/global/images/{pair[1]}", _image(words[1], *pair)
    else:
        for zone in (words[3],) if words[2] == "zones" else all_zones():
            place = f"projects/{call.project}/zones/{zone}"
            yield from ((f"{place}/{collection}/{name}", body) for name, body in _types(collection))


def _region(name: str) -> Body:
    quotas = [
        {"metric": metric, "limit": 24.0, "usage": 0.0} for metric in ("CPUS", "DISKS_TOTAL_GB", "STATIC_ADDRESSES")
    ]
    return {"status": "UP", "description": name, "zones": [f"zones/{zone}" for zone in zones(name)], "quotas": quotas}


def _types(collection: str) -> Iterator[tuple[str, Body]]:
    if collection == "diskTypes":
        yield from (
            (name, {"defaultDiskSizeGb": str(size), "validDiskSize": "10GB-65536GB", "description": name})
            for name, size in _DISKS.items()
        )
        return
    names = [*_SHARED, *(f"{family}-{size}" for family, (_, sizes) in _FAMILIES.items() for size in sizes)]
    for name in names:
        found = machine(name)
        if found is not None:
            yield (
                name,
                found | {"maximumPersistentDisks": 128, "maximumPersistentDisksSizeGb": "263168", "description": name},
            )


def _shown(call: Call, name: str, body: Body, kind: str) -> Body:
    words = name.split("/")
    kept = {key: value for key, value in body.items() if not key.startswith("_")}
    kept = links.kept(call, kept, ("region", "zones"))
    place = {"zone": words[3]} if words[2] == "zones" and len(words) > 4 else {}
    said = {"kind": f"compute#{kind}", "id": str(zlib.crc32(name.encode()) + 10**12), "creationTimestamp": _BORN}
    shown = {**said, "name": words[-1], **kept, **place, "selfLink": links.whole(call, name)}
    return links.shown(call, shown, ("region", "zones"))


def lister(kind: str) -> Handler:
    """What lists a collection of the catalogue; `kind` is compute#'s word for one of it."""

    def list_(call: Call) -> Body:
        test = filters.compiled(call.params.get("filter", ""))
        size = paging.size(call.params.get("maxResults"), 500, 500)
        after = paging.after(call.params.get("pageToken", ""), call.path)
        pairs = [(name, _shown(call, name, body, kind)) for name, body in sorted(_all(call)) if name > after]
        found = [pair for pair in pairs if test(pair[1])]
        page, token = paging.cut(found, size, lambda pair: pair[0], call.path)
        items: Body = {"items": [body for _, body in page]} if page else {}
        return {
            "kind": f"compute#{kind}List",
            "id": call.path,
            "selfLink": links.whole(call, call.path),
            **items,
            **token,
        }

    return list_


def getter(kind: str) -> Handler:
    """What reads one thing of the catalogue."""

    def get(call: Call) -> Body:
        found = dict(_all(call)).get(call.name)
        if found is None and kind == "machineType":
            found = machine(call.id)
        if found is None:
            raise not_found(f"The resource '{call.name}' was not found")
        return _shown(call, call.name, found, kind)

    return get


def from_family(call: Call) -> Body:
    """images.getFromFamily: the image that a family of a public project means now."""
    found = image(f"projects/{call.path.split('/')[1]}/global/images/family/{call.id}")
    if found is None:
        raise not_found(f"The resource '{call.name}' was not found")
    return _shown(call, f"projects/{found['_project']}/global/images/{found['name']}", found, "image")


def family_view(call: Call) -> Body:
    """imageFamilyViews.get: the same as gcloud asks for it."""
    return {"image": from_family(call)}


def either(public: Handler, own: Callable[[Call], Body]) -> Handler:
    """Images: the catalogue's in a public project, the project's own elsewhere."""
    return lambda call: (public if call.path.split("/")[1] in PUBLIC else own)(call)
