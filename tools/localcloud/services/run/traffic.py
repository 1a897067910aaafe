"""Traffic: the percentage and tags of each revision."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localcloud.engine.service import Body
from localcloud.errors import invalid

LATEST, REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
_TAG = re.compile(r"[a-z](?:[a-z0-9-]{0,44}[a-z0-9])?")
_WHOLE = 100


def checked(targets: Sequence[Body], known: Iterable[str]) -> list[Body]:
    """The validated targets; all traffic goes to the latest revision if there are none."""
    if not targets:
        return [{"type": LATEST, "percent": _WHOLE}]
    existing = set(known)
    stored = [_target(one, at, existing) for at, one in enumerate(targets)]
    total = sum(one.get("percent", 0) for one in stored)
    if total != _WHOLE:
        raise invalid(f"Traffic targets must sum to 100 percent; these sum to {total}.", "traffic")
    tags = [one["tag"] for one in stored if one.get("tag")]
    if len(tags) != len(set(tags)):
        raise invalid("Each tag may be used only once.", "traffic")
    return stored


def _target(sent: Body, at: int, known: set[str]) -> Body:
    target = {key: value for key, value in sent.items() if value not in ("", None)}
    where = f"traffic[{at}]"
    revision = str(target.get("revision", "")).rpartition("/")[2]
    kind = target.get("type", REVISION if revision else LATEST)
    if kind not in {LATEST, REVISION} or (kind == LATEST) == bool(revision):
        raise invalid(f"{where} must be of type LATEST, or name a revision.", f"{where}.type")
    if revision and revision not in known:
        raise invalid(f"{where}: revision '{revision}' of this service does not exist.", f"{where}.revision")
    if not 0 <= target.get("percent", 0) <= _WHOLE:
        raise invalid(f"{where}.percent must be between 0 and 100.", f"{where}.percent")
    if target.get("tag") and not _TAG.fullmatch(target["tag"]):
        raise invalid(
            f"{where}.tag {target['tag']!r} must begin with a letter and contain only lowercase letters, digits and dashes, at most 46.",
            f"{where}.tag",
        )
    return target | {"type": kind} | ({"revision": revision} if revision else {})


def statuses(service: Mapping[str, Any], ready: str, known: Mapping[str, bool], host: str) -> list[Body]:
    """The traffic statuses: `ready` is the id of the latest ready revision, `known` maps each revision to whether it is ready.

    If a target's revision is not ready, all traffic stays where it is.
    """
    current: list[Body] = []
    for one in service["traffic"]:
        revision = ready if one["type"] == LATEST else one["revision"]
        if not revision or not known.get(revision):
            return list(service.get("trafficStatuses", []))
        status = {
            "type": one["type"],
            "revision": revision,
            **({"percent": one["percent"]} if one.get("percent") else {}),
        }
        current.append(
            status | ({"tag": one["tag"], "uri": f"https://{one['tag']}---{host}"} if one.get("tag") else {})
        )
    return current


def serving(service: Mapping[str, Any]) -> set[str]:
    """The ids of the revisions that get requests, by percentage or by tag."""
    return {one["revision"] for one in service.get("trafficStatuses", ()) if one.get("percent") or one.get("tag")}


def unready(service: Mapping[str, Any], known: Mapping[str, bool]) -> str:
    """The first revision with assigned traffic that is not ready; "" if there is none."""
    named = (one["revision"] for one in service["traffic"] if one["type"] == REVISION)
    return next((one for one in named if not known.get(one)), "")
