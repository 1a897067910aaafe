"""The local cloud while Terraform works: started again when it dies, and said once when it cannot be."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from groundwork.environment.checkout import Checkout
from groundwork.google import local


def test_a_local_cloud_that_cannot_be_started_again_is_said_once(tmp_path: Path) -> None:
    (tmp_path / ".groundwork").touch()
    said: list[str] = []
    refused = Event()

    def say(text: str) -> None:
        said.append(text)
        if "cannot keep its state" in text:
            refused.set()

    with local.kept_running(Checkout(tmp_path), say):
        assert refused.wait(60)
    assert [line.partition(";")[0].partition(" in ")[0] for line in said] == [
        "the local cloud died and is started again",
        "The local cloud cannot keep its state",
    ]
