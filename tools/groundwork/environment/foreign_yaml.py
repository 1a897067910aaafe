"""Reads YAML files in Google's formats, such as Cloud Build's, within the limits of what a person writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from groundwork.environment.content import LARGEST, content
from groundwork.environment.document import is_endless, reader
from groundwork.errors import UsageProblem

_SUBSTITUTION = re.compile(r"\$\$|\$(?:\{(_[A-Z0-9_]+)\}|(_[A-Z0-9_]+))")


def read(file: Path) -> Any:
    """The values in a file. Raises UsageProblem if it cannot be read or is not YAML."""
    try:
        return values(content(file))
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UsageProblem(f"{file.name} cannot be read as YAML: {' '.join(str(error).split())}") from None


def values(data: bytes) -> Any:
    """The values in a YAML document, with merges and tags applied; too many are refused, since aliases can turn a few lines into millions.

    Raises ValueError.
    """
    from ruamel.yaml.error import YAMLError

    if len(data) > LARGEST:
        raise ValueError(f"it has more than {LARGEST // 1024} KiB")
    try:
        yaml = reader()
        node = yaml.compose(data.decode("utf-8-sig"))
        if node is None:
            return None
        if is_endless(node):
            raise ValueError("its values are nested too deeply, or its aliases stand for too much")
        return yaml.constructor.construct_document(node)
    except YAMLError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None


def camel(name: str) -> str:
    """A key as Google's JSON spells it, in camel case; one that begins with _ is a team's own."""
    first, *rest = name.split("_")
    return name if name.startswith("_") else first + "".join(word[:1].upper() + word[1:] for word in rest)


def substitutions(text: str) -> list[str]:
    """The team's own substitutions that a text of Cloud Build's uses, as $_NAME or ${_NAME}; $$ is a dollar sign."""
    return list(dict.fromkeys(first or second for first, second in _SUBSTITUTION.findall(text) if first or second))
