"""Where a thing can be looked at: a page of the local cloud's console, or of Google's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google import local
from groundwork.resources.registry import parts
from groundwork.text import allowed

_GOOGLE = "https://console.cloud.google.com"


@dataclass(frozen=True)
class Word:
    """A word that people type before the slash: the page of one such thing in either console.

    {project}, {region}, {name} and {full}, which is what the API calls it, are filled in.
    """

    local: str
    google: str


_PROJECT = Word("project/{project}", "/home/dashboard?project={project}")
WORDS = {
    "bucket": Word("bucket/{full}", "/storage/browser/{full}?project={project}"),
    "repository": Word(
        "resource/artifactregistry/{full}", "/artifacts/docker/{project}/{region}/{name}?project={project}"
    ),
    "secret": Word(
        "resource/secretmanager/{full}", "/security/secret-manager/secret/{name}/versions?project={project}"
    ),
    "identity": Word(
        "resource/iam/projects/{project}/serviceAccounts/{full}",
        "/iam-admin/serviceaccounts/details/{full}?project={project}",
    ),
    "access": Word("project/{project}/access", "/iam-admin/iam?project={project}"),
    "logs": Word("project/{project}/logs", "/logs/query?project={project}"),
}


def address(checkout: Checkout, environment: Environment, thing: str) -> str:
    """The address of a page: "" is the project's, "bucket/data" a bucket's, "logs" the logs. It starts the local cloud if it is meant.

    The local cloud's has its secret in it. Raises UsageProblem for a word that there is not.
    """
    kind, _, name = thing.partition("/")
    if kind and kind not in WORDS:
        raise UsageProblem(f"There is no page for {thing!r}: {allowed(WORDS, kind)}")
    word = WORDS.get(kind, _PROJECT)
    if "{full}" in word.local and not name:
        raise UsageProblem(f"Say which: {kind}/NAME, as `groundwork output` lists them.")
    entries = next((part.entries(environment) for _, part in parts() if part.word == kind), {})
    known = {"project": environment.project, "region": environment.region, "name": name}
    filled = {**known, "full": entries.get(name, name)}
    if environment.local:
        return local.console(checkout, word.local.format(**filled))
    return _google(word, filled)


def front(checkout: Checkout, environment: Environment) -> str:
    """Where its console is, without the secret that opens the local cloud's."""
    if environment.local:
        running = local.find(checkout)
        return f"{running.base}/ (simulated)" if running else "the local cloud is stopped"
    return _google(_PROJECT, {"project": environment.project})


def _google(word: Word, filled: Mapping[str, str]) -> str:
    return _GOOGLE + word.google.format(**{key: quote(value) for key, value in filled.items()})
