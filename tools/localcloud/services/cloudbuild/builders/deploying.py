"""Carries out gcloud's deployments, executions and training jobs as API requests by the build's service account."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.engine import asking, operations
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import names, recipes
from localcloud.services.cloudbuild.builders import gcloud
from localcloud.services.cloudbuild.builders.deployments import Deployment
from localcloud.services.cloudbuild.builders.docker import StepContext
from localcloud.services.cloudbuild.workspace import Workspace

_INVOKER = "roles/run.invoker"
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class GcloudCommands:
    """gcloud's commands in one build."""

    cloud: Cloud
    job: Job
    build: Body
    space: Workspace

    async def carry_out(self, args: Sequence[str], step_context: StepContext) -> int | None:
        """Carries out a command and returns its exit code; None for a command that is not supported here."""
        try:
            return await self._dispatch(args, step_context)
        except gcloud.Unsupported:
            return None
        except (CloudError, OSError) as problem:
            step_context.say(f"ERROR: (gcloud.{'.'.join(args[:2])}) {problem}")
            return 1

    async def _dispatch(self, args: Sequence[str], step_context: StepContext) -> int:
        project = self.build["projectId"]
        if args[:1] == ("ai",):
            config = gcloud.config(args)
            text = await asyncio.to_thread(self._text, config, step_context.directory) if config else ""
            parent, body = gcloud.training(args, project, {config: text})
            region = parent.rpartition("/")[2]
            created = await self._request("POST", f"{region}-aiplatform/v1/{parent}/customJobs", body)
            step_context.say(f"CustomJob [{created['name']}] is submitted successfully.")
            return 0
        if args[:3] == ("run", "jobs", "execute"):
            return await self._execute(*gcloud.execution(args, project), step_context)
        return await self._deploy(gcloud.deployment(args, project), step_context)

    def _text(self, name: str, directory: str) -> str:
        """The text of a file that a command names, up to one character over the limit."""
        path = self.space.here(name, directory)
        if not path.is_file():
            raise FileNotFoundError(f"Unable to read file [{name}]: there is no such file.")
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(recipes.MOST_BYTES + 1)

    async def _deploy(self, deployment: Deployment, step_context: StepContext) -> int:
        path, word = f"run/v2/{deployment.name}", deployment.kind[:-1]
        try:
            old = await self._request("GET", path)
        except CloudError as problem:
            if problem.code != 404 or not deployment.creates:
                raise
            old = {}
        parent, _, name = path.rpartition("/")
        step_context.say(
            f"Deploying container to Cloud Run {word} [{name}] in project [{deployment.project}] region [{parent.split('/')[5]}]"
        )
        if old:
            operation = await self._request("PATCH", path, deployment.changed(old))
        else:
            operation = await self._request("POST", f"{parent}?{word}Id={name}", deployment.changed({}))
        deployed = await self._done(operation)
        if deployment.kind == "jobs":
            step_context.say(f"Job [{name}] has successfully been deployed.")
            return 0
        public = deployment.flags.get("allow_unauthenticated")
        if public is not None:
            await self._invokers(path, step_context, public=public)
        revision = deployed.get("latestReadyRevision", "").rpartition("/")[2]
        step_context.say(
            f"Service [{name}] revision [{revision}] has been deployed and is serving 100 percent of traffic."
        )
        step_context.say(f"Service URL: {deployed.get('uri', '')}")
        return 0

    async def _execute(self, job: str, waits: bool | None, step_context: StepContext) -> int:
        operation = await self._request("POST", f"run/v2/{job}:run", {})
        execution = operation.get("metadata", {}).get("name", "").rpartition("/")[2]
        if waits:
            await self._done(operation)
        step_context.say(f"Execution [{execution}] has {'successfully completed' if waits else 'started running'}.")
        return 0

    async def _done(self, operation: Body) -> Body:
        while not operation.get("done"):
            await self.cloud.signals.wait(operations.topic("run", operation["name"]), _POLL_SECONDS)
            operation = await self._request("GET", f"run/v2/{operation['name']}")
        if "error" in operation:
            raise CloudError(400, "FAILED_PRECONDITION", f"Deployment failed: {operation['error'].get('message', '')}")
        response: Body = operation.get("response", {})
        return response

    async def _invokers(self, path: str, step_context: StepContext, *, public: bool) -> None:
        """Makes a service public or private; like gcloud, only warns if that is not allowed."""
        try:
            policy = await self._request("GET", f"{path}:getIamPolicy")
            bindings = [one for one in policy.get("bindings", []) if one["role"] != _INVOKER]
            members = {
                member for one in policy.get("bindings", []) if one["role"] == _INVOKER for member in one["members"]
            }
            members = members | {"allUsers"} if public else members - {"allUsers"}
            bindings += [{"role": _INVOKER, "members": sorted(members)}] if members else []
            await self._request("POST", f"{path}:setIamPolicy", {"policy": {**policy, "bindings": bindings}})
        except CloudError as problem:
            step_context.say(f"WARNING: Setting IAM policy failed: {problem}")

    async def _request(self, verb: str, path: str, body: Body | None = None) -> Body:
        account = names.account(self.build)
        return await self.job.write(lambda: asking.ask_json(self.cloud, account, verb, path, body))
