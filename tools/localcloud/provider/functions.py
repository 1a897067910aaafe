"""Provider-defined functions: each extracts part of a string with a pattern from functions.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


class BadArgument(Exception):
    """An argument that a function cannot use; `argument` is its position, from 0."""

    def __init__(self, text: str, argument: int) -> None:
        super().__init__(text)
        self.argument = argument


@dataclass(frozen=True, slots=True)
class Function:
    """A function as data: the first group of `pattern` is its result; `wanted` describes for people what must match."""

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
    """The part extracted from the argument; raises BadArgument if there is none.

    The message follows Terraform's 'Invalid value for "id" parameter: ' and does not repeat the argument, which may be secret.
    """
    function = catalogue()[name]
    match = re.search(function.pattern, argument)
    if not match:
        raise BadArgument(f"it must contain {function.wanted}", 0)
    return match[1]
