"""What was used on the local cloud, as a report that the local cloud itself feeds."""

import json
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.google import local
from localcloud.server import launcher

from tests.local_project import running
from tests.small_clone import made


def test_use_is_reported_at_list_prices_and_says_that_it_is_simulated(tmp_path: Path) -> None:
    with running(tmp_path) as checkout:
        clone = made(tmp_path / "clone", checkout, ())
        seen = clone("cost", "report", "--json")
        assert "Nothing that costs was used on the local cloud yet" in seen.err
        cloud = clone.cloud()
        body = {"name": f"{clone.project}-used", "location": "europe-west1", "labels": {"member": "alice"}}
        cloud.request("POST", "storage", "v1/b", params={"project": clone.project}, json=body)
        for _ in range(3):
            cloud.request("GET", "storage", f"v1/b/{body['name']}")
        flushed(checkout)
        seen = clone("cost", "report", "--json", "--by", "member")
    assert seen.code == 0, seen.err
    assert json.loads(seen.out)["simulated"] is True
    assert "alice" in seen.text
    assert "at list prices" in seen.text + seen.err


def flushed(checkout: Checkout) -> None:
    launcher.control(local.start(checkout), "GET", "/_local/usage")
