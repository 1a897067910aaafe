"""The steps of a build: what each waits for, and what logs call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.errors import invalid

Body = dict[str, Any]
AT_ONCE = "-"


def waits(steps: Sequence[Mapping[str, Any]]) -> list[frozenset[int]]:
    """For each step the positions of those that must have ended well before it begins.

    Without waitFor these are all steps before it, with "-" none. 400 for an unknown id, one that is used twice, and a circle.
    """
    places: dict[str, int] = {}
    for at, step in enumerate(steps):
        if (identity := step.get("id", "")) and places.setdefault(identity, at) != at:
            raise _refused(f'build step {at} has the id "{identity}", which is not unique')
    found = [_waited(at, step, places) for at, step in enumerate(steps)]
    done: set[int] = set()
    while len(done) < len(steps):
        ready = {at for at, before in enumerate(found) if at not in done and before <= done}
        if not ready:
            circle = min(set(range(len(steps))) - done)
            raise _refused(f"build step {circle} waits for itself by its waitFor")
        done |= ready
    return found


def label(steps: Sequence[Mapping[str, Any]], at: int) -> str:
    """A step in the log: `Step #0 - "test"`."""
    identity = steps[at].get("id", "")
    return f'Step #{at} - "{identity}"' if identity else f"Step #{at}"


def _waited(at: int, step: Mapping[str, Any], places: Mapping[str, int]) -> frozenset[int]:
    wanted = step.get("waitFor", [])
    if not wanted:
        return frozenset(range(at))
    if AT_ONCE in wanted:
        return frozenset()
    for identity in wanted:
        if identity not in places:
            raise _refused(f'build step {at} waits for "{identity}", which is the id of no step')
    return frozenset(places[identity] for identity in wanted)


def _refused(text: str) -> Exception:
    return invalid(f"invalid build: {text}", "build.steps")
