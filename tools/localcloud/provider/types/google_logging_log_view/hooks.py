"""google_logging_log_view: its bucket's full name may say its project and location, too."""

from __future__ import annotations

import re

from localcloud.provider import paths, rest
from localcloud.provider.hooks import Hooks
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work

_BUCKET = re.compile(r"(?P<parent>projects/[^/]+)/locations/(?P<location>[^/]+)/buckets/[^/]+")


def create(work: Work, values: Object) -> Object:
    """Takes what is not set from the bucket's name."""
    bucket = str(values["bucket"])
    parts = match.groupdict() if (match := _BUCKET.fullmatch(bucket)) else {}
    placed = values | {"bucket": paths.last(bucket), "name": paths.last(str(values["name"]))}
    for name in ("parent", "location"):
        placed[name] = values.get(name) or parts.get(name)
        if not placed[name]:
            raise Problem(f"{work.row.type} has no {name}.", f"Set {name}, or the bucket's full name.", name)
    return rest.make_and_read(work, placed)


def import_(work: Work, name: str) -> Object:
    """The parent is kept with its kind, which an identity's has, too."""
    values = rest.named(work, name.replace("projects/projects/", "projects/"))
    return rest.imported(work, values | {"parent": f"projects/{values['parent']}"})


HOOKS = Hooks(create=create, import_=import_)
