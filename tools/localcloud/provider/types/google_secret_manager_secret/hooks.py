"""google_secret_manager_secret: time to live and expiry are one field on the API's side."""

from __future__ import annotations

from localcloud.provider.hooks import Hooks
from localcloud.provider.values import Object
from localcloud.provider.work import Work


def encode(_work: Work, _values: Object, body: Object) -> Object:
    """The API takes only one of ttl and expireTime; a time to live that is sent is the newer wish."""
    if "ttl" in body:
        body.pop("expireTime", None)
    return body


HOOKS = Hooks(encode=encode)
