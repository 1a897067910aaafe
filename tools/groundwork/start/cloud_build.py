"""What a team's own Cloud Build file needs: repositories to push to, secrets, services to deploy, training to submit."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from groundwork.environment import foreign_yaml
from groundwork.secrets.names import suggested
from groundwork.start import addresses, deployed, docker_builds, needs
from groundwork.start.clue import Clue
from groundwork.start.code_file import CodeFile
from groundwork.start.needs import Need, plain
from groundwork.text import listed

NAME = re.compile(r"(?:.*/)?cloudbuild[\w.-]*\.(?:ya?ml|json)")
_ANY_NAME = re.compile(r"(?m)^steps:")
_WHAT = "Cloud Build"
_STARTS_TRAINING = re.compile(r"custom-jobs['\",\s-]+create")
_PULLS = re.compile(r"\bdvc['\",\s]+(?:pull|fetch)\b")
_SECRET_READ = re.compile(r"projects/[^/\s'\"]+/secrets/([A-Za-z0-9_-]+)/versions/")
_BUCKET = re.compile(r"gs://([a-z0-9][a-z0-9_-]{1,61}[a-z0-9])(?![a-z0-9_$.{-])")
_TAKEN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


def is_build(file: CodeFile) -> bool:
    """Whether a YAML file of any name is a build: its steps name the images that run them."""
    steps = (file.values or {}).get("steps") if _ANY_NAME.search(file.text) else None
    return isinstance(steps, list) and bool(steps) and all(isinstance(one, dict) and "name" in one for one in steps)


def clues(file: CodeFile) -> Iterator[Clue]:
    """Every clue in a build; one that says so if it cannot be read."""
    build = file.values
    if build is None:
        yield Clue(_WHAT, file.shown, "cannot be read: it is not a build in YAML or JSON")
        return
    given = build.get("substitutions")
    substitutions = {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    text = addresses.filled_in(file.text, substitutions)
    region, project, unset = addresses.region(text), addresses.project(text), foreign_yaml.substitutions(text)
    becomes = "a build that is started by hand and runs this file as identity build"
    becomes += f"; give a value to {listed(unset)} under its substitutions" if unset else ""
    needed = needs.NeededBuild(plain(file.shown.rpartition("/")[2].rpartition(".")[0]), file.shown)
    yield Clue(_WHAT, file.shown, becomes, needed, region, project)
    for sentence, need in (
        *_made(build, substitutions),
        *_built(file, build, substitutions),
        *_pushed_to(text),
        *_deployed(build, substitutions),
        *_named(text),
    ):
        yield Clue(_WHAT, file.shown, sentence, need)


def _made(build: Mapping[str, Any], substitutions: Mapping[str, str]) -> Iterator[tuple[str, Need]]:
    """The images that a build makes."""
    made = _list(build.get("images"))
    for address in sorted({addresses.image(addresses.filled_in(str(one), substitutions)) for one in made} - {""}):
        image = needs.NeededImage(address if "/" in address else f"images/{address}")
        yield f"image {image.name} in repository {image.address.partition('/')[0]}, built as identity build", image


def _built(file: CodeFile, build: Mapping[str, Any], substitutions: Mapping[str, str]) -> Iterator[tuple[str, Need]]:
    """The Dockerfiles that a build's steps build."""
    for folder, words, texts in _steps(build, substitutions):
        for text in (*(f"{program} {shlex.join(words)}" for program in ("docker", "gcloud")), *texts):
            for built in docker_builds.in_script(file, text, folder):
                yield docker_builds.sentence(built), built


def _steps(build: Mapping[str, Any], substitutions: Mapping[str, str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """The folder, the words and the scripts of each step; a word may be a script."""
    for step in _list(build.get("steps")):
        if isinstance(step, dict):
            words = [addresses.filled_in(str(word), substitutions) for word in _list(step.get("args"))]
            script = addresses.filled_in(str(step.get("script", "")), substitutions)
            yield str(step.get("dir", "")), words, [text.replace("$$", "$") for text in (*words, script)]


def _deployed(build: Mapping[str, Any], substitutions: Mapping[str, str]) -> Iterator[tuple[str, Need]]:
    """The services that a build's steps deploy, by their own words or in a script."""
    found: dict[str, needs.NeededService] = {}
    for _, words, texts in _steps(build, substitutions):
        for service in (*itertools.chain.from_iterable(map(deployed.in_script, texts)), *deployed.in_words(words)):
            found[service.name] = replace(service, by_build=True)
    for name, service in found.items():
        yield f"service {name} on Cloud Run, which runs as identity serve and identity build deploys", service


def _pushed_to(text: str) -> Iterator[tuple[str, Need]]:
    """The repositories besides `images` that a build pushes to."""
    for name in addresses.repositories(text):
        if name != "images":
            yield f"repository {name}, to which identity build pushes", needs.NeededRepository(name)


def _named(text: str) -> Iterator[tuple[str, Need]]:
    """The secrets and buckets that a build names, and what its commands do with data and training."""
    for secret in dict.fromkeys(_SECRET_READ.findall(text)):
        if name := secret if _TAKEN.fullmatch(secret) else suggested(secret):
            yield f"secret {name}, which identity build reads", needs.NeededSecret(name, by_build=True)
    for bucket in dict.fromkeys(_BUCKET.findall(text)):
        yield f"gs://{bucket} is a bucket that identity build reads", needs.NeededBucket(bucket, "build")
    if _PULLS.search(text):
        yield "pulls data with DVC, whose buckets identity build reads", needs.PullsData()
    if _STARTS_TRAINING.search(text):
        yield "training train, as identity train, which identity build submits", needs.NeededTraining(by_build=True)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
