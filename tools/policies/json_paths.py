"""Lets checkov parse JSON paths faster: its library rebuilds the tables of its grammar for each path, which took a third of a scan."""

from __future__ import annotations

from typing import Any

import ply.yacc


def build_tables_once() -> None:
    """From now on a grammar's parser is built when it is first used, and used again."""
    build = ply.yacc.yacc
    built: dict[tuple[type, str], Any] = {}

    def parser(*, module: object, start: str, **options: Any) -> Any:
        grammar = type(module), start
        if grammar not in built:
            built[grammar] = build(module=module, start=start, **options)
        return built[grammar]

    ply.yacc.yacc = parser
