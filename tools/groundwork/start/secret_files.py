"""Which secrets lie in files: in .env, by their names alone, and in keys of service accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from groundwork.secrets.names import suggested
from groundwork.start import needs
from groundwork.start.clue import Clue
from groundwork.start.code_file import CodeFile
from groundwork.terraform import git

DOTENV = re.compile(r"(?:.*/)?\.env(?:\.(?!(?:example|sample|template|dist)\Z)[\w-]+)?")
JSON = re.compile(r".*\.json")
_ASSIGNED = re.compile(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=")
_SECRET = re.compile(r"(?i)key|token|secret|passw|credential|user|auth")
_LARGEST_KEY = 1 << 16


def in_dotenv(file: CodeFile) -> Iterator[Clue]:
    """A clue for each variable, and one if git has the file, or would take it."""
    names = list(dict.fromkeys(_ASSIGNED.findall(file.text)))
    hidden = {name: secret for name in names if (secret := suggested(name)) and _SECRET.search(name)}
    for name in names:
        if name in hidden:
            only = "" if len(hidden) == len(names) else f" --only {name}"
            becomes = f"{name} is secret {hidden[name]}: `groundwork secrets import {file.typed}{only} --env NAME`"
            yield Clue(".env", file.shown, becomes, needs.NeededSecret(hidden[name]))
        else:
            yield Clue(".env", file.shown, f"{name} does not look like a secret: it stays a variable")
    if git.is_tracked(file.path):
        yield Clue(".env", file.shown, "it is in git, and so are its values: remove it, and replace the values")
    elif names and git.would_be_added(file.path):
        becomes = "git does not ignore it: add it to .gitignore, so that its values stay out of git"
        yield Clue(".env", file.shown, becomes)


def in_json(file: CodeFile) -> Iterator[Clue]:
    """A clue if the file is a service account's key."""
    if file.path.stat().st_size > _LARGEST_KEY:
        return
    if '"private_key"' in file.text and '"service_account"' in file.text:
        where = (
            "it is in git: delete the key in the console, since the history keeps it"
            if git.is_tracked(file.path)
            else "delete the file and the key"
        )
        yield Clue("service-account key", file.shown, f"nothing here needs one; {where}")
