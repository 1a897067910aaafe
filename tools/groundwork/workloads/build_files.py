"""What a build does: the team's cloudbuild.yaml, checked against Cloud Build's own message, or the usual steps for a Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundwork.errors import UsageProblem
from groundwork.text import allowed
from groundwork.workloads.project import Project

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build

NAMES = ("cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json")
_DOCKER = "gcr.io/cloud-builders/docker"
_UNKNOWN = re.compile(r'has no field named "(?P<wrong>[^"]+)" at "Build(?:\.(?P<place>[^"]*))?"')
_FIELDS = re.compile(r"Available Fields[^\[]*\[(?P<fields>[^\]]*)\]")


@dataclass(frozen=True)
class Wish:
    """What somebody asked for: the build's file (None: found in the folder), the image's name or whole address, what is filled in."""

    folder: Path
    file: Path | None = None
    image: str = ""
    dockerfile: str = "Dockerfile"
    substitutions: Mapping[str, str] | None = None
    machine_type: str = ""
    timeout: int = 0


def build_of(project: Project, wish: Wish) -> Build:
    """The build, without its source; it runs as the identity `build`, which the environment file names, and logs to Cloud Logging.

    Raises UsageProblem for a file that Cloud Build would not take, and where there is neither that nor a Dockerfile.
    """
    file = wish.file or next((wish.folder / name for name in NAMES if (wish.folder / name).is_file()), None)
    if file is not None and wish.image:
        raise UsageProblem(f"{file.name} says itself which images it makes: leave out --image.")
    values = _read(file) if file else _usual(project, wish)
    if wish.substitutions:
        values["substitutions"] = {**(values.get("substitutions") or {}), **wish.substitutions}
    if wish.timeout:
        values["timeout"] = f"{wish.timeout}s"
    options = values.setdefault("options", {})
    if wish.machine_type:
        options["machineType"] = wish.machine_type
    # An account of its own has no bucket for logs, and a build without either is refused.
    if not {"logging", "defaultLogsBucketBehavior"} & options.keys() and "logsBucket" not in values:
        options["logging"] = "CLOUD_LOGGING_ONLY"
    if "serviceAccount" not in values and (account := identity(project)):
        values["serviceAccount"] = f"projects/{project.id}/serviceAccounts/{account}"
    return _message(values, file.name if file else "the build")


def identity(project: Project) -> str:
    """The account that builds by the environment file, "" where it names none."""
    found = project.environment.identities.get("build")
    return found.email if found else ""


def _read(file: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(file.read_text("utf-8"))
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{file.name} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict) or not values.get("steps"):
        raise UsageProblem(
            f"{file.name} has no steps: it is to say what the build does, as in `steps: [{{name: …, args: […]}}]`."
        )
    options = values.get("options") or {}
    if not isinstance(options, dict):
        raise UsageProblem(f"{file.name}: options is no mapping: write `options: {{machineType: E2_HIGHCPU_8}}`.")
    return {**_camels(values), "options": _camels(options)}


def _camels(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {_camel(str(key)): value for key, value in values.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return name if name.startswith("_") else first + "".join(word[:1].upper() + word[1:] for word in rest)


def _message(values: Mapping[str, Any], name: str) -> Build:
    """As Cloud Build's own client checks it: unknown keys and wrong types are refused here, before anything is uploaded."""
    from google.cloud.devtools.cloudbuild_v1 import Build
    from google.protobuf.json_format import ParseDict, ParseError

    made = Build()
    try:
        ParseDict(dict(values), Build.pb(made))
    except ParseError as error:
        raise UsageProblem(f"{name}: {_sentence(str(error))}") from None
    return made


def _sentence(text: str) -> str:
    """What protobuf says of a wrong file, short; a misspelt key gets the nearest that there is."""
    unknown, fields = _UNKNOWN.search(text), _FIELDS.search(text)
    if unknown and fields:
        known = re.findall(r"'(\w+)'", fields["fields"])
        place = unknown["place"] or "it"
        return f"{place} has no {unknown['wrong']}; {allowed(known, unknown['wrong'])}"
    return text.partition("\n")[0]


def _usual(project: Project, wish: Wish) -> dict[str, Any]:
    """Build with the layers of the latest image, push by the build's id and as latest: what a trigger does, by commit."""
    if not (wish.folder / wish.dockerfile).is_file():
        raise UsageProblem(
            f"{wish.folder} has neither a cloudbuild.yaml nor a {wish.dockerfile}: name the folder that has, or --dockerfile."
        )
    image = address(project, wish.image or wish.folder.resolve().name.lower())
    pull = f"docker pull {image}:latest || echo 'no latest image yet: every layer is built'"
    build = ["build", f"--cache-from={image}:latest", "--build-arg=BUILDKIT_INLINE_CACHE=1", f"--file={wish.dockerfile}",
             f"--tag={image}:$BUILD_ID", f"--tag={image}:latest", "."]  # fmt: skip
    return {
        "steps": [
            {"id": "cache", "name": _DOCKER, "entrypoint": "bash", "args": ["-c", pull]},
            {"id": "build", "name": _DOCKER, "args": build, "env": ["DOCKER_BUILDKIT=1"]},
        ],
        "images": [f"{image}:$BUILD_ID", f"{image}:latest"],
    }


def address(project: Project, image: str) -> str:
    """Where an image is pushed, without tag: a name goes to the environment's only repository, REPOSITORY/NAME to one of several.

    Raises UsageProblem for a name that is none, or where it is not clear to which repository.
    """
    if ".pkg.dev/" in image:
        return image
    repositories = project.environment.repositories
    repository, slash, name = image.rpartition("/")
    if not slash:
        if len(repositories) != 1:
            raise UsageProblem(
                f"Say to which repository {image} goes, as in --image REPOSITORY/{image}: "
                f"{'there are ' + ', '.join(repositories) if repositories else 'the environment file has none'}."
            )
        repository, name = next(iter(repositories)), image
    if repository not in repositories:
        raise UsageProblem(f"There is no repository {repository}; {allowed(repositories, repository)}")
    if not re.fullmatch(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*", name):
        raise UsageProblem(
            f"{name!r} is no name of an image: small letters, digits and . _ - between them; name it with --image."
        )
    return f"{repositories[repository].url}/{name}"
