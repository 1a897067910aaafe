"""Updates a VM: one call for each thing that changed, with the VM stopped for those that require it."""

from __future__ import annotations

from typing import Any

from localcloud.provider import normal, patches, paths, requests, rest
from localcloud.provider.operations import finished
from localcloud.provider.types.google_compute_instance import disks, network_interfaces
from localcloud.provider.values import Object, at, text
from localcloud.provider.work import Problem, Work

# Attributes that the API changes only while the VM is stopped.
_WHILE_STOPPED = (
    "advanced_machine_features", "enable_display", "machine_type", "min_cpu_platform", "service_account", "shielded_instance_config",
)  # fmt: skip
_SCHEDULING_WHILE_STOPPED = ("node_affinities", "max_run_duration", "termination_time")
_NETWORK = ("network", "subnetwork", "subnetwork_project")
_PATCHED = {
    "network_ip": "networkIP", "alias_ip_range": "aliasIpRanges", "stack_type": "stackType", "igmp_query": "igmpQuery",
    "ipv6_address": "ipv6Address",
}  # fmt: skip
_WHOLE = {"description": "description", "can_ip_forward": "canIpForward", "params": "params"}
_TURNS = {"RUNNING": "start", "TERMINATED": "stop", "SUSPENDED": "suspend"}


def update(work: Work, prior: Object, values: Object) -> Object:
    """Sends every change, and reads the VM back."""
    changed = patches.differing(work, prior, values)
    instance = _found(work, values)
    stopping = _stopping(prior, values, changed)
    if stopping:
        _refuse_running(instance, values)
    _while_running(work, prior, values, changed)
    _interfaces(work, prior, values, instance, moved=False)
    if stopping:
        _stopped(work, prior, values, changed, instance)
    elif "desired_status" in changed and values.get("desired_status"):
        was_suspended = values["desired_status"] == "RUNNING" and prior.get("desired_status") == "SUSPENDED"
        _do(work, values, "resume" if was_suspended else _TURNS[values["desired_status"]])
    return rest.read(work, normal.unread(work.row.schema.root, prior, values)) or values


def metadata(values: Object) -> Object:
    """The metadata for the API, including the startup script."""
    items = dict(values.get("metadata") or {})
    script = values.get("metadata_startup_script")
    if script:
        if items.get("startup-script", script) != script:
            raise Problem(
                "google_compute_instance: there are two startup scripts.",
                "Give either metadata_startup_script or startup-script in the metadata.",
                "metadata_startup_script",
            )
        items["startup-script"] = script
    return {"items": [{"key": key, "value": items[key]} for key in sorted(items)]} if items else {}


def _found(work: Work, values: Object) -> Object:
    """The VM as it is now; raises Problem if it no longer exists."""
    instance = requests.get(work, values)
    if instance is None:
        raise Problem(f"The machine {values['name']} is gone.", "Plan again: it will be created again.")
    return instance


def _do(work: Work, values: Object, verb: str, body: Object | None = None, **query: Any) -> None:
    method = work.method(verb)
    answer = work.ask(method, requests.params(work, method, values), query=query, body=body)
    finished(work, answer, method.response)


def _stopping(prior: Object, values: Object, changed: frozenset[str]) -> bool:
    scheduling = [
        (at(prior, f"scheduling.{name}"), at(values, f"scheduling.{name}")) for name in _SCHEDULING_WHILE_STOPPED
    ]
    moved = any(_moved(*pair) for pair in zip(prior["network_interface"], values["network_interface"], strict=True))
    return (
        bool(changed & set(_WHILE_STOPPED)) or moved or any((old or None) != (new or None) for old, new in scheduling)
    )


def _moved(old: Object, new: Object) -> bool:
    return any((old.get(name) or "") != (new.get(name) or old.get(name) or "") for name in _NETWORK)


def _refuse_running(instance: Object, values: Object) -> None:
    may_stop = values.get("allow_stopping_for_update") or values.get("desired_status") == "TERMINATED"
    if instance.get("status") == "RUNNING" and not may_stop:
        raise Problem(
            f"{instance['name']} is running, and this change can only be made while it is stopped.",
            "Set allow_stopping_for_update = true to have it stopped and started again, "
            'or desired_status = "TERMINATED" to have it stopped for good.',
            "allow_stopping_for_update",
        )


def _while_running(work: Work, prior: Object, values: Object, changed: frozenset[str]) -> None:
    """Sends the changes that do not require a stop."""
    for name in changed & {"effective_labels", "tags"}:
        patches.set_by_method(work, prior, values, name)
    whole = changed & _WHOLE.keys()
    if whole:
        _replace(work, values, whole)
    if "metadata" in changed:
        current = _found(work, values).get("metadata", {})
        _do(work, values, "setMetadata", metadata(values) | {"fingerprint": current.get("fingerprint", "")})
    if "resource_policies" in changed:
        for verb, side in (("removeResourcePolicies", prior), ("addResourcePolicies", values)):
            if side.get("resource_policies"):
                _do(work, values, verb, {"resourcePolicies": side["resource_policies"]})
    if "scheduling" in changed and not _stopping(prior, values, changed):
        _schedule(work, values)
    _disks(work, prior, values)
    if "deletion_protection" in changed:
        _do(work, values, "setDeletionProtection", deletionProtection=text(bool(values["deletion_protection"])))


def _replace(work: Work, values: Object, names: frozenset[str]) -> None:
    """Sends the whole VM as it is, with new values for some fields."""
    method = work.verb("patch")
    body = _found(work, values)
    fields = requests.fields(work).expand(values, names)
    body |= {
        _WHOLE[name]: fields.get(_WHOLE[name], False if name == "can_ip_forward" else "") for name in names - {"params"}
    }
    if "params" in names:
        body["params"] = {"resourceManagerTags": at(values, "params.resource_manager_tags") or {}}
    finished(work, work.ask(method, requests.params(work, method, values), body=body), method.response)


def _schedule(work: Work, values: Object) -> None:
    scheduling = requests.fields(work).expand(values, frozenset({"scheduling"})).get("scheduling", {})
    _do(work, values, "setScheduling", scheduling)


def _disks(work: Work, prior: Object, values: Object) -> None:
    """Attaches and detaches disks, and changes the boot disk."""
    old, new = disks.attached(work, prior), disks.attached(work, values)
    for one in old:
        if one not in new:
            _do(work, values, "detachDisk", deviceName=one["deviceName"])
    for one in new:
        if one not in old:
            _do(work, values, "attachDisk", one)
    before, after = prior["boot_disk"][0], values["boot_disk"][0]
    _boot_disk(work, before, after)
    if before["auto_delete"] != after["auto_delete"]:
        query = {"autoDelete": text(after["auto_delete"]), "deviceName": after["device_name"]}
        _do(work, values, "setDiskAutoDelete", **query)


def _boot_disk(work: Work, before: Object, after: Object) -> None:
    """Changes the boot disk's size and labels, which belong to the disk itself."""
    old, new = ((one.get("initialize_params") or [{}])[0] for one in (before, after))
    _, project, places, place, _, name = paths.relative(before["source"]).split("/")
    collection = "regionDisks" if places == "regions" else "disks"
    params = {"project": project, places.removesuffix("s"): place, "disk": name, "resource": name}
    calls: list[tuple[str, Object]] = []
    if new.get("size") and new["size"] != old.get("size"):
        calls.append(("resize", {"sizeGb": str(new["size"])}))
    if (new.get("labels") or {}) != (old.get("labels") or {}):
        disk = work.ask(work.document.methods[f"compute.{collection}.get"], params)
        calls.append(
            ("setLabels", {"labels": new.get("labels") or {}, "labelFingerprint": disk.get("labelFingerprint")})
        )
    for verb, body in calls:
        method = work.document.methods[f"compute.{collection}.{verb}"]
        finished(work, work.ask(method, params, body=body), method.response)


def _interfaces(work: Work, prior: Object, values: Object, instance: Object, *, moved: bool) -> None:
    """Changes the network interfaces that stay in their network, or those that move to another."""
    sides = zip(
        prior["network_interface"], values["network_interface"], network_interfaces.sent(work, values), strict=True
    )
    for index, (old, new, body) in enumerate(sides):
        if _moved(old, new) != moved:
            continue
        now = instance["networkInterfaces"][index]
        outside = (old.get("access_config") or []) != (new.get("access_config") or [])
        if outside:
            for one in now.get("accessConfigs", []):
                _do(work, values, "deleteAccessConfig", accessConfig=one["name"], networkInterface=now["name"])
        _patch_interface(work, old, new, body, index, values)
        if outside:
            for one in network_interfaces.access_configs(new):
                _do(work, values, "addAccessConfig", one, networkInterface=now["name"])


def _patch_interface(work: Work, old: Object, new: Object, body: Object, index: int, values: Object) -> None:
    """Patches an interface; one that moves is sent with all fields of its new place."""
    changed = {field for name, field in _PATCHED.items() if (old.get(name) or None) != (new.get(name) or None)}
    if _moved(old, new):
        fields = {"network", "subnetwork", "aliasIpRanges"} | changed & {"networkIP", "ipv6Address"}
        patch = {field: body[field] for field in fields if field in body}
    else:
        patch = {field: body.get(field, []) for field in changed if field in body or field == "aliasIpRanges"}
    if patch:
        now = _found(work, values)["networkInterfaces"][index]
        patch["fingerprint"] = now.get("fingerprint", "")
        _do(work, values, "updateNetworkInterface", patch, networkInterface=now["name"])


def _stopped(work: Work, prior: Object, values: Object, changed: frozenset[str], instance: Object) -> None:
    """Stops the VM, makes the changes that require it, and starts it again if it was or should be running."""
    status, wanted = instance["status"], values.get("desired_status")
    if status != "TERMINATED":
        _do(work, values, "stop")
    for name in ("min_cpu_platform", "machine_type"):
        if name in changed:
            patches.set_by_method(work, prior, values, name)
    if "service_account" in changed:
        _do(work, values, "setServiceAccount", _account(work, values))
    if "enable_display" in changed:
        _do(work, values, "updateDisplayDevice", {"enableDisplay": bool(values["enable_display"])})
    fields = requests.fields(work).expand(values)
    if "shielded_instance_config" in changed:
        _do(work, values, "updateShieldedInstanceConfig", fields.get("shieldedInstanceConfig"))
    if "scheduling" in changed:
        _schedule(work, values)
    if "advanced_machine_features" in changed:
        method = work.verb("patch")
        body = _found(work, values) | {"advancedMachineFeatures": fields.get("advancedMachineFeatures")}
        finished(work, work.ask(method, requests.params(work, method, values), body=body), method.response)
    _interfaces(work, prior, values, _found(work, values), moved=True)
    if (status == "RUNNING" and wanted != "TERMINATED") or (status == "TERMINATED" and wanted == "RUNNING"):
        _do(work, values, "start")


def _account(work: Work, values: Object) -> Object:
    """The service account to set; empty if the configuration gives neither email nor scopes."""
    written = (work.config.get("service_account") or [{}])[0]
    if not written.get("email") and not written.get("scopes"):
        return {"email": "", "scopes": []}
    wanted = values["service_account"][0]
    return {"email": wanted.get("email") or "", "scopes": wanted.get("scopes") or []}
