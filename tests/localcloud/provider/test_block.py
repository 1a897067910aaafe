"""The provider block: its meaning, and what the local cloud's provider does not support."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud.provider.block import loopback, row, settings
from localcloud.provider.protocol.sessions import Sessions
from localcloud.provider.settings import Settings
from localcloud.provider.work import Problem

from tests.localcloud.provider.core import Core, Refusal


def test_the_token_of_the_block_wins_over_the_processes(tmp_path: Path) -> None:
    assert settings({}, "http://127.0.0.1:1", "own").token == "own"
    assert settings({"access_token": "other"}, "http://127.0.0.1:1", "own").token == "other"
    (tmp_path / "token").write_text("from a file\n")
    assert settings({"access_token": str(tmp_path / "token")}, "http://127.0.0.1:1", "own").token == "from a file"


def test_a_token_is_not_shown() -> None:
    assert "hidden" not in repr(settings({"access_token": "hidden"}, "http://127.0.0.1:1", "own"))


@pytest.mark.parametrize("name", ["credentials", "impersonate_service_account"])
def test_other_credentials_are_refused_with_a_way_out(offline: Core, name: str) -> None:
    with pytest.raises(Refusal, match=f"does not support {name}.*PROVIDER=google") as error:
        offline.configured(**{name: "something"})
    assert error.value.attributes == [name]


def test_an_endpoint_elsewhere_is_refused_and_one_here_is_used(offline: Core) -> None:
    with pytest.raises(
        Refusal, match=r"secret_manager_custom_endpoint is https://example.com/v1/.*loopback addresses only"
    ):
        offline.configured(secret_manager_custom_endpoint="https://example.com/v1/")
    found = settings({"secret_manager_custom_endpoint": "http://localhost:1/x/v1/"}, "http://127.0.0.1:1", "t")
    assert found.endpoints == {"secretmanager": "http://localhost:1/x/v1/"}


def test_only_loopback_is_loopback() -> None:
    assert all(
        loopback(url) for url in ("http://127.0.0.1/", "http://127.8.8.8:1/v1/", "http://[::1]:2/", "http://localhost/")
    )
    assert not any(
        loopback(url)
        for url in ("http://10.0.0.1/", "https://storage.googleapis.com/", "http://localhost.example/", "")
    )


def test_there_is_an_endpoint_for_every_product() -> None:
    assert len([name for name in row().schema.root.children if name.endswith("_custom_endpoint")]) == 182


def test_a_strategy_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Problem, match="terraform_attribution_label_addition_strategy is 'ALWAYS'"):
        settings({"terraform_attribution_label_addition_strategy": "ALWAYS"}, "http://127.0.0.1:1", "t")


def test_two_connections_do_not_mix(offline: Core) -> None:
    one = offline.configured(peer="ipv4:127.0.0.1:1", project="one-project")
    two = offline.configured(peer="ipv4:127.0.0.1:2", project="two-project")
    plans = [core.plan("google_service_account", account_id="train-me").values for core in (one, two)]
    assert [plan["project"] for plan in plans if plan] == ["one-project", "two-project"]


def test_old_connections_are_forgotten() -> None:
    sessions = Sessions(most=2)
    for peer in ("a", "b", "a", "c"):
        sessions.configure(peer, Settings("http://127.0.0.1:1", peer))
    assert len(sessions) == 2
    assert sessions.of("b").settings is None
    assert sessions.of("c").settings is not None


def test_a_port_that_is_used_again_is_another_run() -> None:
    sessions = Sessions()
    sessions.configure("a", Settings("http://127.0.0.1:1", "one")).stopped.set()
    assert not sessions.configure("a", Settings("http://127.0.0.1:1", "two")).stopped.is_set()
