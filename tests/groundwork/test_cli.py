"""The command line: quick help, lazy commands, documented exit codes, sentences for bad input."""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from groundwork import cli
from groundwork.cli.terminal import Terminal
from groundwork.errors import MEANINGS, Exit, GroundworkError, Refused, StateLocked

from tests.command_line import command
from tests.terminal import python_at_terminal

ROOT = Path(__file__).resolve().parents[2]


def groundwork(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command as people run it, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "groundwork", *arguments],
        cwd=cwd, env={**os.environ, "COLUMNS": "100", **variables}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def quickly(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """The same in this process."""
    return command(arguments, cwd, {"COLUMNS": "100", **variables}).process


def commands() -> list[tuple[str, click.Command]]:
    """Every command with its words, groups' own commands included."""
    found: list[tuple[str, click.Command]] = []
    for name, entry in cli.COMMANDS.items():
        one = getattr(import_module(entry.module), entry.attribute)
        found.append((name, one))
        if isinstance(one, click.Group):
            found += [(f"{name} {inner}", child) for inner, child in one.commands.items()]
    return found


def test_help_fits_a_screen_of_24_lines_and_names_every_command() -> None:
    output = groundwork("--help", COLUMNS="80").stdout
    assert len(output.splitlines()) < 24
    assert max(map(len, output.splitlines())) < 80
    for name, entry in cli.COMMANDS.items():
        assert re.search(rf"(^|  )  {name} +{re.escape(entry.help)}(  |$)", output, re.MULTILINE), name


def test_help_has_one_column_where_two_do_not_fit() -> None:
    output = groundwork("--help", COLUMNS="60").stdout
    assert max(map(len, output.splitlines())) < 60
    for name, entry in cli.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.help)}$", output, re.MULTILINE), name


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from groundwork.cli import run; run(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(result.stderr))
    heavy = {
        "google.auth",
        "requests",
        "rich",
        "jsonschema",
        "ruamel.yaml",
        "grpc",
        "duckdb",
        "subprocess",
        "python_terraform",
        "localcloud",
    }
    assert not loaded & heavy
    assert {name for name in loaded if name.startswith("groundwork")} == {
        "groundwork",
        "groundwork.cli",
        "groundwork.errors",
    }


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    text = command.help or ""
    assert text.split("\n")[0].rstrip().endswith((".", ":")) or "\n\n" in text
    assert f"groundwork {name}" in text.partition("Example:")[2] or name == "completion"


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_option_has_help(name: str, command: click.Command) -> None:
    assert not [option.name for option in command.params if isinstance(option, click.Option) and not option.help]


@pytest.mark.parametrize(
    "name",
    ["up", "down", "unlock", "builds submit", "builds cancel", "services deploy", "services traffic", "services rollback", "jobs submit",
     "jobs cancel", "jobs pause", "jobs resume"],
)  # fmt: skip
def test_every_command_that_changes_has_yes_and_dry_run(name: str) -> None:
    names = {option.name for option in dict(commands())[name].params}
    assert {"yes", "dry_run"} <= names


@pytest.mark.parametrize("name",
    ["plan", "output", "status", "doctor", "local status", "local coverage", "builds list", "builds logs", "services list", "services logs",
     "jobs list", "jobs logs", "jobs artifacts", "jobs schedules", "images list"],
)  # fmt: skip
def test_every_command_that_reads_has_json(name: str) -> None:
    assert "as_json" in {option.name for option in dict(commands())[name].params}


def test_every_group_of_the_registry_is_shown() -> None:
    assert {entry.group for entry in cli.COMMANDS.values()} == {group for groups in cli.COLUMNS for group in groups}


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)


def test_an_expected_error_is_one_sentence_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.groundwork, "main", _raiser(StateLocked("It is locked.", ["by whom"])))
    assert cli.run([]) == Exit.LOCKED
    assert capsys.readouterr().err == "Error: It is locked.\n  by whom\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (click.Abort(), Exit.INTERRUPTED),
        (GroundworkError("x"), Exit.FAILED),
        (click.UsageError("x"), Exit.USAGE),
    ],
)
def test_every_kind_of_ending_has_its_code(error: BaseException, code: Exit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.groundwork, "main", _raiser(error))
    assert cli.run([]) == code


def test_a_full_disk_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.groundwork, "main", _raiser(OSError(errno.ENOSPC, "No space left on device", "/x/log")))
    assert cli.run([]) == Exit.FAILED
    assert (
        capsys.readouterr().err == "Error: The disk is full: free some space and run the same command again (/x/log).\n"
    )


def test_a_folder_of_another_user_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        cli.groundwork, "main", _raiser(PermissionError(errno.EACCES, "Permission denied", "/x/.cache"))
    )
    assert cli.run([]) == Exit.FAILED
    assert capsys.readouterr().err.endswith("(XDG_CACHE_HOME sets where downloads are kept) (/x/.cache).\n")


@pytest.mark.parametrize(
    ("arguments", "meant"), [(["peopl"], "people"), (["people", "ad"], "add"), (["acess"], "access")]
)
def test_an_unknown_command_gets_a_suggestion(arguments: list[str], meant: str) -> None:
    result = quickly(*arguments)
    assert (result.returncode, result.stderr.splitlines()[-1].endswith(f"Did you mean '{meant}'?")) == (
        Exit.USAGE,
        True,
    )


def test_a_question_has_one_colon_and_a_message_after_an_interrupt_its_own_line() -> None:
    code = """
import sys
from groundwork import cli
from groundwork.cli.terminal import Terminal
cli.groundwork.main = lambda **_: Terminal().typed("x", "Type `x` to delete it:")
sys.exit(cli.run([]))
"""
    ended, output = python_at_terminal(["-c", code], ROOT, [("delete it: ", "\x03")])
    assert (ended, "::" in output) == (Exit.INTERRUPTED, False)
    assert output.endswith("\nInterrupted.\n")


def test_a_moving_display_leaves_nothing_behind_when_a_message_is_printed() -> None:
    code = """
from groundwork.cli.terminal import Terminal
from groundwork.terraform import process
with Terminal().progress("planning", {}):
    Terminal().say("said in between")
    process._CHILDREN.tell("Stopping.")
"""
    _, output = python_at_terminal(["-c", code], ROOT, variables={"TERM": "xterm", "CI": ""})
    for message in ("said in between", "Stopping."):
        assert message in output
        assert not re.search(rf"planning[^\r\n]*{message}", output), repr(output)


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.groundwork, "main", _raiser(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.run([])


def _raiser(error: BaseException):  # type: ignore[no-untyped-def]
    def main(**_options: object) -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["plan", "--env", "nope"], 2, 'Error: there is no environment "nope" (envs/nope.yaml)'),
        (
            ["up", "--env", "dev", "--provider", "local"],
            2,
            "Error: dev is on Google Cloud, which our provider cannot reach",
        ),
        (["output", "--env", "dev", "--nonsense"], 2, "No such option '--nonsense'"),
        (["nonsense"], 2, "No such command 'nonsense'"),
        (
            ["--env", "dev", "status"],
            2,
            "No such option '--env' before a command: one of the command's own stands after it.",
        ),
        (
            ["people", "--env", "dev"],
            2,
            "--env stands after the command, as in `groundwork people drift … --env …`; commands with it are drift, list.",
        ),
        (
            ["builds", "--build", "a", "submit"],
            2,
            "--build stands after the command, as in `groundwork builds list … --build …`; commands with it are list, submit.",
        ),
        (["people", "--nonsense"], 2, "No such option '--nonsense'"),
        (["status", "dev"], 2, "Got unexpected extra argument (dev); did you mean --env dev?"),
        (["down", "starfish", "--yes"], 2, "Got unexpected extra argument (starfish); did you mean --env starfish?"),
        (["secrets", "list", "dev", "x"], 2, "Got unexpected extra arguments (dev x); did you mean --env dev?"),
        (["status", "nonsense"], 2, "Got unexpected extra argument (nonsense)\n"),
        (["init", ".", "dev"], 2, "Got unexpected extra argument (dev)\n"),
        (["cost", "forecast"], 2, "No such command 'forecast'; allowed are credits, estimate, report."),
        (["cost", "reports"], 2, "No such command 'reports'. Did you mean 'report'?"),
        (
            ["local", "env", "--env", "dev"],
            2,
            "Error: dev is on Google Cloud: `groundwork local env` is for environments with cloud: local.",
        ),
        (["local", "reset"], 9, "There is no terminal to answer this at: pass --yes to confirm"),
        (["down", "--env", "prod", "--yes"], 9, "prod is protected: true in prod.yaml, so `down` refuses."),
        (["sweep", "--env", "prod"], 9, "prod is protected: true in prod.yaml, so `sweep` refuses."),
        (
            ["local", "coverage", "--api", "nope"],
            2,
            'The local cloud has no API "nope"; allowed are aiplatform, artifactregistry, ',
        ),
        (["local", "logs", "--lines", "-5"], 2, "-5 is not in the range"),
        (["env", "--python", "--json"], 2, "--python and --json cannot be combined"),
        (["policy", "--sarif", "/nowhere/x"], 2, "/nowhere/x cannot be written: there is no folder /nowhere."),
        (["review", "--record", "/nowhere/x"], 2, "/nowhere/x cannot be written: there is no folder /nowhere."),
        (["review", "--markdown", "/nowhere/x"], 2, "/nowhere/x cannot be written: there is no folder /nowhere."),
    ],
)
def test_bad_input_is_reported_in_one_sentence(arguments: list[str], code: int, sentence: str) -> None:
    result = quickly(*arguments)
    assert result.returncode == code
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_real_run_refuses_local_endpoints() -> None:
    result = quickly("plan", "--env", "dev", GOOGLE_STORAGE_CUSTOM_ENDPOINT="http://127.0.0.1:1/")
    assert result.returncode == Exit.USAGE
    assert "GOOGLE_STORAGE_CUSTOM_ENDPOINT would send its calls elsewhere" in result.stderr


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    result = quickly("plan", cwd=tmp_path)
    assert result.returncode == Exit.USAGE
    assert "is not inside a groundwork project" in result.stderr


def test_an_unknown_tool_is_reported_in_one_sentence() -> None:
    result = quickly("doctor", TF="pulumi")
    assert result.returncode == Exit.USAGE
    assert "TF=pulumi is unknown" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(shell: str) -> None:
    assert "_GROUNDWORK_COMPLETE" in groundwork("completion", shell).stdout


def test_environments_are_completed() -> None:
    result = groundwork(_GROUNDWORK_COMPLETE="bash_complete", COMP_WORDS="groundwork up --env d", COMP_CWORD="3")
    assert "plain,dev" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "offered"),
    [
        ("secrets set wan", ["wandb-api-key"]),
        ("secrets run --only w", ["wandb-api-key"]),
        ("people add new@example.com --role d", ["data-scientist"]),
        ("people remove a", ["alice@example.com"]),
        ("people remove --env nowhere a", []),
        ("access explain c", ["carol@example.com"]),
        ("access explain carol@example.com read", ["read", "read-logs", "read-object"]),
        ("access explain carol@example.com read bucket", ["bucket/data", "bucket/models"]),
        ("cost credits add --member b", ["bob@example.com"]),
        ("cost report --by com", ["component"]),
        ("services call --env pokemon-cards b", ["backend"]),
        ("builds submit --env pokemon-cards --build s", ["start-training"]),
        ("jobs submit --env starfish d", ["drift"]),
        ("open b", ["bucket/data", "bucket/models"]),
        ("open --env pokemon-cards service", ["service/backend", "service/frontend"]),
        ("up --env po", ["pokemon-cards"]),
    ],
)
def test_what_the_file_knows_is_completed(arguments: str, offered: list[str]) -> None:
    count = str(len(arguments.split()))
    result = groundwork(_GROUNDWORK_COMPLETE="bash_complete", COMP_WORDS=f"groundwork {arguments}", COMP_CWORD=count)
    assert result.stdout.split() == [f"plain,{word}" for word in offered]


def test_doctor_answers_json_and_no_python_is_broken() -> None:
    rows = {item["subject"]: item for item in json.loads(groundwork("doctor", "--json").stdout)}
    assert rows["python"]["health"] == "ok"
    assert all(item["remedy"] for item in rows.values() if item["health"] in ("missing", "broken"))


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli._colour() is False
    monkeypatch.delenv("NO_COLOR")
    assert cli._colour() is None


def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with pytest.raises(Refused, match="There is no terminal to answer this at: pass --yes to confirm"):
        Terminal().confirm("Apply this?")
    with pytest.raises(Refused, match=r"^Type the project's ID\. There is no terminal to answer this at: pass --yes"):
        Terminal().typed("my-project", "Type the project's ID:")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_file_breaks_nothing(closed: str) -> None:
    result = subprocess.run(
        ["sh", "-c", f'"$0" -m groundwork local status --json {closed}', sys.executable],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("{") is (closed in ("<&-", "2>&-"))


def test_nobody_else_can_change_what_it_writes_whatever_the_umask(tmp_path: Path) -> None:
    bytecode = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-m", "groundwork", "--version"]
    subprocess.run(command, cwd=ROOT, env=bytecode, check=True, capture_output=True, umask=0)
    (written,) = tmp_path.rglob("groundwork/cli")
    assert oct(written.stat().st_mode & 0o777) == "0o755"


@pytest.mark.parametrize("arguments", [["local", "status"], ["--help"]], ids=" ".join)
def test_a_reader_that_has_gone_is_no_failure(arguments: list[str]) -> None:
    """As in `groundwork completion bash | head -1`."""
    ours, theirs = os.pipe()
    os.close(ours)
    result = subprocess.run(
        [sys.executable, "-m", "groundwork", *arguments],
        cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(theirs)
    assert (result.returncode, result.stderr) == (0, "")


def test_work_continues_when_nobody_reads_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w", encoding="utf-8", buffering=1) as broken:
        monkeypatch.setattr(sys, "stderr", broken)
        Terminal().say("planning")
        monkeypatch.undo()
        with pytest.raises(BrokenPipeError):
            broken.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), broken.fileno())


def test_on_windows_the_supported_ways_are_shown() -> None:
    assert cli.unfit("posix") == ""
    assert "WSL 2 or in its dev container" in cli.unfit("nt")


def test_an_early_interrupt_prints_one_word(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    argv = [sys.executable, "-m", "groundwork", "--help"]
    done = subprocess.run(
        argv, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (Exit.INTERRUPTED, "", "Interrupted.\n")


@pytest.mark.parametrize(("word", "code"), [("--version", Exit.OK), ("nothing", Exit.USAGE)])
def test_an_interrupt_while_python_ends_changes_nothing(word: str, code: Exit) -> None:
    late = "import atexit, os, signal, sys; atexit.register(os.kill, os.getpid(), signal.SIGINT)"
    starts = f"{late}; sys.argv = ['groundwork', '{word}']; from groundwork.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", starts], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "KeyboardInterrupt" not in done.stderr
