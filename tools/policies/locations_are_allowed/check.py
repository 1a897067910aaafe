"""Everything is in the environment's region: data does not travel, and traffic within a region is free."""

from collections.abc import Iterator

from policies.language import (
    PASSES,
    Block,
    Policy,
    Resource,
    Ruling,
    Settings,
    Severity,
    Unknown,
    Verdict,
    blocks,
    fails,
    unknown,
    worst,
)


def judge(resource: Resource, settings: Settings) -> Ruling:
    """Fails a location, region or zone outside the allowed regions; `global` passes."""
    return worst(_judge_place(place, settings) for place in _places(resource)) if settings.regions else PASSES


def _places(resource: Resource) -> Iterator[str | Unknown]:
    for _, place in resource.strings("location", "region", "zone"):
        yield place
    for replication in _known(resource.blocks("replication")):
        for managed in _known(blocks(replication, "user_managed")):
            for replica in _known(blocks(managed, "replicas")):
                location = replica.get("location")
                yield location if isinstance(location, str | Unknown) else Unknown()


def _known(found: list[Block] | Unknown) -> list[Block]:
    return [] if isinstance(found, Unknown) else found


def _judge_place(place: str | Unknown, settings: Settings) -> Ruling:
    if isinstance(place, Unknown):
        return unknown("its location")
    name = place.rpartition("/")[2].lower()
    region = name if name.count("-") < 2 else name.rpartition("-")[0]  # a zone is its region and a letter
    return (
        PASSES
        if region in {"global", *settings.regions}
        else fails(f"is in {name}, not in {', '.join(sorted(settings.regions))}")
    )


POLICY = Policy(
    title="Locations are allowed",
    severity=Severity.MEDIUM,
    why="Data in another region is under other laws, is slower to read, and every read across regions is billed; multi-regions cost more per GB.",
    mend="Take the location from the environment's `region`; where another is needed, write an exception with its reason.",
    resources=("google_*",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="where data goes must be readable before apply",
)
