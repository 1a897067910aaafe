"""KEY=VALUE files: what belongs to a value, and every mistake reported by its line number, without its text."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from groundwork.errors import UsageProblem
from groundwork.secrets.dotenv import Assignment, parse, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("KEY=value", "value"),
        ("KEY=value\n", "value"),
        ("export KEY=value", "value"),
        ("  export   KEY = value  ", "value"),
        ("KEY=value # a comment", "value"),
        ("KEY=value#no-comment", "value#no-comment"),
        ("KEY=a=b=c==", "a=b=c=="),
        ("KEY='single # quoted'", "single # quoted"),
        ("KEY='$literal\\n'  # comment", "$literal\\n"),
        ("KEY='it\\'s'", "it's"),
        ('KEY="double # quoted"', "double # quoted"),
        ('KEY="line\\nbreak\\t\\"quoted\\" \\\\ $x"', 'line\nbreak\t"quoted" \\ $x'),
        ('KEY="-----BEGIN\nabc\n-----END"\n', "-----BEGIN\nabc\n-----END"),
        ("KEY='two\nlines'", "two\nlines"),
        ("KEY=p$ss", "p$ss"),
        ("KEY=äöü", "äöü"),
        ('KEY=it"s', 'it"s'),
        ("# comment\n\n   \nKEY=value", "value"),
        ("KEY=value\r\n", "value"),
        ("KEY=' spaces '", " spaces "),
        ('KEY="\\q"', "\\q"),
    ],
)
def test_a_value_is_what_python_dotenv_makes_of_it(text: str, value: str) -> None:
    (entry,) = parse(text, ".env")
    assert (entry.key, entry.value) == ("KEY", value)
    assert dotenv_values(stream=StringIO(text)) == {"KEY": value}


def test_lines_are_counted_over_comments_and_long_values() -> None:
    found = parse("# one\nA='two\nthree'\n\nB=five\n", ".env")
    assert [(entry.key, entry.line) for entry in found] == [("A", 2), ("B", 5)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hunter2", ".env:1: is not KEY=VALUE"),
        ("1KEY=hunter2", ".env:1: is not KEY=VALUE"),
        ("MY-KEY=hunter2", ".env:1: is not KEY=VALUE"),
        ("=hunter2", ".env:1: is not KEY=VALUE"),
        ("KEY: hunter2", ".env:1: is not KEY=VALUE"),
        ("set KEY=hunter2", ".env:1: is not KEY=VALUE"),
        ('{"KEY": "hunter2"}', ".env:1: is not KEY=VALUE"),
        ("A=1\n\nhunter2", ".env:3: is not KEY=VALUE"),
        ("KEY=", ".env:1: KEY is empty"),
        ("KEY=   # hunter2", ".env:1: KEY is empty"),
        ("KEY=''", ".env:1: KEY is empty"),
        ('KEY=" "', ".env:1: KEY is empty"),
        ("KEY='hunter2", ".env:1: the quotes of KEY are wrong"),
        ('A=1\nKEY="hunter2', ".env:2: the quotes of KEY are wrong"),
        ("KEY='hunter2'x", ".env:1: the quotes of KEY are wrong"),
        ('KEY="hunter2" "x"', ".env:1: the quotes of KEY are wrong"),
        ("KEY=${hunter2}", ".env:1: KEY refers to another variable"),
        ("KEY='a${hunter2}'", ".env:1: KEY refers to another variable"),
        ('KEY="a${hunter2}"', ".env:1: KEY refers to another variable"),
        ("KEY=hunter2\nKEY=hunter2", ".env:2: KEY is already in line 1"),
        ("KEY=hunter2\0x", ".env:1: KEY contains a zero byte"),
    ],
)
def test_an_invalid_line_is_reported_by_its_number_only(text: str, sentence: str) -> None:
    with pytest.raises(UsageProblem) as error:
        parse(text, ".env")
    assert error.value.message == ".env has lines that cannot be imported; nothing was set:"
    assert [line for line in error.value.details if line.startswith(sentence)]
    assert not any("hunter2" in line for line in error.value.details)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(UsageProblem) as error:
        parse("A\nB=1\nC=\n'", ".env")
    assert [line.split(":")[1] for line in error.value.details] == ["1", "3", "4"]


def test_a_value_stays_out_of_what_an_entry_prints() -> None:
    assert "hunter2" not in repr(Assignment("KEY", "hunter2", 1))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xff\xfeK\0", "not text in UTF-8"), (b"A=1\n" * (1 << 20) + b"x", "larger than 4 MiB")],
)
def test_a_file_that_is_not_text_is_reported_in_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(UsageProblem, match=sentence):
        read(tmp_path / ".env")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfKEY=value\r\nOTHER=x\r\n")
    assert [(entry.key, entry.value) for entry in read(tmp_path / ".env")] == [("KEY", "value"), ("OTHER", "x")]
