"""What a data source of Compute Engine's asks for: a resource by its link, or by its name in a project and a place."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.provider import paths, requests
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work

_PLACES = ("project", "region", "zone")


@dataclass(frozen=True)
class Place:
    """A resource's full name, and the values in it."""

    id: str
    values: dict[str, str]


def by_link_or_name(work: Work, template: str) -> Place:
    """Where self_link points, or name in the configuration's or the provider block's project and place; raises Problem for neither."""
    link, config = str(work.config.get("self_link") or ""), work.config
    if link:
        values = paths.parse(template, paths.relative(link))
        if values is None:
            raise Problem(
                f"{work.row.type}: {link!r} is not the link of one.", f"A link ends in {template}.", "self_link"
            )
        return Place(paths.relative(link), values)
    if not config.get("name"):
        raise Problem(f"{work.row.type}: nothing is asked for.", "Set self_link, or name.", "name")
    wanted = [name for name in _PLACES if f"{{{name}}}" in template]
    values = {name: str(config.get(name) or getattr(work.settings, name)) for name in wanted} | {"name": config["name"]}
    for name, value in values.items():
        if not value:
            raise Problem(f"{work.row.type}: no {name} is named.", f"Set {name}, here or in the provider block.", name)
    return Place(paths.fill(template, values), values)


def linked(work: Work, place: Place) -> Object:
    """The resource as the API returns it; raises Problem where there is none."""
    method = work.method("get")
    params = dict(zip(paths.names(method.path), place.values.values(), strict=True))
    found = requests.gone_as_none(lambda: work.ask(method, params))
    if found is None:
        raise Problem(f"{place.id} was not found.", "A data source reads what exists already.")
    return found
