"""Permissions on secrets, tried as each persona; and what a user at a terminal sees."""

from __future__ import annotations

import pytest
from groundwork.errors import Exit

from tests.small_clone import SmallClone
from tests.terminal import at_terminal

KEY = "wandb-api-key"
VERBS = {
    "list": ("list",),
    "get": ("get", KEY),
    "set": ("set", KEY),
    "rotate": ("rotate", KEY),
    "disable": ("disable", KEY, "2"),
    "enable": ("enable", KEY, "1"),
    "destroy": ("destroy", KEY, "1", "--yes"),
}
MAY = {
    "dora": ("list",),
    "alice": ("list", "get"),
    "bob": tuple(VERBS),
    "carol": tuple(VERBS),
    "stranger": (),
}


@pytest.mark.parametrize("person", MAY)
def test_a_persona_may_do_what_its_roles_say_and_no_more(person: str, clone: SmallClone) -> None:
    for value in (b"first", b"second", b"third"):
        clone.vault().add(KEY, value)
    clone.vault().disable(KEY, 1)
    codes = {
        verb: clone("secrets", *words, "--as", f"{person}@example.com", given=verb.encode()).code
        for verb, words in VERBS.items()
    }
    assert codes == {verb: Exit.OK if verb in MAY[person] else Exit.PERMISSION for verb in VERBS}


def test_a_refused_read_says_whom_to_ask_for_which_role(clone: SmallClone) -> None:
    clone.vault().add(KEY, b"abc")
    assert clone("secrets", "get", KEY, "--as", "dora@example.com").err.splitlines() == [
        f"Error: dora@example.com may not read {KEY}: the permission secretmanager.versions.access is missing.",
        f"  Ask carol@example.com (operator) of {clone.project} to run:",
        "    groundwork onboard dora@example.com --role data-scientist --env local",
    ]


def test_the_narrowest_persona_that_would_do_is_named(clone: SmallClone) -> None:
    refused = clone("secrets", "set", KEY, "--as", "alice@example.com", given=b"abc")
    assert "groundwork onboard alice@example.com --role ml-engineer --env local" in refused.err


def test_a_missing_identity_is_reported_in_one_sentence(clone: SmallClone) -> None:
    account = f"groundwork-train@{clone.project}.iam.gserviceaccount.com"
    refused = clone("secrets", "get", KEY, "--as", account)
    assert refused.code == Exit.PERMISSION
    assert (
        f"The local cloud (simulated) has no identity {account}: `groundwork up --env local` creates those"
        in refused.err
    )


def test_a_value_is_typed_without_being_shown(clone: SmallClone) -> None:
    code, output = at_terminal(["secrets", "set", KEY], clone.root, [("(not shown): ", "hunter2")])
    assert (code, output) == (Exit.OK, f"Value of {KEY} (not shown): \n{KEY}: version 1 is set\n")
    assert clone.vault().read(KEY) == b"hunter2"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "The value is empty"),
        (" hunter2", "begins or ends with a space"),
        ("-----BEGIN X-----", "first of several lines"),
    ],
)
def test_an_invalid_value_is_refused_at_the_prompt(typed: str, sentence: str, clone: SmallClone) -> None:
    code, output = at_terminal(["secrets", "set", KEY], clone.root, [("(not shown): ", typed)])
    assert code == Exit.USAGE
    assert sentence in output
    assert "hunter2" not in output
    assert clone.states(KEY) == {}


def test_a_member_who_may_not_set_is_not_prompted_for_the_value(clone: SmallClone) -> None:
    code, output = at_terminal(["secrets", "set", KEY, "--as", "dora@example.com"], clone.root)
    assert code == Exit.PERMISSION
    assert "(not shown)" not in output


def test_a_value_is_shown_on_a_terminal_only_with_show(clone: SmallClone) -> None:
    clone.vault().add(KEY, b"hunter2")
    code, output = at_terminal(["secrets", "get", KEY], clone.root)
    assert (code, "hunter2" in output) == (Exit.REFUSED, False)
    assert f"pipe it (groundwork secrets get {KEY} | COMMAND), or pass --show." in " ".join(output.split())
    assert at_terminal(["secrets", "get", KEY, "--show"], clone.root) == (Exit.OK, "hunter2\n")


@pytest.mark.parametrize(
    ("answer", "code", "states"),
    [
        ("n", Exit.REFUSED, {2: "enabled", 1: "enabled"}),
        ("y", Exit.OK, {3: "enabled", 2: "destroyed", 1: "destroyed"}),
    ],
)
def test_at_a_terminal_nothing_is_destroyed_unasked(
    answer: str, code: Exit, states: dict[int, str], clone: SmallClone
) -> None:
    clone.vault().add(KEY, b"a")
    clone.vault().add(KEY, b"b")
    arguments = ["secrets", "set", KEY, "--keep", "1"]
    question = "versions 1, 2 destroyed for good. Go on?"
    ended, output = at_terminal(arguments, clone.root, [("(not shown): ", "c"), (question, answer)])
    assert ended == code, output
    assert clone.states(KEY) == states


def test_an_interrupted_prompt_sets_nothing(clone: SmallClone) -> None:
    code, output = at_terminal(["secrets", "set", KEY], clone.root, [("(not shown): ", "\x03")])
    assert code == Exit.INTERRUPTED
    assert "Interrupted." in output
    assert clone.states(KEY) == {}
