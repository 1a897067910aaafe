"""The map of an environment as a Mermaid flowchart, which GitHub and GitLab render."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.display import harmless
from groundwork.report.diagram import COLUMNS, Box, Diagram

_CLASSES = {"+": "comes", "-": "goes", "~": "changes", "±": "changes"}
_STYLES = (
    "classDef comes stroke:#1a7f37,stroke-width:3px",
    "classDef goes stroke:#cf222e,stroke-width:3px,stroke-dasharray:6 4",
    "classDef changes stroke:#9a6700,stroke-width:3px",
)
_CODES = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "%": "#37;", "{": "#123;"}
_ARROWS = {"-": "-.->", "+": "==>"}


def mermaid(diagram: Diagram) -> str:
    """The flowchart; boxes are numbered in the order of the map."""
    return "\n".join(_lines(diagram)) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    numbers = {node.id: f"n{number}" for number, node in enumerate(diagram.nodes, 1)}
    simulated = " (simulated)" if diagram.simulated else ""
    yield "flowchart LR"
    yield f"  accTitle: {_plain(diagram.title)}{simulated}"
    yield f"  accDescr: {_plain(diagram.summary)}"
    for place, title in enumerate(COLUMNS):
        nodes = [node for node in diagram.nodes if node.column == place]
        if nodes:
            yield f'  subgraph c{place}["{title}"]'
            yield from (f'    {numbers[node.id]}["{_label(node)}"]' for node in nodes)
            yield "  end"
    for edge in diagram.edges:
        label = " ".join(filter(None, (edge.mark, edge.label)))
        arrow_label = f'|"{_quoted(label)}"|' if label else ""
        yield f"  {numbers[edge.start]} {_ARROWS.get(edge.mark, '-->')}{arrow_label} {numbers[edge.end]}"
    if diagram.marked:
        yield from (f"  {style}" for style in _STYLES)
        for node in diagram.nodes:
            if node.mark:
                yield f"  class {numbers[node.id]} {_CLASSES[node.mark]}"


def _label(node: Box) -> str:
    title = " ".join(filter(None, (node.mark, node.title)))
    return _quoted(title) + (f"<br><small>{_quoted(node.note)}</small>" if node.note else "")


def _quoted(text: str) -> str:
    """Text that can end neither the label nor the line, nor begin a directive; Mermaid writes entities with #."""
    return "".join(_CODES.get(letter, letter) for letter in harmless(" ".join(text.split())))


def _plain(text: str) -> str:
    return harmless(" ".join(text.split())).replace("{", "(").replace("}", ")").replace("%%", "%")
