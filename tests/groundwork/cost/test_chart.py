"""The page: self-contained, readable without colour and in dark mode, every bar proportional to its figure; viewed in a browser if there is one."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from groundwork.cost import against, amounts, axes, burndown, catalogue, chart, demo, stacked
from groundwork.cost.amounts import total
from groundwork.cost.assumptions import Assumptions
from groundwork.cost.billing import files
from groundwork.cost.credits import balances
from groundwork.cost.grants import CreditGrant
from groundwork.cost.report import Period, report
from groundwork.terraform.state import State, StateResource

from tests.groundwork.cost import exports

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
MEMBERS = ("alice@example.com", "bob@example.com", "carol@example.com")
VOID = {"meta", "rect", "line", "br", "polygon", "polyline"}


class Page(HTMLParser):
    """The elements of a page, and whether every one that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        """The visible text."""
        return " ".join(" ".join(self.words).split())

    def having(self, tag, name):
        """The elements of a tag with a class."""
        return [attrs for found, attrs in self.elements if found == tag and name in (attrs.get("class") or "").split()]


@pytest.fixture(scope="module")
def costs(tmp_path_factory):
    path = exports.ndjson(tmp_path_factory.mktemp("export") / "it's <b>.ndjson", exports.rows(3000))
    return report(files.read([path]), Period(), NOW)


@pytest.fixture(scope="module")
def text(costs):
    grants = [
        CreditGrant("alice@example.com", Decimal(50), date(2026, 9, 1), date(2027, 9, 1), account=exports.ACCOUNTS[0])
    ]
    return chart.page(costs, balances(grants, costs.ledger, NOW.date()), NOW)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_page_is_well_formed(page):
    assert page.open == []


def test_it_asks_nothing_of_the_network(page, text):
    assert not {tag for tag, _ in page.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "video",
        "image",
        "use",
        "base",
        "form",
    }
    assert not [attrs for _, attrs in page.elements if {"src", "href", "xlink:href", "action", "data"} & set(attrs)]
    assert not re.search(r"https?://|//[a-z]|@import", text)
    assert re.findall(r"url\(([^)]*)\)", text) == ["#hatch"]
    policy = next(attrs["content"] for tag, attrs in page.elements if tag == "meta" and "http-equiv" in attrs)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_names_from_an_export_are_text_and_no_markup(page):
    assert "it's <b>.ndjson" in page.text
    assert "b" not in {tag for tag, _ in page.elements}


def test_every_day_has_its_column_with_its_figure_in_words(page, costs):
    titles = re.findall(r"(2026-\d\d-\d\d): \$[\d.]+, of which credits paid", page.text)
    assert titles == [group.key for group in costs.by("day")]


def test_columns_are_as_high_as_their_days_cost(text, costs):
    columns = re.findall(r'<g><title>(\S+):.*?height="([\d.]+)"/>.*?height="([\d.]+)"/></g>', text)
    most = axes.marks(max(group.sums.before_promotion for group in costs.by("day")))[-1]
    for (day, money, credit), group in zip(columns, costs.by("day"), strict=True):
        assert day == group.key
        assert float(money) + float(credit) == pytest.approx(195 * float(group.sums.before_promotion / most), abs=0.11)
        assert float(credit) == pytest.approx(195 * float(-group.sums.promotion / most), abs=0.11)


@pytest.mark.parametrize("grouping", ["service", "component", "member"])
def test_every_bar_shows_its_figures(page, costs, grouping):
    for group in costs.by(grouping):
        figures = " ".join(
            chart.as_money(amount) for amount in (group.sums.before_promotion, group.sums.promotion, group.sums.net)
        )
        assert f"{group.name} {figures}" in page.text


def test_the_longest_bar_is_the_whole_width_and_others_in_proportion(text, costs):
    rows = re.search(r"<h2>By service</h2>.*?</table>", text, re.DOTALL)[0]
    lengths = [
        sum(float(width) for width in re.findall(r'<rect class="(?:money|credit)"[^>]* width="([\d.]+)"', row))
        for row in rows.split("<tr>")[2:]
    ]
    sums = [group.sums.before_promotion for group in costs.by("service")]
    assert lengths == [pytest.approx(300 * float(amount / sums[0]), abs=0.2) for amount in sums]


def test_money_and_credits_differ_by_pattern_and_words_and_not_by_colour_alone(page, text):
    assert page.having("rect", "money")
    assert page.having("rect", "credit")
    assert ".credit { fill: url(#hatch);" in text
    assert "paid in money (net)" in page.text
    assert "paid by promotional credits" in page.text


def _contrast(one, other):
    """WCAG 2's contrast of two colours."""

    def light(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [chart.LIGHT, chart.DARK], ids=["light", "dark"])
def test_text_and_bars_have_contrast_in_light_and_dark(colours):
    assert _contrast(colours["ink"], colours["paper"]) >= 7
    assert _contrast(colours["soft"], colours["paper"]) >= 4.5
    assert _contrast(colours["bar"], colours["paper"]) >= 3
    assert _contrast(colours["bar"], colours["wash"]) >= 3


def test_remaining_credits_are_shown_and_never_called_official(page):
    assert "Credits left on 2026-11-05" in page.text
    assert "not an official balance" in page.text


def test_a_simulated_page_says_so_wherever_it_shows_something():
    ledger = demo.ledger(MEMBERS, NOW)
    text = chart.page(
        report(ledger, Period(), NOW), balances(demo.grants(MEMBERS, NOW.date()), ledger, NOW.date()), NOW
    )
    headings = re.findall(r"<h[12]>([^<]*)</h[12]>|<title>(Costs[^<]*)</title>", text)
    assert len(headings) == 9
    assert all("(simulated)" in one + other for one, other in headings)
    assert "Simulated: these costs are invented." in text


@pytest.mark.parametrize("grouping", ["member", "service"])
def test_the_stacks_figures_are_those_of_json_and_add_up_to_the_report(page, costs, grouping):
    stack = stacked.stack(costs, grouping)
    rows = stacked.as_data(stack)
    assert sum(Decimal(row["before_promotional_credits"]) for row in rows) == costs.sums.before_promotion
    for row in rows:
        assert (
            f"{row['from']}, {row[grouping]}: {chart.as_money(Decimal(row['before_promotional_credits']))}" in page.text
            or not Decimal(row["before_promotional_credits"])
        )


def test_services_beyond_the_five_dearest_are_grouped_as_others(costs):
    lines = tuple(replace(costs.lines[0], service=f"S{n}", service_id=f"s{n}", gross=Decimal(n)) for n in range(1, 9))
    stack = stacked.stack(replace(costs, lines=lines), "service")
    assert stack.names == ("S8", "S7", "S6", "S5", "S4", "others")


def test_the_dearest_service_is_named(page, costs):
    first = costs.by("service")[0]
    assert (
        f"{first.name} is the most expensive service, with {chart.as_money(first.sums.before_promotion)}" in page.text
    )


def test_a_burn_down_begins_with_the_grant_and_ends_with_what_is_left_today():
    ledger = demo.ledger(MEMBERS, NOW)
    for balance in balances(demo.grants(MEMBERS, NOW.date()), ledger, NOW.date()):
        points = burndown.burndown(balance, ledger, NOW.date()).points
        assert points[0][1] == 50
        assert points[-1] == (NOW.date(), balance.left)
        amounts = [amount for _, amount in points]
        assert amounts == sorted(amounts, reverse=True)
        svg = burndown.drawn(burndown.burndown(balance, ledger, NOW.date()), NOW.date(), "words", "name")
        assert 'class="cone"' in svg


def test_an_estimate_is_held_against_the_last_thirty_days(costs):
    state = State(
        1,
        (
            StateResource(
                'module.buckets["data"].google_storage_bucket.bucket',
                'module.buckets["data"]',
                "google_storage_bucket",
                {"name": "p-data", "location": "europe-west1", "storage_class": "STANDARD"},
            ),
        ),
        {},
    )
    expected = against.of_states([state], Assumptions())
    comparison = against.against(costs, expected)
    spent = sum(line.before_promotion for line in costs.lines if (comparison.until - line.day).days < comparison.days)
    assert sum(row[2] for row in comparison.services) == spent
    assert total(row[1] for row in comparison.services) == expected.after.listed
    assert [name for name, awaited, _ in comparison.services if awaited] == ["Cloud Storage"]
    rows = against.as_data(comparison)["by_service"]
    text = Page(chart.page(costs, [], NOW, comparison)).text
    for row in rows:
        assert (
            f"{row['service']} {chart.as_money(Decimal(row['estimate_a_month']))} {chart.as_money(Decimal(row['spent']))}"
            in text
        )


def test_every_price_belongs_to_a_service_of_a_bill():
    prices = {key for key, _ in catalogue.read().rows}
    beginnings = {".".join(key.split(".")[:number]) for key in prices for number in (1, 2)}
    assert {key.partition(".")[0] for key in prices} <= set(against.SERVICES) <= beginnings


def test_many_days_become_weeks(tmp_path):
    rows = [
        row | {"usage_start_time": f"{datetime(2026, 1, 5, 20, tzinfo=UTC) + timedelta(days=n):%Y-%m-%d %H:%M:%S} UTC"}
        for n, row in enumerate(exports.rows(120))
    ]
    found = report(files.read([exports.ndjson(tmp_path / "x.ndjson", rows)]), Period(), NOW)
    text = chart.page(found, [], NOW)
    assert "<h2>By week</h2>" in text
    assert text.count("<g><title>") == 18


def test_a_table_without_days_has_no_chart_of_days(costs):
    monthly = replace(costs, ledger=replace(costs.ledger, daily=False))
    assert "By day" not in chart.page(monthly, [], NOW)


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(
            f"not seen in a browser: none of {', '.join(BROWSERS)} is on this machine; the page was parsed all the same"
        )
    return path


def _seen(browser, folder, text, scheme):
    """The page's pixels in a browser, and the requests by origin: "not an origin" is the browser itself."""
    (folder / "page.html").write_text(text, encoding="utf-8")
    shot, log = folder / f"{scheme}.png", folder / f"{scheme}.json"
    subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,1200",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / scheme}",
            f"--blink-settings=preferredColorScheme={'0' if scheme == 'dark' else '1'}", f"--log-net-log={log}",
            f"--screenshot={shot}", (folder / "page.html").as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return _pixels(shot.read_bytes()), set(re.findall(r'"initiator":"([^"]*)"', log.read_text(errors="replace")))


def _pixels(png):
    """How often each colour occurs in an 8-bit RGB or RGBA PNG."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, data, (width, height, channels) = 8, b"", (0, 0, 0)
    while place < len(png):
        size, kind = struct.unpack(">I4s", png[place : place + 8])
        body = png[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, height, channels = *struct.unpack(">II", body[:8]), {2: 3, 6: 4}[body[9]]
        data += body if kind == b"IDAT" else b""
        place += size + 12
    return _unfiltered(zlib.decompress(data), width, height, channels)


def _unfiltered(raw, width, height, channels):
    counted, stride, above = Counter(), width * channels, bytearray(width * channels)
    for row in range(height):
        kind, line = raw[row * (stride + 1)], bytearray(raw[row * (stride + 1) + 1 : (row + 1) * (stride + 1)])
        for n in range(stride):
            left, up = line[n - channels] if n >= channels else 0, above[n]
            corner = above[n - channels] if n >= channels else 0
            line[n] = (line[n] + _predicted(kind, left, up, corner)) & 255
        counted.update(bytes(line[n : n + 3]) for n in range(0, stride, channels))
        above = line
    return counted


def _predicted(kind, left, up, corner):
    if kind == 4:
        near = min((abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner))
        return near[2]
    return (0, left, up, (left + up) // 2)[kind]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_paper_ink_and_bars_and_asks_for_nothing(browser, text, scheme, tmp_path):
    colours = chart.DARK if scheme == "dark" else chart.LIGHT
    pixels, requests = _seen(browser, tmp_path, text, scheme)
    by_name = {name: pixels[bytes.fromhex(colour[1:])] for name, colour in colours.items()}
    assert by_name["paper"] > 0.5 * pixels.total()
    assert by_name["bar"] > 20_000, "solid bars"
    assert by_name["wash"] > 1_000, "hatched bars"
    assert by_name["ink"] > 500, "text"
    assert requests <= {"not an origin"}


def test_a_page_that_made_a_request_would_be_noticed(browser, text, tmp_path):
    asking = text.replace("default-src 'none'", "img-src *").replace(
        "</body>", '<img src="http://127.0.0.1:9/x.png"></body>'
    )
    assert not _seen(browser, tmp_path, asking, "light")[1] <= {"not an origin"}


@pytest.mark.parametrize(
    ("most", "said"),
    [
        ("3.09", ["$0", "$1", "$2", "$3", "$4"]),
        ("49.37", ["$0", "$10", "$20", "$30", "$40", "$50"]),
        ("1234", ["$0", "$500", "$1,000", "$1,500"]),
        ("0.3", ["$0", "$0.10", "$0.20", "$0.30"]),
        ("0.0087", ["$0", "$0.002", "$0.004", "$0.006", "$0.008", "$0.01"]),
        ("1E+3", ["$0", "$200", "$400", "$600", "$800", "$1,000"]),
        ("0", ["$0"]),
    ],
)
def test_the_marks_of_an_axis_are_round_and_reach_the_highest_column(most, said):
    found = axes.marks(Decimal(most))
    assert [amounts.mark(one) for one in found] == said
    assert found[-1] >= Decimal(most)
