"""The map of an environment as an SVG that stands alone: columns from left to right, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape as escaped

from groundwork.display import harmless
from groundwork.report.diagram import COLUMNS, Box, Diagram, Edge
from groundwork.report.lettering import lines_of, width_of

WIDE, GAP, ABOVE, APART, MARGIN = 230, 110, 96, 18, 20
_TITLE, _NOTE = 15, 12
_LINE = {_TITLE: 20, _NOTE: 16}
_PAD, _PORT = 10, 18
_CLASSES = {"": "", "+": " comes", "-": " goes", "~": " changes", "±": " changes"}
_MEANINGS = {"+": "comes", "-": "goes", "~": "changes", "±": "is replaced"}
_OPENING = (
    '<svg class="map" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right} {bottom:g}" role="img" '
    'aria-labelledby="map-title map-summary">'
)
_STYLE = """
svg.map { color-scheme: light dark; background: var(--map-paper); font-family: system-ui, sans-serif;
 --map-paper: #ffffff; --map-box: #f3f4f8; --map-ink: #1b1b1f; --map-soft: #55555f; --map-line: #8a8a96;
 --map-green: #1a7f37; --map-red: #b3261e; --map-amber: #7d5700; }
@media (prefers-color-scheme: dark) { svg.map { --map-paper: #16171b; --map-box: #24262d; --map-ink: #ececf1; --map-soft: #b4b4bf;
 --map-line: #8b8c97; --map-green: #56d364; --map-red: #ff8a80; --map-amber: #e3b341; } }
svg.map text { fill: var(--map-ink); } svg.map .soft { fill: var(--map-soft); }
svg.map .label { fill: var(--map-soft); paint-order: stroke; stroke: var(--map-paper); stroke-width: 5px; stroke-linejoin: round; }
svg.map .box { fill: var(--map-box); stroke: var(--map-line); } svg.map .arrow { fill: none; stroke: var(--map-line); stroke-width: 1.5; }
svg.map .head { fill: var(--map-line); }
svg.map .comes .box, svg.map .comes .arrow { stroke: var(--map-green); stroke-width: 3; }
svg.map .goes .box, svg.map .goes .arrow { stroke: var(--map-red); stroke-width: 3; stroke-dasharray: 7 4; }
svg.map .changes .box { stroke: var(--map-amber); stroke-width: 3; }
svg.map .comes .head { fill: var(--map-green); } svg.map .goes .head { fill: var(--map-red); }
svg.map .comes .mark { fill: var(--map-green); } svg.map .goes .mark { fill: var(--map-red); } svg.map .changes .mark { fill: var(--map-amber); }
"""


@dataclass(frozen=True)
class _Box:
    """A node with its position: its upper left corner, its height, and its lines of text."""

    node: Box
    x: float
    y: float
    height: float
    title: tuple[str, ...]
    note: tuple[str, ...]

    @property
    def middle(self) -> float:
        """The y coordinate of its centre."""
        return self.y + self.height / 2


def escape(text: str) -> str:
    """Text for XML, which cannot hold control characters at all."""
    return escaped(harmless(text))


def svg(diagram: Diagram) -> str:
    """The whole document."""
    boxes = _placed(diagram)
    right = MARGIN * 2 + len(COLUMNS) * WIDE + (len(COLUMNS) - 1) * GAP
    lowest = max((box.y + box.height for box in boxes.values()), default=ABOVE)
    simulated = " (simulated)" if diagram.simulated else ""
    heading = lines_of(f"{diagram.title}{simulated}", right - 2 * MARGIN, 18)
    key = " · ".join(f"{mark} {word}" for mark, word in _MEANINGS.items()) if diagram.marked else ""
    parts = [
        _OPENING.format(right=right, bottom=lowest + 54),
        f'<title id="map-title">{escape(diagram.title)}{simulated}</title>',
        f'<desc id="map-summary">{escape(diagram.summary)}</desc>',
        f"<style>{_STYLE}</style>",
        *(_text(line, MARGIN, 32 + 22 * n, 18, "") for n, line in enumerate(heading[:2])),
        *(_text(title, MARGIN + n * (WIDE + GAP), ABOVE - 16, 13, "soft") for n, title in enumerate(COLUMNS)),
        *_arrows(diagram, boxes),
        *(part for box in boxes.values() for part in _box(box)),
        _text(" ".join(filter(None, (diagram.basis, key))), MARGIN, lowest + 34, _NOTE, "soft"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _placed(diagram: Diagram) -> dict[str, _Box]:
    """Places every box below the previous one in its column, high enough for its text and for its incoming arrows."""
    below = dict.fromkeys(range(len(COLUMNS)), float(ABOVE))
    boxes: dict[str, _Box] = {}
    for node in diagram.nodes:
        name = " ".join(filter(None, (node.mark, node.title)))
        title, note = lines_of(name, WIDE - 2 * _PAD, _TITLE), lines_of(node.note, WIDE - 2 * _PAD, _NOTE)
        ports = sum(edge.end == node.id for edge in diagram.edges if edge.label)
        height = max(2 * _PAD + len(title) * _LINE[_TITLE] + len(note) * _LINE[_NOTE], _PAD + ports * _PORT)
        x = MARGIN + node.column * (WIDE + GAP)
        boxes[node.id] = _Box(node, x, below[node.column], height, title, note)
        below[node.column] += height + APART
    return boxes


def _box(box: _Box) -> Iterator[str]:
    yield f'<g class="node{_CLASSES[box.node.mark]}"><rect class="box" x="{box.x:g}" y="{box.y:g}" width="{WIDE}" height="{box.height:g}" rx="8"/>'
    base = box.y + _PAD + 14
    for line in box.title:
        yield _text(line, box.x + _PAD, base, _TITLE, "mark" if box.node.mark else "")
        base += _LINE[_TITLE]
    for line in box.note:
        yield _text(line, box.x + _PAD, base - 3, _NOTE, "soft")
        base += _LINE[_NOTE]
    yield "</g>"


def _arrows(diagram: Diagram, boxes: Mapping[str, _Box]) -> Iterator[str]:
    """The arrows, then their labels on top; arrows with labels reach a box one below the other, ordered by their start."""
    labels: list[str] = []
    for target, box in boxes.items():
        arriving = sorted(
            (edge for edge in diagram.edges if edge.end == target), key=lambda edge: (boxes[edge.start].y, edge.start)
        )
        labelled = [edge for edge in arriving if edge.label]
        for edge in arriving:
            place = labelled.index(edge) - (len(labelled) - 1) / 2 if edge.label else 0
            y = box.middle + place * _PORT
            yield _arrow(edge, boxes[edge.start], box, y)
            labels.append(_label(edge, box.x - 14, y + 4))
    yield from filter(None, labels)


def _label_text(edge: Edge) -> str:
    return " ".join(filter(None, (edge.mark, edge.label)))


def _arrow(edge: Edge, start: _Box, end: _Box, y: float) -> str:
    left, right = start.x + WIDE, end.x - 8
    bend = (right - left) / 2
    what = f"{start.node.title} → {end.node.title}" + (f": {_label_text(edge)}" if _label_text(edge) else "")
    return (
        f'<g class="edge{_CLASSES[edge.mark]}"><title>{escape(what)}</title>'
        f'<path class="arrow" d="M{left:g} {start.middle:g} C{left + bend:g} {start.middle:g} {right - bend:g} {y:g} {right:g} {y:g}"/>'
        f'<path class="head" d="M{right:g} {y - 5:g} l8 5 l-8 5 z"/></g>'
    )


def _label(edge: Edge, right: float, y: float) -> str:
    label = _label_text(edge)
    text = _text(label, right - width_of(label, _NOTE), y, _NOTE, "label mark" if edge.mark else "label")
    return f'<g class="edge{_CLASSES[edge.mark]}">{text}</g>' if label else ""


def _text(text: str, x: float, y: float, size: int, style: str) -> str:
    class_attribute = f' class="{style}"' if style else ""
    return f'<text{class_attribute} x="{x:g}" y="{y:g}" font-size="{size}">{escape(text)}</text>'
