"""The functions from data to data: multipart bodies, ranges, conditions, checksums, globs, names."""

from __future__ import annotations

import pytest
from localcloud.engine import multipart
from localcloud.errors import CloudError
from localcloud.services.storage import (
    checksums,
    globs,
    listing,
    locations,
    names,
    preconditions,
    ranges,
)
from localcloud.services.storage.preconditions import Preconditions
from localcloud.services.storage.ranges import Piece, Slice
from localcloud.spec import patterns


def split(body: bytes, mark: bytes = b"edge") -> list[tuple[dict[str, str], bytes]]:
    return [(part.headers, body[part.start : part.end]) for part in multipart.parts(body, mark)]


def test_a_multipart_body_is_cut_at_its_boundary_and_nowhere_else() -> None:
    data = b"one\r\n--edg\r\n\r\n--e--\r\n"
    body = b"--edge\r\nContent-Type: a/b\r\n\r\n{}\r\n--edge\r\nX: 1\r\n\r\n" + data + b"\r\n--edge--\r\n"
    assert split(body) == [({"content-type": "a/b"}, b"{}"), ({"x": "1"}, data)]


def test_parts_may_be_empty_have_no_headers_and_follow_a_preamble() -> None:
    body = b"preamble\r\n--edge\r\n\r\n\r\n--edge\r\nX: 1\r\n\r\n\r\n--edge--"
    assert split(body) == [({}, b""), ({"x": "1"}, b"")]


def test_bare_line_feeds_are_understood_when_the_first_boundary_has_one() -> None:
    body = b"--edge\nA: 1\n\nGET / HTTP/1.1\n\n\n--edge\nA: 2\n\nx\n--edge--\n"
    assert split(body) == [({"a": "1"}, b"GET / HTTP/1.1\n\n"), ({"a": "2"}, b"x")]


@pytest.mark.parametrize("body", [b"", b"--edge\r\n", b"--edge\r\n\r\nx", b"--edge\r\nno end of headers\r\n--edge--"])
def test_a_multipart_body_that_ends_early_is_refused(body: bytes) -> None:
    with pytest.raises(CloudError, match="Malformed multipart body"):
        split(body)


@pytest.mark.parametrize(
    ("content_type", "mark"),
    [
        ("multipart/related; boundary=abc", b"abc"),
        ('multipart/related; boundary="=== 1 =="; x=y', b"=== 1 =="),
        ("multipart/mixed; BOUNDARY='q'", b"q"),
    ],
)
def test_the_boundary_is_found_quoted_or_not(content_type: str, mark: bytes) -> None:
    assert multipart.boundary(content_type) == mark


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-4", Slice(0, 5)),
        ("bytes=3-", Slice(3, 7)),
        ("bytes=3-99", Slice(3, 7)),
        ("bytes=-4", Slice(6, 4)),
        ("bytes=-99", Slice(0, 10)),
        ("bytes=5-2", None),
        ("bytes=1-2,4-5", None),
        ("items=0-1", None),
    ],
)
def test_a_range_of_ten_bytes(header: str | None, expected: Slice | None) -> None:
    assert ranges.requested(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(CloudError) as error:
        ranges.requested(header, 10)
    assert error.value.code == 416
    assert error.value.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize(
    ("header", "length", "expected"),
    [
        (None, 7, Piece(0, 7, 7)),
        ("bytes 0-6/7", 7, Piece(0, 7, 7)),
        ("bytes 10-16/*", 7, Piece(10, 7, None)),
        ("bytes */20", 0, Piece(None, 0, 20)),
        ("bytes */*", 0, Piece(None, 0, None)),
    ],
)
def test_the_range_of_an_upload_piece(header: str | None, length: int, expected: Piece) -> None:
    assert ranges.sent(header, length) == expected


def test_a_piece_that_is_not_as_long_as_it_says_is_refused() -> None:
    with pytest.raises(CloudError, match=r"There were 3 byte\(s\) in the request body"):
        ranges.sent("bytes 0-9/10", 3)


@pytest.mark.parametrize(
    ("conditions", "generation", "metageneration", "met"),
    [
        (Preconditions(generation=0), 0, None, True),
        (Preconditions(generation=0), 5, 1, False),
        (Preconditions(generation=5), 5, 1, True),
        (Preconditions(not_generation=5), 5, 1, False),
        (Preconditions(not_generation=0), 0, None, False),
        (Preconditions(metageneration=2), 5, 1, False),
        (Preconditions(metageneration=2), 0, None, False),
        (Preconditions(not_metageneration=1), 5, 1, False),
        (Preconditions(not_metageneration=1), 5, 2, True),
    ],
)
def test_conditions_of_a_write(conditions: Preconditions, generation: int, metageneration: int, met: bool) -> None:
    if met:
        conditions.check_write(generation, metageneration)
        return
    with pytest.raises(CloudError) as error:
        conditions.check_write(generation, metageneration)
    assert (error.value.code, error.value.reason) == (412, "conditionNotMet")


def test_an_unmet_not_match_makes_a_read_not_modified_and_an_unmet_match_is_refused() -> None:
    assert not Preconditions(not_generation=5).check_read(5, 1)
    assert Preconditions(not_generation=4, metageneration=1).check_read(5, 1)
    with pytest.raises(CloudError):
        Preconditions(generation=4).check_read(5, 1)


def test_conditions_of_the_source_of_a_copy_are_kept_apart() -> None:
    params = {"ifSourceGenerationMatch": 3, "ifGenerationMatch": 0}
    assert preconditions.of(params, "ifSource") == Preconditions(generation=3)
    assert preconditions.of(params) == Preconditions(generation=0)


def test_checksums_are_those_of_the_documentation() -> None:
    assert checksums.of_bytes(b"hello world").header == "crc32c=yZRlqg==,md5=XrY7u+Ae7tCTyyK7j1rNww=="
    assert checksums.of_pieces([b"hello ", b"world"]) == checksums.of_bytes(b"hello world")


@pytest.mark.parametrize(
    ("declared", "headers", "text"),
    [
        ({"crc32c": "AAAAAA=="}, {}, 'Provided CRC32C "AAAAAA==" doesn\'t match calculated CRC32C "yZRlqg==".'),
        ({}, {"x-goog-hash": "crc32c=yZRlqg==, md5=xxxx"}, 'Provided MD5 hash "xxxx" doesn\'t match'),
        ({}, {"content-md5": "yyyy"}, 'Provided MD5 hash "yyyy"'),
    ],
)
def test_data_that_is_not_what_was_promised_is_refused(
    declared: dict[str, str], headers: dict[str, str], text: str
) -> None:
    with pytest.raises(CloudError) as error:
        checksums.check(checksums.of_bytes(b"hello world"), declared, headers)
    assert text in error.value.message


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "d/a.txt", False),
        ("**.txt", "d/e/a.txt", True),
        ("d/**/a.txt", "d/a.txt", True),
        ("d/**/a.txt", "d/e/f/a.txt", True),
        ("?.txt", "ab.txt", False),
        ("[a-c].txt", "b.txt", True),
        ("[!a-c].txt", "b.txt", False),
        ("{one,two}/*", "two/x", True),
        ("{one,two}/*", "three/x", False),
        ("a,b", "a,b", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("a.c", "abc", False),
    ],
)
def test_globs(glob: str, name: str, matches: bool) -> None:
    assert patterns.matches(globs.expression(glob), name) is matches


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*$", "(.*a){20}"])
def test_no_expression_takes_longer_than_its_text(expression: str) -> None:
    assert not patterns.matches(expression, "a" * 1000 + "!")


@pytest.mark.parametrize("expression", ["(", "a{1000}{1000}", "(?=a)", "((((a{100}){100}){100}){100})"])
def test_expressions_that_cannot_be_read_or_take_too_much_are_refused(expression: str) -> None:
    with pytest.raises(patterns.BadPattern):
        patterns.compiled(expression)


@pytest.mark.parametrize("name", ["abc", "my_bucket-1", "a.b.example.com", "1" * 63, f"{'a' * 60}.{'b' * 60}"])
def test_bucket_names_that_google_accepts(name: str) -> None:
    names.check_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    ["ab", "", "Upper", "-a-b", "a-b-", "a..b", "a" * 64, "192.168.5.4", "goog-x", "my-google", "a b", f"{'a' * 64}.b"],
)
def test_bucket_names_that_google_refuses_are_named(name: str) -> None:
    with pytest.raises(CloudError) as error:
        names.check_bucket_name(name)
    assert error.value.message == f"Invalid bucket name: '{name}'"


@pytest.mark.parametrize("name", ["", "a\nb", ".", "..", "é" * 513, ".well-known/acme-challenge/x"])
def test_object_names_that_google_refuses(name: str) -> None:
    with pytest.raises(CloudError):
        names.check_object_name(name)


@pytest.mark.parametrize(
    ("location", "custom", "kind"),
    [
        ("EUROPE-WEST12", False, "region"),
        ("EU", False, "multi-region"),
        ("EU", True, "dual-region"),
        ("NAM4", False, "dual-region"),
    ],
)
def test_kinds_of_location(location: str, custom: bool, kind: str) -> None:
    assert locations.kind_of(location, custom_placement=custom) == kind


@pytest.mark.parametrize(
    ("prefix", "after"), [("a", "b"), ("a/", "a0"), ("", None), ("\ud7ff", "\ue000"), ("a\U0010ffff", "b")]
)
def test_the_first_name_after_a_prefix(prefix: str, after: str | None) -> None:
    assert listing.successor(prefix) == after
