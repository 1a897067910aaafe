"""Firewall rules: a project's own, and those that the default network has from the start. They let nothing through and stop nothing (simulated).

Source: https://cloud.google.com/firewall/docs/firewalls#more_rules_default_vpc, and Google's description of the API.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid
from localcloud.services.compute import networks
from localcloud.services.compute.disks import API

_EVERYWHERE, _WITHIN = "0.0.0.0/0", "10.128.0.0/9"
_RULES = {  # name -> what it says, from where, protocols with their ports
    "default-allow-icmp": ("Allow ICMP from anywhere", _EVERYWHERE, {"icmp": ""}),
    "default-allow-internal": (
        "Allow internal traffic on the default network", _WITHIN, {"tcp": "0-65535", "udp": "0-65535", "icmp": ""}
    ),
    "default-allow-rdp": ("Allow RDP from anywhere", _EVERYWHERE, {"tcp": "3389"}),
    "default-allow-ssh": ("Allow SSH from anywhere", _EVERYWHERE, {"tcp": "22"}),
}  # fmt: skip
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_SOURCES = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
_TAGS, _ACCOUNTS = ("sourceTags", "targetTags"), ("sourceServiceAccounts", "targetServiceAccounts")


def complete(call: Call, body: Body) -> Body:
    """A new rule in its stored form: by default for all that comes into the default network, from everywhere."""
    usual: Body = {"direction": "INGRESS", "priority": 1000, "network": networks.default_of(str(call.project))}
    return changed(call, {}, {**usual, **body})


def changed(call: Call, old: Body, new: Body) -> Body:
    """The same after a change: 400 for what contradicts itself."""
    new = {key: value for key, value in new.items() if value != []}
    new = {**new, "disabled": bool(new.get("disabled")), "logConfig": {"enable": False, **(new.get("logConfig") or {})}}
    if new["direction"] == "INGRESS" and not any(new.get(field) for field in _SOURCES):
        new["sourceRanges"] = [_EVERYWHERE]
    if new["direction"] == "EGRESS" and not new.get("destinationRanges"):
        new["destinationRanges"] = [_EVERYWHERE]
    _check(new)
    if new["network"] != old.get("network"):
        networks.referenced(call, new["network"])
    return new


def inherent(call: Call) -> Iterator[tuple[str, Body]]:
    """The rules of the default network."""
    for name, (description, source, allowed) in _RULES.items():
        body: Body = {
            "network": networks.default_of(str(call.project)),
            "description": description,
            "direction": "INGRESS",
            "priority": 65534,
            "sourceRanges": [source],
            "allowed": [
                {"IPProtocol": kind, **({"ports": [ports]} if ports else {})} for kind, ports in allowed.items()
            ],
            "disabled": False,
            "logConfig": {"enable": False},
        }
        yield from networks.there(call.cloud, f"projects/{call.project}/global/firewalls/{name}", body)


def within(call: Call, network: str) -> list[str]:
    """The names of a network's rules."""
    found = dict(inherent(call)) | dict(call.cloud.store.list(API, f"projects/{call.project}/global", "firewalls"))
    return [name for name, body in found.items() if body["network"] == network]


def _check(body: Body) -> None:
    if bool(body.get("allowed")) == bool(body.get("denied")):
        raise _wrong("allowed", body.get("allowed", ""), "Either allowed or denied must be given, and not both.")
    if not 0 <= body["priority"] <= 65535:
        raise _wrong("priority", body["priority"], "Must be from 0 to 65535.")
    egress = body["direction"] == "EGRESS"
    for field in _SOURCES if egress else ():
        if body.get(field):
            raise _wrong(field, body[field], "Not allowed for EGRESS rules.")
    tags = [field for field in _TAGS if body.get(field)]
    accounts = [field for field in _ACCOUNTS if body.get(field)]
    if tags and accounts:
        raise _wrong(tags[0], body[tags[0]], f"Cannot be used together with {accounts[0]}.")
    for field in ("sourceRanges", "destinationRanges"):
        for at, text in enumerate(body.get(field, [])):
            _check_range(f"{field}[{at}]", text)
    for field in ("allowed", "denied"):
        for at, rule in enumerate(body.get(field, [])):
            _check_rule(f"{field}[{at}]", rule)


def _check_range(field: str, text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise _wrong(field, text, "Must be a valid CIDR address range.") from error


def _check_rule(field: str, rule: Body) -> None:
    if not rule.get("IPProtocol"):
        raise _wrong(f"{field}.IPProtocol", "", "It must be given.")
    for at, text in enumerate(rule.get("ports", [])):
        match = _PORTS.fullmatch(text)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= 65535:
            raise _wrong(f"{field}.ports[{at}]", text, "Must be a port, or a range of ports such as 8000-8080.")


def _wrong(field: str, value: object, text: str) -> CloudError:
    return invalid(f"Invalid value for field 'resource.{field}': '{value}'. {text}", field, "invalid")
