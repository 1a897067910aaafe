"""Answers from bytes to bytes."""

from __future__ import annotations

from localcloud.provider.protocol.handlers import handlers
from localcloud.provider.protocol.messages import classes
from localcloud.provider.protocol.servicer import Servicer
from localcloud.provider.values import encode

from tests.localcloud.provider.core import config

VALIDATE = "/tfplugin6.Provider/ValidateResourceConfig"


def test_a_configuration_is_judged_alike_each_time() -> None:
    validate = handlers(Servicer("http://127.0.0.1:9", "token", 9))[VALIDATE].answer

    def problems(location: str | None) -> list[str]:
        values = config("google_storage_bucket", {"name": "team-data", "location": location})
        request = classes()["ValidateResourceConfig.Request"](
            type_name="google_storage_bucket", config={"msgpack": encode(values)}
        )
        answer = classes()["ValidateResourceConfig.Response"].FromString(validate(request.SerializeToString(), "peer"))
        return [one.summary for one in answer.diagnostics]

    assert problems("EU") == problems("EU") == []
    assert problems(None) == problems(None) != []
    assert problems("EU") == []
