"""Notices of budgets: messages to a Pub/Sub topic as Google writes them, and log entries in place of e-mails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from localcloud.engine import emails
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import BillingAccounts, Channels, Publishing
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.billingbudgets.periods import Period
from localcloud.services.billingbudgets.rules import NOTIFIER
from localcloud.spec.timestamps import rfc3339

TABLES = """
CREATE TABLE IF NOT EXISTS budget_notices (
  budget TEXT NOT NULL, period TEXT NOT NULL, basis TEXT NOT NULL, threshold REAL NOT NULL,
  PRIMARY KEY (budget, period, basis, threshold)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS budget_messages (budget TEXT PRIMARY KEY, period TEXT NOT NULL, cost REAL NOT NULL) WITHOUT ROWID;
"""
_API = "billingbudgets"
_RECIPIENTS = ("roles/billing.admin", "roles/billing.user")
_FIELDS = {"CURRENT_SPEND": "alertThresholdExceeded", "FORECASTED_SPEND": "forecastThresholdExceeded"}


class Spend(NamedTuple):
    """What was spent in a period, what it may become by its end, and the budget's amount, in US dollars; `projects` spent it."""

    cost: float
    forecast: float
    amount: float
    period: Period
    projects: list[str]


def forget(cloud: Cloud, name: str) -> None:
    """Forgets what was said of a deleted budget."""
    cloud.store.sql("DELETE FROM budget_notices WHERE budget = ?", name)
    cloud.store.sql("DELETE FROM budget_messages WHERE budget = ?", name)


def publish(cloud: Cloud, name: str, budget: Body, spend: Spend, passed: Mapping[str, float]) -> None:
    """A message with the spend and the highest thresholds passed; without its topic, or the right to it, it is lost as at Google."""
    topic = budget.get("notificationsRule", {}).get("pubsubTopic")
    publishing = cloud.offers.get(Publishing)
    if not topic or publishing is None:
        return
    account, identity = name.split("/")[1::2]
    data = {
        "budgetDisplayName": budget.get("displayName", ""),
        **{_FIELDS[basis]: threshold for basis, threshold in passed.items()},
        "costAmount": spend.cost,
        "costIntervalStart": rfc3339(spend.period.start),
        "budgetAmount": spend.amount,
        "budgetAmountType": "SPECIFIED_AMOUNT" if "specifiedAmount" in budget["amount"] else "LAST_PERIODS_COST",
        "currencyCode": "USD",
    }
    attributes = {"billingAccountId": account, "budgetId": identity, "schemaVersion": "1.0"}
    try:
        publishing.publish(NOTIFIER, cloud.projects.named(topic), json.dumps(data).encode(), attributes)
    except CloudError:
        return


def mail(cloud: Cloud, name: str, budget: Body, spend: Spend, passed: tuple[str, float]) -> str:
    """A log entry in the projects that spent the money, since no e-mail is sent; returns its message."""
    basis, threshold = passed
    what = "is forecast to be spent" if basis == "FORECASTED_SPEND" else "is spent"
    title = budget.get("displayName") or name.rpartition("/")[2]
    message = f"{threshold:.0%} of budget {title} {what}: {spend.cost:.2f} of {spend.amount:.2f} USD since {spend.period.start:%Y-%m-%d}."
    about, recipients = {"budget": name, "threshold": threshold, "basis": basis}, _recipients(cloud, name, budget)
    messages = [emails.write(cloud, _API, project, message, recipients, about) for project in spend.projects]
    return messages[0] if messages else message


def _recipients(cloud: Cloud, name: str, budget: Body) -> list[str]:
    """Who would get the e-mail: the account's administrators and users, and the owners of the budget's one project."""
    rule, accounts = budget.get("notificationsRule", {}), cloud.offers.get(BillingAccounts)
    account = name.partition("/budgets/")[0]
    found = []
    if not rule.get("disableDefaultIamRecipients"):
        known = accounts.members(account, _RECIPIENTS) if accounts else []
        found += known or [f"administrators and users of {account}"]
    if (channels := cloud.offers.get(Channels)) is not None:
        found += filter(None, map(channels.address, rule.get("monitoringNotificationChannels", [])))
    projects = budget["budgetFilter"].get("projects", [])
    if rule.get("enableProjectLevelRecipients") and len(projects) == 1:
        bindings = cloud.iam.policy("cloudresourcemanager", cloud.projects.named(projects[0])).get("bindings", ())
        found += [one for binding in bindings if binding["role"] == "roles/owner" for one in binding["members"]]
    return list(dict.fromkeys(found))
