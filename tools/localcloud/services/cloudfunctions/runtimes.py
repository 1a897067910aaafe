"""The runtimes of functions.

Source: https://cloud.google.com/functions/docs/runtime-support, November 2026.
"""

from __future__ import annotations

from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid
from localcloud.spec import filters

_LANGUAGES = {
    "dotnet": ("8", "10"),
    "go": ("122", "123", "124", "125", "126"),
    "java": ("17", "21", "25"),
    "nodejs": ("20", "22", "24"),
    "php": ("82", "83", "84", "85"),
    "python": ("310", "311", "312", "313", "314"),
    "ruby": ("32", "33", "34"),
}
_TITLES = {
    "dotnet": ".NET",
    "go": "Go",
    "java": "Java",
    "nodejs": "Node.js",
    "php": "PHP",
    "python": "Python",
    "ruby": "Ruby",
}
_WHOLE = frozenset({"dotnet", "java", "nodejs"})
RUNTIMES = tuple(f"{language}{version}" for language, versions in _LANGUAGES.items() for version in versions)


def check(runtime: str) -> None:
    """400 for a runtime that 2nd gen does not have."""
    if not runtime:
        raise invalid("build_config.runtime is required.", "function.build_config.runtime")
    if runtime not in RUNTIMES:
        raise CloudError(
            400,
            "INVALID_ARGUMENT",
            f'runtime: Runtime validation errors: [error_code: INVALID_RUNTIME\nmessage: "Runtime \\"{runtime}\\" is not supported on GCF '
            'Gen2"\n]',
        )


def python(runtime: str) -> str:
    """The version of Python of a runtime, "3.12"; "" for another language."""
    return f"3.{runtime.removeprefix('python3')}" if runtime.startswith("python3") else ""


def list_(call: Call) -> Body:
    """runtimes.list: all in one page."""
    test = filters.compiled(call.params.get("filter", ""))
    return {"runtimes": [one for one in map(_shown, RUNTIMES) if test(one)]}


def _shown(name: str) -> Body:
    language = name.rstrip("0123456789")
    digits = name.removeprefix(language)
    version = digits if language in _WHOLE else f"{digits[0]}.{digits[1:]}"
    return {
        "name": name,
        "displayName": f"{_TITLES[language]} {version}",
        "stage": "GA",
        "environment": "GEN_2",
        "warnings": [],
    }
