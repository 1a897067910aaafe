"""^C leaves no process and no lock; two runs at once know of each other; a lock from elsewhere is explained and can be removed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork.environment.checkout import LAYERS
from groundwork.errors import Exit
from groundwork.google import local
from groundwork.lifecycle import recovery, up
from groundwork.lifecycle.up import UpOptions
from groundwork.terraform.runs import this_run
from groundwork.terraform.state import read_lock, read_state

from tests.groundwork.clone import Clone, cloned, copied
from tests.groundwork.conftest import RecordedTalk
from tests.polling import until
from tests.processes import naming

SLOW = {"method": "*", "kind": "latency", "seconds": 0.05}
ELSEWHERE = {
    "ID": "x", "Operation": "OperationTypeApply", "Who": "bob@desk", "Version": "1.11.4",
    "Created": "2026-11-21T10:01:13.5Z", "Path": "",
}  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    with cloned(tmp_path) as clone:
        local.start(clone.checkout)
        yield clone


@pytest.fixture
def own(raised: Path, tmp_path: Path) -> Iterator[Clone]:
    """A clone whose platform is up, but for a secret that has come into the file since."""
    with copied(raised, tmp_path) as clone:
        clone.rewrite("secrets:\n", "secrets:\n  newer: {readers: [train]}\n")
        yield clone


def applying(clone: Clone) -> bool:
    logs = (clone.root / ".groundwork" / "small" / layer / "apply.ndjson" for layer in LAYERS)
    return any('"type":"apply_start"' in log.read_text("utf-8") for log in logs if log.exists())


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupted_up_leaves_no_process_and_no_lock_and_can_be_resumed(
    clone: Clone, number: signal.Signals
) -> None:
    clone.set_faults(SLOW)
    with clone.start("up", "--env", "small") as child:
        until(lambda: applying(clone) or child.poll() is not None)
        child.send_signal(number)
        _, err = child.communicate()
    assert child.returncode == Exit.INTERRUPTED
    assert "Stopping: Terraform finishes the current operations and releases its lock; ^C again kills it." in err
    assert "Interrupted: " in err
    assert "Traceback" not in err
    assert naming(clone.root) == []
    assert [read_lock(clone.cloud, clone.session().place(layer)) for layer in LAYERS] == [None, None]
    assert clone.run("up", "--env", "small").returncode == 0
    assert clone.run("plan", "--env", "small", "--detailed-exitcode").returncode == 0


def test_a_second_interrupt_kills_and_the_next_up_finds_what_was_made(clone: Clone) -> None:
    clone.set_faults({**SLOW, "seconds": 0.3})
    with clone.start("up", "--env", "small") as child:
        until(lambda: applying(clone) or child.poll() is not None)
        clone.set_faults({**SLOW, "seconds": 5})  # so that Terraform is still at work when the second one comes
        for _ in range(2):
            child.send_signal(signal.SIGINT)
            until(
                lambda: (
                    "topping" in (clone.root / ".groundwork/small/bootstrap/apply.ndjson").read_text("utf-8")
                    or child.poll() is not None
                )
            )
        _, err = child.communicate()
    assert child.returncode == Exit.INTERRUPTED
    assert "Killing Terraform: the next `groundwork up` finds what it had created." in err
    assert naming(clone.root) == []
    local.stop(clone.checkout)
    again = clone.run("up", "--env", "small")
    assert again.returncode == 0, again.stderr
    assert clone.run("plan", "--env", "small", "--detailed-exitcode").returncode == 0


def test_a_terminals_interrupt_reaches_the_whole_group_and_terraform_once(clone: Clone) -> None:
    """What a terminal does: the signal goes to every process in the foreground; Terraform is in a group of its own."""
    clone.set_faults(SLOW)
    with clone.start("up", "--env", "small") as child:
        until(lambda: applying(clone) or child.poll() is not None)
        os.killpg(child.pid, signal.SIGINT)
        _, err = child.communicate()
    assert child.returncode == Exit.INTERRUPTED, err
    assert [read_lock(clone.cloud, clone.session().place(layer)) for layer in LAYERS] == [None, None]


def test_a_second_up_says_who_is_at_work(clone: Clone) -> None:
    clone.set_faults(SLOW)
    with clone.start("up", "--env", "small") as first:
        until(lambda: applying(clone) or first.poll() is not None)
        first.send_signal(signal.SIGSTOP)  # so that it cannot end before the second has looked
        second = clone.run("up", "--env", "small")
        first.send_signal(signal.SIGCONT)
        first.communicate()
    me = this_run("up", "small")
    assert second.returncode == Exit.LOCKED
    assert (
        f"The state of small is locked by `groundwork up` of {me.user}@{me.host} (process {first.pid}), since "
        in second.stderr
    )
    assert first.returncode == 0


def lock_elsewhere(clone: Clone) -> None:
    """Acquire the platform's lock as another machine would."""
    place = clone.session().place("platform")
    clone.cloud.storage().bucket(place.bucket).blob(f"{place.prefix}/default.tflock").upload_from_string(
        json.dumps(ELSEWHERE)
    )


def test_a_lock_from_elsewhere_is_explained_kept_and_removed_on_demand(deployed: Clone) -> None:
    lock_elsewhere(deployed)
    locked = deployed.run("up", "--env", "small")
    assert locked.returncode == Exit.LOCKED
    assert "The state of small/platform is locked by bob@desk (apply, since 2026-11-21 " in locked.stderr
    assert "remove the lock with `groundwork unlock --env small`." in locked.stderr

    refused = deployed.run("unlock", "--env", "small")
    assert refused.returncode == Exit.REFUSED
    assert "small/platform is locked by bob@desk" in refused.stderr
    assert read_lock(deployed.cloud, deployed.session().place("platform")) is not None

    assert deployed.run("unlock", "--env", "small", "--dry-run").returncode == 0
    assert read_lock(deployed.cloud, deployed.session().place("platform")) is not None

    freed = deployed.run("unlock", "--env", "small", "--yes")
    assert freed.returncode == 0
    assert "small/platform is unlocked" in freed.stderr
    assert deployed.run("plan", "--env", "small", "--detailed-exitcode").returncode == 0


def test_nothing_to_unlock_is_reported(deployed: Clone) -> None:
    assert "small is not locked" in deployed.run("unlock", "--env", "small").stderr


def test_what_google_would_refuse_for_a_moment_is_tried_again(own: Clone, talk: RecordedTalk) -> None:
    text = "Secret Manager API has not been used in project 1 before or it is disabled. SERVICE_DISABLED"
    own.set_faults(
        {"method": "secretmanager.projects.secrets.create", "kind": "error", "code": 403, "message": text, "count": 1}
    )
    up.up(own.session(), UpOptions(waits=(0.0,)), talk)
    assert "platform: the API was enabled a moment ago; this is temporary, trying again in 0 s" in talk.lines
    assert not any(plan.pending for plan in up.plan(own.session("plan"), talk))


def test_what_google_refuses_for_good_is_not(own: Clone) -> None:
    own.set_faults(
        {
            "method": "secretmanager.projects.secrets.create",
            "kind": "error",
            "code": 403,
            "message": "Permission 'secretmanager.secrets.create' denied",
        }
    )
    result = own.run("up", "--env", "small")
    assert result.returncode == Exit.PERMISSION
    assert "trying again" not in result.stderr
    assert "→ your login lacks a permission: ask an operator of the project" in result.stderr


def test_a_created_resource_whose_answer_was_lost_is_adopted(own: Clone) -> None:
    """The connection breaks after the secret was made: Terraform does not know, the next `up` finds it."""
    own.set_faults({"method": "secretmanager.projects.secrets.create", "kind": "drop", "after": True, "count": 1})
    own.run("up", "--env", "small")
    local.stop(own.checkout)
    again = own.run("up", "--env", "small")
    assert again.returncode == 0, again.stderr
    assert own.run("plan", "--env", "small", "--detailed-exitcode").returncode == 0


def test_what_was_created_is_imported_whatever_else_is_missing_from_the_state(own: Clone) -> None:
    """An import evaluates the whole configuration, and the bucket is granted to the account, which no state knows yet.

    What was not created after all is not mentioned.
    """
    account = "groundwork-train@small-clone.iam.gserviceaccount.com"
    lost = {
        'module.buckets["data"].google_storage_bucket.bucket': "small-clone-data",
        'module.identities["train"].google_service_account.account': f"projects/small-clone/serviceAccounts/{account}",
    }
    session = own.session()
    known = read_state(session.cloud, session.place("platform")).addresses
    grants = [address for address in known if address.startswith("module.buckets") and "_iam_" in address]
    never = {'module.buckets["kept"].google_storage_bucket.bucket': "small-clone-kept"}
    session.cloud.request("DELETE", "storage", "v1/b/small-clone-kept")
    session.terraform("platform").forget([*lost, *never, *grants])
    lines = [
        {"type": "apply_complete", "hook": {"resource": {"addr": address}, "action": "create", "id_value": name}}
        for address, name in {**lost, **never}.items()
    ]
    for line in lines:
        line["hook"]["resource"] |= {"module": "", "resource_type": line["hook"]["resource"]["addr"].split(".")[-2]}
    (session.data("platform") / recovery.EVENTS).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    again = own.run("up", "--env", "small")
    assert again.returncode == 0, again.stderr
    assert "may or may not" not in again.stderr
    imported = [line for line in again.stderr.splitlines() if ": imported " in line]
    assert [line.split()[2].rstrip(",") for line in imported] == list(lost)


def test_a_busy_port_is_reported_in_one_sentence(clone: Clone) -> None:
    running = local.find(clone.checkout)
    assert running is not None
    with cloned(clone.root / "other") as other:
        result = other.run("local", "start", "--port", str(running.port))
    assert result.returncode == Exit.FAILED
    assert str(running.port) in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_full_disk_is_reported_and_freeing_space_is_enough(own: Clone) -> None:
    """The local cloud's answer when its disk is full: Terraform ends, reports it, and continues later."""
    message = "The local cloud could not write to its disk at /x (database or disk is full)"
    own.set_faults(
        {"method": "secretmanager.projects.secrets.create", "kind": "error", "code": 400, "message": message}
    )
    result = own.run("up", "--env", "small")
    assert result.returncode == Exit.FAILED
    assert "→ the disk is full: free some space and run the same command again." in result.stderr
    local.stop(own.checkout)
    assert own.run("up", "--env", "small").returncode == 0


def test_an_old_terraform_without_network_is_one_sentence(clone: Clone) -> None:
    program = clone.root / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n', "utf-8")
    program.chmod(0o755)
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    result = clone.run(
        "plan", "--env", "small", PATH=f"{program.parent}:/bin:/usr/bin", XDG_CACHE_HOME=str(clone.root / "cache"), TF="terraform", **nowhere
    )  # fmt: skip
    assert result.returncode == Exit.FAILED
    assert (
        f"Error: Terraform 1.5.7 at {program} is older than 1.11, and https://releases.hashicorp.com/" in result.stderr
    )
    assert (
        "install Terraform 1.11 or newer from https://developer.hashicorp.com/terraform/install and put it on PATH."
        in result.stderr
    )
    assert "Traceback" not in result.stderr
