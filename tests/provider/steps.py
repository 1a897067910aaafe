"""The steps of a comparison: a root's files in order, manual drift, an exchange of states, an import of everything, a destroy."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.provider.compare import Leaves, Step, applied, planned, stored
from tests.provider.sides import PROJECT, PROVIDER, REGION, Side
from tests.terraform_runs import Terraform

ROOTS = Path(__file__).parent / "roots"


@dataclass(frozen=True)
class Script:
    """A folder of roots/: NN-name.tf is the whole configuration from then on, NN-name+.tf is added to the one before,
    NN-name~.tf changes blocks of the one before, as Terraform's override files do, NN-name.json is a list of requests made by hand
    ([verb, api, path, parameters, body]), and imports.txt lists "address id" of what can be imported at the end."""

    folder: Path

    def steps(self, sides: dict[str, Side]) -> list[Step]:
        """The steps, for both sides."""
        return list(self._steps(sides))

    def _steps(self, sides: dict[str, Side]) -> Iterator[Step]:
        hcl = ""
        for file in sorted(self.folder.glob("[0-9]*")):
            if file.suffix == ".tf":
                text, changed = file.read_text("utf-8"), file.stem.endswith("~")
                hcl = hcl if changed else (hcl if file.stem.endswith("+") else "") + text
                changes = text if changed else ""
                yield Step(file.stem, lambda terraform, hcl=hcl, changes=changes: _configured(terraform, hcl, changes))
            else:
                yield Step(
                    file.stem,
                    lambda terraform, file=file: _drifted(terraform, sides, json.loads(file.read_text("utf-8"))),
                )
            yield Step(f"{file.stem}, again", planned)
        yield Step("exchange", lambda terraform: _exchanged(terraform, sides))
        imports = self.folder / "imports.txt"
        if imports.exists():
            yield Step("import", lambda terraform: _imported(terraform, imports.read_text("utf-8")))
            yield Step("import, again", planned)
        yield Step("destroy", lambda terraform: applied(terraform, "-destroy"))


def changing(first: str, then: str) -> list[Step]:
    """The steps of an example: create, plan again, change, plan again, destroy."""
    return [
        Step("create", lambda terraform: _configured(terraform, first, provider="")),
        Step("create, again", planned),
        Step("change", lambda terraform: _configured(terraform, then, provider="")),
        Step("change, again", planned),
        Step("destroy", lambda terraform: applied(terraform, "-destroy")),
    ]


def _configured(terraform: Terraform, hcl: str, changes: str = "", provider: str = PROVIDER) -> Leaves:
    own = "" if re.search(r'^provider "google"', hcl, re.MULTILINE) and "required_providers" in hcl else provider
    (terraform.folder / "main.tf").write_text(own + hcl, "utf-8")
    (terraform.folder / "main_override.tf").write_text(changes, "utf-8")
    terraform.succeed("init", "-no-color", "-input=false")
    return applied(terraform)


def _drifted(terraform: Terraform, sides: dict[str, Side], requests: list[list[Any]]) -> Leaves:
    cloud = sides[terraform.folder.name].cloud()
    for verb, api, path, params, body in requests:
        cloud.request(verb, api, path.replace("{project}", PROJECT), params=params, json=body)
    return applied(terraform)


def _exchanged(terraform: Terraform, sides: dict[str, Side]) -> Leaves:
    """The other provider, with this one's state and cloud, plans no change."""
    mine = sides[terraform.folder.name]
    other = "ours" if mine.provider == "real" else "real"
    folder = terraform.folder.parent / f"{terraform.folder.name}-exchanged"
    shutil.copytree(terraform.folder, folder, ignore=shutil.ignore_patterns(".terraform*", "plan"), symlinks=True)
    guest = Terraform(folder, mine.variables(PROJECT, REGION, provider=other))
    guest.succeed("init", "-no-color", "-input=false")
    changes = guest.changes()
    return {f"exchange/{address}": actions for address, actions in changes.items()} | {"exchange": len(changes)}


def _imported(terraform: Terraform, text: str) -> Leaves:
    """Removes everything from the state and imports it again, by import blocks."""
    wanted = dict(line.split(" ", 1) for line in text.splitlines() if line)
    terraform.succeed("state", "rm", *wanted)
    blocks = [f"import {{\n  to = {address}\n  id = {json.dumps(name)}\n}}\n" for address, name in wanted.items()]
    imports = terraform.folder / "imports.tf"
    imports.write_text("\n".join(blocks), "utf-8")
    leaves = planned(terraform)
    terraform.succeed("apply", "-no-color", "-input=false", "plan")
    imports.unlink()
    return leaves | stored(terraform)


def prepared(side: Side, folder: Path) -> Terraform:
    """A root's folder for one side, named for it, with a fresh project on its cloud."""
    place = folder / side.provider
    place.mkdir(parents=True)
    return Terraform(place, side.fresh().variables)


def beside_modules(side: Side, folder: Path, modules: Path) -> Terraform:
    """The same for a root that names modules as ../../modules/x."""
    place = folder / side.provider / "infra" / side.provider
    place.mkdir(parents=True)
    (folder / side.provider / "modules").symlink_to(modules)
    return replace(Terraform(place), variables=side.fresh().variables)
