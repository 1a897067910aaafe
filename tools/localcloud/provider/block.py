"""The provider block: its schema, and the settings it configures."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from localcloud.provider import private, schema
from localcloud.provider.schema import Schema
from localcloud.provider.settings import Settings
from localcloud.provider.values import Object, settled
from localcloud.provider.work import Problem

_SUFFIX = "_custom_endpoint"
_STRATEGIES = ("CREATION_ONLY", "PROACTIVE")
# Ways to prove an identity to Google; the local cloud has tokens of its own.
_FOREIGN = (
    "credentials",
    "external_credentials",
    "impersonate_service_account",
    "impersonate_service_account_delegates",
)


@dataclass(frozen=True)
class BlockRow:
    """The provider block as data. `endpoints` maps the prefix of a custom endpoint to the API that it means."""

    schema: Schema
    endpoints: Mapping[str, str]


@lru_cache(maxsize=1)
def row() -> BlockRow:
    """The provider block's row."""
    raw = json.loads((Path(__file__).parent / "block.json").read_text(encoding="utf-8"))
    prefixes = [*raw["endpoints"], *raw["other_endpoints"]]
    tree = raw["schema"] | {prefix + _SUFFIX: "string optional check=endpoint" for prefix in prefixes}
    return BlockRow(schema.parse(tree), raw["endpoints"])


def settings(config: Object, base: str, token: str) -> Settings:
    """What the block says, for the local cloud at `base` and the token of the process where the block has none.

    Raises Problem for what the local cloud does not have: other credentials, another universe, endpoints elsewhere.
    """
    said = settled(config)
    _refuse_foreign(said)
    return Settings(
        base=base,
        token=_token(said.get("access_token")) or token,
        project=said.get("project") or "",
        region=said.get("region") or "",
        zone=said.get("zone") or "",
        default_labels=said.get("default_labels") or {},
        attribution=_attribution(said),
        deletion_policy=said.get("deletion_policy") or "",
        poll_interval=_seconds(said, "poll_interval", 1.0),
        request_timeout=_seconds(said, "request_timeout", 120.0),
        billing_project=said.get("billing_project") or "",
        user_project_override=bool(said.get("user_project_override")),
        request_reason=said.get("request_reason") or "",
        endpoints=_endpoints(said),
    )


def loopback(url: str) -> bool:
    """Whether a URL stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_foreign(said: Object) -> None:
    for name in _FOREIGN:
        if said.get(name):
            raise Problem(
                f"The local cloud's provider has no use for {name}.",
                f"Leave {name} out (access_token names a principal), or use Google's own provider with PROVIDER=google.",
                name,
            )
    if said.get("universe_domain") not in (None, "", "googleapis.com"):
        raise Problem(
            "The local cloud is in the universe googleapis.com only.", "Leave universe_domain out.", "universe_domain"
        )
    if said.get("prefer_global_endpoints") and said.get("prefer_regional_endpoints"):
        raise Problem(
            "prefer_global_endpoints and prefer_regional_endpoints exclude each other.",
            "Set one of them.",
            "prefer_global_endpoints",
        )


def _token(said: str | None) -> str:
    """The token, which may also be named by the file that holds it."""
    if not said:
        return ""
    path = Path(said)
    try:
        return path.read_text(encoding="utf-8").strip() if path.is_absolute() and path.is_file() else said
    except OSError as error:
        raise Problem(
            f"The access_token file {said} cannot be read: {error.strerror}.", attribute="access_token"
        ) from error


def _attribution(said: Object) -> str:
    if said.get("add_terraform_attribution_label") is False:
        return ""
    strategy = said.get("terraform_attribution_label_addition_strategy") or _STRATEGIES[0]
    if strategy not in _STRATEGIES:
        name = "terraform_attribution_label_addition_strategy"
        raise Problem(f"{name} is {strategy!r}.", f"It is one of {', '.join(_STRATEGIES)}.", name)
    return str(strategy)


def _seconds(said: Object, name: str, default: float) -> float:
    return private.seconds(said[name]) if said.get(name) else default


def _endpoints(said: Object) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, url in said.items():
        if not name.endswith(_SUFFIX) or not url:
            continue
        if not loopback(url):
            raise Problem(
                f"{name} is {url}: the local cloud's provider talks to loopback addresses only.",
                "Leave it out, or use Google's own provider with PROVIDER=google.",
                name,
            )
        api = row().endpoints.get(name.removesuffix(_SUFFIX))
        if api:
            found[api] = url
    return found
