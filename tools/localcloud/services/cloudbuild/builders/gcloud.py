"""The gcloud builder: parses the deployments, executions and training jobs that the local cloud carries out itself; the rest needs gcloud."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence

from localcloud.engine.service import Body
from localcloud.services.cloudbuild import recipes
from localcloud.services.cloudbuild.builders.deployments import Deployment, pairs
from localcloud.services.cloudbuild.builders.docker_options import Arguments, UnsupportedCommand

_SECONDS = re.compile(r"\d{1,5}s?")
_COMMANDS = {
    ("run", "deploy"): ("services", True),
    ("run", "services", "update"): ("services", False),
    ("run", "jobs", "deploy"): ("jobs", True),
    ("run", "jobs", "update"): ("jobs", False),
}
"""Command -> (what it deploys, whether it creates a missing one)."""


class Unsupported(Exception):
    """A command or option that the local cloud does not carry out itself."""


def deployment(args: Sequence[str], project: str) -> Deployment:
    """The deployment for a `gcloud run` command; raises Unsupported for others."""
    words = [one for one in args if one not in ("--quiet", "-q")]
    command = next((one for one in _COMMANDS if tuple(words[: len(one)]) == one), None)
    if command is None:
        raise Unsupported
    kind, creates = _COMMANDS[command]
    try:
        options = _PARSERS[kind].parse_args([_spelt(one) for one in words[len(command) :]])
    except UnsupportedCommand:
        raise Unsupported from None
    if not options.region or (creates and not options.image) or not _SECONDS.fullmatch(options.timeout or "1"):
        raise Unsupported
    return Deployment(kind, vars(options), options.project or project, creates)


def execution(args: Sequence[str], project: str) -> tuple[str, bool]:
    """The job for `gcloud run jobs execute`, and whether to wait for its end; raises Unsupported for others."""
    words = [one for one in args if one not in ("--quiet", "-q")]
    if words[:3] != ["run", "jobs", "execute"]:
        raise Unsupported
    try:
        options = _EXECUTE.parse_args(words[3:])
    except UnsupportedCommand:
        raise Unsupported from None
    if not options.region:
        raise Unsupported
    return f"projects/{options.project or project}/locations/{options.region}/jobs/{options.name}", options.wait


def training(args: Sequence[str], project: str, files: Mapping[str, str]) -> tuple[str, Body]:
    """Parent and body of the custom job for `gcloud ai custom-jobs create`; `files` maps --config's name to its text.

    Raises Unsupported for other commands.
    """
    words = [one for one in args if one not in ("--quiet", "-q")]
    if words[:3] != ["ai", "custom-jobs", "create"]:
        raise Unsupported
    try:
        options = _TRAIN.parse_args([_spelt(one) for one in words[3:]])
    except UnsupportedCommand:
        raise Unsupported from None
    if not (options.region and options.display_name and options.config):
        raise Unsupported
    spec = recipes.yaml(files[options.config], options.config)
    pools = next((key for key in ("workerPoolSpecs", "worker_pool_specs") if key in spec), "workerPoolSpecs")
    if isinstance(spec.get(pools), dict):
        spec[pools] = [spec[pools]]
    for one in spec.get(pools, []):
        container = one.get("containerSpec") or one.get("container_spec")
        if container is not None:
            container |= {"args": options.args.split(",")} if options.args else {}
            container |= {"command": options.command.split(",")} if options.command else {}
    if options.service_account:
        spec["serviceAccount"] = options.service_account
    labels = {"labels": dict(pairs(options.labels))} if options.labels else {}
    body: Body = {"displayName": options.display_name, "jobSpec": spec, **labels}
    return f"projects/{options.project or project}/locations/{options.region}", body


def config(args: Sequence[str]) -> str:
    """The file name in a command's --config; "" without one."""
    for at, one in enumerate(args):
        if one.startswith("--config="):
            return one.removeprefix("--config=")
        if one == "--config" and at + 1 < len(args):
            return args[at + 1]
    return ""


def _spelt(word: str) -> str:
    """A flag without "=true", which gcloud accepts and argparse does not."""
    return word.removesuffix("=true") if word.startswith("--allow-unauthenticated=") else word


def _parser(prog: str, texts: str, numbers: str = "", flags: str = "", name: str = "name") -> Arguments:
    parser = Arguments(f"gcloud {prog}")
    if name:
        parser.add_argument(name)
    for one in texts.split():
        parser.add_argument(f"--{one}")
    for one in numbers.split():
        parser.add_argument(f"--{one}", type=int)
    for one in flags.split():
        parser.add_argument(f"--{one}", action=argparse.BooleanOptionalAction, default=None)
    return parser


_ALIKE = (
    "image region platform project memory cpu timeout service-account set-env-vars update-env-vars set-secrets update-secrets "
    "format verbosity"
)
_PARSERS = {
    "services": _parser("run deploy", _ALIKE, "port min-instances max-instances concurrency", "allow-unauthenticated"),
    "jobs": _parser("run jobs update", f"{_ALIKE} task-timeout", "tasks parallelism max-retries"),
}
_EXECUTE = _parser("run jobs execute", "region project format", flags="wait")
_TRAIN = _parser(
    "ai custom-jobs create", "region display-name config project args command service-account labels", name=""
)
