"""What the addresses and flags in a team's files say about its project: images, repositories, region and ID."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

_PUSHED_TO = re.compile(r"-docker\.pkg\.dev/[^/\s'\"]+/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)/")
_REGION = re.compile(r"\b([a-z]+-[a-z]+[0-9]+)-docker\.pkg\.dev|--region['\",=\s-]+([a-z]+-[a-z]+[0-9]+)\b")
_PROJECT = re.compile(r"-docker\.pkg\.dev/(?!(?:my|your)-)([a-z][a-z0-9-]{4,28}[a-z0-9])/")


def image(address: str) -> str:
    """The name of an image without its registry, tag and digest, after its repository if that is known; "" if a variable stands for it."""
    name = address.rpartition("/")[2].partition("@")[0].partition(":")[0]
    found = _PUSHED_TO.search(address)
    return "" if "$" in name or not name else f"{found[1]}/{name}" if found else name


def repositories(text: str) -> list[str]:
    """The repositories of images in a text."""
    return list(dict.fromkeys(_PUSHED_TO.findall(text)))


def region(text: str) -> str:
    """The region that a text names most often, "" for none."""
    return usual(first or second for first, second in _REGION.findall(text))


def project(text: str) -> str:
    """The project ID in the addresses of images that a text names most often, "" for none."""
    return usual(_PROJECT.findall(text))


def usual(names: Iterable[str]) -> str:
    """The most frequent name, of several the first; "" without any."""
    return next((name for name, _ in Counter(filter(None, names)).most_common(1)), "")


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """A text in which $NAME and ${NAME} are replaced by those values that are known."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: values.get(found[1] or found[2], found[0]), text)
