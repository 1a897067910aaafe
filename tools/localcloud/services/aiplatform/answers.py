"""Long-running operations in Vertex AI's form: a metadata message for each method, in the API version that was called."""

from __future__ import annotations

from localcloud.engine import lro
from localcloud.engine.service import Body, Call

_VERBS = {"create": "Create", "patch": "Update"}
_KINDS = {
    "datasets": "Dataset",
    "endpoints": "Endpoint",
    "metadataStores": "MetadataStore",
    "tensorboards": "Tensorboard",
}


def usual(call: Call) -> Body:
    """The metadata of a standard verb's operation."""
    kind = _KINDS.get(call.method.collection.rpartition(".")[2], "")
    verb = _VERBS.get(call.method.verb, "")
    return metadata(call, f"{verb}{kind}OperationMetadata" if verb and kind else "DeleteOperationMetadata")


def metadata(call: Call, kind: str) -> Body:
    """The metadata of an operation: `kind` is "UploadModelOperationMetadata"."""
    now = call.cloud.clock.rfc3339()
    whole = f"type.googleapis.com/{full(call, kind)}"
    return {"@type": whole, "genericMetadata": {"createTime": now, "updateTime": now}}


def full(call: Call, kind: str) -> str:
    """A message's full name, in the API version of the call."""
    return f"google.cloud.aiplatform.{call.method.version}.{kind}"


def finished(call: Call, about: str, response: Body, kind: str) -> Body:
    """A finished operation."""
    return lro.finished(call, response, kind=full(call, kind), metadata=metadata(call, about))


def deleted(call: Call) -> Body:
    """The operation of a delete."""
    return lro.finished(call, metadata=metadata(call, "DeleteOperationMetadata"))
