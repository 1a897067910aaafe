"""Isolates runs: a run on the local cloud reaches only this machine, one on Google Cloud only Google."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from groundwork.errors import UsageProblem
from groundwork.google import local
from groundwork.google import variables as lists

UNIVERSE = "googleapis.com"
_ALWAYS = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
# A plan allocates much and keeps little: with Go's default of 100, garbage collection takes a third of Terraform's time. 400 takes
# about twice the memory, which GOMEMLIMIT can bound; a GOGC set by the user wins.
_RARE_GARBAGE_COLLECTION = {"GOGC": "400"}
_ELSEWHERE = re.compile(
    r"GOOGLE_.*_CUSTOM_ENDPOINT|CLOUDSDK_API_ENDPOINT_OVERRIDES_.*|.*_EMULATOR_(HOST|ENDPOINT)|API_ENDPOINT_OVERRIDE|"
    r"FSSPEC_GC?S_ENDPOINT_URL|TF_REATTACH_PROVIDERS|GCE_METADATA_(HOST|IP|ROOT)|CLOUDSDK_AUTH_\w*(HOST|URI|ENDPOINT)"
)
_UNIVERSES = re.compile(r"(GOOGLE_CLOUD|GOOGLE|CLOUDSDK_CORE)_UNIVERSE_DOMAIN")
_LEFT_BY_LOCAL = ".groundwork/local/"
_GOOGLES = re.compile(r"(?:[\w-]+\.)*googleapis\.com|accounts\.google\.com")
_SETTINGS = "TF_CLI_CONFIG_FILE"
_ARGUMENTS = "TF_CLI_ARGS"
_HARMLESS = re.compile(r"-(lock=(true|false)|lock-timeout=\w+|parallelism=\d+|no-color|compact-warnings)")
_NOWHERE = "http://127.0.0.1:1"
_CLOSED = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
}


@dataclass(frozen=True)
class ProcessVariables:
    """The environment variables of Terraform's processes: `work` for all, `fetch` in addition where providers are downloaded."""

    work: Mapping[str, str] = field(repr=False)
    fetch: Mapping[str, str] = field(default_factory=dict, repr=False)


def local_variables(
    variables: Mapping[str, str], endpoints: Mapping[str, str], token: str, reattach: str | None
) -> ProcessVariables:
    """For the local cloud: its endpoints and token, no Google credentials, and no way to any other host.

    `reattach` is our provider's TF_REATTACH_PROVIDERS; None means the real provider. The closed proxy is for that one: it asks
    Google for the token's owner no matter what the endpoints say.
    """
    # With an emulator host set, Terraform's backend sends no credentials.
    endpoints = {name: value for name, value in endpoints.items() if not name.endswith("_EMULATOR_HOST")}
    kept = {**_for_terraform(variables), **_arguments(variables)}
    network = {name: value for name, value in variables.items() if lists.NETWORK.fullmatch(name)}
    work = {**kept, **endpoints, **_CLOSED, **_ALWAYS, "GOOGLE_OAUTH_ACCESS_TOKEN": token}
    if reattach is not None:
        work["TF_REATTACH_PROVIDERS"] = reattach
    return ProcessVariables(work, {**dict.fromkeys(_CLOSED, ""), **network})


def google_variables(variables: Mapping[str, str], environment: str) -> ProcessVariables:
    """For Google Cloud: the caller's own login and network. Raises UsageProblem as refuse_elsewhere does."""
    refuse_elsewhere(variables, environment)
    kept = {**_for_terraform(variables, lists.NETWORK, lists.LOGIN), **_arguments(variables)}
    return ProcessVariables({**kept, **_ALWAYS})


def refuse_elsewhere(variables: Mapping[str, str], environment: str) -> None:
    """Raises UsageProblem naming the variables that would send calls, or the login, to anybody but Google.

    The clients in this process read them just as Terraform does, so it is not enough to withhold them from child processes.
    """
    found = sorted(name for name, value in variables.items() if value and _leads_elsewhere(name, value))
    if found:
        raise UsageProblem(
            f"{environment} is on Google Cloud, but {', '.join(found)} would send its calls elsewhere: "
            f"unset {'it' if len(found) == 1 else 'them'} (unset {' '.join(found)}) and run again."
        )
    file = _login_file(variables)
    for field_, host in _hosts_named(file):
        if not _GOOGLES.fullmatch(host):
            raise UsageProblem(
                f"{environment} is on Google Cloud, but {field_} in {file} would send your login to {host}: log in again with "
                f"`groundwork login --env {environment}`."
            )


def _leads_elsewhere(name: str, value: str) -> bool:
    if _UNIVERSES.fullmatch(name):
        return value != UNIVERSE
    if _ELSEWHERE.fullmatch(name):
        return True
    mine = lists.NETWORK.fullmatch(name) or lists.LOGIN.fullmatch(name)
    return bool(mine) and (_LEFT_BY_LOCAL in value.replace(os.sep, "/") or local.PROXY_MARK in value)


def _login_file(variables: Mapping[str, str]) -> Path | None:
    """The file of the application default credentials, found as google.auth.default finds it."""
    if variables.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        return None
    key_file = variables.get("GOOGLE_APPLICATION_CREDENTIALS")
    if key_file:
        return Path(key_file)
    folder = variables.get("CLOUDSDK_CONFIG")
    return (Path(folder) if folder else Path.home() / ".config" / "gcloud") / "application_default_credentials.json"


def _hosts_named(file: Path | None) -> Iterator[tuple[str, str]]:
    """The fields of a credentials file that say where the login is sent, with their hosts; credential sources are not checked."""
    try:
        content = json.loads(file.read_bytes()) if file else {}
    except (OSError, ValueError):
        return
    while isinstance(content, dict):
        yield from _named(content)
        content = content.get("source_credentials")


def _named(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        if name.endswith(("_url", "_uri")):
            yield name, urlsplit(str(value)).hostname or str(value)
        elif name == "universe_domain":
            yield name, str(value)


def cached_providers(variables: Mapping[str, str], cache: Path, *, pinned: bool = False) -> dict[str, str]:
    """Variables that make `init` download the real provider once per machine, unless the user has a plugin cache already.

    Where its hashes are `pinned`, a cached provider is used only if its hash is one of them.
    """
    if "TF_PLUGIN_CACHE_DIR" in variables:
        return {}
    folder = cache / "providers"
    folder.mkdir(parents=True, exist_ok=True)
    found = {"TF_PLUGIN_CACHE_DIR": str(folder)}
    return found if pinned else {**found, "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1"}


def silent_changes(variables: Mapping[str, str]) -> list[str]:
    """The variables set here that change what Terraform does without being visible in any command."""
    return sorted(name for name, value in variables.items() if name.startswith(_ARGUMENTS) and value)


def _arguments(variables: Mapping[str, str]) -> dict[str, str]:
    """Terraform's arguments from variables. Raises UsageProblem for those that would plan or store something other than what is shown."""
    found = {name: variables[name] for name in silent_changes(variables)}
    for name, value in found.items():
        if not all(_HARMLESS.fullmatch(word) for word in value.split()):
            raise UsageProblem(
                f"{name} would make Terraform do something other than what is shown: unset {name} and run again (only -lock, "
                "-lock-timeout, -parallelism, -no-color and -compact-warnings are passed on)."
            )
    return found


def _for_terraform(variables: Mapping[str, str], *groups: re.Pattern[str]) -> dict[str, str]:
    """The variables that Terraform may see, without a CLI configuration file that does not exist: OpenTofu warns of it amid its JSON."""
    kept = lists.kept(variables, lists.TERRAFORM, *groups)
    if not Path(kept.get(_SETTINGS) or os.devnull).exists():
        del kept[_SETTINGS]
    return _RARE_GARBAGE_COLLECTION | kept
