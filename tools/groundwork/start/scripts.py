"""What a team's GitHub workflows and shell scripts deploy, in which region and project."""

from __future__ import annotations

import re
from collections.abc import Iterator

from groundwork.start import addresses, deployed, docker_builds
from groundwork.start.clue import Clue
from groundwork.start.code_file import CodeFile

WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
SHELL = re.compile(r".*\.sh")
_ASSIGNED = re.compile(r"^[ \t]*(?:export\s+)?([A-Z][A-Z0-9_]*)=['\"]?([^\s'\"$`]+)['\"]?[ \t\r]*$", re.MULTILINE)
_SAYS_SOMETHING = re.compile(r"gcloud|credentials_json")
_DEFAULT = re.compile(r"\$\{\{[^}]*\|\|\s*'([^']*)'\s*\}\}")
_READ = re.compile(r"\$\{\{\s*env\.(\w+)\s*(?:\|\|\s*'([^']*)'\s*)?\}\}")


def in_workflow(file: CodeFile) -> Iterator[Clue]:
    """Every clue in a GitHub workflow, whose variables are filled in where they have a value or a default."""
    parts = list(file.parts) if _SAYS_SOMETHING.search(file.text) else []
    given = [one["env"].items() for one in parts if isinstance(one.get("env"), dict)]
    texts = {str(name): str(value) for pairs in given for name, value in pairs}
    defaults = {name: found[1] for name, text in texts.items() if (found := _DEFAULT.fullmatch(text))}
    values = {name: text for name, text in texts.items() if "$" not in text} | defaults
    if any("credentialsJson" in one for one in parts):
        becomes = "logs in with a service account's key: nothing here needs one, since workflows log in by GitHub's tokens (docs/github.md)"
        yield Clue("GitHub workflow", file.shown, becomes)
    text = _READ.sub(lambda found: values.get(found[1]) or found[2] or found[0], file.text)
    yield from _clues("GitHub workflow", file, addresses.filled_in(text, values))


def in_shell(file: CodeFile) -> Iterator[Clue]:
    """Every clue in a shell script."""
    yield from _clues("script", file, addresses.filled_in(file.text, dict(_ASSIGNED.findall(file.text))))


def _clues(what: str, file: CodeFile, text: str) -> Iterator[Clue]:
    region, project = addresses.region(text), addresses.project(text)
    for built in docker_builds.in_script(file, text):
        yield Clue(what, file.shown, docker_builds.sentence(built), built, region, project)
    for service in deployed.in_script(text):
        becomes = f"service {service.name} on Cloud Run, which runs as identity serve"
        yield Clue(what, file.shown, becomes, service, region, project)
