"""Links to pages in the local cloud's console or in Google's."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from urllib.parse import quote

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google import local
from groundwork.resources.item import Item
from groundwork.resources.kind import ConsolePage, several
from groundwork.resources.registry import parts
from groundwork.text import allowed

_GOOGLE = "https://console.cloud.google.com"


_PROJECT = ConsolePage("/home/dashboard?project={project}", "project/{project}")
_OTHERS = {
    "access": ConsolePage("/iam-admin/iam?project={project}", "project/{project}/access"),
    "logs": ConsolePage("/logs/query?project={project}", "project/{project}/logs"),
}


def words() -> dict[str, ConsolePage]:
    """The words before the slash, with their pages: the kinds of things in the environment file, access and logs."""
    return {part.word: part.page for _, part in parts() if part.page} | _OTHERS


def pages(environment: Environment) -> list[str]:
    """What has a page, as `groundwork open` takes it: access, bucket/data, logs, …"""
    page_names = (f"{part.word}/{name}" for _, part in parts() if part.page for name in part.entries(environment))
    return sorted((*page_names, *_OTHERS))


def stranger(environment: Environment, thing: str) -> str:
    """A sentence on a thing that is not in the environment file, which may be there all the same; "" for all others."""
    word, _, name = thing.partition("/")
    known = next((list(part.entries(environment)) for _, part in parts() if part.word == word), [name])
    if name in known:
        return ""
    near = get_close_matches(name, known, n=1)
    return f"{environment.file} has no {word} {name}" + (f"; did you mean {near[0]}?" if near else ".")


def address(checkout: Checkout, environment: Environment, thing: str) -> str:
    """The URL of a page: "" for the project, "bucket/data" for a bucket, "logs" for the logs. Starts the local cloud if necessary.

    The local cloud's URL contains its secret. Raises UsageProblem for an unknown page.
    """
    word, _, name = thing.partition("/")
    known = words()
    if word and word not in known:
        raise UsageProblem(f"There is no page for {thing!r}: {allowed(known, word)}")
    page = known.get(word, _PROJECT)
    if word in known and word not in _OTHERS and not name:
        raise UsageProblem(f"Say which: {word}/NAME, as `groundwork output` lists them.")
    filled = {
        "project": environment.project,
        "region": environment.region,
        "name": name,
        **_full(environment, word, name),
    }
    if environment.local:
        return local.console(checkout, page.local.format(**filled))
    return _google(page, filled)


def _full(environment: Environment, word: str, name: str) -> dict[str, str]:
    """The full name in the API, the place in it, and the API's name."""
    for kind, part in parts():
        if part.word == word:
            full = part.entries(environment).get(name, name)
            return {
                "full": full,
                "zone": Item(kind.name, full).location,
                "api": next((row.api for row in several(kind.listings)), ""),
            }
    return {}


def front(checkout: Checkout, environment: Environment) -> str:
    """The console's URL, without the local cloud's secret."""
    if environment.local:
        running = local.find(checkout)
        return f"{running.base}/ (simulated)" if running else "the local cloud is stopped"
    return _google(_PROJECT, {"project": environment.project})


def _google(page: ConsolePage, filled: Mapping[str, str]) -> str:
    return _GOOGLE + page.google.format(**{key: quote(value) for key, value in filled.items()})
