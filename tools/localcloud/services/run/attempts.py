"""One attempt of a task: its container, from start to exit code."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field

from localcloud.containers.workload import ExitStatus, RuntimeProblem
from localcloud.engine.cloud import Cloud
from localcloud.engine.lines import Lines
from localcloud.engine.orders import NoRoom, Order, StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.run import (
    container_environment,
    container_workload,
    instances,
    journal,
    limits,
    names,
    revisions,
    templates,
)
from localcloud.services.run.images import Images

_RETRY_SECONDS = 1.0
_MINIMUM_BILLED_SECONDS = 60.0


@dataclass(eq=False)
class Attempt:
    """Attempt `number` (from 0) at task `index` of an execution."""

    cloud: Cloud
    execution: str
    body: Body
    index: int
    number: int
    images: Images
    running: list[StartedWorkload] = field(default_factory=list)

    @property
    def job(self) -> str:
        """The job's full name."""
        return self.execution.partition("/executions/")[0]

    async def run(self) -> tuple[ExitStatus | None, str]:
        """Runs the attempt. Returns how its container ended (None if it never did), and the error message, "" on success."""
        template, identity = self.body["template"], uuid.uuid4().hex
        try:
            secrets = container_environment.read_secrets(self.cloud, self.execution, template)
            volumes = await asyncio.to_thread(container_environment.volumes, self.cloud, identity, template, secrets)
        except CloudError as problem:
            return None, problem.message
        try:
            return await self._run_containers(template, secrets, volumes, identity)
        finally:
            await self.stop()
            await asyncio.to_thread(self.cloud.workloads.claim, volumes.folder)
            for sentence in await asyncio.to_thread(volumes.copy_out):
                await self._note(sentence, "ERROR", identity)
            await asyncio.to_thread(volumes.remove)

    async def _run_containers(
        self,
        template: Body,
        secrets: container_environment.SecretValues,
        volumes: container_environment.Volumes,
        identity: str,
    ) -> tuple[ExitStatus | None, str]:
        log_lines = journal.lines(
            self.cloud, names.RunName.of(self.job).project, journal.job_resource(self.job), self._labels(identity)
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            for container, image in zip(template["containers"], self.images, strict=True):
                order = self._order(container, container_environment.variables(container, secrets), volumes)
                if order.workload.joins:
                    await instances.wait_for_container(self.cloud, self.running[0])
                self.running.append(await self._started(order.of(image.made), log_lines))
                if not order.workload.joins:
                    await self._tell(self.running[0].kind, identity)
            ended = await asyncio.to_thread(self.running[0].wait, templates.seconds(template["timeout"]))
        except RuntimeProblem as problem:
            return None, str(problem)
        finally:
            await self._record_usage(template, loop.time() - began)
        if ended is None:
            await self.stop()
            text = f"Terminating task because it has reached the maximum timeout of {template['timeout'][:-1]} seconds."
            await self._note(text, "ERROR", identity)
            return None, f"The task has been terminated because it has reached the maximum timeout: {text}"
        text = _exit_message(ended, template)
        await self._note(text, "ERROR" if ended.code else "INFO", identity)
        return ended, "" if ended.code == 0 else f"The container exited with an error. {text}"

    async def _started(self, order: Order, log_lines: Lines) -> StartedWorkload:
        """Starts the container as soon as this machine has room for another one."""
        while True:
            try:
                return await self.cloud.workloads.started(order, log_lines)
            except NoRoom:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _tell(self, kind: str, identity: str) -> None:
        """Records what it runs as, in the log and on its execution."""

        def keep() -> None:
            self._say(f"Starting attempt {self.number + 1} of the task (runs as {kind}).", "INFO", identity)
            body = self.cloud.store.get(names.API, self.execution)
            if body is not None:
                annotations = {**body.get("annotations", {}), revisions.RAN_BY: kind}
                self.cloud.store.put(names.API, self.execution, body | {"annotations": annotations})

        await self.cloud.commits.write(keep)

    async def stop(self) -> None:
        """Stops its containers."""
        running, self.running = self.running, []
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in reversed(running)))

    async def _record_usage(self, template: Body, seconds: float) -> None:
        payer = journal.payer(self.cloud, self.job)
        if payer is None:
            return
        billed = max(seconds, _MINIMUM_BILLED_SECONDS)
        cpus = sum(limits.cpus(one) for one in template["containers"])
        memory = sum(limits.memory(one) for one in template["containers"])

        def meter() -> None:
            self.cloud.usage.meter(payer, journal.JOB_CPU, billed * cpus)
            self.cloud.usage.meter(payer, journal.JOB_MEMORY, billed * memory)

        await self.cloud.commits.write(meter)

    async def _note(self, text: str, severity: str, identity: str) -> None:
        await self.cloud.commits.write(lambda: self._say(text, severity, identity))

    def _say(self, text: str, severity: str, identity: str) -> None:
        project, resource = names.RunName.of(self.job).project, journal.job_resource(self.job)
        journal.system(self.cloud, project, resource, text, severity, labels=self._labels(identity))

    def _labels(self, identity: str) -> dict[str, str]:
        return {
            "instanceId": identity,
            "run.googleapis.com/execution_name": self.execution.rpartition("/")[2],
            "run.googleapis.com/task_index": str(self.index),
            "run.googleapis.com/task_attempt": str(self.number),
        }

    def _order(self, container: Body, own: dict[str, str], volumes: container_environment.Volumes) -> Order:
        place, template = names.RunName.of(self.job), self.body["template"]
        contract = {
            "CLOUD_RUN_JOB": place.name,
            "CLOUD_RUN_EXECUTION": self.execution.rpartition("/")[2],
            "CLOUD_RUN_TASK_INDEX": str(self.index),
            "CLOUD_RUN_TASK_ATTEMPT": str(self.number),
            "CLOUD_RUN_TASK_COUNT": str(self.body["taskCount"]),
        }
        joins = self.running[0].name if self.running else ""
        stand_in = self.body.get("annotations", {}).get(instances.STAND_IN, "").split()
        return Order(
            principal=f"serviceAccount:{template['serviceAccount']}",
            project=place.project,
            location=place.region,
            resource=self.execution,
            workload=container_workload.workload(place, container, {**own, **contract}, volumes, joins=joins),
            pool="jobs",
            stand_in=tuple(stand_in) if not self.running else (),
        )


def _exit_message(exit_status: ExitStatus, template: Body) -> str:
    if exit_status.out_of_memory:
        limit = max(limits.memory(one) for one in template["containers"]) >> 20
        return f"Memory limit of {limit} MiB exceeded. Consider increasing the memory limit of the job."
    return f"Container called exit({exit_status.code})."
