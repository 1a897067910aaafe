"""Named rules by which a change of a value forces replacement although other changes of it do not."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

from localcloud.provider.values import Value


def forced(name: str, old: Value, new: Value) -> bool:
    """Whether the named rule asks for replacement."""
    return RULES[name](old, new)


def _smaller(old: Value, new: Value) -> bool:
    return isinstance(old, int) and isinstance(new, int) and new < old


def _outside(old: Value, new: Value) -> bool:
    """Whether the new range of addresses lacks some of the old one; false for text that is no range."""
    try:
        was, wanted = ipaddress.ip_network(old, strict=False), ipaddress.ip_network(new, strict=False)
    except ValueError:
        return False
    return was.version != wanted.version or not was.subnet_of(wanted)  # type: ignore[arg-type]


RULES: Mapping[str, Callable[[Value, Value], bool]] = {"smaller": _smaller, "outside": _outside}
