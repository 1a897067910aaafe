"""pause and resume: what they find in a project, what it costs, and what Google is asked to do."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from groundwork.errors import CouldNotTell, UsageProblem
from groundwork.lifecycle import pause
from groundwork.resources.kind import Pausing, Unstoppable
from groundwork.resources.registry import kinds, listings
from localcloud.spec.discovery import document

from tests.groundwork.resources.google_lists import PROJECT, Script, refusal, scripted

INSTANCES = f"/compute/v1/projects/{PROJECT}/aggregated/instances"
JOBS = f"/cloudscheduler/v1/projects/{PROJECT}/locations"
ENDPOINTS = f"/aiplatform/v1/projects/{PROJECT}/locations"
VM = f"projects/{PROJECT}/zones/europe-west1-b/instances"


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted() as script:
        yield script


class Talked:
    """A talk that keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def machine(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "selfLink": f"https://www.googleapis.com/compute/v1/{VM}/{name}",
        "status": status,
        "machineType": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/europe-west1-b/machineTypes/n1-standard-1",
        "networkInterfaces": [{"accessConfigs": [{"natIP": "203.0.113.1"}]}],
        **more,
    }


def with_machines(script: Script, *machines: dict[str, Any]) -> None:
    script.enable("compute")
    script.answers[INSTANCES] = {"items": {"zones/europe-west1-b": {"instances": list(machines)}}}


def test_running_machines_are_found_with_their_price_and_their_end(script: Script) -> None:
    metadata = {"items": [{"key": "idle-minutes", "value": "60"}]}
    ending = {"scheduling": {"terminationTimestamp": "2026-11-29T09:12:40.000-08:00"}}
    with_machines(
        script,
        machine("work", "RUNNING", metadata=metadata, resourceStatus=ending),
        machine("forgotten", "RUNNING"),
        machine("resting", "TERMINATED"),
        machine("stopping", "STOPPING"),
    )
    found = pause.find(script.cloud, "pause")
    assert [(turn.item.short, turn.doing) for turn in found.turns] == [
        ("forgotten", "n1-standard-1 in europe-west1-b, does not stop by itself"),
        (
            "work",
            "n1-standard-1 in europe-west1-b, stops by itself after 60 minutes without use and at 2026-11-29 17:12 UTC at the latest",
        ),
    ]
    # List prices: the machine and its address.
    assert pause.hourly_of(found.turns) == 2 * (Decimal("0.05225175") + Decimal("0.005"))


def test_gpus_and_spot_prices_count_and_an_unknown_price_is_said(script: Script) -> None:
    gpu = {"acceleratorType": "zones/z/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 2}
    with_machines(
        script,
        machine("gpu", "RUNNING", guestAccelerators=[gpu], networkInterfaces=[]),
        machine("odd", "RUNNING", machineType="n9-huge-1"),
    )
    gpu_turn, odd = pause.find(script.cloud, "pause").turns
    assert gpu_turn.hourly == Decimal("0.05225175") + 2 * Decimal("0.35")
    assert odd.hourly is None
    assert odd.text.endswith("; price unknown")


def test_machines_are_stopped_and_started_by_googles_methods_and_each_failure_is_said(script: Script) -> None:
    with_machines(script, machine("good", "RUNNING"), machine("kept", "RUNNING"), machine("old", "TERMINATED"))
    script.answers[f"/compute/v1/{VM}/kept/stop"] = refusal(403, "FORBIDDEN", "Not you.")
    talk = Talked()
    done, failed = pause.turn_all(script.cloud, pause.find(script.cloud, "pause"), talk)  # type: ignore[arg-type]
    assert ([turn.item.short for turn in done], list(failed)) == (["good"], [f"{VM}/kept"])
    assert [said.partition(":")[0] for said in talk.said] == ["stopped  instance good", "not stopped  instance kept"]
    assert ("POST", f"/compute/v1/{VM}/good/stop") in script.asked
    done, _ = pause.turn_all(script.cloud, pause.find(script.cloud, "resume", paused=[f"{VM}/old"]), talk)  # type: ignore[arg-type]
    assert [turn.item.short for turn in done] == ["old"]
    assert ("POST", f"/compute/v1/{VM}/old/start") in script.asked


def test_schedules_are_paused_and_resumed_and_cost_nothing_themselves(script: Script) -> None:
    script.enable("cloudscheduler")
    script.answers[JOBS] = {"locations": [{"locationId": "europe-west1"}]}
    name = f"projects/{PROJECT}/locations/europe-west1/jobs"
    script.answers[f"{JOBS}/europe-west1/jobs"] = {
        "jobs": [
            {"name": f"{name}/drift", "state": "ENABLED", "schedule": "0 6 * * 1", "timeZone": "Europe/Copenhagen"},
            {"name": f"{name}/off", "state": "PAUSED", "schedule": "* * * * *"},
        ]
    }
    found = pause.find(script.cloud, "pause")
    (turn,) = found.turns
    assert (turn.doing, turn.hourly) == ("starts what it is for at 0 6 * * 1 (Europe/Copenhagen)", 0)
    pause.turn_all(script.cloud, found, Talked())  # type: ignore[arg-type]
    assert ("POST", f"/cloudscheduler/v1/{name}/drift:pause") in script.asked
    assert [turn.item.short for turn in pause.find(script.cloud, "resume", paused=[f"{name}/off"]).turns] == ["off"]
    assert pause.find(script.cloud, "pause", costing=True).turns == ()


def test_what_pause_did_not_stop_stays_stopped_unless_it_is_named(script: Script) -> None:
    with_machines(script, machine("paused", "TERMINATED"), machine("by-hand", "TERMINATED"))
    found = pause.find(script.cloud, "resume", paused=[f"{VM}/paused"])
    assert [turn.item.short for turn in found.turns] == ["paused"]
    (why,) = found.others.values()
    assert why == "`pause` did not stop it: `groundwork resume by-hand` starts it"
    named = pause.find(script.cloud, "resume", ["by-hand"])
    assert ([turn.item.short for turn in named.turns], named.others) == (["by-hand"], {})


def test_what_costs_and_cannot_be_stopped_is_named_with_what_to_do(script: Script) -> None:
    script.enable("aiplatform")
    script.answers[ENDPOINTS] = {"locations": [{"locationId": "europe-west1"}]}
    name = f"projects/{PROJECT}/locations/europe-west1/endpoints"
    for place in (f"{ENDPOINTS}/europe-west1/endpoints", f"/europe-west1-aiplatform/v1/{name}"):
        script.answers[place] = {
            "endpoints": [{"name": f"{name}/1", "deployedModels": [{"id": "7"}]}, {"name": f"{name}/2"}]
        }
    found = pause.find(script.cloud, "pause")
    assert found.turns == ()
    assert [(item.short, why.partition(":")[0]) for item, why in found.others.items()] == [
        ("1", "Vertex AI cannot stop a deployed model")
    ]
    assert pause.find(script.cloud, "resume").others == {}


def test_only_the_named_are_turned_and_a_wrong_name_is_refused(script: Script) -> None:
    with_machines(script, machine("one", "RUNNING"), machine("two", "RUNNING"))
    assert [turn.item.short for turn in pause.find(script.cloud, "pause", ["two"]).turns] == ["two"]
    with pytest.raises(UsageProblem) as problem:
        pause.find(script.cloud, "pause", ["three"])
    assert problem.value.message == f"three is not running in project {PROJECT}; these are: one, two."
    with pytest.raises(UsageProblem, match=r"three, four are not running in project"):
        pause.find(script.cloud, "pause", ["three", "four"])
    with pytest.raises(UsageProblem, match="is not stopped in project scripted-project; nothing is"):
        pause.find(script.cloud, "resume", ["one"])


def test_a_list_that_fails_is_unknown_and_never_nothing(script: Script) -> None:
    script.enable("compute")
    script.answers[INSTANCES] = refusal(403, "FORBIDDEN", "Not you.")
    found = pause.find(script.cloud, "pause")
    with pytest.raises(CouldNotTell, match="Whether anything else runs in project here is unknown"):
        found.verdict("here")


PAUSABLE = [kind for kind in kinds().values() if isinstance(kind.pausing, Pausing)]


@pytest.mark.parametrize("kind", PAUSABLE, ids=lambda kind: kind.name)
def test_a_kind_is_stopped_and_started_as_google_documents(kind: Any) -> None:
    row = next(row for row in listings() if row.kind == kind.name)
    place = row.path.replace("aggregated", "zones/z").format(project="p", location="l", parent="a")
    for ending in (kind.pausing.stop, kind.pausing.start):
        assert document(row.api, row.version).match("POST", f"{place}/x{ending}") is not None


def test_what_cannot_be_stopped_says_what_to_do() -> None:
    reasons = [kind.pausing.reason for kind in kinds().values() if isinstance(kind.pausing, Unstoppable)]
    assert len(reasons) >= 4
    assert all(":" in reason for reason in reasons)
