"""The docker builder: docker commands, run by this machine's podman or docker in the workspace, as the build's service account.

Image names are private to a build, as on the fresh VM that each build has at Google: images that it has neither built nor pulled
do not exist for it, and what it builds is not tagged on this machine, whose tags belong to other builds and services.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from localcloud.containers.client import CommandLineRuntime, means_something
from localcloud.containers.workload import OnOutput, RuntimeProblem, Stream, check
from localcloud.engine.image_names import bare, full, is_ours
from localcloud.engine.workloads import Workloads
from localcloud.services.cloudbuild import dockerfiles, processes
from localcloud.services.cloudbuild.workspace import Outside, Workspace

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
_CACHE = "BUILDKIT_INLINE_CACHE"  # meant for BuildKit; podman would warn that nothing uses it
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PULLED = re.compile(r"Trying to pull (\S+?)(?:\.\.\.)?")
_SECRET = re.compile(r"[\w.-]{1,100}", re.ASCII)
_FLAG = re.compile(r"(--[a-z-]+)=(true|false)")
_COMMANDS = "build, tag, push, pull, login and run"


class UnsupportedCommand(Exception):
    """A sentence: a command or option that is not supported here."""


@dataclass(frozen=True)
class StepContext:
    """The context of a step's command: the working directory as the step sees it, environment, output callback, and secret values."""

    directory: str
    env: Mapping[str, str]
    on_output: OnOutput
    secrets: frozenset[str] = frozenset()

    def say(self, text: str) -> None:
        """Writes to the build's log."""
        self.on_output("stdout", text)


@dataclass(frozen=True)
class RunContainer:
    """A container for `docker run`; `made` is the id of its image."""

    image: str
    made: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    mounts: tuple[tuple[Path, str], ...]
    entrypoint: str
    directory: str
    user: str


Run = Callable[[RunContainer, StepContext], Awaitable[int]]


class Arguments(argparse.ArgumentParser):
    """A parser for one command's options; raises UnsupportedCommand for others."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raises UnsupportedCommand with the option's name."""
        raise UnsupportedCommand(f"{self.prog}: {message}. The local cloud supports the common options of {_COMMANDS}.")


@dataclass
class Docker:
    """One build's images. `principal` is its account, `env` lets podman or docker act as it, `run` runs a container."""

    workloads: Workloads
    client: CommandLineRuntime
    principal: str
    env: Mapping[str, str]
    space: Workspace
    run: Run
    images: dict[str, str] = field(default_factory=dict)

    async def carry_out(self, args: Sequence[str], step_context: StepContext) -> int:
        """Carries out one docker command; returns its exit code."""
        words = [one for one in args if _FLAG.fullmatch(one) is None or one.endswith("=true")]
        words = [one.removesuffix("=true") if _FLAG.fullmatch(one) else one for one in words]
        if words[:1] and words[0] in ("image", "buildx", "builder"):
            words = words[1:]
        if not words:
            raise UnsupportedCommand(f"docker: no command was given; the local cloud supports {_COMMANDS}.")
        verbs: dict[str, Callable[[Sequence[str], StepContext], Awaitable[int]]] = {
            "build": self._build,
            "tag": self._tag,
            "push": self._push,
            "pull": self._pull,
            "login": self._login,
            "run": self._run,
        }
        verb = verbs.get(words[0])
        if verb is None:
            raise UnsupportedCommand(f"docker {words[0]} is not supported by the local cloud, which has {_COMMANDS}.")
        try:
            return await verb(words[1:], step_context)
        except (RuntimeProblem, Outside) as problem:
            step_context.say(str(problem))
            return 1

    async def push(self, name: str, step_context: StepContext) -> tuple[int, str]:
        """Pushes one of the build's images; returns the exit code and the digest in the registry."""
        identity = self.images.get(full(name), "")
        if not is_ours(name):
            step_context.say(
                f"{name} is not pushed: the local cloud has only Artifact Registry (REGION-docker.pkg.dev), and gcr.io no longer accepts images."
            )
            return 1, ""
        target = self.workloads.reachable(self.client, full(name))
        step_context.say(f"The push refers to repository [{bare(name)}]")
        digest = self._file_of_its_own("digest")
        if self.client.name == "podman":
            words = ["push", "--quiet", f"--digestfile={digest}", identity, f"docker://{target}"]
        else:
            await asyncio.to_thread(self.client.call, "tag", identity, target)
            words = ["push", target]
        output: list[str] = []

        def on_output(_stream: object, line: str) -> None:
            output.append(line)
            step_context.say(line.removeprefix("Error: "))

        code = await self._call(words, on_output, step_context, self.env)
        if self.client.name != "podman":
            await asyncio.to_thread(self.client.keep_unnamed, identity, target)
        reported = next((match[1] for line in output if (match := _DIGEST.search(line))), "")
        pushed = digest.read_text("utf-8").strip() if digest.exists() else reported
        if code == 0:
            self.workloads.here[pushed] = identity
            step_context.say(f"{full(name).rpartition(':')[2]}: digest: {pushed}")
        # podman checks for a layer first, and the error of that has no message.
        elif any("403" in line for line in output):
            step_context.say(
                f'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "{repository(name)}" (or it may '
                "not exist)"
            )
        return code, pushed

    async def _build(self, args: Sequence[str], step_context: StepContext) -> int:
        options = _BUILD.parse_args(args)
        context = self.space.here(options.path, step_context.directory)
        dockerfile = (
            self.space.here(options.file, step_context.directory)
            if options.file
            else self.space.here("Dockerfile", f"/workspace/{context.relative_to(self.space.source.resolve())}")
        )
        if not dockerfile.is_file():
            raise RuntimeProblem(f"unable to prepare context: there is no Dockerfile at {options.file or 'Dockerfile'}")
        identity = self._file_of_its_own("image")
        env = dict(self.env)
        words = [
            "build",
            "--force-rm",
            *self.client.kind.build_options,
            f"--iidfile={identity}",
            f"--file={dockerfile}",
        ]
        words += ["--http-proxy=false"] if self.client.name == "podman" else []
        for one in options.build_arg:
            words += self._build_arg(one, step_context, env)
        for name in ("target", "platform"):
            words += [f"--{name}={value}"] if (value := getattr(options, name)) else []
        words += [f"--label={one}" for one in options.label]
        words += [f"--secret={self._secret(one, step_context)}" for one in options.secret]
        words += ["--no-cache"] if options.no_cache else []
        pairs = (one.partition("=")[::2] for one in options.build_arg)
        given = {name: value or step_context.env.get(name, "") for name, value in pairs}
        async with self._bases(dockerfile, given) as pulled:
            code = await self._call([*words, str(context)], _noting(step_context.on_output, pulled), step_context, env)
        if code:
            return code
        made = identity.read_text("utf-8").strip()
        await asyncio.to_thread(self.client.keep_unnamed, made)
        for tag in options.tag:
            self.images[full(tag)] = made
            step_context.say(f"Successfully tagged {full(tag)}")
        for tag in options.tag if options.push else ():
            if (code := (await self.push(tag, step_context))[0]) != 0:
                return code
        return 0

    def _build_arg(self, argument: str, step_context: StepContext, env: dict[str, str]) -> list[str]:
        """The arguments for a --build-arg.

        A secret is not put on the command line: podman and docker read it from their environment by the same name, which must
        not be a variable that they use themselves.
        """
        name, given, value = argument.partition("=")
        value = value if given else step_context.env.get(name, "")
        if name == _CACHE:
            return []
        if not any(secret in value for secret in step_context.secrets):
            return [f"--build-arg={name}={value}"]
        if not _NAME.fullmatch(name) or name in {**env, **self.client.environment} or means_something(name):
            raise UnsupportedCommand(
                f"docker build: the secret --build-arg {name} must have a name that docker does not use itself."
            )
        env[name] = value
        return [f"--build-arg={name}"]

    @asynccontextmanager
    async def _bases(self, dockerfile: Path, arguments: Mapping[str, str]) -> AsyncIterator[set[str]]:
        """Makes a Dockerfile's images available by their names meanwhile: those pulled as the build's account, and this build's own.

        What podman pulls by itself, as the same account, is to be noted in the set: it loses its name afterwards as well.
        """
        tagged: dict[str, str] = {}
        pulled: set[str] = set()
        text = await asyncio.to_thread(dockerfile.read_text, "utf-8", "replace")
        try:
            for base in map(full, dockerfiles.images(text, arguments)):
                made = self.images.get(base, "")
                if not made and is_ours(base):
                    made = (await asyncio.to_thread(self.workloads.fetch, base, self.principal)).made
                if made and "@" not in base:  # that is no name to tag with: podman finds it by its digest
                    tagged[base] = made
                    self.workloads.bases_in_use[base] += 1
                    await asyncio.to_thread(self.client.call, "tag", made, base)
            yield pulled
        finally:
            self.workloads.bases_in_use.subtract(tagged.keys())
            for base, made in tagged.items():
                if not self.workloads.bases_in_use[base]:
                    await asyncio.to_thread(self.client.keep_unnamed, made, base)
            for name in pulled:
                with suppress(RuntimeProblem):
                    made, _ = await asyncio.to_thread(self.client.image, name)
                    await asyncio.to_thread(self.client.keep_unnamed, made, name)

    def _secret(self, option: str, step_context: StepContext) -> str:
        """A --secret option with a file on this machine; variables are only those of the step."""
        parts = dict(part.partition("=")[::2] for part in option.split(","))
        identity, name = parts.get("id", ""), parts.get("env") or parts.get("id", "")
        if not _SECRET.fullmatch(identity) or not _SECRET.fullmatch(name):
            raise UnsupportedCommand(
                f"docker build: --secret {option[:100]!r} must have an id of letters, digits, '.', '_' or '-'."
            )
        if source := parts.get("src") or parts.get("source"):
            file = str(self.space.here(source, step_context.directory))
            if "," in file:
                raise Outside(f"{source!r} cannot be a secret: its path has a comma, which would begin another option.")
            return f"id={identity},src={file}"
        secret_file = self._file_of_its_own(f"secret-{name}")
        secret_file.write_text(step_context.env.get(name, ""), "utf-8")
        return f"id={identity},src={secret_file}"

    def _file_of_its_own(self, name: str) -> Path:
        """A file for one command: steps may run in parallel."""
        return self.space.credentials / f"{name}-{uuid.uuid4().hex}"

    async def _tag(self, args: Sequence[str], step_context: StepContext) -> int:
        if len(args) != 2:
            raise UnsupportedCommand("docker tag takes an image and a new name.")
        identity = self.images.get(full(args[0]))
        if identity is None:
            step_context.say(f"Error response from daemon: No such image: {full(args[0])}")
            return 1
        self.images[full(args[1])] = identity
        return 0

    async def _push(self, args: Sequence[str], step_context: StepContext) -> int:
        options = _PUSH.parse_args(args)
        names = [name for name in self.images if bare(name) == options.name] if options.all_tags else [options.name]
        if not names or any(full(name) not in self.images for name in names):
            step_context.say(f"An image does not exist locally with the tag: {bare(options.name)}")
            return 1
        for name in names:
            code, _ = await self.push(name, step_context)
            if code:
                return code
        return 0

    async def _pull(self, args: Sequence[str], step_context: StepContext) -> int:
        name = full(_PULL.parse_args(args).name)
        fetched = await asyncio.to_thread(self.workloads.fetch, name, self.principal)
        self.images[name] = fetched.made
        step_context.say(f"Status: Image is up to date for {name}")
        return 0

    async def _login(self, _args: Sequence[str], step_context: StepContext) -> int:
        step_context.say("Login Succeeded (the build's account is already logged in to Artifact Registry)")
        return 0

    async def _run(self, args: Sequence[str], step_context: StepContext) -> int:
        options = _RUN.parse_args(args)
        env = {
            name: value or step_context.env.get(name, "")
            for name, _, value in (one.partition("=") for one in options.env)
        }
        mounts = []
        for one in options.volume:
            source, _, rest = one.partition(":")
            folder = self.space.here(source, step_context.directory) if "/" in source else self.space.volume(source)
            mounts.append((folder, rest.partition(":")[0]))
        check(options.image)
        name = full(options.image)
        if not (image := self.images.get(name, "")):
            image = (await asyncio.to_thread(self.workloads.fetch, name, self.principal)).made
        return await self.run(
            RunContainer(
                name,
                image,
                tuple(options.args),
                env,
                tuple(mounts),
                options.entrypoint or "",
                options.workdir or "",
                options.user or "",
            ),
            step_context,
        )

    async def _call(
        self, words: Sequence[str], on_output: OnOutput, step_context: StepContext, env: Mapping[str, str]
    ) -> int:
        folder = self.space.here(".", step_context.directory)
        return await processes.run(
            [self.client.kind.program, *words],
            on_output,
            env={**self.client.environment, **env},
            folder=folder,
            noted=self.workloads.note,
        )


def _noting(on_output: OnOutput, pulled: set[str]) -> OnOutput:
    """Passes lines on, and notes the images of this cloud that podman pulls by itself."""

    def noted(stream: Stream, line: str) -> None:
        if (match := _PULLED.fullmatch(line)) is not None and is_ours(match[1]):
            pulled.add(match[1])
        on_output(stream, line)

    return noted


def repository(name: str) -> str:
    """The full name of an image's Artifact Registry repository."""
    host, project, folder, *_ = [*bare(name).split("/"), "", ""]
    return f"projects/{project}/locations/{host.removesuffix('-docker.pkg.dev')}/repositories/{folder}"


def _options(prog: str, many: str, one: str, flags: str) -> Arguments:
    """A parser for options that may be given many times, once, or as flags without a value; "t/tag" has a short form."""
    parser = Arguments(prog)
    for names, how in ((many, {"action": "append", "default": []}), (one, {}), (flags, {"action": "store_true"})):
        for name in names.split():
            short, _, long = name.rpartition("/")
            parser.add_argument(*([f"-{short}"] if short else []), f"--{long}", **how)
    return parser


def _build_arguments() -> Arguments:
    parser = _options(
        "docker build",
        "t/tag build-arg label secret cache-from cache-to",
        "f/file target platform network progress shm-size m/memory provenance sbom",
        "no-cache pull q/quiet rm force-rm compress push load",
    )
    parser.add_argument("path")
    return parser


def _run_arguments() -> Arguments:
    parser = _options(
        "docker run", "e/env v/volume p/publish", "w/workdir entrypoint u/user name network", "rm i/interactive t/tty"
    )
    parser.add_argument("image")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    return parser


def _named(prog: str, flags: str) -> Arguments:
    parser = _options(prog, "", "", flags)
    parser.add_argument("name")
    return parser


_BUILD = _build_arguments()
_RUN = _run_arguments()
_PUSH = _named("docker push", "a/all-tags q/quiet")
_PULL = _named("docker pull", "q/quiet")
