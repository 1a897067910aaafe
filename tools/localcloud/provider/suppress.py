"""Named rules by which an old and a new value count as equal although they differ."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from localcloud.provider import images, policy_data, principals
from localcloud.provider.paths import relative
from localcloud.provider.private import seconds
from localcloud.provider.settings import Settings
from localcloud.provider.stored import form
from localcloud.provider.values import UNKNOWN, Object, Path, Value, empty, last_segment, settled, text
from localcloud.provider.work import Problem


class Around(Protocol):
    """What is planned, as far as a comparison looks around."""

    @property
    def prior(self) -> Object: ...
    @property
    def wanted(self) -> Object: ...
    @property
    def settings(self) -> Settings: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values at one path. A block's own length is compared at the path that ends in "#"."""

    path: Path
    old: Value
    new: Value
    around: Around

    @property
    def prior(self) -> Object:
        """The whole state before."""
        return self.around.prior

    @property
    def wanted(self) -> Object:
        """The whole of what is wanted."""
        return self.around.wanted

    @property
    def counts(self) -> bool:
        """Whether the number of blocks is compared, not a value."""
        return self.path[-1] == "#"

    def block(self, side: Object) -> Object:
        """The first block of the top-level block that is compared, on one side; empty without any."""
        blocks = side.get(str(self.path[0]))
        return (blocks[0] or {}) if isinstance(blocks, list) and blocks else {}


def equal(name: str, asked: Comparison) -> bool:
    """Whether the named rule makes the two values equal."""
    if name in _CANONICAL:
        same = _CANONICAL[name]
        return isinstance(asked.old, str) and isinstance(asked.new, str) and same(asked.old) == same(asked.new)
    rule, _, argument = name.partition(":")
    return _RULES[rule](asked) if not argument else _RULES_OF_A_VALUE[rule](asked, argument)


def without_foreign_keys(name: str, old: Value, new: Object) -> Object:
    """A wanted map, where the rule names a key that is left to the API: what was added stays, what was not is not asked for."""
    rule, _, key = name.partition(":")
    before: Object = old or {}
    if rule == "added_key" and key not in new and key in before:
        return new | {key: before[key]}
    if rule == "missing_key" and key not in before:
        return {name: value for name, value in new.items() if name != key}
    return new


def canonical(name: str, value: Value) -> Value:
    """One value for all that the named rule makes equal, where the rule is of that kind; else the value itself."""
    return _CANONICAL[name](value) if name in _CANONICAL and isinstance(value, str) else value


def _ip_address(value: str) -> str:
    """An address without what makes no difference: "2001:0db8::1" is "2001:db8::1"; texts that are none are all the same."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return ""


def _time(value: str) -> str:
    """A duration without what makes no difference: "060.00s" is "60s"."""
    try:
        return str(seconds(value))
    except Problem:
        return value


_CANONICAL: Mapping[str, Callable[[str], str]] = {
    "case": str.lower,
    "duration": lambda value: form("seconds", value),
    "ip_address": _ip_address,
    "last_segment": last_segment,
    "last_slash": lambda value: value.removesuffix("/"),
    "time": _time,
    "trimmed": str.strip,
    "member": principals.folded,
    "any_state": lambda value: "" if value == "ANY" else value,
}


def _link_or_name(asked: Comparison) -> bool:
    old, new = asked.old or "", asked.new or ""
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    by_name = "/" not in new and last_segment(old) == new
    return by_name or (relative(old) != "" and relative(old) == relative(new))


def local_md5(values: Object, settings: Settings) -> str:
    """The MD5 hash (base64) of an object's content, or of its source file; empty when neither is known."""
    content, source = values.get("content"), values.get("source")
    if isinstance(content, str):
        return _md5(content.encode())
    try:
        return _md5(settings.file(source).read_bytes()) if isinstance(source, str) and source else ""
    except OSError:
        return ""


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _same_content(asked: Comparison) -> bool:
    given = asked.wanted.get("source_md5hash")
    if given is UNKNOWN or given:
        return True
    found = local_md5(asked.wanted, asked.around.settings)
    return bool(found and found == asked.old)


def _json(asked: Comparison) -> bool:
    if not asked.old or not asked.new:
        return bool(asked.old == asked.new)
    try:
        return bool(json.loads(asked.old) == json.loads(asked.new))
    except (TypeError, ValueError):
        return False


def _relative(asked: Comparison) -> bool:
    old, new = asked.old or "", asked.new or ""
    return isinstance(old, str) and isinstance(new, str) and relative(old) != "" and relative(old) == relative(new)


def _empty_block(asked: Comparison) -> bool:
    """Whether the only difference is a block that says nothing."""
    if not asked.counts or {asked.old, asked.new} != {0, 1}:
        return False
    return not any(not empty(value) for value in asked.block(asked.wanted if asked.new else asked.prior).values())


def _target_uri(asked: Comparison) -> bool:
    """An audience that the API took from the address of the target."""
    return bool(asked.old) and not asked.new and asked.old == asked.block(asked.wanted).get("uri")


def _of_maps(_asked: Comparison, _key: str) -> bool:
    return False


def _image(asked: Comparison) -> bool:
    return isinstance(asked.old, str) and isinstance(asked.new, str) and images.same(asked.old, asked.new)


def _policy(asked: Comparison) -> bool:
    old, new = asked.old or "", asked.new or ""
    return isinstance(old, str) and isinstance(new, str) and policy_data.same(old, new)


def _unset(asked: Comparison, value: str) -> bool:
    return {text(asked.old), text(asked.new)} == {"", value}


def _automatic(asked: Comparison) -> bool:
    """A platform that is left to the API, which then says nothing."""
    return {text(asked.old).lower(), text(asked.new).lower()} == {"", "automatic"}


def _netmask(asked: Comparison) -> bool:
    """A range that the API found for a mask that was asked for: "10.0.0.0/24" for "/24"."""
    return str(asked.new or "").startswith("/") and f"/{str(asked.old or '').rpartition('/')[2]}" == asked.new


def _kept_default(asked: Comparison, value: str) -> bool:
    return bool(asked.old == value and not asked.new)


def _kept(asked: Comparison) -> bool:
    return bool(asked.old) and not asked.new


def _kms_key_version(asked: Comparison) -> bool:
    return str(asked.old or "").split("/cryptoKeyVersions")[0] == (asked.new or "")


def _autoclass(asked: Comparison) -> bool:
    if not asked.counts or asked.new is UNKNOWN:
        return False
    side = asked.wanted if asked.new else asked.prior
    return asked.block(side).get("enabled") in (False, UNKNOWN)


def _hierarchical_namespace(asked: Comparison) -> bool:
    return asked.counts and asked.old == 1 and asked.new == 0 and not asked.block(asked.prior).get("enabled")


def _ip_filter(asked: Comparison) -> bool:
    if asked.counts:
        return len(asked.path) == 2 and asked.block(asked.prior).get("mode") == "Disabled"
    return asked.path[-1] == "mode" and asked.old == "Disabled" and not asked.new


def _maven_config(asked: Comparison) -> bool:
    old, new = asked.block(asked.prior), asked.block(asked.wanted)
    overwrites = new.get("allow_snapshot_overwrites")
    if overwrites is not None and bool(old.get("allow_snapshot_overwrites")) != (overwrites is True):
        return False
    policies = [one.get("version_policy") or "" for one in (old, new)]
    return all(one is not UNKNOWN and (one == "" or one.endswith("_UNSPECIFIED")) for one in policies)


def _upstream_policies(asked: Comparison) -> bool:
    def rows(side: Object) -> set[tuple[Any, ...]]:
        policies = asked.block(side).get("upstream_policies")
        return {
            (one.get("id") or "", settled(one.get("priority")) or 0, one.get("repository") or "")
            for one in (policies if isinstance(policies, list) else [])
        }

    return not rows(asked.wanted) or rows(asked.prior) == rows(asked.wanted)


_RULES_OF_A_VALUE: Mapping[str, Callable[[Comparison, str], bool]] = {
    "added_key": _of_maps,
    "missing_key": _of_maps,
    "kept_default": _kept_default,
    "unset": _unset,
}
_RULES: Mapping[str, Callable[[Comparison], bool]] = {
    "automatic": _automatic,
    "empty_block": _empty_block,
    "image": _image,
    "relative": _relative,
    "target_uri": _target_uri,
    "self_link_or_name": _link_or_name,
    "json": _json,
    "md5": _same_content,
    "policy": _policy,
    "kept": _kept,
    "netmask": _netmask,
    "kms_key_version": _kms_key_version,
    "autoclass": _autoclass,
    "hierarchical_namespace": _hierarchical_namespace,
    "ip_filter": _ip_filter,
    "maven_config": _maven_config,
    "upstream_policies": _upstream_policies,
}
