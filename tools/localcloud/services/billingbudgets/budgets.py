"""Budgets as clients see them: created, checked, completed with Google's defaults, listed and changed."""

from __future__ import annotations

import re
import uuid

from localcloud.engine import paging, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import failed_precondition, invalid
from localcloud.services.billingbudgets import access, notices, rules

API = "billingbudgets"
COMPARE = "compare"
"""The kind of entry in the due queue that compares a budget with what was spent."""
_ACCOUNT = re.compile(r"billingAccounts/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")
_MOST = 100


def create(call: Call) -> Body:
    """budgets.create: every billing account with a well-formed id is taken for the simulated one."""
    if not _ACCOUNT.fullmatch(access.account(call)):
        raise invalid(
            "Request contains an invalid argument.", "parent", description="billingAccounts/012345-6789AB-CDEF01"
        )
    body = rules.completed(call, dict(call.body))
    access.check(call, body)
    created = standard.add_child(call, RESOURCE, f"{call.path}/{uuid.uuid4()}", body)
    call.cloud.due.after(API, COMPARE, created["name"], 0)
    return _presented(call.cloud, created)


def get(call: Call) -> Body:
    """budgets.get"""
    access.check(call, *_found(call))
    return standard.get(call, RESOURCE)


def list_(call: Call) -> Body:
    """budgets.list: all of the account, or with `scope` those of one project."""
    scope = call.cloud.projects.numbered(call.params.get("scope", ""))
    if scope and not scope.startswith("projects/"):
        raise invalid("Only a project's resource name is supported.", "scope")
    access.check_list(call, scope)
    question = f"{call.path}?{scope}"
    size = paging.size(call.params.get("pageSize"), _MOST, _MOST)
    after = paging.after(call.params.get("pageToken", ""), question)
    rows = [
        (name, _presented(call.cloud, body))
        for name, body in call.cloud.store.list(API, call.parent, "budgets", after)
        if not scope or body["budgetFilter"].get("projects") == [scope]
    ]
    page, more = paging.cut(rows, size, lambda row: row[0], question)
    return {"budgets": [body for _, body in page], **more} if page else {}


def patch(call: Call) -> Body:
    """budgets.patch: the caller must be allowed to change both the old and the new budget."""
    access.check(call, *_found(call))
    return standard.patch(call, RESOURCE)


def delete(call: Call) -> Body:
    """budgets.delete: succeeds as well if it is deleted already."""
    found = _found(call)
    access.check(call, *found)
    return standard.delete(call, RESOURCE) if found else {}


def _found(call: Call) -> list[Body]:
    body = call.cloud.store.get(API, call.name)
    return [] if body is None else [body]


def _changed(call: Call, old: Body, new: Body) -> Body:
    if len(new.get("amount", {})) > 1:  # it is one or the other, and a mask names only what is new
        new["amount"] = {kind: value for kind, value in new["amount"].items() if kind not in old["amount"]}
    body = rules.completed(call, new)
    access.check(call, body)
    currencies = [one.get("amount", {}).get("specifiedAmount", {}).get("currencyCode", "") for one in (old, body)]
    if all(currencies) and currencies[0] != currencies[1]:
        raise failed_precondition(
            f"The currency of a budget cannot be changed from {currencies[0]} to {currencies[1]}."
        )
    call.cloud.due.after(API, COMPARE, call.name, 0)
    return body


def _presented(_: Cloud, body: Body) -> Body:
    return {"notificationsRule": {}, **body}


RESOURCE = Resource(
    kind="Budget",
    changed=_changed,
    present=_presented,
    delete=lambda call, _: notices.forget(call.cloud, call.name),
    update="mask",
    missing="Requested entity was not found.",
)
