"""The docker builder: docker commands, run by this machine's podman or docker in the workspace, as the build's service account.

Image names are private to a build, as on the fresh VM that each build has at Google: images that it has neither built nor pulled
do not exist for it, and what it builds is not tagged on this machine, whose tags belong to other builds and services.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.containers.client import CommandLineRuntime, means_something
from localcloud.containers.workload import KEPT, OnOutput, RuntimeProblem, check
from localcloud.engine.image_names import bare, full, is_ours, repository
from localcloud.engine.workloads import Workloads
from localcloud.services.cloudbuild.builders import base_images, docker_options, dockerfiles, processes
from localcloud.services.cloudbuild.builders.base_images import BaseImages
from localcloud.services.cloudbuild.builders.docker_options import UnsupportedCommand
from localcloud.services.cloudbuild.workspace import Outside, Workspace

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
# Meant for BuildKit: podman would warn that nothing uses them, and the second says whose caches a build mounts.
# Source: https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args.
_CACHE, _CACHES = "BUILDKIT_INLINE_CACHE", "BUILDKIT_CACHE_MOUNT_NS"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SECRET = re.compile(r"[\w.-]{1,100}", re.ASCII)
_FLAG = re.compile(r"(--[a-z-]+)=(true|false)")


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
            raise UnsupportedCommand(
                f"docker: no command was given; the local cloud supports {docker_options.COMMANDS}."
            )
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
            raise UnsupportedCommand(
                f"docker {words[0]} is not supported by the local cloud, which has {docker_options.COMMANDS}."
            )
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
        step_context.say(f"The push refers to repository [{bare(name)}]")
        if self.client.kind.in_virtual_machine:
            try:
                pushed = await asyncio.to_thread(self.workloads.push, self.client, identity, full(name), self.principal)
            except RuntimeProblem as problem:
                step_context.say(str(problem))
                return 1, ""
            return self._pushed(name, identity, pushed, step_context)
        target = self.workloads.reachable(self.client, full(name))
        digest = self._file_of_its_own("digest")
        if self.client.name == "podman":
            words = ["push", "--quiet", f"--digestfile={digest}", identity, f"docker://{target}"]
        else:
            await asyncio.to_thread(self.client.call, "tag", identity, target)
            words = ["push", target]
        output: list[str] = []

        def on_output(_stream: object, line: str) -> None:
            output.append(line)
            # Both are said once, under the image's own name.
            if not line.startswith("The push refers to") and not _DIGEST.search(line):
                step_context.say(line.removeprefix("Error: "))

        code = await self._call(words, on_output, step_context, self.env)
        if self.client.name != "podman":
            await asyncio.to_thread(self.client.keep_unnamed, identity, target)
        reported = next((match[1] for line in output if (match := _DIGEST.search(line))), "")
        pushed = digest.read_text("utf-8").strip() if digest.exists() else reported
        if code == 0:
            return self._pushed(name, identity, pushed, step_context)
        # podman checks for a layer first, and the error of that has no message.
        if any("403" in line for line in output):
            step_context.say(
                f'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "{repository(name)}" (or it may '
                "not exist)"
            )
        return code, ""

    def _pushed(self, name: str, identity: str, digest: str, step_context: StepContext) -> tuple[int, str]:
        self.workloads.here[digest] = identity
        step_context.say(f"{full(name).rpartition(':')[2]}: digest: {digest}")
        return 0, digest

    async def _build(self, args: Sequence[str], step_context: StepContext) -> int:
        options = docker_options.BUILD.parse_args(args)
        context = self.space.here(options.path, step_context.directory)
        dockerfile = self.space.here(options.file or f"{options.path}/Dockerfile", step_context.directory)
        if not dockerfile.is_file() or not context.is_dir():
            raise RuntimeProblem(f"unable to prepare context: there is no Dockerfile at {options.file or 'Dockerfile'}")
        text, copy = await asyncio.to_thread(self._copied, dockerfile)
        identity = self._file_of_its_own("image")
        env = {**self.env, **(await asyncio.to_thread(self._caches) if self.client.name == "podman" else {})}
        # Not --iidfile with docker: BuildKit writes the digest of the image's configuration, by which containerd's store does not find it.
        named = [] if self.client.name == "podman" else [f"{KEPT}:{uuid.uuid4().hex}"]
        words = ["build", "--force-rm", *self.client.kind.build_options, f"--file={copy}"]
        words += [f"--tag={one}" for one in named] or ["--http-proxy=false", f"--iidfile={identity}"]
        words += [f"--build-arg={_CACHES}={self._owner()}"] if self.client.kind.buildkit else []
        for one in options.build_arg:
            words += self._build_arg(one, step_context, env)
        for name in ("target", "platform"):
            words += [f"--{name}={value}"] if (value := getattr(options, name)) else []
        words += [f"--label={one}" for one in options.label]
        words += [f"--secret={self._secret(one, step_context)}" for one in options.secret]
        words += ["--no-cache"] if options.no_cache else []
        pairs = (one.partition("=")[::2] for one in options.build_arg)
        build_arguments = {name: value or step_context.env.get(name, "") for name, value in pairs}
        bases = BaseImages(self.workloads, self.client, self.principal, self.images)
        async with bases.named(text, build_arguments, context) as pulled:
            if self.client.name == "docker":
                words = [base_images.by_tag(word) for word in words]
                await asyncio.to_thread(copy.write_text, base_images.by_tag(text), "utf-8")
            code = await self._call(
                [*words, str(context)], base_images.noting(step_context.on_output, pulled), step_context, env
            )
        if code:
            return code
        made = [await asyncio.to_thread(self.client.image, one) for one in named]
        image_id = made[0][0] if made else identity.read_text("utf-8").strip()
        await asyncio.to_thread(self.client.keep_unnamed, image_id, *named)
        for tag in options.tag:
            self.images[full(tag)] = image_id
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
        if name in (_CACHE, _CACHES):
            return []
        if not any(secret in value for secret in step_context.secrets):
            return [f"--build-arg={name}={value}"]
        if not _NAME.fullmatch(name) or name in {**env, **self.client.environment} or means_something(name):
            raise UnsupportedCommand(
                f"docker build: the secret --build-arg {name} must have a name that docker does not use itself."
            )
        env[name] = value
        return [f"--build-arg={name}"]

    def _caches(self) -> dict[str, str]:
        """The variable by which podman keeps what RUN instructions cache apart from that of other accounts, and of other users."""
        folder = self.workloads.state / "build-caches" / self._owner()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {"TMPDIR": str(folder)}

    def _owner(self) -> str:
        """A name for this account of this local cloud, by which what builds cache is kept apart."""
        return hashlib.sha256(f"{self.workloads.state} {self.principal}".encode()).hexdigest()[:16]

    def _copied(self, dockerfile: Path) -> tuple[str, Path]:
        """A Dockerfile's text, and a file of its own that holds it, which no other step can change.

        podman would have the C preprocessor include any file into one whose name ends in ".in".
        """
        text, copy = dockerfiles.read(dockerfile), self._file_of_its_own("Dockerfile")
        copy.write_text(text, "utf-8")
        ignored = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
        if ignored.is_file() and not ignored.is_symlink():
            copy.with_name(f"{copy.name}.dockerignore").write_text(dockerfiles.read(ignored), "utf-8")
        return text, copy

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
        options = docker_options.PUSH.parse_args(args)
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
        name = full(docker_options.PULL.parse_args(args).name)
        fetched = await asyncio.to_thread(self.workloads.fetch, name, self.principal)
        self.images[name] = fetched.made
        step_context.say(f"Status: Image is up to date for {name}")
        return 0

    async def _login(self, _args: Sequence[str], step_context: StepContext) -> int:
        step_context.say("Login Succeeded (the build's account is already logged in to Artifact Registry)")
        return 0

    async def _run(self, args: Sequence[str], step_context: StepContext) -> int:
        options = docker_options.RUN.parse_args(args)
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
