"""The IAM policies of buckets, including the default policy of a new bucket.

Source: cloud.google.com/storage/docs/access-control/iam.
"""

from __future__ import annotations

from typing import Any

from localcloud.engine.service import Call
from localcloud.errors import CloudError
from localcloud.services.storage import access, refusals, rows
from localcloud.services.storage.bucket_fields import merged
from localcloud.services.storage.rows import Bucket

Policy = dict[str, Any]
_PUBLIC = {"allUsers", "allAuthenticatedUsers"}


def write_default(call: Call, bucket: Bucket) -> None:
    """Gives a new bucket the default policy, which grants access to the project's basic roles."""
    bindings = _team_bindings(bucket.project, "Bucket")
    if bucket.uniform:
        bindings += _team_bindings(bucket.project, "Object")
    call.cloud.iam.write("storage", access.bucket_resource(bucket.name), {"version": 1, "bindings": bindings})
    write_lists(call, bucket)


def write_lists(call: Call, bucket: Bucket) -> None:
    """Gives a bucket with fine-grained access its default object list for the project's basic roles, unless it has one."""
    resource = access.default_list(bucket)
    if not bucket.uniform and not call.cloud.iam.has_policy(access.LISTS, resource):
        call.cloud.iam.write(access.LISTS, resource, {"bindings": _team_bindings(bucket.project, "Object")})


def _team_bindings(project: str, scope: str) -> list[Policy]:
    team = {role: f"project{role}:{project}" for role in ("Owner", "Editor", "Viewer")}
    return [
        {"role": f"roles/storage.legacy{scope}Owner", "members": [team["Editor"], team["Owner"]]},
        {"role": f"roles/storage.legacy{scope}Reader", "members": [team["Viewer"]]},
    ]


def get(call: Call) -> Policy:
    """storage.buckets.getIamPolicy"""
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.getIamPolicy")
    return shown(call, access.bucket_resource(bucket.name))


def set_(call: Call) -> Policy:
    """storage.buckets.setIamPolicy"""
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.setIamPolicy")
    return changed(call, bucket, access.bucket_resource(bucket.name))


def shown(call: Call, resource: str) -> Policy:
    """The policy of a bucket or managed folder, as this call asks for it."""
    policy = call.cloud.iam.policy("storage", resource)
    version = call.params.get("optionsRequestedPolicyVersion", 0)
    return _described(resource, call.cloud.iam.view(policy, version))


def changed(call: Call, bucket: Bucket, resource: str) -> Policy:
    """Sets the policy of a bucket, or of a managed folder in it, from the request."""
    sent = {field: value for field, value in merged({}, call.body).items() if field not in {"kind", "resourceId"}}
    sent["bindings"] = [merged({}, binding) for binding in sent.get("bindings", ())]
    _check(bucket, sent)
    try:
        policy = call.cloud.iam.set_policy("storage", resource, sent, project=bucket.project)
    except CloudError as problem:
        # Cloud Storage answers a stale etag with 412, where other services answer 409.
        raise (refusals.condition_not_met() if problem.status == "ABORTED" else problem) from None
    return _described(resource, policy)


def test(call: Call) -> Policy:
    """storage.buckets.testIamPermissions and storage.objects.testIamPermissions"""
    bucket, name = rows.bucket(call.cloud.store, call.params["bucket"]), call.params.get("object")
    granted = [one for one in call.params["permissions"] if access.allowed(call, bucket, one, name)]
    return {"kind": "storage#testIamPermissionsResponse", **({"permissions": granted} if granted else {})}


def _check(bucket: Bucket, sent: Policy) -> None:
    bindings = sent["bindings"]
    members = {member for binding in bindings for member in binding.get("members", ())}
    prevented = bucket.facts["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    if prevented and members & _PUBLIC:
        raise refusals.public_access_prevented()
    if not bucket.uniform and any(binding.get("condition") for binding in bindings):
        raise refusals.invalid("Bucket policies with conditions need uniform bucket-level access on the bucket.")


def _described(resource: str, policy: Policy) -> Policy:
    return {"kind": "storage#policy", "resourceId": resource, "version": 1, **policy}
