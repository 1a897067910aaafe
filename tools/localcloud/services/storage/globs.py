"""Translates the `matchGlob` patterns of object lists into RE2 regular expressions.

Source: cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob.
"""

from __future__ import annotations

import re2

from localcloud.services.storage import refusals
from localcloud.spec import patterns


def expression(glob: str) -> str:
    """The regular expression for a whole object name: `*`, `**`, `?`, `[a-z]`, `{one,two}`; 400 for an invalid glob."""
    translated = _translate(glob)
    try:
        patterns.compiled(translated)
    except patterns.BadPattern:
        raise refusals.invalid(f"Invalid glob pattern: '{glob}'.") from None
    return translated


def _translate(glob: str) -> str:
    parts: list[str] = []
    depth = index = 0
    while index < len(glob):
        token = _token(glob, index)
        index += len(token)
        depth += {"{": 1, "}": -1 if depth else 0}.get(token, 0)
        parts.append(_expression(token, inside_choice=depth > 0 or token == "}"))  # noqa: S105
    return "".join(parts)


def _token(glob: str, index: int) -> str:
    if glob.startswith("**/", index):
        return "**/"
    if glob.startswith("**", index):
        return "**"
    if glob[index] == "\\":
        return glob[index : index + 2]
    if glob[index] == "[" and (end := glob.find("]", index + 2)) > 0:
        return glob[index : end + 1]
    return glob[index]


def _expression(token: str, *, inside_choice: bool) -> str:
    plain = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token)
    if plain is not None:
        return plain
    if inside_choice and token in {"{", "}", ","}:
        return {"{": "(?:", "}": ")", ",": "|"}[token]
    if token.startswith("[") and len(token) > 1:
        negated = token[1] in "!^"
        return f"[{'^' if negated else ''}{token[2 if negated else 1 : -1]}]"
    return str(re2.escape(token[-1]))
