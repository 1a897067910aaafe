"""The two layers driven by plain Terraform, with the commands that the README gives."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load

from tests.local_project import LocalProject, fresh, variables_of
from tests.terraform_runs import ROOT, Terraform


@dataclass(frozen=True)
class Platform:
    """One environment: its file, its project on the local cloud, and a copy of the layers to run Terraform in."""

    environment: Environment
    project: LocalProject
    checkout: Checkout
    folder: Path

    @classmethod
    def prepared(cls, name: str, checkout: Checkout, folder: Path) -> Platform:
        """A fresh project with nothing in it but the bucket of the state."""
        for part in ("envs", "infra", "modules"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns(".terraform*"))
        environment = load(name, folder)
        project = fresh(checkout, environment.project, environment.region)
        protection = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"}
        bucket = {"name": environment.state_bucket, "location": environment.region, "iamConfiguration": protection}
        project.cloud.request("POST", "storage", "v1/b", params={"project": environment.project}, json=bucket)
        return cls(environment, project, checkout, folder)

    def acting_as(self, principal: str) -> Platform:
        """The same platform for another Terraform."""
        variables = variables_of(self.checkout, self.environment.project, self.environment.region, principal)
        return replace(self, project=replace(self.project, variables=variables))

    def layer(self, name: str) -> Terraform:
        """Terraform in a layer, initialised once with the state's bucket and prefix."""
        terraform = Terraform(self.folder / "infra" / name, self.project.variables)
        if not (terraform.folder / ".terraform").exists():
            terraform.succeed(
                "init",
                "-no-color",
                "-reconfigure",
                f"-backend-config=bucket={self.environment.state_bucket}",
                f"-backend-config=prefix={self.environment.name}/{name}",
            )
        return terraform

    @property
    def file(self) -> str:
        """The one variable there is."""
        return f"-var=environment_file=../../{self.environment.path.relative_to(self.folder).as_posix()}"

    def applied(self, name: str) -> dict[str, list[str]]:
        """Plans a layer, applies that plan and returns it."""
        terraform = self.layer(name)
        planned = terraform.changes(self.file)
        terraform.succeed("apply", "-no-color", "-input=false", "plan")
        return planned

    def up(self) -> None:
        """Both layers, in their order."""
        self.applied("bootstrap")
        self.applied("platform")
