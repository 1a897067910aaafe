"""Each command on the local cloud: what it changes, what it prints, and what it leaves alone."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from groundwork.errors import Exit, GroundworkError
from groundwork.people.personas import Grant, PolicyTarget
from groundwork.secrets import importing
from localcloud.server import launcher

from tests.small_clone import SmallClone, bind

KEY = "wandb-api-key"
Fault = Callable[[str, int], None]


@pytest.fixture
def cloud_fault(clone: SmallClone) -> Iterator[Fault]:
    """Makes the local cloud refuse a method with a code, until the test ends."""
    running = launcher.start(clone.checkout.local_state)

    def order(method: str, code: int) -> None:
        launcher.control(running, "POST", "/_local/faults", [{"method": method, "kind": "error", "code": code}])

    yield order
    launcher.control(running, "DELETE", "/_local/faults")


def put(clone: SmallClone, *values: str, name: str = KEY, keep: int = 99) -> None:
    for value in values:
        result = clone("secrets", "set", name, "--keep", str(keep), given=value.encode())
        assert result.code == Exit.OK, result.err


def test_a_value_is_returned_byte_for_byte(clone: SmallClone) -> None:
    value = bytes(range(256))
    assert clone("secrets", "set", KEY, "--exact", given=value).text == f"{KEY}: version 1 is set\n"
    assert clone("secrets", "get", KEY).out == value


def test_the_line_end_of_a_piped_key_is_left_out(clone: SmallClone) -> None:
    clone("secrets", "set", KEY, given=b"abc\n")
    assert clone("secrets", "get", KEY).out == b"abc"


def test_the_same_value_again_changes_nothing(clone: SmallClone) -> None:
    put(clone, "abc")
    assert clone("secrets", "set", KEY, given=b"abc").text == f"{KEY}: already has this value, nothing was changed\n"
    assert clone.states(KEY) == {1: "enabled"}


def test_versions_beyond_what_is_free_are_destroyed(clone: SmallClone) -> None:
    put(clone, "a", name="kaggle-user")
    put(clone, "b", name="kaggle-key")
    for number in range(5):
        clone("secrets", "set", KEY, given=b"value-%d" % number)
    # Six are free and two are taken, so four stay.
    assert clone.states(KEY) == {5: "enabled", 4: "enabled", 3: "enabled", 2: "enabled", 1: "destroyed"}


def test_the_version_before_stays_although_nothing_is_free_any_more(clone: SmallClone) -> None:
    put(clone, *"abcdef", name="kaggle-user")
    for value in (b"1", b"2", b"3"):
        clone("secrets", "set", KEY, given=value)
    assert clone.states(KEY) == {3: "enabled", 2: "enabled", 1: "destroyed"}


@pytest.mark.parametrize(("keep", "remaining"), [("1", [4]), ("3", [4, 3, 2]), ("50", [4, 3, 2, 1])])
def test_keep_says_how_many_stay(keep: str, remaining: list[int], clone: SmallClone) -> None:
    put(clone, "a", "b", "c")
    clone("secrets", "set", KEY, "--keep", keep, given=b"d")
    assert [number for number, state in clone.states(KEY).items() if state != "destroyed"] == remaining


def test_a_dry_run_says_what_would_go_and_reads_no_value(clone: SmallClone) -> None:
    put(clone, "a", "b")
    result = clone("secrets", "set", KEY, "--keep", "1", "--dry-run", given=b"")
    assert result.text == f"would do: {KEY}: a new version, versions 1, 2 destroyed for good\n"
    assert clone.states(KEY) == {2: "enabled", 1: "enabled"}


def test_rotating_makes_all_older_versions_unreadable(clone: SmallClone) -> None:
    put(clone, "a", "b")
    assert clone("secrets", "rotate", KEY, given=b"c").text == f"{KEY}: version 3 is set, versions 1, 2 disabled\n"
    assert clone("secrets", "get", KEY).out == b"c"
    assert clone.states(KEY) == {3: "enabled", 2: "disabled", 1: "disabled"}


def test_rotating_can_destroy_all_older_versions(clone: SmallClone) -> None:
    put(clone, "a", "b")
    clone("secrets", "rotate", KEY, "--destroy", given=b"c")
    assert clone.states(KEY) == {3: "enabled", 2: "destroyed", 1: "destroyed"}


def test_a_failed_set_destroys_nothing(clone: SmallClone, cloud_fault: Fault) -> None:
    put(clone, "a", "b")
    cloud_fault("secretmanager.projects.secrets.addVersion", 503)
    result = clone("secrets", "set", KEY, "--keep", "1", given=b"c")
    assert result.code == Exit.FAILED
    assert (
        "it answered HTTP 503; run the same command again. It is unknown whether wandb-api-key got a new version"
        in result.err
    )
    assert clone.states(KEY) == {2: "enabled", 1: "enabled"}


def test_a_value_that_is_set_although_the_old_one_stays_is_reported(clone: SmallClone, cloud_fault: Fault) -> None:
    put(clone, "a")
    cloud_fault("secretmanager.projects.secrets.versions.destroy", 403)
    result = clone("secrets", "set", KEY, "--keep", "1", given=b"b")
    assert result.code != Exit.OK
    assert f"Version 2 of {KEY} is set, but its older versions were not changed." in result.err
    assert clone.states(KEY) == {2: "enabled", 1: "enabled"}


def test_an_older_version_can_be_read(clone: SmallClone) -> None:
    put(clone, "a", "b")
    assert clone("secrets", "get", KEY, "--version", "1").out == b"a"


@pytest.mark.parametrize(
    ("value", "expected"), [(b"a\xc3\xa4", {"value": "aä"}), (b"\xff\x00", {"value_base64": "/wA="})]
)
def test_a_value_can_be_read_as_json(value: bytes, expected: dict[str, str], clone: SmallClone) -> None:
    clone("secrets", "set", KEY, given=value)
    assert json.loads(clone("secrets", "get", KEY, "--json").out) == {"name": KEY, "version": "latest", **expected}


def test_disabling_and_enabling_undo_each_other(clone: SmallClone) -> None:
    put(clone, "a")
    assert clone("secrets", "disable", KEY, "latest").text == f"{KEY}: version 1 disabled\n"
    refused = clone("secrets", "get", KEY)
    assert f"enable it with `groundwork secrets enable {KEY} latest`" in refused.err
    assert clone("secrets", "disable", KEY, "1").text == f"{KEY}: already disabled, nothing was changed\n"
    assert clone("secrets", "enable", KEY, "latest").text == f"{KEY}: version 1 enabled\n"
    assert clone("secrets", "get", KEY).out == b"a"


def test_destroying_asks_and_without_a_terminal_refuses(clone: SmallClone) -> None:
    put(clone, "a", "b")
    result = clone("secrets", "destroy", KEY, "old")
    assert result.code == Exit.REFUSED
    assert "pass --yes to confirm" in result.err
    assert clone.states(KEY) == {2: "enabled", 1: "enabled"}


def test_destroying_old_versions_leaves_the_newest(clone: SmallClone) -> None:
    put(clone, "a", "b", "c")
    assert clone("secrets", "destroy", KEY, "old", "--dry-run").text == f"would be destroyed: {KEY} versions 1, 2\n"
    assert clone("secrets", "destroy", KEY, "old", "--yes").text == f"{KEY}: versions 1, 2 destroyed\n"
    assert (
        clone("secrets", "destroy", KEY, "old", "--yes").text
        == f"{KEY}: there are no older versions, nothing was changed\n"
    )
    assert clone("secrets", "get", KEY).out == b"c"


def test_the_list_says_versions_age_and_readers(clone: SmallClone) -> None:
    put(clone, "a", "b")
    clone("secrets", "disable", KEY, "1")
    bind(
        clone.cloud(),
        {Grant(PolicyTarget("secret", KEY), "roles/secretmanager.secretAccessor"): ["user:guest@example.com"]},
    )
    found = clone("secrets", "list").text
    assert f"{KEY:<13}  1 enabled, 1 disabled, v2, 0 min old\n" in found
    readers = next(line for line in found.splitlines() if "guest@example.com" in line)
    assert set(readers.split("readable by ")[1].split(", ")) == {
        "alice@example.com",
        "bob@example.com",
        "carol@example.com",
        "guest@example.com",
        "owner@example.com",
    }
    assert (
        f"2 versions are kept in {clone.project} on the local cloud (simulated); 6 per billing account are free."
        in found
    )


def test_the_list_as_json_says_by_which_role_and_where(clone: SmallClone) -> None:
    found = json.loads(clone("secrets", "list", "--json").out)
    assert found["free_versions"] == 6
    row = next(row for row in found["secrets"] if row["name"] == KEY)
    assert {"member": "user:owner@example.com", "role": "roles/owner", "on": "project", "condition": ""} in row[
        "readers"
    ]
    assert not [reader for reader in row["readers"] if "dora" in reader["member"]]


def test_the_list_asks_twice_for_each_secret_and_once_for_the_project(clone: SmallClone) -> None:
    assert clone("secrets", "list").code == Exit.OK
    requests = launcher.control(launcher.start(clone.checkout.local_state), "GET", "/_local/requests")["requests"]
    calls = [(request["verb"], request["path"]) for request in requests if clone.project in request["path"]]
    start = calls.index(("GET", f"/secretmanager/v1/projects/{clone.project}/secrets"))
    after = [path for _verb, path in calls[start:]]
    assert sum(path.endswith(f"/projects/{clone.project}:getIamPolicy") for path in after) == 1
    assert sorted(path.rpartition("/secrets/")[2] for path in after if "/secrets/" in path) == sorted(
        f"{name}{ending}" for name in (KEY, "kaggle-user", "kaggle-key") for ending in ("/versions", ":getIamPolicy")
    )


def test_one_secret_whose_policy_cannot_be_read_is_unknown_and_the_others_are_not(clone: SmallClone) -> None:
    running = launcher.start(clone.checkout.local_state)
    once = {"method": "secretmanager.projects.secrets.getIamPolicy", "kind": "error", "code": 403, "count": 1}
    launcher.control(running, "POST", "/_local/faults", [once])
    rows = json.loads(clone("secrets", "list", "--json").out)["secrets"]
    launcher.control(running, "DELETE", "/_local/faults")
    assert sorted(bool(row["unknown"]) for row in rows) == [False, False, True]
    assert all(bool(row["readers"]) is not bool(row["unknown"]) for row in rows)


def test_a_refusal_has_its_reason_without_the_address_that_was_called(clone: SmallClone, cloud_fault: Fault) -> None:
    cloud_fault("secretmanager.projects.secrets.addVersion", 400)
    refused = clone("secrets", "set", KEY, given=b"x").err
    assert f"Secret Manager refused to set {KEY} (HTTP 400)." in refused
    assert "http://" not in refused


def test_the_list_shows_what_file_and_project_disagree_about(clone: SmallClone) -> None:
    path = f"v1/projects/{clone.project}/secrets"
    clone.cloud().request(
        "POST", "secretmanager", path, params={"secretId": "by-hand"}, json={"replication": {"automatic": {}}}
    )
    file = clone.root / "envs" / "local.yaml"
    file.write_text(file.read_text().replace("  kaggle-user: {}\n", "  kaggle-user: {}\n  new-one: {}\n"))
    found = clone("secrets", "list").text
    assert "by-hand        no value yet  (not in the environment file)" in found
    assert "new-one        not created yet" in found


def test_undeterminable_readers_are_unknown_and_not_nobody(clone: SmallClone, cloud_fault: Fault) -> None:
    cloud_fault("secretmanager.projects.secrets.getIamPolicy", 403)
    found = clone("secrets", "list").text
    assert found.count("readable by unknown, since the policy of secret") == 3


def test_an_import_sets_every_key_and_again_changes_nothing(clone: SmallClone) -> None:
    (clone.root / ".env").write_text("export KAGGLE_USER=ann\nKAGGLE_KEY='x y'  # comment\nWANDB_API_KEY=\"a\\nb\"\n")
    result = clone("secrets", "import", ".env")
    assert result.text.splitlines() == [f"{name}: version 1 is set" for name in ("kaggle-user", "kaggle-key", KEY)]
    assert "delete it, and use `groundwork secrets run -- COMMAND`" in result.err
    assert clone("secrets", "get", KEY).out == b"a\nb"
    assert clone("secrets", "import", ".env").text.count("already has this value, nothing was changed") == 3


def test_an_import_that_cannot_be_complete_sets_nothing(clone: SmallClone) -> None:
    (clone.root / ".env").write_text("KAGGLE_USER=ann\nPORT=8080\n")
    result = clone("secrets", "import", ".env")
    assert result.code == Exit.USAGE
    assert "1 of 2 keys cannot be imported; nothing was set:" in result.err
    assert ".env:2: PORT would be port, which the environment does not have. To add one, write" in result.err
    assert "  To import the others: groundwork secrets import .env --only KAGGLE_USER" in result.err.splitlines()
    assert clone.states("kaggle-user") == {}


def test_an_import_of_some_keys_takes_the_others_as_they_are(clone: SmallClone) -> None:
    (clone.root / ".env").write_text("KAGGLE_USER=ann\nDEBUG=\nURL=http://${HOST}/\nPORT=1\nPORT=2\n")
    assert clone("secrets", "import", ".env").code == Exit.USAGE
    assert clone("secrets", "import", ".env", "--only", "DEBUG").code == Exit.USAGE
    assert clone("secrets", "import", ".env", "--only", "KAGGLE_USER").text == "kaggle-user: version 1 is set\n"


def test_an_import_without_permission_for_one_of_two_keys_sets_nothing(clone: SmallClone) -> None:
    adder = Grant(PolicyTarget("secret", "kaggle-user"), "roles/secretmanager.secretVersionManager")
    bind(clone.cloud(), {adder: ["user:alice@example.com"]})
    (clone.root / ".env").write_text("KAGGLE_USER=ann\nKAGGLE_KEY=k\n")
    result = clone("secrets", "import", ".env", "--as", "alice@example.com")
    assert result.code == Exit.PERMISSION
    assert "alice@example.com may not set kaggle-key" in result.err
    assert clone.states("kaggle-user") == {}


def test_an_interrupted_import_reports_its_progress(clone: SmallClone, cloud_fault: Fault) -> None:
    (clone.root / ".env").write_text("KAGGLE_USER=ann\nKAGGLE_KEY=k\n")
    vault = clone.vault()
    found = importing.wanted(clone.root / ".env", clone.environment, ())
    steps = importing.import_all(vault, found, importing.intents(vault, found, None))
    assert next(steps).text == "kaggle-user: version 1 is set"
    cloud_fault("secretmanager.projects.secrets.addVersion", 503)
    with pytest.raises(GroundworkError) as error:
        next(steps)
    assert error.value.details[0].startswith(
        "Set before it stopped: kaggle-user. Running the same command again continues"
    )


def test_a_file_that_git_knows_is_warned_of(clone: SmallClone) -> None:
    (clone.root / ".env").write_text("KAGGLE_USER=ann\n")
    for arguments in (["init", "-q"], ["add", "-f", ".env"]):
        subprocess.run(["git", *arguments], cwd=clone.root, check=True)
    result = clone("secrets", "import", ".env")
    assert "is in git, whose history keeps its values readable: `git rm --cached .env`" in result.err


def test_nothing_that_a_repository_names_is_run(clone: SmallClone) -> None:
    folder = clone.root / "theirs"
    subprocess.run(["git", "init", "-q", "--bare", folder], check=True)
    (folder / ".env").write_text("KAGGLE_USER=ann\n")
    for key, value in (
        ("core.bare", "false"),
        ("core.worktree", "."),
        ("core.fsmonitor", f"touch {folder}/run; false"),
    ):
        subprocess.run(["git", "config", "--file", folder / "config", key, value], check=True)
    clone("secrets", "import", "theirs/.env")
    assert not (folder / "run").exists()


def test_only_some_keys_are_imported(clone: SmallClone) -> None:
    (clone.root / ".env").write_text("KAGGLE_USER=ann\nPORT=8080\n")
    assert clone("secrets", "import", ".env", "--only", "KAGGLE_USER").text == "kaggle-user: version 1 is set\n"


def run(clone: SmallClone, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`secrets run` in a process of its own, which becomes the command."""
    return subprocess.run(
        [sys.executable, "-m", "groundwork", "secrets", "run", *arguments],
        cwd=clone.root, capture_output=True, text=True, check=False, input="from the pipe",
    )  # fmt: skip


def test_a_command_gets_the_secrets_and_keeps_its_input_output_and_exit_code(clone: SmallClone) -> None:
    put(clone, "abc")
    result = run(
        clone, "--only", KEY, "--", "sh", "-c", 'cat; echo " $WANDB_API_KEY" "$0"; echo oh >&2; exit 7', "--flag"
    )
    assert (result.returncode, result.stdout, result.stderr) == (7, "from the pipe abc --flag\n", "oh\n")


def test_a_command_that_writes_into_a_closed_pipe_ends_as_it_would_alone(clone: SmallClone) -> None:
    put(clone, "abc")
    line = f"{shlex.quote(sys.executable)} -m groundwork secrets run --only {KEY} -- yes | head -1"
    result = subprocess.run(["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"], cwd=clone.root, capture_output=True, text=True, check=True)  # fmt: skip
    assert (result.stdout, result.stderr) == ("y\n141\n", "")


def test_a_command_is_not_started_while_a_secret_has_no_value(clone: SmallClone) -> None:
    put(clone, "abc")
    result = run(clone, "--", "sh", "-c", "echo started")
    assert result.returncode == Exit.FAILED
    assert "has no value yet: set one with `groundwork secrets set kaggle-" in result.stderr
    assert result.stdout == ""


def test_a_value_that_cannot_be_a_variable_is_refused(clone: SmallClone) -> None:
    clone("secrets", "set", KEY, given=b"\xff\x00")
    result = clone("secrets", "run", "--only", KEY, "--", "true")
    assert f"{KEY} is not text, so it cannot be a variable" in result.err


def test_a_dry_run_of_a_command_names_its_variables(clone: SmallClone) -> None:
    result = clone("secrets", "run", "--dry-run", "--", "true")
    assert result.text.endswith("would run it with WANDB_API_KEY, KAGGLE_USER, KAGGLE_KEY\n")


def test_googles_debug_logs_are_silent_about_values(clone: SmallClone) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "groundwork", "secrets", "set", KEY],
        cwd=clone.root, capture_output=True, text=True, check=True, input="canary",
        env={"GOOGLE_SDK_PYTHON_LOGGING_SCOPE": "google", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (result.stdout, result.stderr) == (f"{KEY}: version 1 is set\n", "")


def test_two_concurrent_commands_lose_no_value(clone: SmallClone) -> None:
    put(clone, "a")
    arguments = [sys.executable, "-m", "groundwork", "secrets", "set", KEY]
    running = [
        subprocess.Popen(arguments, cwd=clone.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)
    ]
    for number, child in enumerate(running):
        child.communicate(b"value-%d" % number)
    vault = clone.vault()
    values = {vault.read(KEY, str(number)) for number, state in clone.states(KEY).items() if state == "enabled"}
    assert {b"value-0", b"value-1", b"value-2"} <= values


def test_no_part_of_a_value_is_in_the_clone(clone: SmallClone) -> None:
    clone("secrets", "set", KEY, given=b"canary-in-the-mine")
    assert not [file for file in clone.root.rglob("*") if file.is_file() and b"canary-in" in file.read_bytes()]
    assert not [
        file
        for file in Path(clone.checkout.local_state).rglob("*")
        if file.is_file() and b"canary-in" in file.read_bytes()
    ]
