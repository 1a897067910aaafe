"""`groundwork images list`."""

from __future__ import annotations

from dataclasses import asdict

import click

from groundwork.cli.group import Group
from groundwork.cli.options import completed, environment_option, json_option
from groundwork.cli.principal import as_option
from groundwork.cli.printing import echo
from groundwork.cli.table import print_table
from groundwork.cli.workloads import opened, print_data
from groundwork.resources.contents import bytes_text
from groundwork.workloads import images as feature
from groundwork.workloads.images import Image
from groundwork.workloads.project import when


@click.group(cls=Group)
def images() -> None:
    """Look at the images in the environment's repositories.

    Example: groundwork images list
    """


@images.command("list")
@click.argument(
    "repository", required=False, default="", shell_complete=completed(lambda environment: environment.repositories)
)
@environment_option
@as_option
@json_option
def list_(repository: str, name: str, who: str | None, as_json: bool) -> None:
    """List the images of all repositories, or of one, newest first, with their tags, sizes and digests.

    Example: groundwork images list images
    """
    project = opened(name, who)
    found = feature.images(project, repository)
    if as_json:
        print_data(project, {"images": [{**asdict(image), "reference": image.reference} for image in found]})
    elif found:
        print_table(("image", "tags", "size", "pushed (UTC)", "digest"), [_row(image) for image in found])
    else:
        where = repository or "the repositories"
        echo(f"There is no image in {where} of {project.environment.place}: `groundwork builds submit` builds one.")


def _row(image: Image) -> tuple[str, ...]:
    size = bytes_text(image.size) if image.size else "unknown"
    return (
        image.short,
        ", ".join(map(feature.short, image.tags)) or "untagged",
        size,
        when(image.pushed),
        image.digest[:19],
    )
