"""Budgets: what Google accepts and adds, who may see and change them, and the notices when spend crosses a threshold."""

import base64
import json
from calendar import monthrange
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from localcloud.engine.usage import Payer
from localcloud.services.billingbudgets import comparing, periods, spending

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

ACCOUNT = "billingAccounts/000000-000000-000000"
BUDGETS = f"/billingbudgets/v1/{ACCOUNT}/budgets"
TOPIC = f"projects/{PROJECT}/topics/budget"
RULES = [{"thresholdPercent": 0.5}, {"thresholdPercent": 1.0}]
BODY: dict[str, Any] = {
    "displayName": "cats and dogs",
    "amount": {"specifiedAmount": {"units": "50"}},
    "budgetFilter": {"projects": [f"projects/{PROJECT}"], "creditTypesTreatment": "EXCLUDE_ALL_CREDITS"},
    "thresholdRules": RULES,
}
DEPLOYER = f"serviceAccount:deployer@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "billingbudgets", "iam", "pubsub", "logging")
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "deployer"})
    return call


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Sender:
    """For requests that are refused, and so change nothing for the next one."""
    return sender(tmp_path_factory.mktemp("cloud"), "billingbudgets")


def budget(call: Sender, **changed: Any) -> Any:
    return call("POST", BUDGETS, {**BODY, **changed})


def spend(call: Sender, cost: float, **more: Any) -> list[Any]:
    """Charges an amount, compares, and returns the e-mails in the log so far."""
    call.cloud.store.begin()
    comparing.charge(call.cloud, {"project": PROJECT, "cost": cost, **more})
    call.cloud.store.commit()
    return mails(call)


def due(call: Sender) -> None:
    call.cloud.store.begin()
    call.cloud.due.run()
    call.cloud.store.commit()


def mails(call: Sender) -> list[Any]:
    body = {
        "resourceNames": [f"projects/{PROJECT}"],
        "filter": 'log_id("billingbudgets.googleapis.com/simulated_emails")',
    }
    return [one["jsonPayload"] for one in call("POST", "/logging/v2/entries:list", body).get("entries", [])]


def messages(call: Sender) -> list[Any]:
    path = f"/pubsub/v1/projects/{PROJECT}/subscriptions/budget:pull"
    pulled = call("POST", path, {"maxMessages": 10}).get("receivedMessages", [])
    return [(json.loads(base64.b64decode(one["message"]["data"])), one["message"]["attributes"]) for one in pulled]


def test_a_budget_has_googles_defaults_and_the_projects_number(call: Sender) -> None:
    made = budget(call, budgetFilter={"projects": [f"projects/{PROJECT}"]})
    assert made["budgetFilter"] == {
        "projects": [f"projects/{NUMBER}"],
        "calendarPeriod": "MONTH",
        "creditTypesTreatment": "INCLUDE_ALL_CREDITS",
    }
    assert made["amount"] == {"specifiedAmount": {"currencyCode": "USD", "units": "50"}}
    assert made["thresholdRules"] == [{**rule, "spendBasis": "CURRENT_SPEND"} for rule in RULES]
    assert made["notificationsRule"] == {}
    assert call("GET", f"/billingbudgets/v1/{made['name']}") == made
    assert call("GET", BUDGETS) == {"budgets": [made]}
    assert call("GET", f"{BUDGETS}?scope=projects/{PROJECT}") == {"budgets": [made]}
    assert call("GET", f"{BUDGETS}?scope=projects/another") == {}


def test_an_email_channel_of_monitoring_is_told(call: Sender) -> None:
    call.cloud.store.put("serviceusage", f"projects/{PROJECT}/services/monitoring.googleapis.com", {"state": "ENABLED"})
    email = {"type": "email", "labels": {"email_address": "team@example.com"}}
    channel = call("POST", f"/monitoring/v3/projects/{PROJECT}/notificationChannels", email)["name"]
    rule = {"monitoringNotificationChannels": [channel], "disableDefaultIamRecipients": True}
    budget(call, notificationsRule=rule)
    assert [mail["recipients"] for mail in spend(call, 30)] == [["team@example.com"]]


def test_a_mask_changes_what_it_names_and_an_old_etag_nothing(call: Sender) -> None:
    made = budget(call)
    path = f"/billingbudgets/v1/{made['name']}"
    amount = {"amount": {"specifiedAmount": {"units": "60"}}}
    changed = call("PATCH", f"{path}?updateMask=amount.specifiedAmount.units", {**amount, "displayName": "no"})
    assert changed["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "60"}
    assert changed["displayName"] == made["displayName"]
    assert call("PATCH", f"{path}?updateMask=displayName", {"etag": made["etag"]}, 409)["error"]["status"] == "ABORTED"
    assert call("DELETE", path) == {}
    assert call("DELETE", path) == {}
    assert call.refused("GET", path, status=404) == "Requested entity was not found."


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"amount": {}}, "specified_amount or last_period_amount"),
        ({"amount": {"specifiedAmount": {"units": "-1"}}}, "negative"),
        ({"amount": {"specifiedAmount": {"units": "1", "currencyCode": "DKK"}}}, "DKK"),
        ({"displayName": "x" * 61}, "60 characters"),
        ({"thresholdRules": [{"thresholdPercent": -0.5}]}, "threshold_percent"),
        ({"thresholdRules": [{}]}, "threshold_percent"),
        ({"budgetFilter": {"projects": ["projects/unknown"]}}, "does not exist"),
        ({"budgetFilter": {"creditTypes": ["PROMOTION"]}}, "INCLUDE_SPECIFIED_CREDITS"),
        ({"budgetFilter": {"labels": {"a": ["b"], "c": ["d"]}}}, "Only one label"),
        ({"budgetFilter": {"customPeriod": {"startDate": {"year": 2016, "month": 1, "day": 1}}}}, "2017"),
        ({"budgetFilter": {"customPeriod": {"startDate": {"year": 2026, "month": 2, "day": 30}}}}, "whole dates"),
        ({"budgetFilter": {"customPeriod": {"startDate": {"year": 2026, "month": 2, "day": 3}, "endDate": {"year": 2026, "month": 2, "day": 2}}}}, "not after"),
        ({"budgetFilter": {"customPeriod": {"startDate": {"year": 2026, "month": 2, "day": 3}, "endDate": {"year": 9999, "month": 12, "day": 31}}}}, "whole dates"),
        ({"notificationsRule": {"pubsubTopic": TOPIC}}, "schema_version"),
        ({"notificationsRule": {"monitoringNotificationChannels": [f"projects/{PROJECT}/notificationChannels/1"]}}, "does not exist, or is not of type email"),
    ],
)  # fmt: skip
def test_what_google_refuses_is_refused(unchanged: Sender, changed: Any, message: str) -> None:
    assert message in unchanged.refused("POST", BUDGETS, {**BODY, **changed})


def test_an_amount_is_one_kind_or_the_other_also_when_it_changes(call: Sender) -> None:
    path = f"/billingbudgets/v1/{budget(call, amount={'lastPeriodAmount': {}})['name']}"
    changed = call(
        "PATCH", f"{path}?updateMask=amount.specifiedAmount.units", {"amount": {"specifiedAmount": {"units": "9"}}}
    )
    assert changed["amount"] == {"specifiedAmount": {"currencyCode": "USD", "units": "9"}}


def test_every_billing_account_is_simulated_and_another_currency_is_never_compared(call: Sender) -> None:
    budgets = "/billingbudgets/v1/billingAccounts/012345-6789AB-CDEF01/budgets"
    made = call("POST", budgets, {**BODY, "amount": {"specifiedAmount": {"units": "1", "currencyCode": "DKK"}}})
    assert spend(call, 100) == []
    path = f"/billingbudgets/v1/{made['name']}?updateMask=amount"
    assert "currency" in call.refused("PATCH", path, {"amount": {"specifiedAmount": {"units": "1"}}})
    assert call.refused("POST", "/billingbudgets/v1/billingAccounts/mine/budgets", BODY)


def test_a_custom_period_has_no_forecast_and_no_last_amount(call: Sender) -> None:
    period = {"customPeriod": {"startDate": {"year": 2026, "month": 1, "day": 1}}}
    forecast = [{"thresholdPercent": 1, "spendBasis": "FORECASTED_SPEND"}]
    assert "custom_period" in call.refused(
        "POST", BUDGETS, {**BODY, "budgetFilter": period, "thresholdRules": forecast}
    )
    last = {"lastPeriodAmount": {}}
    assert "custom_period" in call.refused("POST", BUDGETS, {**BODY, "budgetFilter": period, "amount": last})
    assert "spend caps" in call.refused("POST", BUDGETS, {**BODY, "spendCap": {"inputState": "CONFIGURED"}}, 501)


def test_a_service_account_needs_a_right_in_the_budgets_one_project(call: Sender) -> None:
    deployer = call.as_(DEPLOYER)
    assert deployer.refused("POST", BUDGETS, BODY, 403) == "The caller does not have permission"
    call.grant("roles/editor", DEPLOYER)
    made = budget(deployer)
    assert deployer("GET", f"{BUDGETS}?scope=projects/{PROJECT}")["budgets"] == [made]
    deployer.refused("GET", BUDGETS, status=403)
    path = f"/billingbudgets/v1/{made['name']}"
    everything = {"budgetFilter": {"creditTypesTreatment": "INCLUDE_ALL_CREDITS"}}
    deployer.refused("PATCH", f"{path}?updateMask=budgetFilter.projects", everything, 403)
    call("PATCH", f"{path}?updateMask=ownershipScope", {"ownershipScope": "BILLING_ACCOUNT"})
    assert deployer("GET", path)["ownershipScope"] == "BILLING_ACCOUNT"
    deployer.refused("DELETE", path, status=403)


def test_the_accounts_policy_decides_once_it_is_set(call: Sender) -> None:
    billing = f"/cloudbilling/v1/{ACCOUNT}"
    asked = {"permissions": ["billing.budgets.create", "billing.accounts.get"]}
    assert call("POST", f"{billing}:testIamPermissions", asked) == asked
    assert call.as_(DEPLOYER)("POST", f"{billing}:testIamPermissions", asked) == {
        "permissions": ["billing.accounts.get"]
    }
    binding = {"role": "roles/billing.costsManager", "members": [DEPLOYER]}
    call("POST", f"{billing}:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert call.as_(DEPLOYER)("POST", f"{billing}:testIamPermissions", asked) == asked
    budget(call.as_(DEPLOYER), budgetFilter={})
    call.refused("POST", BUDGETS, {**BODY, "budgetFilter": {}}, 403)
    call.refused("POST", f"{billing}:setIamPolicy", {"policy": {}}, 403)


def test_the_api_must_be_enabled_where_the_call_is_charged(call: Sender) -> None:
    charged = {"authorization": call.bearer(), "x-goog-user-project": PROJECT}
    assert call.send("GET", BUDGETS, charged, b"") == {}
    call.cloud.store.delete("serviceusage", f"projects/{PROJECT}/services/billingbudgets.googleapis.com")
    refused = call.send("GET", BUDGETS, charged, b"", 403)
    assert refused["error"]["details"][0]["reason"] == "SERVICE_DISABLED"


def test_each_threshold_gives_one_notice_in_each_month(call: Sender) -> None:
    budget(call)
    assert spend(call, 20) == []
    [half] = spend(call, 10)
    assert "50% of budget cats and dogs is spent: 30.00 of 50.00 USD" in half["message"]
    assert "simulated" in half["message"]
    assert half["recipients"] == [f"administrators and users of {ACCOUNT}"]
    assert spend(call, 5) == [half]
    [_, whole] = spend(call, 30)
    assert whole["threshold"] == 1
    call.later(days=32)
    assert len(spend(call, 20)) == 2
    assert len(spend(call, 10)) == 3


def test_credits_hide_spend_only_where_they_are_included(call: Sender) -> None:
    included = {"projects": [f"projects/{PROJECT}"]}
    budget(call, displayName="net", budgetFilter=included)
    specified = {**included, "creditTypesTreatment": "INCLUDE_SPECIFIED_CREDITS", "creditTypes": ["FREE_TIER"]}
    budget(call, displayName="without free tier", budgetFilter=specified)
    budget(call, displayName="gross")
    found = spend(call, 30, credits={"PROMOTION": 30})
    assert [one["message"].split(":")[0] for one in sorted(found, key=lambda one: one["message"])] == [
        "50% of budget gross is spent",
        "50% of budget without free tier is spent",
    ]


def test_only_what_passes_the_filter_counts(call: Sender) -> None:
    budget(call, displayName="service", budgetFilter={"services": ["services/A"]})
    budget(call, displayName="label", budgetFilter={"labels": {"team": ["a"]}})
    budget(call, displayName="folder", budgetFilter={"resourceAncestors": ["folders/1"]})
    assert spend(call, 100, service="B", labels={"team": "b"}) == []
    [named] = spend(call, 30, service="A")
    assert "budget service" in named["message"]
    [_, labelled] = spend(call, 30, labels={"team": "a"})
    assert "budget label" in labelled["message"]


def test_metered_usage_counts_at_the_prices_that_were_set(call: Sender) -> None:
    made = budget(call)
    sku = "storage.standard"
    known = next(one for one in call.cloud.usage._skus.values() if one.id == sku)
    call.cloud.store.begin()
    call.cloud.usage.meter(Payer(PROJECT), sku, 10 * known.per_pricing_unit)
    call.cloud.due.run()
    call.cloud.store.commit()
    assert mails(call) == []
    call.cloud.store.begin()
    assert spending.keep_prices(call.cloud, {"prices": [{"sku": sku, "price": 3}]}) == {"prices": 1}
    call.cloud.store.commit()
    call.later(hours=1)
    due(call)
    [mail] = mails(call)
    assert (mail["budget"], mail["threshold"]) == (made["name"], 0.5)


def test_a_month_that_ended_meanwhile_is_still_compared(call: Sender) -> None:
    budget(call)
    call.cloud.store.begin()
    call.cloud.due.run()
    spending.charge(call.cloud, {"project": PROJECT, "cost": 100})
    call.cloud.store.commit()
    call.later(days=40)
    due(call)
    assert [one["threshold"] for one in mails(call)] == [1]


def test_the_topic_gets_googles_message_whenever_the_spend_changes(call: Sender) -> None:
    call("PUT", f"/pubsub/v1/{TOPIC}", {})
    call("PUT", f"/pubsub/v1/projects/{PROJECT}/subscriptions/budget", {"topic": TOPIC})
    rule = {"pubsubTopic": TOPIC, "schemaVersion": "1.0", "enableProjectLevelRecipients": True}
    forecast = {"thresholdPercent": 0.1, "spendBasis": "FORECASTED_SPEND"}
    made = budget(call, notificationsRule=rule, thresholdRules=[*RULES, forecast])
    [mail] = spend(call, 30)
    assert "user:owner@example.com" in mail["recipients"]
    [(message, attributes)] = messages(call)
    begun = message.pop("costIntervalStart")
    assert begun.endswith(("-01T08:00:00.000000Z", "-01T07:00:00.000000Z"))
    assert message == {
        "budgetDisplayName": "cats and dogs",
        "alertThresholdExceeded": 0.5,
        "forecastThresholdExceeded": 0.1,
        "costAmount": 30,
        "budgetAmount": 50,
        "budgetAmountType": "SPECIFIED_AMOUNT",
        "currencyCode": "USD",
    }
    account, identity = made["name"].split("/")[1::2]
    assert attributes == {"billingAccountId": account, "budgetId": identity, "schemaVersion": "1.0"}
    call.later(hours=1)
    due(call)
    assert all(one["costAmount"] == 30 for one, _ in messages(call))


def test_a_topic_needs_the_right_to_set_its_policy(call: Sender) -> None:
    call("PUT", f"/pubsub/v1/{TOPIC}", {})
    call.grant("roles/editor", DEPLOYER)
    rule = {"notificationsRule": {"pubsubTopic": TOPIC, "schemaVersion": "1.0"}}
    assert "pubsub.topics.setIamPolicy" in call.as_(DEPLOYER).refused("POST", BUDGETS, {**BODY, **rule}, 403)
    budget(call, **rule)
    policy = call.cloud.iam.policy("pubsub", TOPIC)
    assert policy["bindings"] == [
        {
            "role": "roles/pubsub.publisher",
            "members": ["serviceAccount:billing-budget-alert@system.gserviceaccount.com"],
        }
    ]


@pytest.mark.parametrize("sent", [{}, {"project": PROJECT}, {"project": "unknown", "cost": 1}, {"project": PROJECT, "cost": "1"}, {"project": PROJECT, "cost": -1}])  # fmt: skip
def test_an_odd_charge_or_price_is_refused(unchanged: Sender, sent: Any) -> None:
    for ask in (comparing.charge, spending.keep_prices):
        with pytest.raises(Exception, match="Send"):
            ask(unchanged.cloud, sent)


@pytest.mark.parametrize(
    ("period", "moment", "start", "end"),
    [
        ("MONTH", "2026-12-31T23:00:00+00:00", "2026-12-01T08:00:00+00:00", "2027-01-01T08:00:00+00:00"),
        ("MONTH", "2026-12-01T07:59:00+00:00", "2026-11-01T07:00:00+00:00", "2026-12-01T08:00:00+00:00"),
        ("QUARTER", "2026-06-01T12:00:00+00:00", "2026-04-01T07:00:00+00:00", "2026-07-01T07:00:00+00:00"),
        ("YEAR", "2026-06-01T12:00:00+00:00", "2026-01-01T08:00:00+00:00", "2027-01-01T08:00:00+00:00"),
    ],
)
def test_periods_begin_at_midnight_in_pacific_time(period: str, moment: str, start: str, end: str) -> None:
    found = periods.containing({"calendarPeriod": period}, datetime.fromisoformat(moment))
    assert found is not None
    assert found.end is not None
    assert (found.start.isoformat(), found.end.isoformat()) == (start, end)


def test_a_custom_period_ends_with_its_last_day() -> None:
    custom = {
        "customPeriod": {
            "startDate": {"year": 2026, "month": 1, "day": 2},
            "endDate": {"year": 2026, "month": 1, "day": 3},
        }
    }
    inside = datetime(2026, 1, 4, 7, 59, tzinfo=UTC)
    assert periods.containing(custom, inside) is not None
    assert periods.containing(custom, datetime(2026, 1, 4, 8, tzinfo=UTC)) is None
    assert periods.containing(custom, datetime(2026, 1, 2, 7, 59, tzinfo=UTC)) is None


def test_the_last_periods_spend_can_be_the_amount(call: Sender) -> None:
    spend(call, 40)
    now = call.cloud.clock.now().astimezone(ZoneInfo("America/Los_Angeles"))
    call.later(days=monthrange(now.year, now.month)[1] - now.day + 2)  # the next month, however short
    budget(call, amount={"lastPeriodAmount": {}}, thresholdRules=[{"thresholdPercent": 1}])
    assert spend(call, 30) == []
    [mail] = spend(call, 10)
    assert "40.00 of 40.00 USD" in mail["message"]


def test_the_notices_of_a_deleted_budget_are_forgotten(call: Sender) -> None:
    made = budget(call)
    spend(call, 100)
    call("DELETE", f"/billingbudgets/v1/{made['name']}")
    for table in ("budget_notices", "budget_messages"):
        assert call.cloud.store.row(f"SELECT count(*) FROM {table}")[0] == 0, table
