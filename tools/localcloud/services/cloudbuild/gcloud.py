"""The gcloud builder: deployments and training jobs become requests to the local cloud as the build's service account; other commands go to this machine's gcloud, if there is one."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.services.cloudbuild import recipes
from localcloud.services.cloudbuild.deployments import Deployment, pairs
from localcloud.services.cloudbuild.docker import Arguments, NotUnderstood

Body = dict[str, Any]
_SECONDS = re.compile(r"\d{1,5}s?")
_COMMANDS = {
    ("run", "deploy"): ("services", True),
    ("run", "services", "update"): ("services", False),
    ("run", "jobs", "deploy"): ("jobs", True),
    ("run", "jobs", "update"): ("jobs", False),
}
"""Command -> what it deploys, and whether it makes what is not there."""


class Beyond(Exception):
    """A command that means more than is understood here."""


def deployment(args: Sequence[str], project: str) -> Deployment:
    """What a command of Cloud Run's means; Beyond when it means more than is understood here."""
    words = [one for one in args if one not in ("--quiet", "-q")]
    command = next((one for one in _COMMANDS if tuple(words[: len(one)]) == one), None)
    if command is None:
        raise Beyond
    kind, creates = _COMMANDS[command]
    try:
        found = _PARSERS[kind].parse_args([_spelt(one) for one in words[len(command) :]])
    except NotUnderstood:
        raise Beyond from None
    if not found.region or (creates and not found.image) or not _SECONDS.fullmatch(found.timeout or "1"):
        raise Beyond
    return Deployment(kind, vars(found), found.project or project, creates)


def execution(args: Sequence[str], project: str) -> tuple[str, bool]:
    """The job that `gcloud run jobs execute` names, and whether its end is to be waited for; Beyond as above."""
    words = [one for one in args if one not in ("--quiet", "-q")]
    if words[:3] != ["run", "jobs", "execute"]:
        raise Beyond
    try:
        found = _EXECUTE.parse_args(words[3:])
    except NotUnderstood:
        raise Beyond from None
    if not found.region:
        raise Beyond
    return f"projects/{found.project or project}/locations/{found.region}/jobs/{found.name}", found.wait


def training(args: Sequence[str], project: str, files: Mapping[str, str]) -> tuple[str, Body]:
    """Parent and body of the custom job that `gcloud ai custom-jobs create` means; `files` answers for --config. Beyond as above."""
    words = [one for one in args if one not in ("--quiet", "-q")]
    if words[:3] != ["ai", "custom-jobs", "create"]:
        raise Beyond
    try:
        found = _TRAIN.parse_args([_spelt(one) for one in words[3:]])
    except NotUnderstood:
        raise Beyond from None
    if not (found.region and found.display_name and found.config):
        raise Beyond
    spec = recipes.yaml(files[found.config], found.config)
    pools = next((key for key in ("workerPoolSpecs", "worker_pool_specs") if key in spec), "workerPoolSpecs")
    if isinstance(spec.get(pools), dict):
        spec[pools] = [spec[pools]]
    for one in spec.get(pools, []):
        container = one.get("containerSpec") or one.get("container_spec")
        if container is not None:
            container |= {"args": found.args.split(",")} if found.args else {}
            container |= {"command": found.command.split(",")} if found.command else {}
    if found.service_account:
        spec["serviceAccount"] = found.service_account
    labels = {"labels": dict(pairs(found.labels))} if found.labels else {}
    body: Body = {"displayName": found.display_name, "jobSpec": spec, **labels}
    return f"projects/{found.project or project}/locations/{found.region}", body


def config(args: Sequence[str]) -> str:
    """The file that a command names by --config; "" for none."""
    for at, one in enumerate(args):
        if one.startswith("--config="):
            return one.removeprefix("--config=")
        if one == "--config" and at + 1 < len(args):
            return args[at + 1]
    return ""


def _spelt(word: str) -> str:
    """gcloud takes flags with a value of true or false where argparse does not."""
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
