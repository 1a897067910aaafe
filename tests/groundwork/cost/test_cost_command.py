"""`groundwork cost` as people type it: figures on standard output, messages on standard error, clear errors."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
import yaml
from groundwork.cli import cost as commands
from groundwork.cli import run
from groundwork.cost.amounts import as_money
from groundwork.errors import Exit

from tests.google_proxy import google_proxy
from tests.groundwork.cost import exports
from tests.groundwork.cost.billing.bigquery_server import Bigquery, serving
from tests.groundwork.cost.plans import bucket, change, plan

ROOT = Path(__file__).parents[3]
DEV = """\
project: team-dev
region: europe-west1
members:
  alice@example.com: {role: operator}  # the owner
  bob@example.com: {role: viewer}
"""


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """A file of 2,000 rows, to be copied."""
    file = tmp_path_factory.mktemp("export") / "export.ndjson"
    exports.ndjson(file, exports.rows(2000))
    return file


@pytest.fixture
def clone(tmp_path, monkeypatch, export):
    """A folder that the commands take for a clone, and where they run."""
    root = tmp_path / "clone"
    (root / "infra" / "platform").mkdir(parents=True)
    (root / "envs").mkdir()
    for name in ("schema.json", "local.yaml"):
        shutil.copy(ROOT / "envs" / name, root / "envs" / name)
    (root / "envs" / "dev.yaml").write_text(DEV)
    monkeypatch.chdir(root)
    monkeypatch.delenv("GROUNDWORK_ENV", raising=False)
    # Half a year after a price was read, estimates begin to warn of it.
    monkeypatch.setattr(commands, "_now", lambda: datetime(2026, 11, 29, 12, tzinfo=UTC))
    shutil.copy(export, root)
    (root / "plan.json").write_text(json.dumps(plan(change("google_storage_bucket", bucket()))))
    return root


@pytest.fixture
def cost(clone, capsys):
    """Run `groundwork cost ...`: exit code, standard output, standard error."""

    def ran(line):
        code = run(["cost", *shlex.split(line)])
        out = capsys.readouterr()
        return code, out.out, out.err

    return ran


def test_an_estimate_is_a_tree_with_the_total_first_and_what_it_rests_on_in_a_line(cost):
    code, out, err = cost("estimate --plan plan.json")
    assert (code, err) == (0, "")
    total, _, component, first = out.splitlines()[:4]
    assert total == "Cost: $0.34 a month ($0.0005 an hour): fixed $0.00, by usage $0.34. This plan: +$0.34 a month."
    assert re.fullmatch(r"things data +\$0\.34", component)
    assert re.fullmatch(r"├ stored +10 GiB-month +\$0\.20", first)
    assert "Assumed: bucket_download_gib 1, bucket_gib 10," in out
    assert "module." not in out
    assert out.rstrip().endswith("this is what the same would cost on Google Cloud (simulated).")


def test_the_lines_of_the_tree_add_up_to_what_json_says(cost):
    out = cost("estimate --plan plan.json")[1]
    document = json.loads(cost("estimate --plan plan.json --json")[1])
    parts = [part for kind in document["after"]["components"].values() for part in kind]
    amounts = [line.split("$")[-1] for line in out.splitlines() if line.startswith(("├", "└"))]
    assert amounts == [
        f"{Decimal(part['monthly']):.2f}" for part in sorted(parts, key=lambda part: -Decimal(part["monthly"]))
    ]


def test_the_details_have_addresses_assumptions_and_the_line_at_the_end(cost):
    code, out, err = cost("estimate --plan plan.json --details")
    assert (code, err) == (0, "")
    assert re.search(r'module\.things\["data"\]\.google_storage_bucket\.this +reads +20,000 operations +\$0\.01', out)
    assert re.search(r"bucket_gib +10 GiB +default +stored in a bucket", out)
    assert "Cost: $0.34 a month ($0.0005 an hour): fixed $0.00, by usage $0.34. This plan: +$0.34 a month." in out
    assert out.rstrip().endswith("this is what the same would cost on Google Cloud (simulated).")


def test_without_a_command_it_is_the_estimate(cost):
    assert cost("--plan plan.json") == cost("estimate --plan plan.json")


def test_on_google_cloud_nothing_is_called_simulated(cost):
    assert "simulated" not in cost("estimate --env dev --plan plan.json")[1]


def test_assumptions_of_the_environment_file_count(cost, clone):
    (clone / "envs" / "dev.yaml").write_text(DEV + "cost: {assumptions: {by_name: {data: {bucket_gib: 1000}}}}\n")
    out = cost("estimate --env dev --plan plan.json --details")[1]
    assert "Cost: $20.14 a month" in out
    assert re.search(r"data +1000 GiB +environment file +only for data", out)


def test_plans_of_two_layers_are_one_estimate(cost, clone):
    shutil.copy(clone / "plan.json", clone / "other.json")
    document = json.loads(cost("estimate --plan plan.json --plan other.json --json")[1])
    assert len(document["changes"]) == 2


def test_the_estimate_as_json_names_the_page_of_every_price(cost):
    document = json.loads(cost("estimate --plan plan.json --json")[1])
    assert document["simulated"] is True
    assert {price["source"].split("/")[2] for price in document["prices"]} == {"cloud.google.com"}
    parts = document["after"]["components"]
    assert sum(Decimal(part["monthly"]) for kind in parts.values() for part in kind) == Decimal(
        document["after"]["list_monthly"]
    )


def test_the_estimate_as_csv_adds_up(cost):
    rows = list(csv.DictReader(io.StringIO(cost("estimate --plan plan.json --csv")[1])))
    document = json.loads(cost("estimate --plan plan.json --json")[1])
    assert sum(Decimal(row["monthly_usd"]) for row in rows) == Decimal(document["after"]["monthly"])


def test_a_files_report_is_the_same_in_every_form(cost):
    document = json.loads(cost("report --file export.ndjson --json")[1])
    rows = list(csv.DictReader(io.StringIO(cost("report --file export.ndjson --by service --csv")[1])))
    assert [(row["key"], row["gross"]) for row in rows] == [
        (group["service"], group["gross"]) for group in document["by_service"]
    ]
    table = cost("report --file export.ndjson --by service")[1]
    for row in rows:
        assert re.search(rf"{row['name']} +\$\d", table)


def test_members_are_recognized_by_their_label_and_shown_by_their_address(cost):
    document = json.loads(cost("report --env dev --file export.ndjson --json")[1])
    assert {group["member"] for group in document["by_member"]} == {"alice@example.com", "bob@example.com", "carol", ""}


def test_warnings_stay_out_of_the_data(cost):
    code, out, err = cost("report --demo --json")
    assert code == 0
    assert err == "warning: Simulated: these costs are invented.\n"
    assert json.loads(out)["simulated"] is True


def _figures(value):
    """Every amount in a document, as people read it."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _figures(one)
    elif isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        yield as_money(Decimal(value))


def test_every_amount_on_the_page_is_one_of_json(cost, clone):
    _, report, _ = cost("report --demo --json --chart costs.html")
    _, left, _ = cost("credits left --demo --json")
    page = re.sub(
        r"<style>.*?</style>|<text.*?</text>", "", unescape((clone / "costs.html").read_text()), flags=re.DOTALL
    )
    amounts = set(re.findall(r"<?-?\$[\d,]+\.\d\d", page))
    assert len(amounts) > 100
    assert amounts <= {*_figures(json.loads(report)), *_figures(json.loads(left))}


def test_a_chart_is_written_in_addition_to_the_table(cost, clone):
    code, _, err = cost("report --demo --chart costs.html")
    assert code == 0
    assert "Wrote costs.html: open it in a browser." in err
    assert "Credits left on" in (clone / "costs.html").read_text()


def test_simulated_credits_are_called_simulated_in_every_form(cost):
    assert "(simulated)" in cost("credits --demo")[1]
    assert json.loads(cost("credits --demo --json")[1])["simulated"] is True
    assert {row["simulated"] for row in csv.DictReader(io.StringIO(cost("credits --demo --csv")[1]))} == {"simulated"}


def test_credits_are_entered_looked_at_corrected_and_shown(cost, clone):
    add = "credits add --env dev --member alice@example.com --amount 50 --start 2026-09-01 --expires 2999-01-01"
    assert cost(add) == (0, "", "Entered: alice@example.com's $50.00 of 2026-09-01, until 2999-01-01, in dev.yaml.\n")
    assert cost(add)[2].startswith("Already there: ")
    spent = -exports.sums(exports.rows(2000), exports.member)["alice"][1]
    grant = json.loads(cost("credits --env dev --file export.ndjson --json")[1])["credits"][0]["grants"][0]
    assert Decimal(grant["used"]) == spent
    assert Decimal(grant["left"]) == 50 - spent
    assert cost("credits check --env dev --member alice@example.com --left 12.5 --on 2026-11-05")[0] == 0
    grant = json.loads(cost("credits --env dev --file export.ndjson --json")[1])["credits"][0]["grants"][0]
    assert Decimal(grant["left"]) == Decimal("12.50")
    assert "# the owner" in (clone / "envs" / "dev.yaml").read_text()
    assert yaml.safe_load((clone / "envs" / "dev.yaml").read_text())["cost"]["grants"][0]["checked"] == {
        "left": 12.5,
        "day": "2026-11-05",
    }


GRANT = "credits add --env dev --member alice@example.com --amount 50 --start 2026-09-01 --expires 2027-09-01"
WRONG = [
    ("estimate --plan none.json", "none.json cannot be read: No such file or directory."),
    ("estimate --plan export.ndjson", "export.ndjson is not JSON."),
    ("estimate --plan envs/schema.json", "envs/schema.json is not a plan: format_version is missing."),
    ("estimate --plan plan.json --json --csv", "--json and --csv cannot be combined; give one of them."),
    ("estimate --env nowhere --plan plan.json", 'there is no environment "nowhere" (envs/nowhere.yaml)'),
    ("estimate --env bad --plan plan.json", "bad.yaml: cost.assumptions.bucket_gb is not an assumption; did you mean bucket_gib?"),
    ("report --env dev", "dev.yaml does not say where the billing export is: add cost: {export: {project: ID, dataset: NAME}} to it, or give --file."),
    ("report --demo --file export.ndjson", "--demo reads a simulated export and --file a real one; give one or the other."),
    ("report --file plan.json", "plan.json: the column billing_account_id is missing"),
    ("report --file envs/dev.yaml", "envs/dev.yaml has no known layout"),
    ("report --file export.ndjson --file export.ndjson", "The same file is given twice: its costs would count twice."),
    ("report --file export.ndjson --month 2026-13", "--month 2026-13 is not a month; write it as 2026-10."),
    ("report --file export.ndjson --from yesterday", "--from yesterday is not a day; write it as 2026-10-31."),
    ("report --file export.ndjson --from 2026-10-02 --until 2026-10-01", "--from 2026-10-02 is after --until 2026-10-01"),
    ("report --file export.ndjson --month 2026-10 --from 2026-10-02", "--month is an invoice, --from and --until are days of use"),
    ("report --file export.ndjson --month 2019-01", "export.ndjson has no costs in the invoice of 2019-01."),
    ("report --file export.ndjson --currency EUR", "export.ndjson has no costs in EUR, only in USD."),
    ("report --demo --chart no/such/folder.html", "no/such/folder.html cannot be written: No such file or directory. Give --chart another place."),
    ("credits --env dev --file export.ndjson", "No credits are entered in dev.yaml. Enter them: groundwork cost credits add"),
    (GRANT.replace("alice@", "zoe@"), "zoe@example.com is not a member of this environment"),
    (GRANT.replace("50", "much"), "--amount is much, which is not an amount above 0"),
    (GRANT.replace("2027-09-01", "2026-08-01"), "expires on 2026-08-01, which is not after its start."),
    (GRANT.replace("2026-09-01", "September"), "--start is September, which is not a day"),
    (GRANT + " --billing-account 12", "--billing-account 12 is not an id such as 012345-6789AB-CDEF01."),
    ("credits check --env dev --member alice@example.com --left 3", "alice@example.com has no grant on "),
    ("credits check --env dev --member alice@example.com --left 3 --on 2999-01-01", "--on 2999-01-01 is in the future"),
    ("credits check --env dev --member alice@example.com --left -3", "--left is -3, which is not an amount of at least 0"),
]  # fmt: skip


def _files(clone):
    """Everything in the clone except caches."""
    files = (path for path in clone.rglob("*") if path.is_file() and ".groundwork" not in path.parts)
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize(("line", "message"), WRONG)
def test_wrong_input_is_one_sentence_with_exit_code_2_and_no_partial_change(cost, clone, line, message):
    (clone / "envs" / "bad.yaml").write_text(
        DEV.replace("team-dev", "team-bad") + "cost: {assumptions: {bucket_gb: 1}}\n"
    )
    before = _files(clone)
    code, out, err = cost(line)
    assert (code, out) == (Exit.USAGE, "")
    assert message in err
    assert err.startswith("Error: ")
    assert len(err.splitlines()) == 1
    assert _files(clone) == before


@pytest.mark.parametrize(
    "line",
    [
        "frobnicate", "estimate --zebra", "report --by colour", "report --file none.ndjson", "report --file envs", "report --most-mib 0",
        "report --most-mib lots", "credits add --member alice@example.com", "credits check --left 3", "credits frobnicate",
    ],
)  # fmt: skip
def test_what_click_refuses_exits_with_2_and_says_how_to_get_help(cost, line):
    code, out, err = cost(line)
    assert (code, out) == (Exit.USAGE, "")
    assert "Error: " in err
    assert "--help" in err


def _examples():
    found = []
    for words, group in (("", commands.cost), ("credits ", commands.credits_)):
        found += [(f"{words}{name}", command.help or "") for name, command in group.commands.items()]
        found.append((words.strip(), group.help or ""))
    return [(name, text.partition("Example: ")[2].strip()) for name, text in found]


@pytest.mark.parametrize(("name", "example"), _examples())
def test_the_example_in_every_help_runs(cost, clone, name, example):
    assert example.startswith(f"groundwork cost {name}".rstrip())
    local = (clone / "envs" / "local.yaml").read_text()
    (clone / "envs" / "local.yaml").write_text(
        local
        + "\ncost:\n  grants:\n    - {member: alice@example.com, amount: 40, start: '2020-01-01', expires: '2999-01-01'}\n"
    )
    line = example.removeprefix("groundwork cost ")
    code, out, _ = cost(f"{line} --plan plan.json" if line.startswith("estimate") else line)
    assert code == 0
    assert out or "credits " in line


def test_the_whole_way_from_the_planner_to_the_estimate(tmp_path):
    """What `make cost` runs, on a clone and a local cloud of its own."""
    clone = tmp_path / "clone"
    for folder in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns(".*", "*.md"))
    (clone / "tools").symlink_to(ROOT / "tools")
    command = [sys.executable, "-m", "groundwork"]
    try:
        result = subprocess.run(
            [*command, "cost", "estimate", "--json"],
            cwd=clone,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    finally:
        subprocess.run([*command, "local", "stop"], cwd=clone, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["simulated"] is True
    assert document["after"]["at_least"] is False, document["after"]["components"]["unpriced"]
    priced = {part["address"].split(".")[-2] for part in document["after"]["components"]["usage"]}
    assert priced == {"google_storage_bucket", "google_artifact_registry_repository", "google_secret_manager_secret"}
    assert Decimal(document["after"]["monthly"]) > Decimal(document["before"]["monthly"])


def test_the_export_in_bigquery_is_read_on_the_way_to_google_itself(cost, clone, monkeypatch, tmp_path):
    """No endpoint is set: a proxy with the test's own certificate answers for bigquery.googleapis.com."""
    (clone / "envs" / "dev.yaml").write_text(DEV + "cost: {export: {project: my-billing, dataset: d}}\n")
    having = Bigquery(["gcp_billing_export_v1_0A0A0A_0B0B0B_0C0C0C"], clone / "export.ndjson")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    with serving(having) as address, google_proxy(address, tmp_path) as proxy:
        for name, value in proxy.variables.items():
            monkeypatch.setenv(name, value)
        code, out, err = cost("report --env dev --month 2026-10 --json")
    assert code == 0, err
    of_file = json.loads(cost("report --env dev --file export.ndjson --month 2026-10 --json")[1])
    assert json.loads(out)["by_member"] == of_file["by_member"]
    assert "_PARTITIONTIME >= TIMESTAMP('2026-09-29')" in having.jobs[0]["configuration"]["query"]["query"]
    assert {call.split()[1].partition("/")[0] for call in proxy.answered} == {"bigquery.googleapis.com"}
    assert any("/projects/team-dev/" in call for call in proxy.answered), "the environment's project pays for the query"


def test_the_budget_is_shown_with_estimate_and_report(cost, clone):
    dev = clone / "envs" / "dev.yaml"
    dev.write_text(DEV + "budget: {amount: 50, billing_account: 012345-6789AB-CDEF01}\n")
    code, out, _ = cost("estimate --env dev --plan plan.json")
    assert code == Exit.OK
    assert "Budget: $50.00 a month; this environment is " in out
    assert json.loads(cost("estimate --env dev --plan plan.json --json")[1])["budget"]["amount"] == "50.00"
    assert (
        "not compared: it is monthly: choose a month with --month." in cost("report --env dev --file export.ndjson")[1]
    )
    _, rows, err = cost("report --env dev --file export.ndjson --csv")
    assert "Budget" not in rows
    assert "Budget" in err
    assert json.loads(cost("report --env dev --file export.ndjson --json")[1])["budget"]["why_not"]
