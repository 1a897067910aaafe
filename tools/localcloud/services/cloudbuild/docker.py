"""The docker builder: its commands, run by this machine's podman or docker in the workspace, as the build's service account.

Names are the build's own, as on the fresh machine that a build has at Google: an image that it has neither built nor pulled is not there,
and what it builds gets no name on this machine, where other builds and services have theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from localcloud.containers.client import CommandLineRuntime, means_something
from localcloud.containers.workload import Heard, RuntimeProblem, check
from localcloud.engine.image_names import is_ours
from localcloud.engine.workloads import Workloads
from localcloud.services.cloudbuild import processes
from localcloud.services.cloudbuild.workspace import Outside, Workspace

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE | re.MULTILINE)
_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
_CACHE = "BUILDKIT_INLINE_CACHE"  # a word to BuildKit: podman would warn that nothing uses it
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SECRET = re.compile(r"[\w.-]{1,100}", re.ASCII)
_FLAG = re.compile(r"(--[a-z-]+)=(true|false)")
_COMMANDS = "build, tag, push, pull, login and run"


class NotUnderstood(Exception):
    """A sentence: a command or an option that is not carried out here."""


@dataclass(frozen=True)
class StepContext:
    """Where and as what a command is carried out: the directory as the step sees it, its variables, who hears what is written, and the
    values of its secrets."""

    directory: str
    env: Mapping[str, str]
    heard: Heard
    secrets: frozenset[str] = frozenset()

    def say(self, text: str) -> None:
        """Writes to the build's log."""
        self.heard("stdout", text)


@dataclass(frozen=True)
class Contained:
    """What `docker run` is to run."""

    image: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    mounts: tuple[tuple[Path, str], ...]
    entrypoint: str
    directory: str
    user: str


Run = Callable[[Contained, StepContext], Awaitable[int]]


class Arguments(argparse.ArgumentParser):
    """Options of one command; NotUnderstood for others."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Says which option it was."""
        raise NotUnderstood(f"{self.prog}: {message}. The local cloud carries out the common options of {_COMMANDS}.")


@dataclass
class Docker:
    """The images of one build. `principal` is its account, `env` what podman or docker need to act as it, `run` runs a container."""

    workloads: Workloads
    client: CommandLineRuntime
    principal: str
    env: Mapping[str, str]
    space: Workspace
    run: Run
    images: dict[str, str] = field(default_factory=dict)

    async def carry_out(self, args: Sequence[str], place: StepContext) -> int:
        """The exit code of one command of docker's."""
        words = [one for one in args if _FLAG.fullmatch(one) is None or one.endswith("=true")]
        words = [one.removesuffix("=true") if _FLAG.fullmatch(one) else one for one in words]
        if words[:1] and words[0] in ("image", "buildx", "builder"):
            words = words[1:]
        if not words:
            raise NotUnderstood(f"docker: no command was given; the local cloud carries out {_COMMANDS}.")
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
            raise NotUnderstood(f"docker {words[0]} is not carried out by the local cloud; it knows {_COMMANDS}.")
        try:
            return await verb(words[1:], place)
        except (RuntimeProblem, Outside) as problem:
            place.say(str(problem))
            return 1

    async def push(self, name: str, place: StepContext) -> tuple[int, str]:
        """The exit code of a push of an image of this build's, and the digest that it has in the registry."""
        identity = self.images.get(full(name), "")
        if not is_ours(name):
            place.say(
                f"{name} is not pushed: the local cloud has Artifact Registry only (REGION-docker.pkg.dev), and gcr.io takes no more images."
            )
            return 1, ""
        target = self.workloads.reachable(self.client, full(name))
        place.say(f"The push refers to repository [{bare(name)}]")
        digest = self.space.credentials / "digest"
        digest.unlink(missing_ok=True)
        if self.client.name == "podman":
            words = ["push", "--quiet", f"--digestfile={digest}", identity, f"docker://{target}"]
        else:
            await asyncio.to_thread(self.client.call, "tag", identity, target)
            words = ["push", target]
        seen: list[str] = []

        def heard(_stream: object, line: str) -> None:
            seen.append(line)
            place.say(line.removeprefix("Error: "))

        code = await self._call(words, heard, place, self.env)
        if self.client.name != "podman":
            await asyncio.to_thread(self._unnamed, target)
        said = next((match[1] for line in seen if (match := _DIGEST.search(line))), "")
        found = digest.read_text("utf-8").strip() if digest.exists() else said
        if code == 0:
            self.workloads.here[found] = identity
            place.say(f"{full(name).rpartition(':')[2]}: digest: {found}")
        elif any(
            "403" in line for line in seen
        ):  # podman has asked for a layer first, and what refuses that has no words
            place.say(
                f'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "{repository(name)}" (or it may '
                "not exist)"
            )
        return code, found

    async def _build(self, args: Sequence[str], place: StepContext) -> int:
        found = _BUILD.parse_args(args)
        context = self.space.here(found.path, place.directory)
        dockerfile = (
            self.space.here(found.file, place.directory)
            if found.file
            else self.space.here("Dockerfile", f"/workspace/{context.relative_to(self.space.source.resolve())}")
        )
        if not dockerfile.is_file():
            raise RuntimeProblem(f"unable to prepare context: there is no Dockerfile at {found.file or 'Dockerfile'}")
        identity = self.space.credentials / "image"
        env, words = (
            dict(self.env),
            ["build", "--force-rm", *self.client.kind.build_options, f"--iidfile={identity}", f"--file={dockerfile}"],
        )
        words += ["--http-proxy=false"] if self.client.name == "podman" else []
        for one in found.build_arg:
            words += self._build_arg(one, place, env)
        for name in ("target", "platform"):
            words += [f"--{name}={value}"] if (value := getattr(found, name)) else []
        words += [f"--label={one}" for one in found.label]
        words += [f"--secret={self._secret(one, place)}" for one in found.secret]
        words += ["--no-cache"] if found.no_cache else []
        async with self._bases(dockerfile):
            code = await self._call([*words, str(context)], place.heard, place, env)
        if code:
            return code
        for tag in found.tag:
            self.images[full(tag)] = made = identity.read_text("utf-8").strip()
            if self.client.name == "docker":  # where the last name goes, the image goes; by this one nobody asks for it
                kept = f"local-cloud/built:{made.removeprefix('sha256:')}"
                await asyncio.to_thread(self.client.call, "tag", made, kept)
            place.say(f"Successfully tagged {full(tag)}")
        for tag in found.tag if found.push else ():
            if (code := (await self.push(tag, place))[0]) != 0:
                return code
        return 0

    def _build_arg(self, said: str, place: StepContext, env: dict[str, str]) -> list[str]:
        """The words of a --build-arg. A secret is on no command line: podman and docker find it in their environment by the same name,
        which must be none that means something to themselves."""
        name, given, value = said.partition("=")
        value = value if given else place.env.get(name, "")
        if name == _CACHE:
            return []
        if not any(secret in value for secret in place.secrets):
            return [f"--build-arg={name}={value}"]
        if not _NAME.fullmatch(name) or name in {**env, **self.client.environment} or means_something(name):
            raise NotUnderstood(
                f"docker build: the secret --build-arg {name} must have a name that means nothing to docker."
            )
        env[name] = value
        return [f"--build-arg={name}"]

    @asynccontextmanager
    async def _bases(self, dockerfile: Path) -> AsyncIterator[None]:
        """While it lasts, what a Dockerfile begins with is there: from the registry as this build's account, or as this build has made it."""
        named = []
        text = await asyncio.to_thread(dockerfile.read_text, "utf-8", "replace")
        for base in {full(one) for one in _FROM.findall(text) if "$" not in one}:
            if base in self.images:
                await asyncio.to_thread(self.client.call, "tag", self.images[base], base)
                named.append(base)
            elif is_ours(base):
                fetched = await asyncio.to_thread(self.workloads.fetch, base, self.principal)
                await asyncio.to_thread(self.client.call, "tag", fetched.made, base)
        try:
            yield
        finally:
            for base in named:
                await asyncio.to_thread(self._unnamed, base)

    def _unnamed(self, name: str) -> None:
        """Takes a name away, not the layers: they are the cache of the next build."""
        words = ("untag", name) if self.client.name == "podman" else ("rmi", "--no-prune", name)
        with suppress(RuntimeProblem):
            self.client.call(*words, timeout=60)

    def _secret(self, said: str, place: StepContext) -> str:
        """A --secret with its file on this machine; of variables the step has only its own."""
        parts = dict(part.partition("=")[::2] for part in said.split(","))
        identity, name = parts.get("id", ""), parts.get("env") or parts.get("id", "")
        if not _SECRET.fullmatch(identity) or not _SECRET.fullmatch(name):
            raise NotUnderstood(
                f"docker build: --secret {said[:100]!r} must have an id of letters, digits, '.', '_' and '-'."
            )
        if source := parts.get("src") or parts.get("source"):
            return f"id={identity},src={self.space.here(source, place.directory)}"
        held = self.space.credentials / f"secret-{name}"
        held.write_text(place.env.get(name, ""), "utf-8")
        return f"id={identity},src={held}"

    async def _tag(self, args: Sequence[str], place: StepContext) -> int:
        if len(args) != 2:
            raise NotUnderstood("docker tag takes an image and a new name.")
        identity = self.images.get(full(args[0]))
        if identity is None:
            place.say(f"Error response from daemon: No such image: {full(args[0])}")
            return 1
        self.images[full(args[1])] = identity
        return 0

    async def _push(self, args: Sequence[str], place: StepContext) -> int:
        found = _PUSH.parse_args(args)
        names = [name for name in self.images if bare(name) == found.name] if found.all_tags else [found.name]
        if not names or any(full(name) not in self.images for name in names):
            place.say(f"An image does not exist locally with the tag: {bare(found.name)}")
            return 1
        for name in names:
            code, _ = await self.push(name, place)
            if code:
                return code
        return 0

    async def _pull(self, args: Sequence[str], place: StepContext) -> int:
        name = full(_PULL.parse_args(args).name)
        fetched = await asyncio.to_thread(self.workloads.fetch, name, self.principal)
        self.images[name] = fetched.made
        place.say(f"Status: Image is up to date for {name}")
        return 0

    async def _login(self, _args: Sequence[str], place: StepContext) -> int:
        place.say("Login Succeeded (the build's account is logged in to Artifact Registry already)")
        return 0

    async def _run(self, args: Sequence[str], place: StepContext) -> int:
        found = _RUN.parse_args(args)
        env = {name: value or place.env.get(name, "") for name, _, value in (one.partition("=") for one in found.env)}
        mounts = []
        for one in found.volume:
            source, _, rest = one.partition(":")
            held = self.space.here(source, place.directory) if "/" in source else self.space.volume(source)
            mounts.append((held, rest.partition(":")[0]))
        check(found.image)
        name = full(found.image)
        wanted = self.images.get(name, found.image)
        return await self.run(
            Contained(
                wanted,
                tuple(found.args),
                env,
                tuple(mounts),
                found.entrypoint or "",
                found.workdir or "",
                found.user or "",
            ),
            place,
        )

    async def _call(self, words: Sequence[str], heard: Heard, place: StepContext, env: Mapping[str, str]) -> int:
        folder = self.space.here(".", place.directory)
        return await processes.run(
            [self.client.kind.program, *words],
            heard,
            env={**self.client.environment, **env},
            folder=folder,
            noted=self.workloads.note,
        )


def full(name: str) -> str:
    """An image's name with its tag."""
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"


def bare(name: str) -> str:
    """An image's name without tag and digest."""
    return full(name).partition("@")[0].rpartition(":")[0]


def repository(name: str) -> str:
    """The Artifact Registry repository that an image lies in."""
    host, project, folder, *_ = [*bare(name).split("/"), "", ""]
    return f"projects/{project}/locations/{host.removesuffix('-docker.pkg.dev')}/repositories/{folder}"


def _options(prog: str, many: str, one: str, flags: str) -> Arguments:
    """A parser of options by their names, those with a short one as "t/tag": what may be given often, once, and without a value."""
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
