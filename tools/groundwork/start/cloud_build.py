"""What a team's own Cloud Build file needs: repositories to push to, secrets, services to deploy, training to submit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.environment import foreign_yaml
from groundwork.secrets.names import suggested
from groundwork.start import addresses, deployed
from groundwork.start.clue import Clue, plain
from groundwork.text import listed

NAME = re.compile(r"cloudbuild[\w.-]*\.(ya?ml|json)")
_STEPS = re.compile(r"(?m)^steps:")
_WHAT = "Cloud Build"
_STARTS_TRAINING = re.compile(r"custom-jobs['\",\s-]+create")
_PULLS = re.compile(r"\bdvc['\",\s]+(?:pull|fetch)\b")
_SECRET_READ = re.compile(r"projects/[^/\s'\"]+/secrets/([A-Za-z0-9_-]+)/versions/")
_BUCKET = re.compile(r"gs://([a-z0-9][a-z0-9_-]{1,61}[a-z0-9])(?![a-z0-9_$.{-])")
_TAKEN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


def is_build(text: str) -> bool:
    """Whether a YAML file of any name is a build: its steps name the images that run them."""
    if not _STEPS.search(text):
        return False
    build = _values(text)
    steps = build.get("steps") if build else None
    return isinstance(steps, list) and bool(steps) and all(isinstance(one, dict) and "name" in one for one in steps)


def clues(file_name: str, text: str) -> Iterator[Clue]:
    """Every clue in a build; one that says so if it cannot be read."""
    build = _values(text)
    if build is None:
        yield Clue(_WHAT, file_name, "", "cannot be read: it is not a build in YAML or JSON")
        return
    given = build.get("substitutions")
    values = {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    filled = addresses.filled_in(text, values)
    build = _values(filled) or build
    region, project = addresses.region(filled), addresses.project(filled)
    name = plain(file_name.rpartition("/")[2].rpartition(".")[0])
    unset = foreign_yaml.substitutions(filled)
    needs = f"; give a value to {listed(unset)} under its substitutions" if unset else ""
    becomes = f"a build that is started by hand and runs this file as identity build{needs}"
    yield Clue(_WHAT, file_name, name, becomes, "builds", region=region, project=project)
    yield from _pushed(file_name, build, filled)
    for service, settings in _deployed(build):
        becomes = f"service {service} on Cloud Run, which runs as identity serve and identity build deploys"
        yield Clue(_WHAT, file_name, service, becomes, "services", settings=settings)
    for secret in dict.fromkeys(_SECRET_READ.findall(filled)):
        if name := secret if _TAKEN.fullmatch(secret) else suggested(secret):
            yield Clue(_WHAT, file_name, name, f"secret {name}, which identity build reads", "secrets")
    for bucket in dict.fromkeys(_BUCKET.findall(filled)):
        yield Clue(_WHAT, file_name, bucket, f"gs://{bucket} is a bucket that identity build reads", "buckets")
    if _PULLS.search(filled):
        yield Clue(_WHAT, file_name, "", "pulls data with DVC, whose buckets identity build reads", "pulls")
    if _STARTS_TRAINING.search(filled):
        becomes = "training train, as identity train, which identity build submits"
        yield Clue(_WHAT, file_name, "train", becomes, "training")


def _values(text: str) -> dict[str, Any] | None:
    try:
        build = foreign_yaml.values(text.encode())
    except ValueError:
        return None
    return build if isinstance(build, dict) else None


def _pushed(file_name: str, build: Mapping[str, Any], text: str) -> Iterator[Clue]:
    """The images that a build names, and the repositories besides `images` that it pushes to."""
    for image in sorted({addresses.image(str(address)) for address in build.get("images") or ()} - {""}):
        repository, _, name = image.rpartition("/")
        becomes = f"image {plain(name)} in repository {repository or 'images'}, built as identity build"
        yield Clue(_WHAT, file_name, plain(name), becomes, "repositories", image=f"{repository or 'images'}/{name}")
    for name in addresses.repositories(text):
        if name != "images":
            yield Clue(_WHAT, file_name, name, f"repository {name}, to which identity build pushes", "registries")


def _deployed(build: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    found: dict[str, Mapping[str, str]] = {}
    steps = build.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            args = step.get("args")
            words = [str(word) for word in args] if isinstance(args, list) else []
            for text in (*words, str(step.get("script", ""))):
                found.update(deployed.in_script(text.replace("$$", "$")))
            found.update(deployed.in_words(words))
    yield from found.items()
