"""Reading YAML with the line of each value."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from groundwork.environment import foreign_yaml
from groundwork.environment.document import Mistake, YamlDocument, read


def document(tmp_path: Path, text: str) -> YamlDocument:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_values_are_what_json_would_have(tmp_path: Path) -> None:
    text = 'a: 1\nb: 1.5\nc: true\nd: null\ne: "1"\nf: 2027-03-31\ng: [x, {h: ~}]\ni: 0x10\nj: .inf\nk: 007\n'
    assert document(tmp_path, text).values == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": "1",
        "f": "2027-03-31",
        "g": ["x", {"h": None}],
        "i": 16,
        "j": ".inf",
        "k": 7,
    }


def test_every_path_has_its_line_and_a_missing_one_its_parents(tmp_path: Path) -> None:
    read_file = document(tmp_path, "\na:\n  b:\n  - c\n  - d: 1\n")
    assert read_file.lines[("a",)] == 2
    assert read_file.lines[("a", "b", 1, "d")] == 5
    assert read_file.line(("a", "b", 7, "x")) == 3
    assert read_file.line(("z",)) == 2


def test_of_a_repeated_key_the_first_value_counts(tmp_path: Path) -> None:
    read_file = document(tmp_path, "a:\n  b: 1\n  b: 2\n")
    assert read_file.values == {"a": {"b": 1}}
    assert read_file.mistakes == (Mistake(3, "a.b is already in line 2; keep one of the two.", ("a", "b")),)


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off", "y"])
def test_an_ambiguous_word_is_a_mistake_unless_quoted(word: str, tmp_path: Path) -> None:
    assert [mistake.place for mistake in document(tmp_path, f"a: {word}\n").mistakes] == [("a",)]
    assert document(tmp_path, f'a: "{word}"\n').mistakes == ()


def test_an_alias_has_the_value_of_its_anchor(tmp_path: Path) -> None:
    assert document(tmp_path, "a: &x {b: 1}\nc: *x\n").values == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.filterwarnings("error")
def test_of_an_anchor_that_is_defined_again_the_last_value_before_an_alias_counts(tmp_path: Path) -> None:
    text = "a: &x {b: 1}\nc: &x {b: 2}\nd: *x\n"
    assert document(tmp_path, text).values["d"] == {"b": 2}
    assert foreign_yaml.values(text.encode())["d"] == {"b": 2}


@pytest.mark.parametrize("text", ["a: &x [*x]\n", "a: " + "[" * 30 + "]" * 30 + "\n", "[" * 20_000])
def test_what_has_no_end_or_is_too_deep_is_a_mistake(text: str, tmp_path: Path) -> None:
    read_file = document(tmp_path, text)
    assert read_file.values is None
    assert [mistake.sentence for mistake in read_file.mistakes] == [
        "values are nested too deeply, or an alias contains itself; write them out."
    ]


def test_multiplying_aliases_are_limited(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert document(tmp_path, "\n".join(lines)).values is None


def test_a_file_of_another_size_than_an_environment_has_is_not_read(tmp_path: Path) -> None:
    read_file = document(tmp_path, "labels:\n" + "".join(f"  l{n}: v\n" for n in range(40_000)))
    assert read_file.mistakes == (Mistake(1, "the file has more than 256 KiB."),)


def test_a_byte_that_is_not_utf_8_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(b"a: b\nc: caf\xe9\n")
    assert [mistake.line for mistake in read(path).mistakes] == [2]


def test_anything_but_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file.yaml")
    with pytest.raises(OSError, match="it is not a regular file"):
        read(tmp_path / "file.yaml")


@pytest.mark.parametrize("text", ["1_000", "0b1", "+0x1F", "1_", ".inf", "-.inf", ".nan", "1e400", "!!int abc"])
def test_a_number_that_terraform_does_not_accept_is_a_mistake(text: str, tmp_path: Path) -> None:
    assert [mistake.place for mistake in document(tmp_path, f"a: {text}\n").mistakes] == [("a",)]


def test_days_without_quotes_are_known(tmp_path: Path) -> None:
    assert document(tmp_path, 'a: 2027-03-31\nb: "2027-03-31"\n').days == {("a",)}
