"""Checks whether the caller may impersonate the deployer: asks IAM, and tries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from groundwork.environment.values import Environment
from groundwork.google.cloud import SCOPE, CloudProblem, GoogleCloud
from groundwork.resources import policies
from groundwork.resources.bindings import is_of
from groundwork.resources.item import Item

PERMISSION = "iam.serviceAccounts.getAccessToken"
ROLE = "roles/iam.serviceAccountTokenCreator"
Answer = Literal["yes", "not yet", "no", "absent", "is", "unknown"]


@dataclass(frozen=True)
class Impersonation:
    """The answer: "is" when the caller is the deployer, "absent" before the first `up`, and the reason when "unknown".

    `token` is the deployer's, for five minutes, where the answer is "yes".
    """

    account: str
    answer: Answer
    why: str = ""
    token: str = field(default="", compare=False, repr=False)

    @property
    def text(self) -> str:
        """In words."""
        return {
            "yes": f"may act as {self.account} (tried)",
            "not yet": f"may act as {self.account} soon: it was granted, but takes two minutes to take effect, sometimes seven",
            "no": f"may not act as {self.account}: {PERMISSION} is missing; operators have it",
            "absent": f"{self.account} does not exist yet; the first `up` creates it",
            "is": f"acts as {self.account}",
            "unknown": f"it is unknown whether you may act as {self.account}: {self.why}",
        }[self.answer]


def ask(cloud: GoogleCloud, environment: Environment, principal: str) -> Impersonation:
    """Requests a token of the deployer, valid for 5 minutes."""
    account = environment.deployer
    if principal == account:
        return Impersonation(account, "is")
    path = f"v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    try:
        answer = cloud.request("POST", "iamcredentials", path, json={"scope": [SCOPE], "lifetime": "300s"})
    except CloudProblem as problem:
        return Impersonation(account, *_refusal(cloud, environment, principal, problem))
    return Impersonation(account, "yes", token=str(answer.get("accessToken", "")))


def _refusal(cloud: GoogleCloud, environment: Environment, principal: str, problem: CloudProblem) -> tuple[Answer, str]:
    """The reason for a 403, which Google also returns for accounts that do not exist, and for minutes after a grant; the account and its policy tell."""
    if problem.switched_off or problem.code == 404:
        return "absent", ""
    if problem.code != 403:
        return "unknown", problem.message
    try:
        policy = policies.read(cloud, Item("service account", environment.deployer))
    except CloudProblem as second:
        return ("absent", "") if second.code == 404 or second.switched_off else ("no", "")
    members = [
        member
        for binding in policy.get("bindings", ())
        if binding.get("role") == ROLE
        for member in binding.get("members", ())
    ]
    return ("not yet" if any(is_of(member, principal) for member in members) else "no"), ""
