"""google_iam_policy: a policy as JSON, from blocks in a configuration. It calls no API."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.provider import normal, policy_data
from localcloud.provider.values import Object
from localcloud.provider.work import Work

Binding = dict[str, Any]


def read(work: Work) -> Object:
    """The policy, with bindings merged by role and condition and sorted by them."""
    merged: dict[tuple[str, ...], Binding] = {}
    config = normal.filled(work.row.schema.root, work.config)
    for block in config["binding"]:
        condition = {"condition": block["condition"][0]} if block["condition"] else {}
        one = {"role": block["role"], "members": block["members"], **condition}
        key = (one["role"], *policy_data.condition_key(one))
        merged.setdefault(key, one | {"members": []})["members"] += one["members"]
    bindings = [one | {"members": sorted(one["members"])} for _, one in sorted(merged.items(), key=_order)]
    text = policy_data.written({"bindings": bindings, "auditConfigs": _audit_configs(config["audit_config"])})
    blocks = {name: config[name] or None for name in ("binding", "audit_config")}
    return {"id": str(zlib.crc32(text.encode())), "policy_data": text, **blocks}


def _order(item: tuple[tuple[str, ...], Binding]) -> tuple[Any, ...]:
    role, title, description, expression = item[0]
    return role, "condition" in item[1], expression, title, description


def _audit_configs(blocks: list[Object]) -> list[Object]:
    """The audit log settings in the order in which hashicorp/google iterates over a set: by hash."""
    configs = [
        {"service": one["service"], "auditLogConfigs": _in_order(map(_log, one["audit_log_configs"]), _hashed_log)}
        for one in blocks
    ]
    return _in_order(configs, _hashed_config)


def _log(block: Object) -> Object:
    members = _in_order(block["exempted_members"], lambda member: f"{member};")
    return {"logType": block["log_type"], "exemptedMembers": members}


def _hashed_log(log: Object) -> str:
    members = "".join(f"{one};" for one in log["exemptedMembers"])
    return f"exempted_members:{{{members}}};log_type:{log['logType']};"


def _hashed_config(config: Object) -> str:
    logs = "".join(f"<{_hashed_log(one)}>;" for one in config["auditLogConfigs"])
    return f"audit_log_configs:{{{logs}}};service:{config['service']};"


def _in_order(items: Iterable[Any], hashed: Callable[[Any], str]) -> list[Any]:
    return sorted(items, key=lambda item: str(zlib.crc32(hashed(item).encode())))
