"""Where buckets can lie.

Source: cloud.google.com/storage/docs/locations, November 2026.
"""

from __future__ import annotations

from localcloud.services.storage import refusals

MULTI_REGIONS = frozenset({"ASIA", "EU", "US"})
DUAL_REGIONS = frozenset({"ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"})
_REGIONS = frozenset(
    f"{area}{number}".upper()
    for area, numbers in {
        "africa-south": "1",
        "asia-east": "12",
        "asia-northeast": "123",
        "asia-south": "12",
        "asia-southeast": "123",
        "australia-southeast": "12",
        "europe-central": "2",
        "europe-north": "12",
        "europe-southwest": "1",
        "europe-west": "12345689",
        "me-central": "12",
        "me-west": "1",
        "northamerica-northeast": "12",
        "northamerica-south": "1",
        "southamerica-east": "1",
        "southamerica-west": "1",
        "us-central": "12",
        "us-east": "1457",
        "us-south": "1",
        "us-west": "12348",
    }.items()
    for number in numbers
) | {"EUROPE-WEST10", "EUROPE-WEST12"}


def kind_of(location: str, *, custom_placement: bool) -> str:
    """`region`, `dual-region` or `multi-region`; an unknown location (upper case) is refused (400)."""
    if location in DUAL_REGIONS or (custom_placement and location in MULTI_REGIONS):
        return "dual-region"
    if location in MULTI_REGIONS:
        return "multi-region"
    if location in _REGIONS:
        return "region"
    raise refusals.invalid("The specified location constraint is not valid.")


def check_pair(location: str, places: list[str]) -> None:
    """Refuse (400) a placement that is not two regions within the multi-region `location`."""
    area = {"ASIA": ("ASIA-",), "EU": ("EUROPE-",), "US": ("US-", "NORTHAMERICA-")}.get(location, ())
    if len(set(places)) != 2 or not all(place in _REGIONS and place.startswith(area) for place in places):
        raise refusals.invalid(
            f"Invalid custom placement config: {', '.join(places)} are not two regions of the multi-region {location}."
        )
