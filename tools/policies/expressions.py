"""Lets checkov evaluate each expression of the code once: it meets the same ones 15 times over, and makes an interpreter each time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from checkov.terraform.graph_builder.variable_rendering import evaluate_terraform


def evaluate_once() -> None:
    """From now on an expression's value, or the error that it ends with, is found when it is first met, and given again."""
    evaluate: Callable[[str], Any] = evaluate_terraform.evaluate
    found: dict[str, tuple[Any, Exception | None]] = {}

    def evaluated(expression: str) -> Any:
        if expression not in found:
            try:
                found[expression] = evaluate(expression), None
            except Exception as error:
                found[expression] = None, error
        value, problem = found[expression]
        if problem is not None:
            raise problem.with_traceback(None)
        return copy.deepcopy(value)  # the caller may change it

    evaluate_terraform.evaluate = evaluated
