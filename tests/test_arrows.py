"""Which packages may import which: the arrows of the design, checked against the imports of every file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"

# What may know what: each package knows those on lines above its own, and its own line where it says so.
LAYERS = {
    "groundwork": (
        {"errors", "text", "display"},
        {"environment"},
        {"google"},
        {"terraform"},
        {"resources", "links"},
        {"docs"},
        {"lifecycle", "people", "secrets", "cost", "policy", "login", "workloads", "report", "doctor", "start"},
        {"cli"},
        {"__main__"},
    ),
    "localcloud": (
        {"errors", "atomic_files"},
        {"spec", "containers"},
        {"engine", "provider"},
        {"services", "console"},
        {"server"},
        {"__main__"},
    ),
}
SIBLINGS = {
    "groundwork": {
        "lifecycle",
        "people",
        "secrets",
        "cost",
        "policy",
        "login",
        "workloads",
        "report",
        "doctor",
        "start",
    },
    "localcloud": set[str](),
}
# What starts a process, by attribute or import.
STARTERS = frozenset(
    {"subprocess", "multiprocessing", "pty", "os.system", "os.popen", "os.execv", "os.execvp", "os.execve", "os.execvpe",
     "os.posix_spawn", "os.fork", "os.spawnv", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"}
)  # fmt: skip
LISTENERS = frozenset({"socketserver", "http.server", "asyncio.start_server", "asyncio.start_unix_server", "uvicorn"})


@cache
def modules(package: str) -> list[str]:
    """Every module of a package, by its dotted name."""
    return sorted(_name(path) for path in (TOOLS / package).rglob("*.py"))


def _name(path: Path) -> str:
    parts = path.relative_to(TOOLS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _nodes(module: str) -> tuple[ast.AST, ...]:
    """The imports, attributes and calls in a module, which is parsed and walked once."""
    path = TOOLS / Path(*module.split("."))
    package = path / "__init__.py"
    file = package if package.exists() else path.with_suffix(".py")
    tree = ast.parse(file.read_text("utf-8"), str(file))
    return tuple(
        node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom, ast.Attribute, ast.Call))
    )


@cache
def imports(module: str) -> frozenset[str]:
    """The dotted names that a module imports anywhere in it, as modules where they are modules."""
    return frozenset(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in _nodes(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import of {node.module}: write it out"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if _is_module(inner) else str(node.module)


def _is_module(name: str) -> bool:
    path = TOOLS / Path(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@cache
def uses(module: str) -> frozenset[str]:
    """What a module imports, and the attributes of modules that it names ("os.execv")."""
    named = {
        f"{node.value.id}.{node.attr}"
        for node in _nodes(module)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return imports(module) | named


def _of(names: frozenset[str], package: str) -> set[str]:
    return {name for name in names if name == package or name.startswith(f"{package}.")}


def in_cli(module: str) -> bool:
    return bool(_of(frozenset({module}), "groundwork.cli"))


def knowing(package: str, known: str) -> list[str]:
    """The modules of a package that import `known` or something in it."""
    return [module for module in modules(package) if _of(imports(module), known)]


def test_only_the_command_line_knows_click() -> None:
    assert [module for module in knowing("groundwork", "click") if not in_cli(module)] == []


def test_nothing_but_the_command_line_knows_the_command_line() -> None:
    outside = [module for module in knowing("groundwork", "groundwork.cli") if not in_cli(module)]
    assert outside == ["groundwork.__main__"]


def packages(package: str) -> dict[str, set[str]]:
    """What each package or file at the top of `package` imports of its neighbours there."""
    known: dict[str, set[str]] = {}
    for module in modules(package):
        mine = module.split(".")[1:2]
        others = {name.split(".")[1] for name in _of(imports(module), package) if "." in name}
        if mine:
            known.setdefault(mine[0], set()).update(others - set(mine))
    return known


@pytest.mark.parametrize("package", sorted(LAYERS))
def test_imports_go_one_way_between_the_packages(package: str) -> None:
    place = {name: height for height, names in enumerate(LAYERS[package]) for name in names}
    known = packages(package)
    assert known.keys() == place.keys(), "each package has its line in LAYERS"
    upwards = {
        f"{name} imports {other}"
        for name, others in known.items()
        for other in others
        if place[other] >= place[name] and not {name, other} <= SIBLINGS[package]
    }
    assert not upwards


@pytest.mark.parametrize("package", sorted(LAYERS))
def test_no_package_imports_itself_by_a_detour(package: str) -> None:
    assert not unresolved(packages(package))


@pytest.mark.parametrize("package", sorted(LAYERS))
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    assert not unresolved({module: _of(imports(module), package) - {module} for module in modules(package)})


def unresolved(arrows: dict[str, set[str]]) -> set[str]:
    """The packages in a circle, or behind one."""
    resolved: set[str] = set()
    while ready := {
        name for name, known in arrows.items() if name not in resolved and known & arrows.keys() <= resolved
    }:
        resolved |= ready
    return arrows.keys() - resolved


def test_groundwork_imports_only_the_local_clouds_launcher() -> None:
    known = {(module, name) for module in modules("groundwork") for name in _of(imports(module), "localcloud")}
    assert {(module, name) for module, name in known if name != "localcloud.server.launcher"} == set()


def test_the_local_cloud_knows_nothing_of_groundwork() -> None:
    assert knowing("localcloud", "groundwork") == []


def test_the_provider_knows_neither_store_nor_services() -> None:
    own = [module for module in modules("localcloud") if module.startswith("localcloud.provider")]
    known = {(module, name) for module in own for name in _of(imports(module), "localcloud") - {"localcloud"}}
    allowed = ("localcloud.provider", "localcloud.spec.discovery", "localcloud.atomic_files")
    assert own
    assert {(module, name) for module, name in known if not name.startswith(allowed)} == set()


# IAM's own APIs are one product: they share its accounts, keys and pools.
ONE_PRODUCT = {"iam", "iamcredentials", "sts", "oauth2"}
SERVICES = "localcloud.services."
APIS = {each.removeprefix(SERVICES).partition(".")[0] for each in modules("localcloud") if each.startswith(SERVICES)}


@pytest.mark.parametrize("api", sorted(APIS))
def test_no_service_imports_another_or_reads_its_tables(api: str) -> None:
    family = ONE_PRODUCT if api in ONE_PRODUCT else {api}
    own = [module for module in modules("localcloud") if f"{module}.".startswith(f"{SERVICES}{api}.")]
    foreign = {(module, other) for module in own for other in {*services(module), *tables(module)} - family}
    assert own
    assert foreign == set(), "declare an interface in engine/interfaces.py"


def services(module: str) -> set[str]:
    """The APIs whose services a module imports."""
    return {name.removeprefix(SERVICES).partition(".")[0] for name in imports(module) if name.startswith(SERVICES)}


def tables(module: str) -> Iterator[str]:
    """The APIs whose rows a module reads or writes by their names: those of `store.get("iam", …)`."""
    for node in _nodes(module):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        first, holder = node.args[0], node.func.value
        of_store = "store" in (getattr(holder, "id", ""), getattr(holder, "attr", ""))
        if of_store and isinstance(first, ast.Constant) and first.value in APIS:
            yield first.value


# Who starts processes: Terraform and its like; a workload's container; the local cloud's own daemons.
MAY_START = {
    "groundwork.terraform.process",
    "localcloud.containers.client",
    "localcloud.containers.detection",
    "localcloud.containers.children",
    "localcloud.server.daemons",
}


def test_processes_are_started_in_few_places() -> None:
    assert using(STARTERS) == MAY_START


# What may listen: the main port, and the metadata servers of workloads.
MAY_LISTEN = {"localcloud.server.process", "localcloud.server.metadata"}


def test_only_the_local_clouds_servers_listen() -> None:
    assert using(LISTENERS) == MAY_LISTEN


def using(names: frozenset[str]) -> set[str]:
    """The modules of both packages that import or call one of these."""
    return {module for package in LAYERS for module in modules(package) if uses(module) & names}


@pytest.mark.parametrize("package", ["groundwork", "localcloud"])
def test_no_module_is_a_drawer(package: str) -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert not [name for name in modules(package) if name.rpartition(".")[2].lstrip("_") in drawers]


@pytest.mark.parametrize("package", ["groundwork", "localcloud"])
def test_nothing_of_the_product_knows_the_tests(package: str) -> None:
    assert not [name for name in modules(package) if _of(imports(name), "tests") or "pytest" in imports(name)]
