"""The service accounts of builds: the specified one, or else Compute Engine's default account."""

from __future__ import annotations

import re

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.errors import error_info, invalid, not_found, permission_denied

_NAME = re.compile(r"projects/[^/]+/serviceAccounts/(?P<account>[^/]+)")


def default(cloud: Cloud, project: str) -> str:
    """The email of the default account for builds: in projects without an organization, Compute Engine's.

    Source: https://cloud.google.com/build/docs/cloud-build-service-account-updates.
    """
    return acting.default(cloud, project)


def named(cloud: Cloud, project: str, account: str) -> str:
    """The email of a build's account, which it may give by email or unique id; 400 if that is not an account name."""
    if not account:
        return default(cloud, project)
    match = _NAME.fullmatch(account)
    if match is None:
        raise invalid(
            f"invalid value for 'build.service_account': {account!r} must have the form projects/PROJECT/serviceAccounts/ACCOUNT",
            "build.service_account",
        )
    if not match["account"].isdecimal():
        return match["account"]
    owner = account.split("/")[1]
    return acting.by_number(cloud, match["account"], project if owner == "-" else owner)


def check(cloud: Cloud, principal: str, account: str, place: str) -> None:
    """403 if the principal may not act as a build's account, 404 if the account does not exist; `place` is the build's project.

    Anyone who may build in a project may use its default account.
    """
    email = account.rpartition("/")[2]
    if email == default(cloud, place):
        return
    name = acting.account(cloud, email, place)
    body = acting.find(cloud, email, place)
    if not acting.may(cloud, principal, email, place):
        identity = (body or {}).get("uniqueId", account)
        metadata = {"permission": acting.ACT_AS, "resource": name}
        raise permission_denied(
            f"caller does not have permission to act as service account {identity}",
            [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", metadata)],
        )
    if body is None:
        raise not_found(f"Service account {email} does not exist, or is disabled.")
