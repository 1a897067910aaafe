"""The rules for labels that all of Google's APIs share: at most 64, short, lowercase letters of any alphabet, digits, _ and -.

Source: cloud.google.com/resource-manager/docs/labels-overview#requirements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_MOST = 64
_WORD = re.compile(r"[\w-]{0,63}")


def problem(labels: Mapping[str, str], kind: str) -> str:
    """What is wrong with the labels of a `kind` such as "bucket", as a sentence; "" when they are valid."""
    if len(labels) > _MOST:
        return f"A {kind} may have {_MOST} labels; this one has {len(labels)}."
    for key, value in labels.items():
        if not (_is_word(key) and key[:1].isalpha() and _is_word(value)):
            return (
                f"The label {key}={value} is not valid: keys begin with a lowercase letter, keys and values hold at most "
                "63 lowercase letters, digits, _ and -."
            )
    return ""


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None and text == text.lower()
