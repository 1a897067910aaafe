"""Runs a build's steps: in containers, or with this machine's tools in place of Google's builders."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from localcloud.containers import children, programs
from localcloud.containers.workload import Mount, OnOutput, RuntimeProblem, Workload, program
from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.engine.image_names import full
from localcloud.engine.jobs import Job
from localcloud.engine.orders import NoRoom, Order, StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import git, names, workspace
from localcloud.services.cloudbuild.builders import machine_tools, processes, shell, stand_ins
from localcloud.services.cloudbuild.builders.deploying import GcloudCommands
from localcloud.services.cloudbuild.builders.docker import Docker, RunContainer, StepContext
from localcloud.services.cloudbuild.builders.docker_options import UnsupportedCommand
from localcloud.services.cloudbuild.builders.stand_ins import Tool
from localcloud.services.cloudbuild.workspace import Workspace

_SHELLS = ("bash", "sh", "/bin/bash", "/bin/sh")
_VARIABLES = ("PATH", "LANG", "LC_*", "TMPDIR")
_GRACE = 2
_AGAIN = 0.2


class StepFailed(Exception):
    """A sentence: why a step could not run, or failed."""


@dataclass
class StepRuns:
    """Runs the steps of one build. `docker` is None on a machine without podman and docker."""

    cloud: Cloud
    job: Job
    build: Body
    space: Workspace
    docker: Docker | None

    async def run(self, at: int, on_output: OnOutput) -> int:
        """Runs a step and returns its exit code. Raises StepFailed if it could not run."""
        step = self.build["steps"][at]
        try:
            directory = self.space.directory(step.get("dir", ""))
            env, secret = await self._environment(step)
            tool = stand_ins.tool(step["name"])
            if tool is None:
                return await self._contained(at, step, StepContext(directory, env, on_output, secret))
            self.space.here(directory).mkdir(parents=True, exist_ok=True)
            return await self._stood_in(tool, step, StepContext(directory, env, on_output, secret))
        except (RuntimeProblem, UnsupportedCommand, workspace.Outside, shell.UnsupportedScript, OSError) as problem:
            raise StepFailed(str(problem)) from None

    async def _environment(self, step: Body) -> tuple[dict[str, str], frozenset[str]]:
        """A step's variables, and those of their values that are secrets."""
        options = self.build["options"]
        substitutions = self.build.get("substitutions", {})
        mapped = step.get("automapSubstitutions", options.get("automapSubstitutions", False))
        variables = {**substitutions, **self._known()} if mapped else {}
        for line in (*options.get("env", []), *step.get("env", [])):
            name, _, value = line.partition("=")
            variables[name] = value
        wanted = {*options.get("secretEnv", []), *step.get("secretEnv", [])}
        secret = {
            one["env"]: await self._secret(one["versionName"])
            for one in self.build.get("availableSecrets", {}).get("secretManager", [])
            if one["env"] in wanted
        }
        return {**variables, **secret, "BUILDER_OUTPUT": workspace.OUTPUTS}, frozenset(filter(None, secret.values()))

    def _known(self) -> dict[str, str]:
        project = self.build["projectId"]
        return {
            "PROJECT_ID": project,
            "PROJECT_NUMBER": str(self.cloud.projects.number(project)),
            "BUILD_ID": self.build["id"],
            "LOCATION": self.build["name"].split("/")[3],
            "SERVICE_ACCOUNT": self.build["serviceAccount"],
            "SERVICE_ACCOUNT_EMAIL": self.build["serviceAccount"].rpartition("/")[2],
        }

    async def _secret(self, version: str) -> str:
        account = names.account(self.build)
        path = f"secretmanager/v1/{quote(version)}:access"
        try:
            answer = await self.job.write(lambda: asking.ask_json(self.cloud, account, "GET", path))
        except CloudError as problem:
            code = "".join(word.title() for word in problem.status.split("_"))
            raise StepFailed(
                f"failed to access secret version for secret {version}: rpc error: code = {code} desc = {problem.message}"
            ) from None
        return base64.b64decode(answer["payload"]["data"]).decode("utf-8", "surrogateescape")

    async def _contained(self, at: int, step: Body, step_context: StepContext) -> int:
        image, account = step["name"], names.account(self.build)
        mounts = self._mounts(at, step)
        entrypoint: tuple[str, ...] | None = (step["entrypoint"],) if step.get("entrypoint") else None
        args: tuple[str, ...] | None = tuple(step["args"]) if "args" in step else None
        if step.get("script"):
            inside = f"{workspace.SCRIPTS}/step"
            mounts.append(Mount(self.space.script(at, step["script"]), inside, read_only=True))
            entrypoint, args = (inside,), ()
        elif entrypoint is not None and args is None:
            args = ()
        image_id = await self._ready(image, account, step_context) if self.docker is not None else ""
        workload = self._workload(at, image, step_context, mounts, image_id)
        workload = replace(workload, entrypoint=entrypoint, args=args)
        return await self.run_workload(workload, step_context.on_output)

    def _mounts(self, at: int, step: Body) -> list[Mount]:
        """The folders that a step's container shares with the others of its build."""
        volumes = (*self.build["options"].get("volumes", []), *step.get("volumes", []))
        shared = [Mount(self.space.volume(one["name"]), one["path"]) for one in volumes]
        return [*self.space.mounts, Mount(self.space.outputs(at), workspace.OUTPUTS), *shared]

    def _workload(self, at: int, image: str, step_context: StepContext, mounts: Sequence[Mount], made: str) -> Workload:
        return Workload(
            name=f"build-{self.build['id'][:8]}-{at}",
            image=image,
            env={"HOME": workspace.HOME, **step_context.env},
            mounts=tuple(mounts),
            workdir=step_context.directory,
            grace=_GRACE,
            made=made,
        )

    async def _ready(self, image: str, account: str, step_context: StepContext) -> str:
        """The id of an image ready to run: one that this build has built, or else pulled as its account."""
        assert self.docker is not None
        if (image_id := self.docker.images.get(full(image))) is not None:
            return image_id
        fetched = await asyncio.to_thread(self.cloud.workloads.fetch, image, account)
        step_context.say(f"Already have image (with digest): {image}")
        return fetched.made

    async def run_contained(self, container: RunContainer, step_context: StepContext) -> int:
        """Runs a container for `docker run`, with only the mounts that it names."""
        workload = Workload(
            name=f"build-{self.build['id'][:8]}-run",
            image=container.image,
            made=container.made,
            entrypoint=(container.entrypoint,) if container.entrypoint else None,
            args=container.args or None,
            env=container.env,
            mounts=tuple(Mount(source, target) for source, target in container.mounts),
            workdir=container.directory,
            user=container.user,
            grace=_GRACE,
        )
        return await self.run_workload(workload, step_context.on_output)

    async def run_workload(self, workload: Workload, on_output: OnOutput) -> int:
        """Runs a container and returns its exit code; stops it if the wait is cancelled."""
        order = Order(
            principal=names.account(self.build),
            project=self.build["projectId"],
            location=self.build["name"].split("/")[3],
            resource=self.build["name"],
            workload=workload,
            pool="builds",
        )
        while True:
            try:
                ended = await processes.ended(
                    lambda: self.cloud.workloads.start(order, on_output), StartedWorkload.wait, StartedWorkload.stop
                )
                break
            except NoRoom:
                await asyncio.sleep(_AGAIN)
        if ended is not None and ended.out_of_memory:
            raise StepFailed("the step was killed because it used more memory than there is")
        return ended.code if ended is not None else 0

    async def _stood_in(self, tool: Tool, step: Body, step_context: StepContext) -> int:
        if tool == "docker":
            return await self._docker(step, tuple(step.get("args", ())), step.get("entrypoint", ""), step_context)
        name, args = stand_ins.command(step["name"], step.get("entrypoint", ""), step.get("args", ()))
        if name == "gcloud" and not step.get("script"):
            commands = GcloudCommands(self.cloud, self.job, self.build, self.space)
            if (code := await commands.carry_out(args, step_context)) is not None:
                return code
        return await self._with_a_tool(tool, step, (name, *args), step_context)

    async def _with_a_tool(self, tool: Tool, step: Body, command: Sequence[str], step_context: StepContext) -> int:
        """Runs this machine's own programs in a container, or the command that the user has named for the image."""
        at, (name, *args) = self.build["steps"].index(step), command
        client = self.cloud.workloads.client
        if client is None:
            return await self._as_a_process(tool, at, command, step_context)
        if client.kind.in_virtual_machine:  # another system's, with none of this machine's programs
            return await self._contained(at, step, step_context)
        path = program(tool)
        if path is None:
            what = f"`{' '.join(command[:4])}`" if name == tool and args else "scripts"
            raise StepFailed(
                f"{tool} is not on this machine, and the local cloud does not support {what} itself: install {tool}."
            )
        path = machine_tools.real(path)
        image = await asyncio.to_thread(programs.nothing, client)
        mounts = [*self._mounts(at, step), *await asyncio.to_thread(machine_tools.mounts, path)]
        seen = replace(step_context, env={**machine_tools.variables(path), **step_context.env})
        entrypoint = path if name == tool else name
        if step.get("script"):
            entrypoint, args = f"{workspace.SCRIPTS}/step", []
            mounts.append(Mount(self.space.script(at, step["script"]), entrypoint, read_only=True))
        workload = self._workload(at, step["name"], seen, mounts, image)
        return await self.run_workload(
            replace(workload, entrypoint=(entrypoint,), args=tuple(args)), step_context.on_output
        )

    async def _as_a_process(self, tool: Tool, at: int, command: Sequence[str], step_context: StepContext) -> int:
        step = self.build["steps"][at]
        named = self.cloud.workloads.settings.stand_in(step["name"], "")
        if named is not None and (step.get("script") or command[0] != tool):
            raise StepFailed(
                f"The builder {step['name']} is replaced by a command here, which does what {tool} does and runs no "
                "scripts: install podman."
            )
        if named is None:
            raise StepFailed(
                f"{tool} did not run (simulated): neither podman nor docker answers on this machine, and outside a container a build "
                "could do anything with it. Install podman."
            )
        env = {**children.chosen(_VARIABLES), **self._identity(tool), "HOME": str(self.space.home), **step_context.env}
        env["BUILDER_OUTPUT"] = str(self.space.outputs(at))
        return await processes.run(
            [*named[0], *command[1:]],
            step_context.on_output,
            env=env,
            folder=self.space.here(step_context.directory),
            noted=self.cloud.workloads.note,
        )

    def _identity(self, tool: Tool) -> Mapping[str, str]:
        if tool == "git":
            return git.ENVIRONMENT
        variables = self.cloud.workloads.commands(names.account(self.build), self.space.credentials)
        return {**variables, "CLOUDSDK_CORE_PROJECT": self.build["projectId"]}

    async def _docker(self, step: Body, args: Sequence[str], entrypoint: str, step_context: StepContext) -> int:
        if self.docker is None:
            raise StepFailed(
                "This step did not run (simulated): neither podman nor docker answers on this machine, so no image can be built. "
                "Install podman."
            )
        text = step.get("script", "")
        if entrypoint in _SHELLS and len(args) == 2 and args[0] in ("-c", "-ec", "-ce"):
            text = args[1]
        elif entrypoint not in ("", "docker"):
            raise StepFailed(
                f"The docker builder is replaced by this machine's podman or docker here, which has no {entrypoint}."
            )
        if not text:
            return await self.docker.carry_out(args, step_context)
        docker = self.docker
        return await shell.run(
            text,
            step_context.env,
            lambda words: docker.carry_out(words, step_context),
            step_context.say,
            stops=args[:1] in (("-ec",), ("-ce",)),
        )


def output(space: Workspace, at: int) -> bytes:
    """A step's output: the first 4 KiB of what it wrote to $BUILDER_OUTPUT/output."""
    path = space.root / "outputs" / str(at) / "output"
    if path.is_symlink() or not path.is_file():
        return b""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        return stream.read(4096)
