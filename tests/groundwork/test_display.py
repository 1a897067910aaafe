"""Text from others cannot control a terminal: wherever it is printed, control characters are escaped."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from groundwork import cli
from groundwork.cli import printing
from groundwork.cli.table import print_table
from groundwork.cli.terminal import Terminal
from groundwork.display import at_words, harmless, screen
from groundwork.environment.checkout import Checkout
from groundwork.errors import GroundworkError
from groundwork.workloads.alerts import OpenAlert
from groundwork.workloads.logs import LogEntry

from tests.small_clone import SmallClone, make_clone

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "groundwork"
EVIL = "a\x1b[2J\x1b]0;owned\x07\x9b31m\u202eb\rc[red]:smile:[/red]"
SHOWN = r"a\x1b[2J\x1b]0;owned\x07\x9b31m\u202eb\rc[red]:smile:[/red]"


@pytest.fixture
def clone(tmp_path: Path, local_clone: Checkout) -> SmallClone:
    return make_clone(tmp_path / "clone", local_clone, [])


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (EVIL, SHOWN),
        ("plain, with\ttab\nand line\r\nand Ünïcödé 日本 🎉", "plain, with\ttab\nand line\r\nand Ünïcödé 日本 🎉"),
        ("\x00\x08\x7f\u2028\u2066\u200f\ud800", r"\x00\x08\x7f\u2028\u2066\u200f\ud800"),
        ("pro\u200bd\xad \u2060\ufeff\u3164\U000e0041", r"pro\u200bd\xad \u2060\ufeff\u3164\U000e0041"),
        ("👩\u200d🔬 ⚠\ufe0f", "👩\u200d🔬 ⚠\ufe0f"),
        (r"\x1b", r"\x1b"),
        ("", ""),
    ],
)
def test_control_characters_are_escaped_and_nothing_else_is_changed(text: str, escaped: str) -> None:
    assert harmless(text) == escaped
    assert harmless(escaped) == escaped


def test_data_talk_errors_and_questions_are_harmless(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printing.echo(EVIL)
    printing.echo(EVIL, err=True)
    Terminal().say(EVIL)
    Terminal().say(f"  + {EVIL}")
    cli.show(GroundworkError(EVIL, [EVIL]))
    monkeypatch.setattr("sys.stdin", Typed("y\n"))
    Terminal().confirm(EVIL)
    out, err = capfd.readouterr()
    assert out.splitlines()[0] == SHOWN
    assert err.count(SHOWN) + out.count(SHOWN) == 7
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out + err)


class Typed(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def test_tables_are_harmless_and_read_no_markup() -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("name", EVIL, box=None)
    table.add_row(EVIL, Text(EVIL, style="bold"))
    stream = io.StringIO()
    out = screen(file=stream, width=200, force_terminal=True, color_system="standard")
    out.print(table)
    out.print(EVIL, style="red")
    text = stream.getvalue()
    assert "\x1b[2J" not in text
    assert not {"\x07", "\x9b", "\u202e", "\r"} & set(text)
    assert text.count(":smile:[/red]") == 4
    assert "\x1b[1m" in text, "its own styles stay"


def test_no_name_or_log_entry_can_pass_for_a_line_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    print_table(("job", "state"), [("train\nother", "FAILED\nother  DONE")])
    assert r"train\nother  FAILED\nother  DONE" in capfd.readouterr().out
    assert OpenAlert("high\nnothing", "api\n", "today").text == r"high\nnothing (api\n), since today"
    entry = LogEntry("1", "2026-01-02T03:04:05Z", "ERROR", "failed\n03:04:06 all is well")
    assert entry.line == "03:04:05 ERROR failed\n         03:04:06 all is well"


def test_values_of_the_environment_file_are_harmless_in_refusals(clone: SmallClone) -> None:
    file = clone.root / "envs" / "local.yaml"
    file.write_text(file.read_text() + 'buckets:\n  "x\\e[31m": {}\n')
    result = clone("status")
    assert result.code != 0
    assert r"x\x1b[31m" in result.err
    assert "\x1b" not in result.err + result.text


def test_words_of_the_command_line_are_harmless_too(clone: SmallClone) -> None:
    for arguments in (
        ["\x1b[31m"],
        ["status", "--env", "\x1b[31m"],
        ["people", "add", "\x1b[31m"],
        ["status", "--\x1b[31m"],
    ):
        result = clone(*arguments)
        assert result.code != 0
        assert "\x1b" not in result.err + result.text


def _prints(tree: ast.Module) -> set[str]:
    """The ways in which a module prints."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {ast.unparse(call) for call in calls if isinstance(call, ast.Name | ast.Attribute)}
    imported = {
        f"{node.module}.{one.name}" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names
    }
    ways = {
        "print",
        "click.echo",
        "click.secho",
        "click.confirm",
        "click.prompt",
        "sys.stdout.write",
        "sys.stderr.write",
    }
    return (names & ways) | (imported & {"rich.console.Console", "rich.print"})


# terminal.py makes what it prints harmless itself, since a moving display takes print alone; a path is all that installation prints.
DOORS = {
    "__main__.py": {"sys.stderr.write"},
    "cli/printing.py": {"click.echo", "click.prompt"},
    "cli/terminal.py": {"print", "click.confirm", "click.prompt"},
    "display.py": {"rich.console.Console"},
    "terraform/installation.py": {"print"},
}


@pytest.mark.parametrize("path", sorted(TOOLS.rglob("*.py")), ids=lambda path: str(path.relative_to(TOOLS)))
def test_only_the_display_prints(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    typed = {
        f"{node.module}.{one.name}"
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    name = str(path.relative_to(TOOLS))
    assert _prints(tree) - (typed if name != "display.py" else set()) <= DOORS.get(name, set())


PROSE = "Nothing is left of the platform in the project: every list call answered."


@pytest.mark.parametrize("wide", [30, 60])
def test_a_sentence_is_broken_at_words(wide: int) -> None:
    lines = at_words(f"  {PROSE}", wide).splitlines()
    assert max(map(len, lines)) <= wide
    assert " ".join(line.strip() for line in lines) == PROSE
    assert all(line.startswith("  ") for line in lines)


def test_a_long_line_of_a_plan_is_indented_below_its_text() -> None:
    line = "  ~ bucket data                  public_access_prevention inherited → enforced, versioning false → true"
    lines = at_words(line, 60).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0] == "  ~ bucket data"
    assert all(one.startswith("      ") for one in lines[1:])
    assert at_words(line, 100).splitlines()[1].index("true") >= 33


@pytest.mark.parametrize(
    "text",
    [
        "gcloud storage buckets add-iam-policy-binding gs://data --member x",
        "  → groundwork onboard alice@example.com --role ml-engineer --env local",
        'export GROUNDWORK_OFF="unset HTTPS_PROXY https_proxy"',
        "https://console.cloud.google.com/storage/browser/groundwork-dev-data",
    ],
)
def test_commands_and_addresses_stay_in_one_piece(text: str) -> None:
    assert at_words(text, 20) == text


@pytest.mark.parametrize(
    ("line", "wide", "expected"),
    [
        ("bucket data      3 created in 0.3 s.", 34, "bucket data      3 created in 0.3\n    s."),
        ("kept  bucket   groundwork-local-tfstate", 30, "kept  bucket\n    groundwork-local-tfstate"),
        ("  groundwork status --env local  what is up, and what it costs", 40,
         "  groundwork status --env local\n      what is up, and what it costs"),
        ("  list the bucket data  gcloud storage ls gs://groundwork-local-data", 40,
         "  list the bucket data\n      gcloud storage ls gs://groundwork-local-data"),
        (f"short\n{PROSE}", 50, f"short\n{PROSE[:47]}\n  {PROSE[48:]}"),
    ],
)  # fmt: skip
def test_columns_without_room_go_on_below(line: str, wide: int, expected: str) -> None:
    assert at_words(line, wide) == expected


COLUMNS = ("build", "by", "images")
ROW = ("09fb4d4d", "groundwork-build", "images/backend:7724954, images/backend:latest")


@pytest.mark.parametrize(
    ("wide", "expected"),
    [
        (100, f"build     by                images\n{'  '.join(ROW)}"),
        (60, f"{ROW[0]}  {ROW[1]}  images/backend:7724954,\n{'':28}images/backend:latest"),
        (40, f"build {ROW[0]}\n  by      {ROW[1]}\n  images  images/backend:7724954,\n      images/backend:latest"),
    ],
)  # fmt: skip
def test_a_narrow_table_breaks_at_words_and_then_becomes_paragraphs(
    wide: int, expected: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(wide))
    monkeypatch.setenv("TERM", "dumb")
    print_table(COLUMNS, [ROW])
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert expected in printed


def test_a_prefix_takes_up_width() -> None:
    assert at_words("is wrong with it, so mend it.", 20, before=8).splitlines()[0] == "is wrong"
