"""The console's address, which contains a secret, since a browser sends no token of its own accord.

Not a cookie: a browser sends those of 127.0.0.1 to every port, and so to other users' servers.
"""

from __future__ import annotations

from urllib.parse import quote

from localcloud.engine.tokens import Tokens

PREFIX = "/console/"
MAPS = "maps"
"""The folder in the state folder for maps of projects, PROJECT.svg, which other tools provide."""
_PURPOSE = "the console"


def secret(tokens: Tokens) -> str:
    """The secret part of the address."""
    return tokens.secret(_PURPOSE)


def path(tokens: Tokens, page: str = "") -> str:
    """The path of a page, such as "bucket/my-data"."""
    return f"{PREFIX}{secret(tokens)}/{quote(page)}"
