"""The locations of buckets.

Source: cloud.google.com/storage/docs/locations, November 2026.
"""

from __future__ import annotations

from localcloud.engine import places
from localcloud.services.storage import refusals

MULTI_REGIONS = frozenset({"ASIA", "EU", "US"})
DUAL_REGIONS = frozenset({"ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"})
# Cloud Storage's regions in addition to those that all services have.
_OF_ITS_OWN = frozenset({"EUROPE-WEST5", "US-CENTRAL2", "US-EAST7", "US-WEST8"})
_REGIONS = frozenset(region.upper() for region in places.REGIONS) | _OF_ITS_OWN


def kind_of(location: str, *, custom_placement: bool) -> str:
    """`region`, `dual-region` or `multi-region`; refuses (400) an unknown location (upper case)."""
    if location in DUAL_REGIONS or (custom_placement and location in MULTI_REGIONS):
        return "dual-region"
    if location in MULTI_REGIONS:
        return "multi-region"
    if location in _REGIONS:
        return "region"
    raise refusals.invalid("The specified location constraint is not valid.")


def check_pair(location: str, pair: list[str]) -> None:
    """Refuses (400) a placement that is not two regions within the multi-region `location`."""
    area = {"ASIA": ("ASIA-",), "EU": ("EUROPE-",), "US": ("US-", "NORTHAMERICA-")}.get(location, ())
    if len(set(pair)) != 2 or not all(place in _REGIONS and place.startswith(area) for place in pair):
        raise refusals.invalid(
            f"Invalid custom placement config: {', '.join(pair)} are not two regions of the multi-region {location}."
        )
