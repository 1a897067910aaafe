"""JSON paths are parsed as checkov's library parses them, by tables that are built once for each grammar."""

from __future__ import annotations

import json
import os

from groundwork.policy import outside
from groundwork.terraform import installation, process

from tests.policies.cases import ROOT

CODE = """
import json, ply.yacc
from bc_jsonpath_ng import ext, parse
paths = ["$.a.b[0]", "$.a['x-y'].*", "$..c", "a[?(@.b == 1)].c"]
before = [str(ext.parse(path)) for path in paths]
built, build = [], ply.yacc.yacc
ply.yacc.yacc = lambda **options: built.append(1) or build(**options)
from policies.json_paths import build_tables_once
build_tables_once()
after = [str(ext.parse(path)) for path in paths]
print(json.dumps([before == after, len(built), str(parse("$.a")), len(built)]))
"""


def test_paths_are_parsed_as_before_by_tables_that_are_built_once_for_each_grammar() -> None:
    python = outside.python(ROOT / "tools", installation.user_cache(), process.run, print)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tools")}
    said = process.run([str(python), "-c", CODE], env=env)
    assert json.loads(said.out) == [True, 1, "$.a", 2], said.err
