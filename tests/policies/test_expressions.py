"""Expressions have the values that checkov gives them, each evaluated once, and nobody changes another's value."""

from __future__ import annotations

import json
import os

from groundwork.policy import outside
from groundwork.terraform import installation, process

from tests.policies.cases import ROOT

CODE = """
import json
from checkov.terraform.graph_builder.variable_rendering import evaluate_terraform, safe_eval_functions
from policies.expressions import evaluate_once
texts = ["1 + 1", "[1, 2]", "{'a': 'b'}", "upper('x')", "var.name", "merge({'a': 1}, {'b': [2]})", "true ? 1 : 2", "(", "None"]
before = [evaluate_terraform.evaluate_terraform(text) for text in texts]
made, make = [], safe_eval_functions.get_asteval
safe_eval_functions.get_asteval = lambda: made.append(1) or make()
evaluate_once()
after = [evaluate_terraform.evaluate_terraform(text) for text in texts]
first = len(made)
evaluate_terraform.evaluate_terraform("[1, 2]").append(3)
again = [evaluate_terraform.evaluate_terraform(text) for text in texts]
print(json.dumps([before == after == again, first > 0, len(made) == first]))
"""


def test_an_expression_has_the_value_it_had_and_is_evaluated_once() -> None:
    python = outside.python(ROOT / "tools", installation.user_cache(), process.run, print)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tools")}
    said = process.run([str(python), "-c", CODE], env=env)
    assert json.loads(said.out) == [True, True, True], said.err
