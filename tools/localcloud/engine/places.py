"""Locations, which every regional API lists in the same way."""

from __future__ import annotations

import re

from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import CloudError, error_info, not_found, permission_denied

# Source: https://cloud.google.com/about/locations.
REGIONS = (
    "africa-south1",
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-south2",
    "asia-southeast1",
    "asia-southeast2",
    "asia-southeast3",
    "australia-southeast1",
    "australia-southeast2",
    "europe-central2",
    "europe-north1",
    "europe-north2",
    "europe-southwest1",
    "europe-west1",
    "europe-west10",
    "europe-west12",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west8",
    "europe-west9",
    "me-central1",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "northamerica-south1",
    "southamerica-east1",
    "southamerica-west1",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
)
_ELSEWHERE = frozenset({"-", "global", "asia", "eu", "europe", "us"})
_ZONE = re.compile(r"(.+)-[a-z]")


def check(call: Call) -> None:
    """Raises the 403 for a path into a location that does not exist."""
    words = call.path.split("/", 4)
    if len(words) < 5 or words[0] != "projects":
        return
    known = _known if words[2] == "locations" else call.service.places.get(words[2])
    everywhere = words[3] == "-" and call.method.verb == "create"  # all locations can be asked, but nothing is in all
    if known is not None and (everywhere or not known(words[3])):
        raise unknown(call, words[3])


def _known(location: str) -> bool:
    zone = _ZONE.fullmatch(location)
    return location in REGIONS or location in _ELSEWHERE or (zone is not None and zone[1] in REGIONS)


def unknown(call: Call, location: str) -> CloudError:
    """The 403 for a location that does not exist, or not for this service."""
    consumer = call.cloud.projects.numbered("/".join(call.path.split("/", 2)[:2]))
    described = {"consumer": consumer, "location": location, "service": f"{call.service.api}.googleapis.com"}
    text = f"Permission denied on 'locations/{location}' (or it may not exist)."
    return permission_denied(text, [error_info("LOCATION_POLICY_VIOLATED", "googleapis.com", described)])


def handler(method_id: str) -> Handler | None:
    """The function for a method of a locations collection, None for any other."""
    if method_id.endswith(".projects.locations.list"):
        return list_
    return get if method_id.endswith(".projects.locations.get") else None


def get(call: Call) -> Body:
    """One location; 404 for a name that is not a region."""
    if call.id not in REGIONS and call.id != "global":
        raise not_found(f"Location '{call.id}' was not found. Regions are: {', '.join(REGIONS)}.")
    return _location(call.name)


def list_(call: Call) -> Body:
    """All regions in one page."""
    return {"locations": [_location(f"{call.path}/{region}") for region in REGIONS]}


def _location(name: str) -> Body:
    region = name.rpartition("/")[2]
    return {"name": name, "locationId": region, "labels": {"cloud.googleapis.com/region": region}}
