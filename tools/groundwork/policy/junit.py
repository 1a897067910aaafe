"""A policy check as JUnit XML: a test case for each passed policy and for each violation."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from groundwork.display import harmless
from groundwork.policy import terminal
from groundwork.policy.result import Result, Violation


def junit(result: Result) -> str:
    """One suite; a violation is a failure, an excused one is skipped with its reason, an expired exception is a failure."""
    suite = ET.Element("testsuite", name="groundwork policy")
    broken = {finding.row.name for finding in result.findings} | {one.finding.row.name for one in result.excused}
    for name in result.rows:
        if name not in broken:
            ET.SubElement(suite, "testcase", classname=name, name=result.rows[name].title)
    for finding in result.findings:
        body = f"{finding.place.text}\nwhy: {finding.row.why}\nfix: {finding.row.mend}".strip()
        _failure(_case(suite, finding), str(finding.row.severity), finding.sentence, body)
    for one in result.excused:
        reason = f"until {one.exception.expires}: {one.exception.reason} ({one.exception.owner})"
        ET.SubElement(_case(suite, one.finding), "skipped", message=reason)
    for exception in result.expired:
        case = ET.SubElement(suite, "testcase", classname="expired_exception", name=exception.resource)
        _failure(case, "expired", terminal.expired(exception), "")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(result.findings) + len(result.expired)))
    suite.set("errors", "0")
    suite.set("skipped", str(len(result.excused)))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    # XML cannot hold control characters at all, and ElementTree writes them as they are.
    return harmless(ET.tostring(suites, encoding="unicode", xml_declaration=False)) + "\n"


def _case(suite: ET.Element, finding: Violation) -> ET.Element:
    place = {"file": finding.place.file, "line": str(finding.place.line)} if finding.place.file else {}
    return ET.SubElement(suite, "testcase", classname=finding.row.name, name=finding.address, attrib=place)


def _failure(case: ET.Element, kind: str, message: str, body: str) -> None:
    ET.SubElement(case, "failure", type=kind, message=message).text = body
