"""A policy check as Markdown, for a job's summary or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.docs import table
from groundwork.policy import terminal
from groundwork.policy.result import Result, Violation


def markdown(result: Result) -> str:
    """A heading, the summary, a table of violations, and notes on exceptions."""
    return "\n\n".join(_parts(result)) + "\n"


def _parts(result: Result) -> Iterator[str]:
    yield f"## Policy: {'passed' if result.ok else 'failed'}"
    yield result.summary.removeprefix("policy: ")
    if result.findings:
        yield table(
            ["Severity", "Policy", "Resource", "Where", "How to fix it"], [_row(one) for one in result.findings]
        )
    if result.excused:
        yield "### Excused"
        yield table(
            ["Policy", "Resource", "Reason", "Owner", "Until"],
            [
                [
                    one.finding.row.name,
                    _code(one.finding.address),
                    _plain(one.exception.reason),
                    _plain(one.exception.owner),
                    str(one.exception.expires),
                ]
                for one in result.excused
            ],
        )
    said = (
        [terminal.expired(one) for one in result.expired]
        + [terminal.unused(one) for one in result.unused]
        + list(result.notes)
    )
    if said:
        yield "\n".join(f"- {_plain(sentence)}" for sentence in said)


def _row(finding: Violation) -> list[str]:
    row = finding.row
    where = ", ".join(filter(None, [finding.place.text, f"plan of {finding.layer}" if finding.layer else ""]))
    about = f"{_code(finding.address)} {_plain(finding.about)}".strip()
    return [str(row.severity), f"{row.title} ({_code(row.name)})", about, _plain(where), row.mend]


def _code(text: str) -> str:
    """The words as code, without backticks and line breaks, which could end the code or the cell: addresses come from anybody's branch."""
    return f"`{_one_line(text).replace('`', '')}`"


def _plain(text: str) -> str:
    """The words with Markdown and HTML escaped."""
    return _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[").replace("`", "\\`")


def _one_line(text: str) -> str:
    return " ".join(text.split())
