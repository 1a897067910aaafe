"""Hostile tar archives: nothing is written outside of the folder, and no header takes more time or memory than it is worth."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from localcloud.services.cloudbuild.tars import TarError, unpack

Entry = tuple[str, bytes, str]
FOLDER, LINK, HARD, FILE = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.REGTYPE


def header(name: str, kind: bytes = FILE, linked: str = "", size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size, entry.mode = kind, linked, size, 0o755
    return entry


def archive(*entries: Entry) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, kind, linked in entries:
            data = b"new" if kind == FILE else b""
            tar.addfile(header(name, kind, linked, len(data)), io.BytesIO(data))
    packed.seek(0)
    return packed


def padded(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // 512) * 512, b"\0")


def extended(kind: bytes, content: bytes) -> bytes:
    """A header of one of the kinds that say more of the next file, or of every one."""
    return header("more", kind, size=len(content)).tobuf(tarfile.USTAR_FORMAT) + padded(content)


def said(text: bytes) -> bytes:
    """A line of a pax header, which begins with its own length."""
    length = len(text) + 2
    while len(f"{length} ") + len(text) + 1 != length:
        length += 1
    return b"%d %s\n" % (length, text)


def beyond_the_longest_path() -> list[Entry]:
    """Links whose resolution is longer than any path, where Python before 3.11.13 and 3.12.11 gives up and takes the rest for names."""
    entries: list[Entry] = []
    long, path = "d" * 247, ""
    for step in "abcdefghijklmnop":
        entries += [(f"{path}{long}", FOLDER, ""), (f"{path}{step}", LINK, long)]
        path += f"{long}/"
    chain = "/".join("abcdefghijklmnop") + "/" + "l" * 254
    return [*entries, (chain, LINK, "../" * 16), ("escape", LINK, f"{chain}/../../"), ("escape/out.txt", FILE, "")]


@pytest.mark.parametrize(
    "entries",
    [
        beyond_the_longest_path(),
        [("folder", FOLDER, ""), ("link", LINK, "folder"), ("link/out.txt", FILE, "")],
        [("circle", LINK, "circle"), ("link", LINK, "circle/../.."), ("link/out.txt", FILE, "")],
        [("folder", FOLDER, ""), ("folder/../out.txt", FILE, "")],
        [("hard", HARD, "nowhere")],
        [("a/" * 101 + "out.txt", FILE, "")],
        [("link", LINK, "a/" * 101 + "out.txt")],
        [("a", FOLDER, ""), ("a/link", LINK, ".."), ("up", HARD, "a/link"), ("up/out.txt", FILE, "")],
    ],
)
def test_no_entry_is_reached_through_a_link(tmp_path: Path, entries: list[Entry]) -> None:
    target = tmp_path / "build" / "workspace"
    target.mkdir(parents=True)
    with pytest.raises((TarError, OSError)):
        unpack(archive(*entries), target)
    assert [*tmp_path.rglob("out.txt")] == []


def test_an_entry_replaces_a_link_of_its_name(tmp_path: Path) -> None:
    unpack(
        archive(("kept.txt", FILE, ""), ("again", LINK, "kept.txt"), ("again", FILE, ""), ("hard", HARD, "again")),
        tmp_path,
    )
    assert (tmp_path / "hard").read_text() == "new"
    assert not (tmp_path / "again").is_symlink()


def repeated(kind: bytes) -> bytes:
    """One header after another with a value for every file, or for one that is followed by no file."""
    return b"".join(extended(kind, said(b"k%d=%s" % (at, b"v" * 200_000))) for at in range(3))


def sparse() -> bytes:
    """A file that claims to be a hundred million pieces, each of which would be a number in memory."""
    lines = (b"major=1", b"minor=0", b"name=x", b"realsize=5")
    pieces = b"99999999\n" + b"0\n" * 200_000
    return (
        extended(tarfile.XHDTYPE, b"".join(said(b"GNU.sparse." + line) for line in lines))
        + header("x", size=len(pieces)).tobuf(tarfile.USTAR_FORMAT)
        + padded(pieces)
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (lambda: extended(tarfile.XHDTYPE, b"1" * 60_000), "a number of more than 200 digits"),
        (lambda: repeated(tarfile.XHDTYPE), "a header has more than"),
        (lambda: repeated(tarfile.XGLTYPE), "a header has more than"),
        (
            lambda: extended(tarfile.XGLTYPE, b"".join(said(b"k%d=v" % at) for at in range(101))),
            "headers for every file",
        ),
        (sparse, "a header has more than"),
        (lambda: header("x", size=-1024).tobuf(tarfile.GNU_FORMAT), "more than 500000 files"),
    ],
)
def test_what_headers_take_is_bounded(tmp_path: Path, content: Callable[[], bytes], problem: str) -> None:
    with pytest.raises(TarError, match=problem):
        unpack(io.BytesIO(content() + header("a").tobuf() + bytes(1024)), tmp_path)


def test_headers_of_files_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    extract = tarfile.TarFile.extract

    def noted(self: tarfile.TarFile, *args: object, **named: object) -> None:
        kept.append(len(self.members))
        extract(self, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(tarfile.TarFile, "extract", noted)
    unpack(archive(*[(f"file{at}", FILE, "") for at in range(5)]), tmp_path)
    assert kept == [1] * 5
