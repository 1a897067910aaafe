"""What Google accepts as a budget, and what it adds to one.

Source: https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets.
"""

from __future__ import annotations

import re

from localcloud.engine.interfaces import Channels, Publishing
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, permission_denied, unimplemented
from localcloud.services.billingbudgets import periods

NOTIFIER = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
_PUBLISHER = "roles/pubsub.publisher"
_TOPIC = re.compile(r"projects/([^/]+)/topics/[^/]+")
_NAME, _CHANNELS = 60, 5
_SPECIFIED = "INCLUDE_SPECIFIED_CREDITS"
_CURRENCY = "USD"
_SIMULATED = "billingAccounts/000000-000000-000000"


def completed(call: Call, body: Body) -> Body:
    """A budget in its stored form: checked, with Google's defaults, and projects by number."""
    if body.get("spendCap"):
        raise unimplemented("The local cloud has no spend caps: leave spendCap out.")
    if len(body.get("displayName", "")) > _NAME:
        raise invalid(f"display_name must have at most {_NAME} characters.", "budget.display_name")
    filtered = _filter(call, dict(body.get("budgetFilter", {})))
    custom = "customPeriod" in filtered
    body |= {
        "budgetFilter": filtered,
        "amount": _amount(call, body.get("amount", {}), custom=custom),
        "thresholdRules": [_threshold(rule, custom=custom) for rule in body.get("thresholdRules", [])],
    }
    if rule := {key: value for key, value in body.get("notificationsRule", {}).items() if value}:
        body["notificationsRule"] = _notifications(call, rule)
    empty = {
        "notificationsRule": rule,
        "thresholdRules": body["thresholdRules"],
        "displayName": body.get("displayName"),
    }
    unset = {name for name, value in empty.items() if not value}
    if body.get("ownershipScope") == "OWNERSHIP_SCOPE_UNSPECIFIED":
        unset.add("ownershipScope")
    return {key: value for key, value in body.items() if key not in unset}


def _amount(call: Call, amount: Body, *, custom: bool) -> Body:
    if ("specifiedAmount" in amount) == ("lastPeriodAmount" in amount):
        raise invalid("Set either specified_amount or last_period_amount.", "budget.amount")
    if "lastPeriodAmount" in amount:
        if custom:
            raise invalid("last_period_amount cannot be used with a custom_period.", "budget.amount")
        return {"lastPeriodAmount": {}}
    money = dict(amount["specifiedAmount"])
    if int(money.get("units", 0)) < 0 or int(money.get("nanos", 0)) < 0:
        raise invalid("The budget amount must not be negative.", "budget.amount.specified_amount")
    currency = money.get("currencyCode") or _CURRENCY
    if currency != _CURRENCY and call.path.startswith(f"{_SIMULATED}/"):
        raise invalid(
            f"The currency {currency} is not that of the billing account, {_CURRENCY}.",
            "budget.amount.specified_amount.currency_code",
        )
    kept = {name: money[name] for name in ("units", "nanos") if int(money.get(name) or 0)}
    return {"specifiedAmount": {"currencyCode": currency, **kept}}


def _filter(call: Call, sent: Body) -> Body:
    sent = {key: value for key, value in sent.items() if value and value != "CALENDAR_PERIOD_UNSPECIFIED"}
    if "customPeriod" in sent:
        if "calendarPeriod" in sent:
            raise invalid("Set either calendar_period or custom_period.", "budget.budget_filter")
        periods.check_custom(sent["customPeriod"])
    else:
        sent.setdefault("calendarPeriod", "MONTH")
    if sent.get("creditTypesTreatment", "CREDIT_TYPES_TREATMENT_UNSPECIFIED").endswith("UNSPECIFIED"):
        sent["creditTypesTreatment"] = "INCLUDE_ALL_CREDITS"
    if "creditTypes" in sent and sent["creditTypesTreatment"] != _SPECIFIED:
        raise invalid(f"credit_types can only be set with {_SPECIFIED}.", "budget.budget_filter.credit_types")
    if "labels" in sent:
        [*values] = sent["labels"].values()
        if len(values) != 1 or len(values[0]) != 1 or not isinstance(values[0][0], str):
            raise invalid("Only one label with one value is supported.", "budget.budget_filter.labels")
    if "projects" in sent:
        sent["projects"] = sorted(_project(call, name) for name in sent["projects"])
    return sent


def _project(call: Call, name: str) -> str:
    kind, _, project = name.partition("/")
    if kind != "projects" or call.cloud.projects.find(project) is None:
        raise invalid(f"Project {name!r} does not exist: write projects/PROJECT.", "budget.budget_filter.projects")
    return call.cloud.projects.numbered(name)


def _threshold(rule: Body, *, custom: bool) -> Body:
    if rule.get("thresholdPercent", -1) < 0:
        raise invalid("threshold_percent must be a number from 0 on: 0.5 is 50 %.", "budget.threshold_rules")
    basis = rule.get("spendBasis", "BASIS_UNSPECIFIED")
    if basis == "FORECASTED_SPEND" and custom:
        raise invalid("FORECASTED_SPEND cannot be used with a custom_period.", "budget.threshold_rules")
    return rule | {"spendBasis": "CURRENT_SPEND" if basis == "BASIS_UNSPECIFIED" else basis}


def _notifications(call: Call, rule: Body) -> Body:
    channels = rule.get("monitoringNotificationChannels", [])
    if len(channels) > _CHANNELS:
        raise invalid(f"At most {_CHANNELS} notification channels are supported.", "budget.notifications_rule")
    known = call.cloud.offers.get(Channels)
    for channel in channels:
        if known is None or not known.address(channel):
            raise invalid(
                f"Notification channel {channel} does not exist, or is not of type email, as those of budgets are.",
                "budget.notifications_rule.monitoring_notification_channels",
            )
    topic = rule.get("pubsubTopic", "")
    if topic and rule.get("schemaVersion") != "1.0":
        raise invalid('schema_version must be "1.0".', "budget.notifications_rule.schema_version")
    if topic:
        _let_publish(call, topic)
    return rule


def _let_publish(call: Call, topic: str) -> None:
    """Google gives its own account the right to publish to the topic, which the caller must be allowed to do."""
    match = _TOPIC.fullmatch(topic)
    if match is None:
        raise invalid(
            "pubsub_topic must look like projects/PROJECT/topics/TOPIC.", "budget.notifications_rule.pubsub_topic"
        )
    publishing, iam = call.cloud.offers.get(Publishing), call.cloud.iam
    topic = call.cloud.projects.named(topic)
    if not iam.allowed(call.principal, "pubsub.topics.setIamPolicy", "pubsub", topic, topic.split("/")[1]):
        raise permission_denied(f"The caller needs pubsub.topics.setIamPolicy on {topic}, or it does not exist.")
    if publishing is None:
        return
    try:
        publishing.check(NOTIFIER, topic)
    except CloudError as problem:
        if problem.status == "NOT_FOUND":
            raise
        policy = iam.policy("pubsub", topic)
        added = {"role": _PUBLISHER, "members": [NOTIFIER]}
        iam.write("pubsub", topic, policy | {"bindings": [*policy.get("bindings", []), added]})
