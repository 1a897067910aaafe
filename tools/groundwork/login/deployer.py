"""Whether somebody may act as the deployer: asked of IAM, and tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from groundwork.environment.values import Environment
from groundwork.google.cloud import SCOPE, Cloud, CloudProblem

PERMISSION = "iam.serviceAccounts.getAccessToken"
Answer = Literal["yes", "no", "absent", "is", "unknown"]


@dataclass(frozen=True)
class Impersonation:
    """The answer: "is" when the caller is the deployer already, "absent" before the first `up`, with why when "unknown"."""

    account: str
    answer: Answer
    why: str = ""

    @property
    def text(self) -> str:
        """In words."""
        return {
            "yes": f"may act as {self.account} (tried)",
            "no": f"may not act as {self.account}: {PERMISSION} is missing; operators have it",
            "absent": f"{self.account} is not there yet; the first `up` makes it",
            "is": f"acts as {self.account}",
            "unknown": f"whether {self.account} may be acted as could not be told: {self.why}",
        }[self.answer]


def ask(cloud: Cloud, environment: Environment, principal: str) -> Impersonation:
    """Ask for a token of the deployer, which lasts 5 minutes and is dropped at once."""
    account = environment.deployer
    if principal == account:
        return Impersonation(account, "is")
    path = f"v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    try:
        cloud.request("POST", "iamcredentials", path, json={"scope": [SCOPE], "lifetime": "300s"})
    except CloudProblem as problem:
        return Impersonation(account, *_refusal(cloud, environment, problem))
    return Impersonation(account, "yes")


def _refusal(cloud: Cloud, environment: Environment, problem: CloudProblem) -> tuple[Answer, str]:
    """Google answers 403 for accounts that do not exist too; asking for the account itself tells them apart."""
    if problem.reason == "SERVICE_DISABLED" or problem.code == 404:
        return "absent", ""
    if problem.code != 403:
        return "unknown", problem.message
    try:
        cloud.request("GET", "iam", f"v1/projects/{environment.project}/serviceAccounts/{environment.deployer}")
    except CloudProblem as second:
        return ("absent", "") if second.code == 404 or second.reason == "SERVICE_DISABLED" else ("no", "")
    return "no", ""
