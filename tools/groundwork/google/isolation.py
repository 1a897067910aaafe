"""What Terraform's processes see: a local run cannot reach a real endpoint, a real run refuses local ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.errors import UsageProblem

_ALWAYS = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
_OURS = re.compile(r"TF_(DATA_DIR|WORKSPACE|INPUT|REATTACH_PROVIDERS)")
_CREDENTIALS = re.compile(r"(GOOGLE|CLOUDSDK|GCLOUD|GCE|GCP|BOTO)_.*|.*_EMULATOR_HOST|USER_PROJECT_OVERRIDE")
_PROXIES = re.compile(r"(https?|all|no)_proxy", re.IGNORECASE)
_LOCAL_ENDPOINTS = re.compile(
    r"GOOGLE_.*_CUSTOM_ENDPOINT|CLOUDSDK_API_ENDPOINT_OVERRIDES_.*|.*_EMULATOR_HOST|TF_REATTACH_PROVIDERS|GCE_METADATA_(HOST|IP)"
)
_SETTINGS = "TF_CLI_CONFIG_FILE"
_NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Surroundings:
    """The environment variables of Terraform's processes: `work` for all, `fetch` on top of it where providers are fetched."""

    work: Mapping[str, str] = field(repr=False)
    fetch: Mapping[str, str] = field(default_factory=dict, repr=False)


def local_surroundings(
    variables: Mapping[str, str], endpoints: Mapping[str, str], token: str, reattach: str | None
) -> Surroundings:
    """For the local cloud: its endpoints and token, no Google credentials, and nowhere else to go.

    `reattach` is our provider's address for Terraform; None leaves the real provider, which gets a proxy that refuses
    everything, because it asks Google who the token's owner is whatever the endpoints say.
    """
    # With an emulator host in sight Terraform's backend sends no credentials.
    endpoints = {name: value for name, value in endpoints.items() if not name.endswith("_EMULATOR_HOST")}
    kept = _without(variables, _OURS, _CREDENTIALS, _PROXIES)
    proxies = {name: value for name, value in variables.items() if _PROXIES.fullmatch(name)}
    closed = {"HTTPS_PROXY": _NOWHERE, "https_proxy": _NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}
    work = {**kept, **endpoints, **closed, **_ALWAYS, "GOOGLE_OAUTH_ACCESS_TOKEN": token}
    if reattach is not None:
        work["TF_REATTACH_PROVIDERS"] = reattach
    return Surroundings(work, {**dict.fromkeys(closed, ""), **proxies})


def google_surroundings(variables: Mapping[str, str], environment: str) -> Surroundings:
    """For Google Cloud: the caller's own variables.

    Raises UsageProblem when one of them points at a local stand-in.
    """
    found = sorted(name for name, value in variables.items() if value and _LOCAL_ENDPOINTS.fullmatch(name))
    if found:
        raise UsageProblem(
            f"{environment} is on Google Cloud, but {_listed(found)} would send its calls elsewhere: "
            f"unset {'it' if len(found) == 1 else 'them'} (unset {' '.join(found)}) and run again."
        )
    return Surroundings({**_without(variables, _OURS), **_ALWAYS})


def cached_providers(variables: Mapping[str, str], cache: Path, *, pinned: bool = False) -> dict[str, str]:
    """Variables that make `init` fetch the real provider once per machine, unless the user has a plugin cache already.

    Where its hashes are `pinned`, what the cache has counts only if it has one of them.
    """
    if "TF_PLUGIN_CACHE_DIR" in variables:
        return {}
    folder = cache / "providers"
    folder.mkdir(parents=True, exist_ok=True)
    found = {"TF_PLUGIN_CACHE_DIR": str(folder)}
    return found if pinned else {**found, "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1"}


def silent_changes(variables: Mapping[str, str]) -> list[str]:
    """Variables that change what Terraform does without showing in any command."""
    return sorted(name for name, value in variables.items() if name.startswith("TF_CLI_ARGS") and value)


def _without(variables: Mapping[str, str], *patterns: re.Pattern[str]) -> dict[str, str]:
    """The variables that no pattern matches; nor a settings file that is not there, of which OpenTofu warns amid its data."""
    kept = {name: value for name, value in variables.items() if not any(found.fullmatch(name) for found in patterns)}
    if not Path(kept.get(_SETTINGS) or os.devnull).exists():
        del kept[_SETTINGS]
    return kept


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
