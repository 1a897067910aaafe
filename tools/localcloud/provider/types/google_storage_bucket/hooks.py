"""google_storage_bucket: created by insert, patched by merging, emptied before deletion with force_destroy."""

from __future__ import annotations

from typing import Any

from localcloud.provider import creation, patches, requests, rest
from localcloud.provider.additions import PlanDraft
from localcloud.provider.client import HttpError
from localcloud.provider.hooks import Hooks
from localcloud.provider.rest import imported
from localcloud.provider.values import UNKNOWN, Object, at
from localcloud.provider.work import Incomplete, Problem, Work

_STATES = {True: "LIVE", False: "ARCHIVED", None: "ANY"}
_LIVE = {"LIVE": True, "ARCHIVED": False}
# A filter is sent whole: whatever it leaves out is turned off.
_NO_FILTER: Object = {
    "publicNetworkSource": {"allowedIpCidrRanges": []},
    "vpcNetworkSources": [],
    "allowCrossOrgVpcs": False,
    "allowAllServiceAgentAccess": False,
}
_EMPTY_CORS: Object = {"max_age_seconds": 0, "method": [], "origin": [], "response_header": []}
_SENT_IF_ZERO = {
    "send_age_if_zero": ("age", "age"),
    "send_days_since_custom_time_if_zero": ("days_since_custom_time", "daysSinceCustomTime"),
    "send_days_since_noncurrent_time_if_zero": ("days_since_noncurrent_time", "daysSinceNoncurrentTime"),
    "send_num_newer_versions_if_zero": ("num_newer_versions", "numNewerVersions"),
}


def plan(draft: PlanDraft) -> None:
    """Unlocking a locked retention policy forces replacement."""
    old, new = draft.prior.get("retention_policy") or [], draft.planned["retention_policy"]
    if new is UNKNOWN or not old or not old[0].get("is_locked"):
        return
    if not new or new[0].get("is_locked") is not True:
        draft.planner.replaced.append(("retention_policy", 0, "is_locked"))


def create(work: Work, planned: Object) -> Object:
    """Inserts the bucket and locks its retention policy if requested. Disabled autoclass is planned, but not sent."""
    if not at(planned, "autoclass.enabled"):
        planned = planned | {"autoclass": []}
    body = encode(work, planned, requests.fields(work).expand(planned))
    if planned["effective_labels"]:
        body["labels"] = planned["effective_labels"]
    body.setdefault("iamConfiguration", {}).setdefault("uniformBucketLevelAccess", {"enabled": False})
    query: dict[str, Any] = {"project": work.project(planned)}
    if planned["enable_object_retention"]:
        query["enableObjectRetention"] = "true"
    created = creation.insert(work, creation.Creation(planned, body, {}, query))
    state = planned | {"id": planned["name"], "project": planned["project"] or work.settings.project}
    try:
        locked = _lock(work, {}, planned, created)
        return rest.complete(work, locked or created, state)
    except Exception as error:
        raise Incomplete(state, error) from error


def encode(_work: Work, values: Object, body: Object) -> Object:
    """Encodes removals that null does not express, and lifecycle conditions: with_state as a flag, and significant zeros."""
    _encode_removals(body)
    rules = (body.get("lifecycle") or {}).get("rule", [])
    for rule, planned in zip(rules, values["lifecycle_rule"], strict=False):
        condition = planned["condition"][0]
        sent = rule.setdefault("condition", {})
        if condition["with_state"] in _LIVE:
            sent["isLive"] = _LIVE[condition["with_state"]]
        for flag, (name, field) in _SENT_IF_ZERO.items():
            if condition[flag] and not condition[name]:
                sent[field] = 0
    return body


def _encode_removals(body: Object) -> None:
    """Removed autoclass is sent as disabled; an IP filter is sent whole, and not at all once it is removed."""
    if "autoclass" in body:
        body["autoclass"] = body["autoclass"] or {"enabled": False}
    if "ipFilter" in body:
        ip_filter = body.pop("ipFilter")
        body |= {"ipFilter": _NO_FILTER | ip_filter} if ip_filter else {}


def decode(work: Work, values: Object, state: Object) -> Object:
    """Converts what the API structures differently: lifecycle states, IP filter, object retention, hierarchical namespace."""
    rules = (work.answer.get("lifecycle") or {}).get("rule", [])
    for rule, read in zip(rules, values["lifecycle_rule"], strict=False):
        read["condition"][0]["with_state"] = _STATES[(rule.get("condition") or {}).get("isLive")]
    return values | {
        "cors": _cors(values["cors"], state["cors"]),
        "ip_filter": [
            one
            | {
                "public_network_source": [
                    source for source in one["public_network_source"] if source["allowed_ip_cidr_ranges"]
                ]
            }
            for one in values["ip_filter"]
        ],
        "enable_object_retention": (work.answer.get("objectRetention") or {}).get("mode") == "Enabled",
        "hierarchical_namespace": values["hierarchical_namespace"] or [{"enabled": False}],
        "project": state["project"] or work.settings.project,
        "url": f"gs://{values['name']}",
    }


def _cors(rules: list[Object], before: list[Object]) -> list[Object]:
    """The rules, with the empty ones of the state, which the API drops."""
    if len(rules) < len(before):
        for index, rule in enumerate(before):
            if not any((rule or {}).values()):
                rules.insert(index, dict(_EMPTY_CORS))
    return rules


def update(work: Work, prior: Object, planned: Object) -> Object:
    """Patches what changed; the plan becomes the state, since the metadata read back may still be old."""
    patches.send_changes(work, prior, planned, patches.differing(work, prior, planned))
    _lock(work, prior, planned, work.answer)
    return planned


def delete(work: Work, state: Object) -> None:
    """Deletes the bucket, with force_destroy its objects first; otherwise raises Problem if it has objects.

    A caller who may not list objects can still delete an empty bucket.
    """
    name = state["name"]
    for item in _objects(work, name):
        if not state["force_destroy"]:
            raise Problem(
                f"The bucket {name} is not empty, and its force_destroy is false.",
                "Delete its objects, or set force_destroy = true and apply, then destroy.",
                "force_destroy",
            )
        _delete_object(work, name, item)
    requests.gone_as_none(lambda: work.call("delete", {"bucket": name}))


def import_(work: Work, name: str) -> Object:
    """From "bucket" or "project/bucket"."""
    project, bucket = name.split("/")[:2] if "/" in name else (None, name)
    return imported(work, {"name": bucket} | ({"project": project} if project else {}))


def _delete_object(work: Work, bucket: str, item: Object) -> None:
    method = work.document.methods["storage.objects.delete"]
    names = {"bucket": bucket, "object": item["name"]}
    requests.gone_as_none(lambda: work.ask(method, names, query={"generation": item["generation"]}))


def _objects(work: Work, bucket: str) -> list[Object]:
    method = work.document.methods["storage.objects.list"]
    items: list[Object] = []
    token = ""
    while True:
        query = {"versions": "true"} | ({"pageToken": token} if token else {})
        try:
            page = work.ask(method, {"bucket": bucket}, query=query)
        except HttpError:
            return items
        items.extend(page.get("items", []))
        token = page.get("nextPageToken", "")
        if not token:
            return items


def _lock(work: Work, prior: Object, planned: Object, bucket: Object) -> Object | None:
    """Locks the retention policy if it is newly locked; returns the updated bucket."""

    def locked(values: Object) -> bool:
        policy = values.get("retention_policy") or [{}]
        return bool(policy[0].get("is_locked"))

    if not locked(planned) or locked(prior):
        return None
    query = {"ifMetagenerationMatch": bucket.get("metageneration", "1")}
    return work.call("lockRetentionPolicy", {"bucket": planned["name"]}, query=query, body={})


HOOKS = Hooks(plan=plan, create=create, encode=encode, decode=decode, update=update, delete=delete, import_=import_)
