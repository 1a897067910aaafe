"""google_cloudfunctions2_function: the state keeps the configured source, although the API returns that of its copy."""

from __future__ import annotations

from localcloud.provider.hooks import Hooks
from localcloud.provider.values import UNKNOWN, Object
from localcloud.provider.work import Work


def encode(_work: Work, _values: Object, body: Object) -> Object:
    """One policy of updates replaces the other, which is the API's default."""
    build = body.get("buildConfig", {})
    if "onDeployUpdatePolicy" in build:
        build.pop("automaticUpdatePolicy", None)
    return body


def decode(_work: Work, values: Object, state: Object) -> Object:
    """Keeps the source that is in the state; after an import there is none yet."""
    read = _source(values)
    read |= {name: value for name, value in _source(state).items() if value not in (None, "", 0, UNKNOWN)}
    return values


def _source(values: Object) -> Object:
    """The storage_source among a function's values; empty without one."""
    for name in ("build_config", "source", "storage_source"):
        blocks = values.get(name)
        values = (blocks[0] or {}) if isinstance(blocks, list) and blocks else {}
    return values


HOOKS = Hooks(encode=encode, decode=decode)
