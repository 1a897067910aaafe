"""The provider block: its schema, and the settings that it configures."""

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
# Ways to authenticate to Google; the local cloud has its own tokens.
_FOREIGN = (
    "credentials",
    "external_credentials",
    "impersonate_service_account",
    "impersonate_service_account_delegates",
)


@dataclass(frozen=True)
class BlockRow:
    """The provider block as data. `endpoints` maps a custom endpoint's prefix to its API."""

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
    """The settings of a provider block for the local cloud at `base`; `token` is used where the block has none.

    Raises Problem for what the local cloud does not support: other credentials, another universe, endpoints elsewhere.
    """
    values = settled(config)
    _refuse_foreign(values)
    return Settings(
        base=base,
        token=_token(values.get("access_token")) or token,
        project=values.get("project") or "",
        region=values.get("region") or "",
        zone=values.get("zone") or "",
        default_labels=values.get("default_labels") or {},
        attribution=_attribution(values),
        deletion_policy=values.get("deletion_policy") or "",
        poll_interval=_seconds(values, "poll_interval", 1.0),
        request_timeout=_seconds(values, "request_timeout", 120.0),
        billing_project=values.get("billing_project") or "",
        user_project_override=bool(values.get("user_project_override")),
        request_reason=values.get("request_reason") or "",
        endpoints=_endpoints(values),
    )


def loopback(url: str) -> bool:
    """Whether a URL stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_foreign(values: Object) -> None:
    for name in _FOREIGN:
        if values.get(name):
            raise Problem(
                f"The local cloud's provider does not support {name}.",
                f"Leave {name} out (access_token names a principal), or use Google's own provider with PROVIDER=google.",
                name,
            )
    if values.get("universe_domain") not in (None, "", "googleapis.com"):
        raise Problem(
            "The local cloud supports only the universe googleapis.com.",
            "Leave universe_domain out.",
            "universe_domain",
        )
    if values.get("prefer_global_endpoints") and values.get("prefer_regional_endpoints"):
        raise Problem(
            "prefer_global_endpoints and prefer_regional_endpoints cannot both be set.",
            "Set only one of them.",
            "prefer_global_endpoints",
        )


def _token(value: str | None) -> str:
    """The token itself, or the contents of the file that it names."""
    if not value:
        return ""
    path = Path(value)
    try:
        return path.read_text(encoding="utf-8").strip() if path.is_absolute() and path.is_file() else value
    except OSError as error:
        raise Problem(
            f"The access_token file {value} cannot be read: {error.strerror}.", attribute="access_token"
        ) from error


def _attribution(values: Object) -> str:
    if values.get("add_terraform_attribution_label") is False:
        return ""
    strategy = values.get("terraform_attribution_label_addition_strategy") or _STRATEGIES[0]
    if strategy not in _STRATEGIES:
        name = "terraform_attribution_label_addition_strategy"
        raise Problem(f"{name} is {strategy!r}.", f"It is one of {', '.join(_STRATEGIES)}.", name)
    return str(strategy)


def _seconds(values: Object, name: str, default: float) -> float:
    return private.seconds(values[name]) if values.get(name) else default


def _endpoints(values: Object) -> dict[str, str]:
    endpoints: dict[str, str] = {}
    for name, url in values.items():
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
            endpoints[api] = url
    return endpoints
