"""Provider-defined functions: each extracts a part of a string by a pattern in functions.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


class Unusable(Exception):
    """An argument that a function can do nothing with; `argument` is its place, from 0."""

    def __init__(self, text: str, argument: int) -> None:
        super().__init__(text)
        self.argument = argument


@dataclass(frozen=True, slots=True)
class Function:
    """A function as data: the first group of `pattern` is its result, `wanted` says to a reader what is looked for."""

    parameter: str
    summary: str
    pattern: str
    wanted: str


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Function]:
    """Every function by its name."""
    raw = json.loads((Path(__file__).parent / "functions.json").read_text(encoding="utf-8"))
    return {name: Function(**values) for name, values in raw.items()}


def call(name: str, argument: str) -> str:
    """The result; Unusable when the argument lacks the part: what follows Terraform's 'Invalid value for "id" parameter: '.

    It does not repeat the argument, which may be secret.
    """
    function = catalogue()[name]
    found = re.search(function.pattern, argument)
    if not found:
        raise Unusable(f"it must hold {function.wanted}", 0)
    return found[1]
