"""The conditions of alerting policies: what Google accepts.

Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies.
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.engine.service import Body
from localcloud.errors import CloudError, invalid, unimplemented
from localcloud.services.monitoring import selection
from localcloud.services.monitoring.names import missing, seconds, wrong
from localcloud.spec import log_filters
from localcloud.spec.discovery import snake

THRESHOLD, ABSENT, LOG = "conditionThreshold", "conditionAbsent", "conditionMatchedLog"
_QUERIES: Mapping[str, str] = {
    "conditionMonitoringQueryLanguage": "query",
    "conditionPrometheusQueryLanguage": "query",
    "conditionSql": "query",
}
"""What is stored but never evaluated, with its field that must be set."""
_KINDS = (THRESHOLD, ABSENT, LOG, *_QUERIES)
_MOST = 6
_MINUTE, _SHORTEST_ABSENCE, _LONGEST_ABSENCE = 60, 120, 84_600
_LONGEST_DURATION = 86_400
_LONGEST_ALIGNMENT = 90_000
_LONGEST_OF_SEVERAL = 3600
"""Of several alignments one after another: their points are read each minute, while a single one is left to the database."""
_MOST_ALIGNMENTS, _MOST_GROUPS = 10, 50
"""Far more than anybody needs: each of them is work for each series and minute."""
_COMPARISONS = ("COMPARISON_GT", "COMPARISON_LT")


def check(conditions: list[Body]) -> None:
    """400 for conditions that Google refuses."""
    if not 1 <= len(conditions) <= _MOST:
        raise invalid(
            f"Alert policies must have from 1 to {_MOST} conditions, got {len(conditions)}.", "alert_policy.conditions"
        )
    for at, condition in enumerate(conditions):
        field = f"alert_policy.conditions[{at}]"
        kind = kind_of(condition, field)
        if kind in (LOG, *_QUERIES) and len(conditions) > 1:
            what = "a log matching condition" if kind == LOG else f"a {snake(kind)} condition"
            raise invalid(f"Alert policies with {what} can only have a single condition.")
        if not condition.get("displayName"):
            raise missing(f"{field}.display_name")
        _check(kind, condition[kind], f"{field}.{snake(kind)}")


def kind_of(condition: Body, field: str = "condition") -> str:
    """What kind of condition it is; 400 for none."""
    found = [kind for kind in _KINDS if kind in condition]
    if len(found) > 1:
        raise invalid(
            f"Invalid value at '{field}' (oneof), oneof field 'condition' is already set. Cannot set '{found[1]}'",
            field,
        )
    if not found:
        why = 'Condition subtype (e.g. "condition_absent","condition_threshold", etc.) is absent or unknown.'
        raise wrong(f"{field}.condition_case", 0, why)
    return found[0]


def _check(kind: str, body: Body, field: str) -> None:
    if kind == LOG:
        _check_log(body, field)
    elif kind in _QUERIES:
        if not body.get(_QUERIES[kind]):
            raise missing(f"{field}.{_QUERIES[kind]}")
    else:
        _check_metric(kind, body, field)


def _check_log(body: Body, field: str) -> None:
    if not body.get("filter"):
        raise missing(f"{field}.filter")
    try:
        log_filters.compiled(body["filter"])
    except CloudError as problem:
        raise wrong(f"{field}.filter", body["filter"], problem.message) from None


def _check_metric(kind: str, body: Body, field: str) -> None:
    for name in [name for name in ("filter", "denominatorFilter") if name == "filter" or body.get(name)]:
        selection.compiled(body.get(name, ""), f"{field}.{snake(name)}", of_resource=True)
    length = body.get("duration", "0s" if kind == THRESHOLD else "")
    if not length:
        raise missing(f"{field}.duration")
    lasting = seconds(length, f"{field}.duration")
    least, most = (_SHORTEST_ABSENCE, _LONGEST_ABSENCE) if kind == ABSENT else (0, _LONGEST_DURATION)
    if lasting % _MINUTE or not least <= lasting <= most:
        raise wrong(f"{field}.duration", length, f"must be a multiple of a minute from {least}s to {most}s.")
    if kind == THRESHOLD:
        if body.get("comparison") not in _COMPARISONS:
            why = "Only COMPARISON_LT and COMPARISON_GT are supported currently."
            raise wrong(f"{field}.comparison", body.get("comparison", "COMPARISON_UNSPECIFIED"), why)
        if not body.get("evaluationMissingData", "_UNSPECIFIED").endswith("_UNSPECIFIED") and not lasting:
            why = "Conditions setting evaluation_missing_data must have a non-zero duration."
            raise wrong(f"{field}.evaluation_missing_data", body["evaluationMissingData"], why)
    for name in ("aggregations", "denominatorAggregations"):
        periods = [_check_aggregation(one, f"{field}.{snake(name)}[{at}]") for at, one in enumerate(body.get(name, []))]
        if len(periods) > _MOST_ALIGNMENTS:
            raise unimplemented(f"The local cloud judges no condition with more than {_MOST_ALIGNMENTS} {snake(name)}.")
        if kind == THRESHOLD and len(periods) > 1 and sum(periods) > _LONGEST_OF_SEVERAL:
            raise unimplemented(
                f"The local cloud judges no condition with {len(periods)} alignments one after another whose periods are "
                f"more than {_LONGEST_OF_SEVERAL}s together: choose shorter ones, or a single alignment."
            )


def _check_aggregation(one: Body, field: str) -> int:
    """The seconds of the alignment period."""
    aligner = one.get("perSeriesAligner", "ALIGN_NONE")
    period = seconds(one["alignmentPeriod"], f"{field}.alignment_period") if one.get("alignmentPeriod") else 0
    if aligner != "ALIGN_NONE" and not _MINUTE <= period <= _LONGEST_ALIGNMENT:
        why = f"must be from {_MINUTE}s to {_LONGEST_ALIGNMENT}s."
        raise wrong(f"{field}.alignment_period", one.get("alignmentPeriod", ""), why)
    if len(one.get("groupByFields", [])) > _MOST_GROUPS:
        raise unimplemented(f"The local cloud groups by at most {_MOST_GROUPS} labels ({field}.group_by_fields).")
    if aligner == "ALIGN_NONE" and one.get("crossSeriesReducer", "REDUCE_NONE") != "REDUCE_NONE":
        raise wrong(
            f"{field}.cross_series_reducer", one["crossSeriesReducer"], "needs an aligner other than ALIGN_NONE."
        )
    return period
