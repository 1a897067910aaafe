"""The order of a build's steps, and their labels in logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.errors import invalid

AT_ONCE = "-"


def waits(steps: Sequence[Mapping[str, Any]]) -> list[frozenset[int]]:
    """For each step, the indexes of the steps that must have succeeded before it starts.

    Without waitFor these are all previous steps, with "-" none. 400 for an unknown or duplicate id, and for a cycle.
    """
    places: dict[str, int] = {}
    for at, step in enumerate(steps):
        if (identity := step.get("id", "")) and places.setdefault(identity, at) != at:
            raise _refused(f'build step {at} has the id "{identity}", which is not unique')
    predecessors = [_waited(at, step, places) for at, step in enumerate(steps)]
    done: set[int] = set()
    while len(done) < len(steps):
        ready = {at for at, before in enumerate(predecessors) if at not in done and before <= done}
        if not ready:
            circle = min(set(range(len(steps))) - done)
            raise _refused(f"build step {circle} waits for itself by its waitFor")
        done |= ready
    return predecessors


def label(steps: Sequence[Mapping[str, Any]], at: int) -> str:
    """A step's label in the log: `Step #0 - "test"`."""
    identity = steps[at].get("id", "")
    return f'Step #{at} - "{identity}"' if identity else f"Step #{at}"


def _waited(at: int, step: Mapping[str, Any], places: Mapping[str, int]) -> frozenset[int]:
    wait_for = step.get("waitFor", [])
    if not wait_for:
        return frozenset(range(at))
    if AT_ONCE in wait_for:
        return frozenset()
    for identity in wait_for:
        if identity not in places:
            raise _refused(f'build step {at} waits for "{identity}", but no step has that id')
    return frozenset(places[identity] for identity in wait_for)


def _refused(text: str) -> Exception:
    return invalid(f"invalid build: {text}", "build.steps")
