"""Conditions of bindings: validated when a policy is set. A condition that cannot be evaluated grants nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud.errors import invalid
from localcloud.spec import expressions
from localcloud.spec.expressions import Language

_MOST_OPERATORS = 12
"""Source: https://cloud.google.com/iam/quotas#limits."""
_BASIC_ROLES = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
_PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
_OPERATOR = re.compile(r"&&|\|\||!(?!=)")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


@dataclass(frozen=True, slots=True)
class Facts:
    """The attributes that a condition may refer to."""

    now: datetime
    name: str
    type: str
    service: str


def holds(expression: str, facts: Facts) -> bool:
    """Whether the condition grants; False for one that is invalid or has no value."""
    names = {
        "resource.name": facts.name,
        "resource.type": facts.type,
        "resource.service": facts.service,
        "request.time": facts.now,
    }
    try:
        return expressions.compiled(Language.CONDITION, expression)(names) is True
    except (expressions.BadExpression, expressions.Undecided):
        return False


def check(binding: Mapping[str, Any]) -> None:
    """Refuses (400) a binding with an invalid condition, or one that its role or members may not have."""
    condition = binding.get("condition")
    if not condition:
        return
    text = condition.get("expression")
    if not (condition.get("title") and text):
        raise invalid("A condition of the policy lacks its title or its expression; give both.")
    if binding["role"] in _BASIC_ROLES:
        raise invalid(f"The basic role {binding['role']} cannot be granted with a condition; grant a predefined role.")
    if public := _PUBLIC.intersection(binding.get("members", ())):
        raise invalid(f"{min(public)} cannot be granted a role with a condition.")
    if len(_OPERATOR.findall(_TEXT.sub("''", text))) > _MOST_OPERATORS:
        raise invalid(f"A condition may have {_MOST_OPERATORS} logical operators (&&, || and !); this one has more.")
    try:
        if expressions.answers_a_truth(Language.CONDITION, text):
            return
        problem = "it is neither true nor false"
    except expressions.BadExpression as found:
        problem = str(found)
    raise invalid(f"The expression of the condition '{condition['title']}' is not valid: {problem}.")
