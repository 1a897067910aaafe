"""Names for Terraform's modules and resource types in the team's words, as the kinds declare them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from groundwork.resources.registry import GRANT, kinds, provisionings

_STEP = re.compile(r"module\.([\w-]+)(?:\[(\"(?:[^\"\\]|\\.)*\"|\d+)\])?")


@cache
def _components() -> Mapping[str, str]:
    """Words for module labels in infra/, as the kinds declare them."""
    return {label: word for kind in kinds().values() for label, word in kind.components.items()}


def component(module: str) -> str:
    """A module in the team's words: module.buckets["data"] is "bucket data", the root "this layer"."""
    steps = _STEP.findall(module)
    if not steps:
        return "settings"
    label, key = steps[-1]
    return " ".join(filter(None, (_components().get(label, label.replace("_", " ")), key.strip('"'))))


def thing(kind: str) -> str:
    """A resource type in a word or two: google_storage_bucket_iam_member is "grant"."""
    if GRANT.fullmatch(kind):
        return "grant"
    how = provisionings().get(kind)
    return how.word if how else kind.removeprefix("google_").replace("_", " ")
