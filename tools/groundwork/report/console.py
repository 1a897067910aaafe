"""Where a thing can be looked at: a page of the local cloud's console, or of Google's."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google import local
from groundwork.text import allowed

_GOOGLE = "https://console.cloud.google.com"


@dataclass(frozen=True)
class Word:
    """A word that people type before the slash: the page of one such thing in either console.

    {project}, {region} and {name} are filled in; `name` is what the environment's own name becomes there.
    """

    local: str
    google: str
    name: str = "{name}"


WORDS = {
    "bucket": Word("bucket/{name}", "/storage/browser/{name}?project={project}", "{project}-{name}"),
    "repository": Word(
        "resource/artifactregistry/projects/{project}/locations/{region}/repositories/{name}",
        "/artifacts/docker/{project}/{region}/{name}?project={project}",
    ),
    "secret": Word(
        "resource/secretmanager/projects/{project}/secrets/{name}",
        "/security/secret-manager/secret/{name}/versions?project={project}",
    ),
    "identity": Word(
        "resource/iam/projects/{project}/serviceAccounts/{name}@{project}.iam.gserviceaccount.com",
        "/iam-admin/serviceaccounts?project={project}",
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
    word = WORDS.get(kind, Word("project/{project}", "/home/dashboard?project={project}"))
    if "{name}" in word.local and not name:
        raise UsageProblem(f"Say which: {kind}/NAME, as `groundwork output` lists them.")
    known = {"project": environment.project, "region": environment.region}
    filled = {**known, "name": word.name.format(**known, name=name)}
    if environment.local:
        return local.console(checkout, word.local.format(**filled))
    return _GOOGLE + word.google.format(**{key: quote(value) for key, value in filled.items()})
