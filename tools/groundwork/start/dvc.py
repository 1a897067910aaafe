"""Which buckets DVC's settings name."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

from groundwork.start import needs
from groundwork.start.clue import Clue
from groundwork.start.code_file import CodeFile

NAME = re.compile(r"(?:.*/)?\.dvc/config(?:\.local)?")
_REMOTE = re.compile(r"'?remote \".+\"'?")


def clues(file: CodeFile) -> Iterator[Clue]:
    """A clue for each remote; one that says so if the settings cannot be read."""
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        settings.read_string(file.text)
    except configparser.Error:
        yield Clue("DVC", file.shown, "cannot be read: these are not DVC's settings")
        return
    for url in (settings[one].get("url", "") for one in settings.sections() if _REMOTE.fullmatch(one)):
        if bucket := re.match(r"gs://([^/\s]+)", url):
            becomes = f"gs://{bucket[1]} is a bucket for DVC; `groundwork adopt --env NAME` takes it over"
            yield Clue("DVC remote", file.shown, becomes, needs.NeededBucket(bucket[1], "dvc"))
        else:
            becomes = f"{_where(url)} could move to bucket data: `groundwork dvc --env NAME`, then `dvc push`"
            yield Clue("DVC remote", file.shown, becomes, needs.NeededBucket("", "dvc"))


def _where(url: str) -> str:
    """A remote's URL without user info, which may be a password."""
    scheme, there, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('/')[0]}" if there else "a folder"
