"""What a team's GitHub workflows and shell scripts deploy, in which region and project."""

from __future__ import annotations

import re
from collections.abc import Iterator

from groundwork.start import addresses, deployed
from groundwork.start.clue import Clue

_ASSIGNED = re.compile(r"^[ \t]*(?:export\s+)?([A-Z][A-Z0-9_]*)=['\"]?([^\s'\"$`]+)['\"]?[ \t\r]*$", re.MULTILINE)
_ENV = re.compile(
    r"^[ \t]+([A-Z][A-Z0-9_]*):\s*(?:\$\{\{[^}\n]*\|\|\s*'([^']*)'\s*\}\}|['\"]?([^\s'\"{}$#]+)['\"]?)[ \t\r]*$",
    re.MULTILINE,
)
_READ = re.compile(r"\$\{\{\s*env\.(\w+)\s*(?:\|\|\s*'([^']*)'\s*)?\}\}")
_KEY = re.compile(r"^[ \t]*credentials_json:", re.MULTILINE)


def in_workflow(file_name: str, text: str) -> Iterator[Clue]:
    """Every clue in a GitHub workflow, whose variables are filled in where they have a value or a default."""
    values = {name: default or value for name, default, value in _ENV.findall(text)}
    text = _READ.sub(lambda found: values.get(found[1]) or found[2] or found[0], text)
    if _KEY.search(text):
        becomes = "logs in with a service account's key: nothing here needs one, since workflows log in by GitHub's tokens (docs/github.md)"
        yield Clue("GitHub workflow", file_name, "", becomes)
    yield from _clues("GitHub workflow", file_name, addresses.filled_in(text, values))


def in_shell(file_name: str, text: str) -> Iterator[Clue]:
    """Every clue in a shell script."""
    yield from _clues("script", file_name, addresses.filled_in(text, dict(_ASSIGNED.findall(text))))


def _clues(what: str, file_name: str, text: str) -> Iterator[Clue]:
    region, project = addresses.region(text), addresses.project(text)
    for name, settings in deployed.in_script(text):
        becomes = f"service {name} on Cloud Run, which runs as identity serve"
        yield Clue(what, file_name, name, becomes, "services", region=region, project=project, settings=settings)
