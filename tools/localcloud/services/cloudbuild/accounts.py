"""The service accounts of builds: a given one, else Compute's default account."""

from __future__ import annotations

import re

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.errors import error_info, invalid, not_found, permission_denied

_NAME = re.compile(r"projects/[^/]+/serviceAccounts/(?P<account>[^/]+)")


def default(cloud: Cloud, project: str) -> str:
    """The address of the account of builds that name none: in projects without organization that of Compute.

    Source: https://cloud.google.com/build/docs/cloud-build-service-account-updates.
    """
    return acting.default(cloud, project)


def named(cloud: Cloud, project: str, account: str) -> str:
    """The address of the account that a build names, by address or unique id; 400 when that is no name of an account."""
    if not account:
        return default(cloud, project)
    found = _NAME.fullmatch(account)
    if found is None:
        raise invalid(
            f"invalid value for 'build.service_account': {account!r} must have the form projects/PROJECT/serviceAccounts/ACCOUNT",
            "build.service_account",
        )
    if not found["account"].isdecimal():
        return found["account"]
    owner = account.split("/")[1]
    rows = cloud.store.list("iam", f"projects/{project if owner == '-' else owner}", "serviceAccounts")
    return next((str(body["email"]) for _, body in rows if body.get("uniqueId") == found["account"]), found["account"])


def check(cloud: Cloud, principal: str, account: str, place: str) -> None:
    """403 when somebody may not act as the account of a build in a project, 404 when there is no such account; anybody who may build
    there may use that project's default one."""
    email = account.rpartition("/")[2]
    if email == default(cloud, place):
        return
    name = acting.account(cloud, email, place)
    body = cloud.store.get("iam", name)
    if not acting.may(cloud, principal, email, place):
        shown = (body or {}).get("uniqueId", account)
        described = {"permission": acting.ACT_AS, "resource": name}
        raise permission_denied(
            f"caller does not have permission to act as service account {shown}",
            [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", described)],
        )
    if body is None or body.get("disabled"):
        raise not_found(f"Service account {email} does not exist, or is disabled.")
