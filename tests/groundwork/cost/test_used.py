"""What was used on the local cloud, as a report from the local cloud's own data."""

import json
from decimal import Decimal
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.google import local
from localcloud.server import launcher

from tests.local_project import running
from tests.small_clone import SmallClone, make_clone


def use_a_bucket(clone: SmallClone, checkout: Checkout) -> None:
    """Alice's label is on a bucket that is created and read."""
    cloud = clone.cloud()
    body = {"name": f"{clone.project}-used", "location": "europe-west1", "labels": {"member": "alice"}}
    cloud.request("POST", "storage", "v1/b", params={"project": clone.project}, json=body)
    for _ in range(3):
        cloud.request("GET", "storage", f"v1/b/{body['name']}")
    flushed(checkout)


def test_use_is_reported_at_list_prices_and_says_that_it_is_simulated(tmp_path: Path) -> None:
    with running(tmp_path) as checkout:
        clone = make_clone(tmp_path / "clone", checkout, ())
        result = clone("cost", "report", "--json")
        assert "Nothing that is charged for has been used on the local cloud yet" in result.err
        use_a_bucket(clone, checkout)
        result = clone("cost", "report", "--json", "--by", "member")
    assert result.code == 0, result.err
    assert json.loads(result.out)["simulated"] is True
    assert "alice" in result.text
    warnings = json.loads(result.out)["warnings"]
    assert any("metered" in warning and "list prices" in warning for warning in warnings)
    assert not any("invented" in warning for warning in warnings)


GRANTS = """\
cost:
  grants:
    - {member: alice@example.com, amount: 50, start: "2026-01-01", expires: "2099-01-01", billing_account: 012345-6789AB-CDEF01}
    - {member: bob@example.com, amount: 20, start: "2026-01-01", expires: "2099-01-01"}
"""


def test_members_credits_are_used_up_by_what_carries_their_label(tmp_path: Path) -> None:
    with running(tmp_path) as checkout:
        clone = make_clone(tmp_path / "clone", checkout, (), GRANTS)
        unused = json.loads(clone("cost", "credits", "--json").out)
        assert [balance["left"] for balance in unused["credits"]] == ["50.00", "20.00"]
        use_a_bucket(clone, checkout)
        alice, bob = json.loads(clone("cost", "credits", "--json").out)["credits"]
        text = clone("cost", "credits").text
        status = json.loads(clone("status", "--json").out)
    assert 0 < Decimal(alice["grants"][0]["used"]) < Decimal("0.01")
    assert bob["grants"][0]["used"] == "0.00"
    assert "bob@example.com    ████████████████████  $20.00 of $20.00 left, expires on 2099-01-01" in text
    assert "(simulated)" in text
    assert status["credits"] == [] or [bar["left"] for bar in status["credits"]] == [alice["left"], bob["left"]]


def flushed(checkout: Checkout) -> None:
    launcher.control(local.start(checkout), "GET", "/_local/usage")
