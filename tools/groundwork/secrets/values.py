"""Secret values from input: which bytes belong to the value, and which values are invalid."""

from __future__ import annotations

from groundwork.errors import UsageProblem

MOST_BYTES = 64 * 1024
"""Source: https://cloud.google.com/secret-manager/quotas, "Secret version payload size"."""


def piped(data: bytes, *, exact: bool) -> bytes:
    """A value from standard input; the newline after a single line is not part of it, unless `exact`.

    Raises UsageProblem for an invalid value.
    """
    if not exact and data.count(b"\n") == 1:
        data = data.removesuffix(b"\n").removesuffix(b"\r")
    return checked(data, exact=exact)


def typed(text: str, *, exact: bool) -> bytes:
    """A value typed or pasted at the prompt. Raises UsageProblem for an invalid one."""
    if text.startswith("-----BEGIN"):
        raise UsageProblem(
            "This is the first of several lines, but the prompt takes only one; nothing was set. If the other lines ended up in "
            "your shell, close its window. Pipe the file in instead: groundwork secrets set NAME < FILE."
        )
    try:
        return checked(text.encode("utf-8"), exact=exact)
    except UnicodeEncodeError:
        raise UsageProblem("What was typed is not text in UTF-8: pipe the value in from a file.") from None


def checked(data: bytes, *, exact: bool = False) -> bytes:
    """The value. Raises UsageProblem for an empty one, one that is too large, and spaces around it unless `exact`."""
    if not data.strip() and not (exact and data):
        raise UsageProblem("The value is empty, and Secret Manager does not store empty values: nothing was set.")
    if len(data) > MOST_BYTES:
        raise UsageProblem(
            "The value is larger than 65,536 bytes, Secret Manager's limit: put it into a bucket that only its "
            "readers may read. Nothing was set."
        )
    if not exact and b"\n" not in data and data != data.strip():
        raise UsageProblem(
            "The value begins or ends with a space, which is unusual for a key; nothing was set. Remove it, or pass --exact "
            "if it belongs to the value."
        )
    return data
