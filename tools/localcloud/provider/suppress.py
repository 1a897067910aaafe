"""Diff suppression: named rules by which an old and a new value count as equal although they differ."""

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

_COMPUTE = "https://www.googleapis.com/compute/v1"


class Around(Protocol):
    """The parts of a plan that comparisons look at."""

    @property
    def prior(self) -> Object: ...
    @property
    def wanted(self) -> Object: ...
    @property
    def settings(self) -> Settings: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values at one path. A block's length is compared at the path that ends in "#"."""

    path: Path
    old: Value
    new: Value
    around: Around

    @property
    def prior(self) -> Object:
        """The whole prior state."""
        return self.around.prior

    @property
    def wanted(self) -> Object:
        """All proposed values."""
        return self.around.wanted

    @property
    def counts(self) -> bool:
        """Whether numbers of blocks are compared, rather than values."""
        return self.path[-1] == "#"

    def block(self, side: Object) -> Object:
        """On one side, the first block of the top-level block being compared; empty without any."""
        blocks = side.get(str(self.path[0]))
        return (blocks[0] or {}) if isinstance(blocks, list) and blocks else {}


def equal(name: str, pair: Comparison) -> bool:
    """Whether the named rule makes the two values equal."""
    if name in _CANONICAL:
        same = _CANONICAL[name]
        return isinstance(pair.old, str) and isinstance(pair.new, str) and same(pair.old) == same(pair.new)
    rule, _, argument = name.partition(":")
    return _RULES[rule](pair) if not argument else _RULES_OF_A_VALUE[rule](pair, argument)


def without_foreign_keys(name: str, old: Value, new: Object) -> Object:
    """A proposed map; if the rule names a key that is left to the API, that key stays as it is in the old map."""
    rule, _, key = name.partition(":")
    before: Object = old or {}
    if rule == "added_key" and key not in new and key in before:
        return new | {key: before[key]}
    if rule == "missing_key" and key not in before:
        return {name: value for name, value in new.items() if name != key}
    return new


def canonical(name: str, value: Value) -> Value:
    """The canonical form of a value, if the named rule has one; otherwise the value itself."""
    return _CANONICAL[name](value) if name in _CANONICAL and isinstance(value, str) else value


def _ip_address(value: str) -> str:
    """An address in canonical form: "2001:db8::1" for "2001:0db8::1"; "" for text that is no address."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return ""


def _ip_range(value: str) -> str:
    """A range with its address in canonical form; text that is none unchanged."""
    address, _, bits = value.partition("/")
    return f"{_ip_address(address)}/{bits}" if _ip_address(address) and bits else value


def _time(value: str) -> str:
    """A duration as seconds, so that "060.00s" equals "60s"."""
    try:
        return str(seconds(value))
    except Problem:
        return value


_CANONICAL: Mapping[str, Callable[[str], str]] = {
    "case": str.lower,
    "duration": lambda value: form("seconds", value),
    "ip_address": _ip_address,
    "ip_range": _ip_range,
    "last_segment": last_segment,
    "last_slash": lambda value: value.removesuffix("/"),
    "time": _time,
    "trimmed": str.strip,
    "member": principals.folded,
    "any_state": lambda value: "" if value == "ANY" else value,
}


def _link_or_name(pair: Comparison) -> bool:
    old, new = pair.old or "", pair.new or ""
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    by_name = "/" not in new and last_segment(old) == new
    return by_name or (relative(old) != "" and relative(old) == relative(new))


def local_md5(values: Object, settings: Settings) -> str:
    """The base64 MD5 hash of an object's content or its source file; empty if neither is known."""
    content, source = values.get("content"), values.get("source")
    if isinstance(content, str):
        return _md5(content.encode())
    try:
        return _md5(settings.file(source).read_bytes()) if isinstance(source, str) and source else ""
    except OSError:
        return ""


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _same_content(pair: Comparison) -> bool:
    given = pair.wanted.get("source_md5hash")
    if given is UNKNOWN or given:
        return True
    found = local_md5(pair.wanted, pair.around.settings)
    return bool(found and found == pair.old)


def _json(pair: Comparison) -> bool:
    if not pair.old or not pair.new:
        return bool(pair.old == pair.new)
    try:
        return bool(json.loads(pair.old) == json.loads(pair.new))
    except (TypeError, ValueError):
        return False


def _json_within(pair: Comparison) -> bool:
    """Whether the old JSON has what the new one says, and otherwise only what the API added."""
    try:
        old, new = json.loads(pair.old), json.loads(pair.new)
    except (TypeError, ValueError):
        return False
    return bool(_in_both(old, new) == new)


def _in_both(old: Any, new: Any) -> Any:
    """The old value without the keys that the new one does not have, at any depth."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: _in_both(value, new[key]) for key, value in old.items() if new.get(key) is not None}
    if isinstance(old, list) and isinstance(new, list):
        return [_in_both(*both) for both in zip(old, new, strict=False)] + old[len(new) :]
    return old


def _added_slash(pair: Comparison) -> bool:
    return bool(pair.old == f"/{pair.new or ''}")


def _relative(pair: Comparison) -> bool:
    old, new = pair.old or "", pair.new or ""
    return isinstance(old, str) and isinstance(new, str) and relative(old) != "" and relative(old) == relative(new)


def _ending(pair: Comparison) -> bool:
    """Whether the new value is the end of the old URL."""
    old, new = pair.old or "", pair.new or ""
    return isinstance(old, str) and isinstance(new, str) and old.endswith(new.removeprefix(_COMPUTE))


def _empty_block(pair: Comparison) -> bool:
    """Whether the only difference is an empty block."""
    if not pair.counts or {pair.old, pair.new} != {0, 1}:
        return False
    return not any(not empty(value) for value in pair.block(pair.wanted if pair.new else pair.prior).values())


def _target_uri(pair: Comparison) -> bool:
    """Whether the old value is an audience that the API derived from the target's address."""
    return bool(pair.old) and not pair.new and pair.old == pair.block(pair.wanted).get("uri")


def _only_for_maps(_pair: Comparison, _key: str) -> bool:
    return False  # without_foreign_keys applies these rules before values are compared


def _only_in_sets(_pair: Comparison) -> bool:
    return False  # a set's elements are matched without the order of such a list


def _image(pair: Comparison) -> bool:
    return isinstance(pair.old, str) and isinstance(pair.new, str) and images.same(pair.old, pair.new)


def _policy(pair: Comparison) -> bool:
    old, new = pair.old or "", pair.new or ""
    return isinstance(old, str) and isinstance(new, str) and policy_data.same(old, new)


def _unset(pair: Comparison, value: str) -> bool:
    return {text(pair.old), text(pair.new)} == {"", value}


def _automatic(pair: Comparison) -> bool:
    """Whether the platform is left to the API, which reports none."""
    return {text(pair.old).lower(), text(pair.new).lower()} == {"", "automatic"}


def _netmask(pair: Comparison) -> bool:
    """Whether the old value is the range that the API chose for a mask: "10.0.0.0/24" for "/24"."""
    return str(pair.new or "").startswith("/") and f"/{str(pair.old or '').rpartition('/')[2]}" == pair.new


def _kept_default(pair: Comparison, value: str) -> bool:
    return bool(pair.old == value and not pair.new)


def _kept(pair: Comparison) -> bool:
    return bool(pair.old) and not pair.new


def _once_true(pair: Comparison) -> bool:
    """Whether the old value is true, which cannot be taken back."""
    return pair.old is True


def _kms_key_version(pair: Comparison) -> bool:
    return str(pair.old or "").split("/cryptoKeyVersions")[0] == (pair.new or "")


def _autoclass(pair: Comparison) -> bool:
    if not pair.counts or pair.new is UNKNOWN:
        return False
    side = pair.wanted if pair.new else pair.prior
    return pair.block(side).get("enabled") in (False, UNKNOWN)


def _hierarchical_namespace(pair: Comparison) -> bool:
    return pair.counts and pair.old == 1 and pair.new == 0 and not pair.block(pair.prior).get("enabled")


def _logging(pair: Comparison) -> bool:
    """Whether a block of logging is only left out, and logging is on without it."""
    return pair.counts and pair.new == 0 and pair.wanted.get("enable_logging") is True


def _ip_filter(pair: Comparison) -> bool:
    if pair.counts:
        return len(pair.path) == 2 and pair.block(pair.prior).get("mode") == "Disabled"
    return pair.path[-1] == "mode" and pair.old == "Disabled" and not pair.new


def _maven_config(pair: Comparison) -> bool:
    old, new = pair.block(pair.prior), pair.block(pair.wanted)
    overwrites = new.get("allow_snapshot_overwrites")
    if overwrites is not None and bool(old.get("allow_snapshot_overwrites")) != (overwrites is True):
        return False
    policies = [one.get("version_policy") or "" for one in (old, new)]
    return all(one is not UNKNOWN and (one == "" or one.endswith("_UNSPECIFIED")) for one in policies)


def _upstream_policies(pair: Comparison) -> bool:
    def rows(side: Object) -> set[tuple[Any, ...]]:
        policies = pair.block(side).get("upstream_policies")
        return {
            (one.get("id") or "", settled(one.get("priority")) or 0, one.get("repository") or "")
            for one in (policies if isinstance(policies, list) else [])
        }

    return not rows(pair.wanted) or rows(pair.prior) == rows(pair.wanted)


_RULES_OF_A_VALUE: Mapping[str, Callable[[Comparison, str], bool]] = {
    "added_key": _only_for_maps,
    "missing_key": _only_for_maps,
    "kept_default": _kept_default,
    "unset": _unset,
}
_RULES: Mapping[str, Callable[[Comparison], bool]] = {
    "added_slash": _added_slash,
    "automatic": _automatic,
    "empty_block": _empty_block,
    "ending": _ending,
    "image": _image,
    "logging": _logging,
    "relative": _relative,
    "target_uri": _target_uri,
    "self_link_or_name": _link_or_name,
    "json": _json,
    "json_within": _json_within,
    "md5": _same_content,
    "once_true": _once_true,
    "policy": _policy,
    "kept": _kept,
    "netmask": _netmask,
    "kms_key_version": _kms_key_version,
    "autoclass": _autoclass,
    "hierarchical_namespace": _hierarchical_namespace,
    "ip_filter": _ip_filter,
    "maven_config": _maven_config,
    "unordered": _only_in_sets,
    "upstream_policies": _upstream_policies,
}
