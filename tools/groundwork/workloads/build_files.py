"""What a build runs: the team's cloudbuild.yaml, checked against Cloud Build's schema, or default steps for a Dockerfile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from groundwork.environment import foreign_yaml
from groundwork.environment.workloads import BuildSpec as Settings
from groundwork.errors import UsageProblem
from groundwork.text import allowed, listed
from groundwork.workloads.images import address
from groundwork.workloads.project import Project

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build

NAMES = ("cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json")
_DOCKER = "gcr.io/cloud-builders/docker"
_GCLOUD = "gcr.io/google.com/cloudsdktool/cloud-sdk:slim"
_UNKNOWN = re.compile(r'has no field named "(?P<wrong>[^"]+)" at "Build(?:\.(?P<place>[^"]*))?"')
_FIELDS = re.compile(r"Available Fields[^\[]*\[(?P<fields>[^\]]*)\]")


@dataclass(frozen=True)
class BuildRequest:
    """The options of a build: its file (None: found in the folder), the image's name or full address, and substitutions.

    `settings` are those of a build in the environment file, which the command line's go over.
    """

    folder: Path
    file: Path | None = None
    image: str = ""
    dockerfile: str = ""
    substitutions: Mapping[str, str] | None = None
    machine_type: str = ""
    settings: Settings | None = None

    @property
    def dir(self) -> Path:
        """The folder inside the source that is built."""
        return self.folder / self.settings.dir if self.settings else self.folder


def build_of(project: Project, request: BuildRequest) -> Build:
    """The build, without its source; it runs as the file's identity `build`, and logs to Cloud Logging.

    Raises UsageProblem for a file that Cloud Build would not take, and where there is neither that nor a Dockerfile.
    """
    if not request.dir.is_dir():
        raise UsageProblem(
            f"There is no folder {request.dir}: name the one with the Dockerfile or cloudbuild.yaml in it."
        )
    settings = request.settings
    file = _file(request)
    if file is not None and request.image:
        raise UsageProblem(f"{file.name} defines its own images: leave out --image.")
    values = _read(file) if file else _usual(project, request)
    filled = {**(settings.substitutions if settings else {}), **(request.substitutions or {})}
    if filled:
        values["substitutions"] = {**(values.get("substitutions") or {}), **filled}
    if settings and not file:
        values["timeout"] = f"{settings.timeout_minutes * 60}s"
    options = values.setdefault("options", {})
    machine = request.machine_type or (settings.machine_type if settings and not file else "")
    if machine:
        options["machineType"] = machine
    # An account of its own has no bucket for logs, and a build without either is refused.
    if not {"logging", "defaultLogsBucketBehavior"} & options.keys() and "logsBucket" not in values:
        options["logging"] = "CLOUD_LOGGING_ONLY"
    if "serviceAccount" not in values and (account := identity(project, settings)):
        values["serviceAccount"] = f"projects/{project.id}/serviceAccounts/{account}"
    build = _message(values, file.name if file else "the build")
    _refuse_unset(values, file.name if file else "the build")
    return build


def _refuse_unset(values: Mapping[str, Any], name: str) -> None:
    """Raises UsageProblem for substitutions without a value, as Cloud Build does for a build that is not a trigger's."""
    if values["options"].get("substitutionOption") == "ALLOW_LOOSE":
        return
    steps = [{key: value for key, value in step.items() if key != "script"} for step in values["steps"]]
    text = json.dumps({**values, "steps": steps, "substitutions": {}}, default=str)
    unset = [one for one in foreign_yaml.substitutions(text) if one not in (values.get("substitutions") or {})]
    if unset:
        given = " ".join(f"--substitution {one}=VALUE" for one in unset)
        raise UsageProblem(
            f"{name} gives no value to {listed(unset)}: add `{given}`, or a default to the file, as in "
            f"`substitutions: {{{unset[0]}: VALUE}}`."
        )


def _file(request: BuildRequest) -> Path | None:
    """The build's own file: the one that was named, the one of the environment file, or one that is in the folder."""
    if request.file or not request.settings:
        return request.file or next(
            (request.folder / name for name in NAMES if (request.folder / name).is_file()), None
        )
    return request.folder / request.settings.file if request.settings.file else None


def identity(project: Project, settings: Settings | None = None) -> str:
    """The service account for builds in the environment file, "" if it has none."""
    environment = project.environment
    names = [settings.identity] if settings else [*(one.identity for one in environment.builds.values()), "build"]
    return next((environment.identities[name].email for name in names if name in environment.identities), "")


def _read(file: Path) -> dict[str, Any]:
    values = foreign_yaml.read(file)
    if not isinstance(values, dict) or not values.get("steps"):
        raise UsageProblem(
            f"{file.name} has no steps: they define what the build does, as in `steps: [{{name: …, args: […]}}]`."
        )
    for key, example in (("options", "machineType: E2_HIGHCPU_8"), ("substitutions", "_NAME: VALUE")):
        if not isinstance(values.get(key) or {}, dict):
            raise UsageProblem(f"{file.name}: {key} is not a mapping: write `{key}: {{{example}}}`.")
    return {**_camels(values), "options": _camels(values.get("options") or {})}


def _camels(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {foreign_yaml.camel(str(key)): value for key, value in values.items()}


def _message(values: Mapping[str, Any], name: str) -> Build:
    """The build as Cloud Build's own message: unknown keys and wrong types are refused here, before anything is uploaded."""
    from google.cloud.devtools.cloudbuild_v1 import Build
    from google.protobuf.json_format import ParseDict, ParseError

    build = Build()
    try:
        ParseDict(dict(values), Build.pb(build))
    except ParseError as error:
        raise UsageProblem(f"{name}: {_sentence(str(error))}") from None
    return build


def _sentence(text: str) -> str:
    """A short form of protobuf's error, which suggests the closest field for an unknown one."""
    unknown, fields = _UNKNOWN.search(text), _FIELDS.search(text)
    if unknown and fields:
        known = re.findall(r"'(\w+)'", fields["fields"])
        place = unknown["place"] or "it"
        return f"{place} has no {unknown['wrong']}; {allowed(known, unknown['wrong'])}"
    return text.partition("\n")[0]


def _usual(project: Project, request: BuildRequest) -> dict[str, Any]:
    """Build with the layers of the latest image, push by the build's id and as latest, and deploy: what a trigger does by commit."""
    settings = request.settings
    dockerfile = request.dockerfile or (settings.dockerfile if settings else "Dockerfile")
    if not (request.dir / dockerfile).is_file():
        raise UsageProblem(
            f"{request.dir} has neither a cloudbuild.yaml nor a {dockerfile}: name the folder that has one, or give --dockerfile."
        )
    image_name = settings.image if settings else request.folder.resolve().name.lower()
    image = address(project, request.image or image_name)
    folder = settings.dir if settings else "."
    secrets = settings.secrets if settings else {}
    build = [
        "build",
        f"--cache-from={image}:latest",
        "--build-arg=BUILDKIT_INLINE_CACHE=1",
        *(f"--secret=id={name},env={name}" for name in secrets),
        f"--tag={image}:$BUILD_ID",
        f"--tag={image}:latest",
        f"--file={PurePosixPath(folder, dockerfile)}",
        folder,
    ]
    pull = f"docker pull {image}:latest || echo 'no latest image yet: every layer is built'"
    steps: list[dict[str, Any]] = [
        {"id": "cache", "name": _DOCKER, "entrypoint": "bash", "args": ["-c", pull]},
        {"id": "build", "name": _DOCKER, "args": build, "env": ["DOCKER_BUILDKIT=1"], "secretEnv": list(secrets)},
    ]
    deploys = list(_deploys(project, settings, image)) if settings else []
    if deploys:
        # Cloud Build pushes `images` after all steps, and what is deployed has to be there before.
        steps += [{"id": "push", "name": _DOCKER, "args": ["push", "--all-tags", image]}, *deploys]
    deployed = [
        {"env": name, "versionName": f"projects/{project.id}/secrets/{secret}/versions/latest"}
        for name, secret in secrets.items()
    ]
    return {
        "steps": steps,
        "images": [f"{image}:$BUILD_ID", f"{image}:latest"],
        **({"availableSecrets": {"secretManager": deployed}} if deployed else {}),
    }


def _deploys(project: Project, settings: Settings, image: str) -> Iterator[dict[str, Any]]:
    environment = project.environment
    for name in settings.deploys:
        for kind, specs in (("services", environment.services), ("jobs", environment.jobs)):
            if name in specs:
                words = ["run", kind, "update", name, f"--image={image}:$BUILD_ID", f"--region={project.region}", f"--project={project.id}"]  # fmt: skip
                yield {"id": f"deploy-{kind[:-1]}-{name}", "name": _GCLOUD, "entrypoint": "gcloud", "args": words}
