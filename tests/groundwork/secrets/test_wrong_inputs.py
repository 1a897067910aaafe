"""More than twenty wrong inputs for every command: one sentence each, its exit code, and nothing changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit
from groundwork.secrets.vault import Vault

from tests.small_clone import SmallClone, make_clone, states
from tests.wrong_inputs import ANYWHERE, AS_SOMEBODY, NOT_HERE, Wrong, check, prepare

NAME = "wandb-api-key"
# The words that would do, per verb; wrong ones go before them.
RIGHT = {
    "list": (),
    "set": (NAME,),
    "get": (NAME,),
    "rotate": (NAME,),
    "enable": (NAME, "1"),
    "disable": (NAME, "1"),
    "destroy": (NAME, "1", "--yes"),
    "import": (".env",),
    "run": ("--", "true"),
}
# What a stranger is told, per verb.
_SET = f"stranger@example.com may not set {NAME}: the permission secretmanager.versions.add is missing."
_SEE = (
    f"stranger@example.com may not see the versions of {NAME}: the permission secretmanager.versions.list is missing."
)
_READ = f"stranger@example.com may not read {NAME}: the permission secretmanager.versions.access is missing."
MISSING = {
    "list": "stranger@example.com may not list the secrets of {project}: the permission secretmanager.secrets.list is missing.",
    "set": _SET,
    "get": _READ,
    "rotate": _SET,
    "enable": _SEE,
    "disable": _SEE,
    "destroy": _SEE,
    "import": _SET,
    "run": _READ,
}
EVERY = (
    *ANYWHERE,
    *AS_SOMEBODY,
    *NOT_HERE,
    Wrong(
        ("--env", "unmade"), "not in project groundwork-unmade yet: run `groundwork up --env unmade` first", Exit.FAILED
    ),
    Wrong(("--env", "off"), " not in project {off} yet: run `groundwork up --env off` first", Exit.FAILED),
)
NO_SECRET = "envs/local.yaml has no secret of that name; it has wandb-api-key, gone, kaggle-key."
NAMED = (
    Wrong((), "Missing argument 'NAME'", replaces=True),
    Wrong(("hunter2",), NO_SECRET, replaces=True),
    Wrong(("WANDB_API_KEY",), NO_SECRET, replaces=True),
    Wrong(("",), NO_SECRET, replaces=True),
    Wrong(("../hunter2",), NO_SECRET, replaces=True),
    Wrong(("projects/p/secrets/hunter2",), NO_SECRET, replaces=True),
    Wrong(("gone",), "gone is in envs/local.yaml but not in project {project} yet: run `groundwork up --env local`", Exit.FAILED, replaces=True),
    Wrong((f"{NAME}=hunter2",), "a value on the command line can be read in the process list", replaces=True),
)  # fmt: skip
NAMED_AND_NUMBERED = tuple(replace(wrong, words=(*wrong.words, "1")) for wrong in NAMED if wrong.words)
ON_ARGV = (
    "A value on the command line can be read in the process list and stays in the shell's history; nothing was set."
)
SETTING = (
    Wrong((NAME, "hunter2"), ON_ARGV, replaces=True),
    Wrong((NAME, "--", "--hunter2"), ON_ARGV, replaces=True),
    Wrong(("--value", "hunter2"), ON_ARGV),
    Wrong(("--value=hunter2",), ON_ARGV),
    Wrong((), "The value is empty", given=b""),
    Wrong((), "The value is empty", given=b" \n"),
    Wrong((), "begins or ends with a space", given=b"hunter2 "),
    Wrong((), "larger than 65,536 bytes", given=b"x" * 65537),
    Wrong(("--keep", "0"), "--keep 0 is not possible: give a number from 1, which keeps only the new version, to 1000."),
    Wrong(("--keep", "-1"), "--keep -1 is not possible"),
    Wrong(("--keep", "1001"), "--keep 1001 is not possible"),
    Wrong(("--keep", "many"), "'many' is not a valid integer"),
    Wrong(("--as", "alice@example.com"), "alice@example.com may not set wandb-api-key: the permission", Exit.PERMISSION),
)  # fmt: skip
MOVING = (
    *(
        Wrong((NAME, text), "That is not a version of wandb-api-key: it is a number such as 3, latest, or old", replaces=True)
        for text in ("newest", "0", "1.5", "v1", "", "1,2", "٣", "99999999999", "all")
    ),
    Wrong((NAME, "9"), "wandb-api-key has no version 9; there are 1.", Exit.FAILED, replaces=True),
    Wrong((NAME,), "Missing argument 'VERSION'", replaces=True),
    Wrong((NAME, "1", "2"), "unexpected extra argument", replaces=True),
    Wrong(("kaggle-key", "latest"), "kaggle-key has no value yet.", Exit.FAILED, replaces=True),
)  # fmt: skip
OWN = {
    "list": (
        Wrong(("extra",), "unexpected extra argument"),
        Wrong(("--json=yes",), "does not take a value"),
        Wrong(("--keep", "1"), "No such option '--keep'"),
        Wrong(("--show",), "No such option '--show'"),
    ),
    "set": (*NAMED, *SETTING),
    "rotate": (
        *NAMED,
        *SETTING,
        Wrong(("kaggle-key",), "kaggle-key has no value to rotate: set its first one", replaces=True),
        Wrong((), "wandb-api-key already has this value: a rotation needs a new one", given=b"kept"),
    ),
    "get": (
        *NAMED,
        *(
            Wrong(("--version", text), "That is not a version of wandb-api-key: it is a number such as 3, or latest.")
            for text in ("newest", "0", "-1", "", "1/../2", "old")
        ),
        Wrong(("--version", "9"), "wandb-api-key has no version 9", Exit.FAILED),
        Wrong(("kaggle-key",), "kaggle-key has no value yet: set one with `groundwork secrets set kaggle-key", Exit.FAILED, replaces=True),
        Wrong(("--as", "dora@example.com"), "Ask carol@example.com (operator) of {project} to run:", Exit.PERMISSION),
    ),
    "enable": (*NAMED_AND_NUMBERED, *MOVING),
    "disable": (*NAMED_AND_NUMBERED, *MOVING),
    "destroy": (*NAMED_AND_NUMBERED, *MOVING, Wrong((NAME, "1"), "pass --yes to confirm. Nothing was changed.", Exit.REFUSED, replaces=True)),
    "import": (
        Wrong((), "Missing argument 'FILE'", replaces=True),
        Wrong(("absent.env",), "absent.env cannot be read: No such file or directory.", replaces=True),
        Wrong(("envs",), "envs cannot be read: Is a directory.", replaces=True),
        Wrong(("KEY=hunter2",), "import reads a file, because a value on the command line can be read", replaces=True),
        Wrong(("empty.env",), "empty.env has no KEY=VALUE line: there is nothing to import.", replaces=True),
        Wrong(("broken.env",), "broken.env:2: is not KEY=VALUE", replaces=True),
        Wrong(("other.env",), "other.env:1: PORT would be port, which the environment does not have.", replaces=True),
        Wrong(("odd.env",), "odd.env:1: ___ cannot become the name of a secret", replaces=True),
        Wrong(("twice.env",), "twice.env:2: it stands for wandb-api-key, as line 1 does; keep one of the two.", replaces=True),
        Wrong(("gone.env",), "gone is in envs/local.yaml but not in project {project} yet", Exit.FAILED, replaces=True),
        Wrong(("large.env",), "large.env:1: WANDB_API_KEY: The value is larger than 65,536 bytes", replaces=True),
        Wrong(("--only", "PORT"), ".env has no PORT; it has WANDB_API_KEY."),
        Wrong(("--only", "wandb-api-key"), ".env has no wandb-api-key; it has WANDB_API_KEY."),
        Wrong(("--keep", "0"), "--keep 0 is not possible"),
        Wrong((".env", "hunter2"), "unexpected extra argument", replaces=True, echoes=True),
        Wrong(("--as", "alice@example.com"), "alice@example.com may not set wandb-api-key", Exit.PERMISSION),
    ),
    "run": (
        Wrong((), "There is no command to run: put it after two dashes", replaces=True),
        Wrong(("--",), "There is no command to run", replaces=True),
        Wrong(("--", "no-such-program"), "no-such-program was not found, or is not executable; no secret was read.", replaces=True),
        Wrong(("--", "./.env"), "./.env was not found, or is not executable", replaces=True),
        Wrong(("--", "envs"), "envs was not found, or is not executable", replaces=True),
        Wrong(("--", ""), " was not found, or is not executable", replaces=True),
        Wrong(("--only", "hunter2"), NO_SECRET),
        Wrong(("--only", f"{NAME}=hunter2"), "a value on the command line can be read"),
        Wrong(("--only", "kaggle-key"), "kaggle-key has no value yet", Exit.FAILED),
        Wrong(("--only", "gone"), "gone is in envs/local.yaml but not in project {project} yet", Exit.FAILED),
        Wrong(("--env", "bare-of-secrets"), "envs/bare-of-secrets.yaml has no secrets to run a command with. To add one, write"),
    ),
}  # fmt: skip
FILES = {
    ".env": "WANDB_API_KEY=hunter2\n",
    "empty.env": "# nothing\n\n",
    "broken.env": "WANDB_API_KEY=hunter2\nhunter2\n",
    "other.env": "PORT=8080\nWANDB_API_KEY=hunter2\n",
    "odd.env": "___=hunter2\n",
    "twice.env": "WANDB_API_KEY=hunter2\nwandb_api_key=hunter2\n",
    "gone.env": "GONE=hunter2\n",
    "large.env": f"WANDB_API_KEY={'x' * 65537}\n",
}


def every(verb: str) -> tuple[Wrong, ...]:
    return (*EVERY, *OWN[verb], Wrong(("--as", "stranger@example.com"), MISSING[verb], Exit.PERMISSION))


CASES = [pytest.param(verb, wrong, id=f"{verb}-{wrong}") for verb in RIGHT for wrong in every(verb)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, local_clone: Checkout) -> SmallClone:
    """wandb-api-key has one version, kaggle-key none; gone is in the file only."""
    clone = make_clone(tmp_path_factory.mktemp("wrong"), local_clone, [NAME, "kaggle-key"])
    file = clone.root / "envs" / "local.yaml"
    file.write_text(file.read_text().replace(f"  {NAME}: {{}}\n", f"  {NAME}: {{}}\n  gone: {{}}\n"))
    for name, text in FILES.items():
        (clone.root / name).write_text(text)
    prepare(clone)
    clone.vault().add(NAME, b"kept")
    return clone


@pytest.fixture(scope="module")
def vault(clone: SmallClone) -> Vault:
    return clone.vault()


def test_every_verb_has_at_least_twenty_wrong_inputs() -> None:
    assert {verb: len(every(verb)) for verb in RIGHT if len(every(verb)) < 20} == {}


@pytest.mark.parametrize(("verb", "wrong"), CASES)
def test_wrong_input_is_reported_and_changes_nothing(
    verb: str, wrong: Wrong, clone: SmallClone, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(clone, ("secrets", verb), RIGHT[verb], wrong, tmp_path, monkeypatch)
    assert states(vault, NAME) == {1: "enabled"}
    assert states(vault, "kaggle-key") == {}
