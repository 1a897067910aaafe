"""When an old and a new value count as equal although they differ, by name."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from localcloud.provider.settings import Settings
from localcloud.provider.stored import form
from localcloud.provider.values import UNKNOWN, Object, Path, Value, last_segment, settled


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
    return _RULES[name](asked)


def canonical(name: str, value: Value) -> Value:
    """One value for all that the named rule makes equal, where the rule is of that kind; else the value itself."""
    return _CANONICAL[name](value) if name in _CANONICAL and isinstance(value, str) else value


def relative(path: str) -> str:
    """The part of a URL or path from "projects/" on; empty without one."""
    _, found, rest = path.partition("projects/")
    return found + rest


def _member(member: str) -> str:
    """A principal without the case that Google ignores: principal sets and the two public groups keep theirs."""
    sensitive = ("principal:", "principalSet:", "principalHierarchy:")
    return (
        member
        if member.startswith(sensitive) or "allUsers" in member or "allAuthenticatedUsers" in member
        else member.lower()
    )


_CANONICAL: Mapping[str, Callable[[str], str]] = {
    "case": str.lower,
    "duration": lambda value: form("seconds", value),
    "last_segment": last_segment,
    "member": _member,
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


def _empty_or_alpha(asked: Comparison) -> bool:
    return {asked.old or "", asked.new or ""} == {"", "ALPHA"}


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


_RULES: Mapping[str, Callable[[Comparison], bool]] = {
    "self_link_or_name": _link_or_name,
    "json": _json,
    "md5": _same_content,
    "empty_or_alpha": _empty_or_alpha,
    "kept": _kept,
    "kms_key_version": _kms_key_version,
    "autoclass": _autoclass,
    "hierarchical_namespace": _hierarchical_namespace,
    "ip_filter": _ip_filter,
    "maven_config": _maven_config,
    "upstream_policies": _upstream_policies,
}
