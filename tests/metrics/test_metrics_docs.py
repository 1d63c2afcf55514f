"""docs/metrics.md against the code: every worked number is computed, every figure and reason is explained."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import get_args

import pytest
from django.conf import settings
from django.db import connection
from psycopg.types.range import DateRange

from community.handling import dismiss
from community.models import Channel
from crm.contact_page import contact_header, contact_tiles_of, next_steps, records_of
from crm.models import Contact
from crm.money import allocate, from_minor, to_minor
from gateway.panel_records import figure_as_json
from metrics.api.records import LinesRecord, RoiRowRecord
from metrics.attribution.models import attribution_models
from metrics.models import Credit, StaleMark
from metrics.recompute import recompute_all
from metrics.reports import RoiQuery, Scope, figures, roi_report
from metrics.reports.about_people import PeopleQuery, people_report
from metrics.reports.demographics import told
from metrics.reports.layout import fraction_text, money_text, report_as_json
from metrics.reports.responses import ResponsesQuery, responses_report
from tests.factories.community import (
    ChannelFactory,
    CommunityFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory, FollowUpFactory, RefundFactory

PAGE = (settings.BASE_DIR / "docs" / "metrics.md").read_text(encoding="utf-8")
NOW = datetime(2026, 6, 30, tzinfo=UTC)


def worked() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row of each table that follows a `worked` comment: the table's name, its cells by heading."""
    for name, table in re.findall(r"<!-- worked: ([\w ]+) -->\n((?:\|.*\n)+)", PAGE):
        heading, _, *rows = (
            [cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()
        )
        for row in rows:
            yield name, dict(zip(heading, row, strict=True))


ROWS = list(worked())


def rows_of(name: str) -> list[dict[str, str]]:
    return [row for table, row in ROWS if table == name]


def expect_ratio(ratio, row, figure, *, money=False):
    text = money_text(ratio, "EUR") if money else fraction_text(ratio)
    assert (text or "") == row[figure]
    assert (ratio.reason or "") == row["reason"]


@pytest.mark.parametrize("row", rows_of("shares"), ids=str)
def test_shares(db, row):
    model = attribution_models[row["model"]]
    place = [int(row[name]) for name in ("position", "touches", "decay_weight", "decay_total")]

    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {model.weight}, {model.total}"
            " FROM (VALUES (%s, %s, %s, %s)) ledger (position, touches, decay_weight, decay_total)",
            place,
        )
        assert Fraction(*cursor.fetchone()) == Fraction(row["share"])


@pytest.mark.parametrize("row", rows_of("split"), ids=str)
def test_split(row):
    parts = allocate(to_minor(Decimal(row["amount"]), "EUR"), [int(weight) for weight in row["weights"].split()])

    assert [str(from_minor(part, "EUR")) for part in parts] == row["parts"].split()


def amounts(credits, model) -> str:
    """Return what these credits of a currency with cents come to, one after the other."""
    return " ".join(str(from_minor(getattr(credit, f"{model}_minor"), "EUR")) for credit in credits)


def test_refunds(db):
    documented = rows_of("refunds")
    joe, bought = MemberFactory(), datetime(2026, 3, 17, 9, tzinfo=UTC)
    for days in (1, 2, 3):
        InteractionFactory(member=joe, channel=joe.channel, occurred_at=bought - timedelta(days=days))
    ConversionFactory(contact=joe.contact, external_id="o1", amount=Decimal("100.00"), occurred_at=bought)
    for number, row in enumerate(documented):
        RefundFactory(
            external_id=f"r{number}", refund_of_external_id="o1", amount=Decimal(row["refund"]),
            occurred_at=bought + timedelta(days=number),
        )  # fmt: skip

    recompute_all(now=NOW)

    def credited(external_id):
        return list(Credit.objects.filter(conversion__external_id=external_id).order_by("position"))

    taken = [0, 0, 0]
    for number, row in enumerate(documented):
        assert amounts(credited("o1"), "linear") == row["credits"]
        back = [-credit.linear_minor for credit in credited(f"r{number}")]
        taken = [so_far + more for so_far, more in zip(taken, back, strict=True)]
        assert " ".join(str(from_minor(part, "EUR")) for part in back) == row["this refund takes"]
        assert " ".join(str(from_minor(part, "EUR")) for part in taken) == row["split of it"]
        assert sum(taken) == to_minor(Decimal(row["refunded so far"]), "EUR")


@pytest.mark.parametrize("row", rows_of("roi"), ids=str)
def test_roi(row):
    expect_ratio(figures.roi(revenue=Decimal(row["revenue"]), cost=Decimal(row["cost"]), n=1), row, "roi")


@pytest.mark.parametrize("row", rows_of("roas"), ids=str)
def test_roas(row):
    expect_ratio(figures.roas(revenue=Decimal(row["revenue"]), cost=Decimal(row["cost"]), n=1), row, "roas")


@pytest.mark.parametrize("row", rows_of("cost_per_conversion"), ids=str)
def test_cost_per_conversion(row):
    ratio = figures.cost_per_conversion(cost=Decimal(row["cost"]), conversions=Decimal(row["conversions"]), n=1)

    expect_ratio(ratio, row, "cost_per_conversion", money=True)


@pytest.mark.parametrize("row", rows_of("mean_rating"), ids=str)
def test_mean_rating(row):
    ratings = [int(rating) for rating in row["ratings"].split()]
    ratio = figures.mean_rating(stars=sum(ratings), ratings=len(ratings))

    expect_ratio(ratio, row, "mean_rating")
    assert ratio.n == int(row["n"])


@pytest.mark.parametrize("row", rows_of("cost_per_person_helped"), ids=str)
def test_cost_per_person_helped(row):
    ratio = figures.cost_per_person_helped(cost=Decimal(row["cost"]), people_helped=int(row["people_helped"]))

    expect_ratio(ratio, row, "cost_per_person_helped", money=True)


@pytest.mark.parametrize("row", rows_of("attainment"), ids=str)
def test_attainment(row):
    measured = figures.mean_rating(stars=0, ratings=0)  # undefined
    if row["measured"]:
        measured = figures.Ratio(Decimal(row["measured"]), Decimal(row["measured"]), Decimal(1), n=1)
    target = Decimal(row["target"]) if row["target"] else None

    expect_ratio(figures.attainment(measured=measured, target=target), row, "attainment")


@pytest.mark.parametrize("row", rows_of("response_rate"), ids=str)
def test_response_rate(row):
    expect_ratio(figures.response_rate(replied=int(row["replied"]), asked=int(row["asked"])), row, "response_rate")


@pytest.mark.parametrize("row", rows_of("dismissed"), ids=str)
def test_dismissed(db, row):
    asked = datetime(2026, 3, 2, 9, tzinfo=UTC)
    messages, replied, dismissed, both = (int(row[name]) for name in ("messages", "replied to", "dismissed", "both"))
    said = [InteractionFactory(kind="direct_message", occurred_at=asked) for _ in range(messages)]
    first = replied - both
    needless = [message.pk for message in said[first : first + dismissed]]
    dismiss(needless, reason="thanks", user_id=None, now=asked + timedelta(hours=1))
    for message in said[:replied]:
        InteractionFactory(
            channel=message.channel, kind="answer", reply_to=message, occurred_at=asked + timedelta(hours=2)
        )

    total = responses_report(ResponsesQuery(by="channel", now=NOW)).total

    shown = {"left out": total.dismissed, "asked": total.asked, "unreplied": total.unreplied}
    assert {name: str(number) for name, number in shown.items()} == {name: row[name] for name in shown}
    expect_ratio(total.response_rate, row, "response_rate")


@pytest.mark.parametrize("row", rows_of("lead_answer_rate"), ids=str)
def test_lead_answer_rate(row):
    expect_ratio(
        figures.lead_answer_rate(replied=int(row["replied"]), leads=int(row["leads"])), row, "lead_answer_rate"
    )


@pytest.mark.parametrize("row", rows_of("resolution_rate"), ids=str)
def test_resolution_rate(row):
    expect_ratio(
        figures.resolution_rate(resolved=int(row["resolved"]), raised=int(row["raised"])), row, "resolution_rate"
    )


@pytest.mark.parametrize("row", rows_of("answer_rate"), ids=str)
def test_answer_rate(row):
    expect_ratio(figures.answer_rate(answered=int(row["answered"]), raised=int(row["raised"])), row, "answer_rate")


@pytest.mark.parametrize("row", rows_of("identified_coverage"), ids=str)
def test_identified_coverage(row):
    size = int(row["size"]) if row["size"] else None

    expect_ratio(figures.identified_coverage(identified=int(row["identified"]), size=size), row, "identified_coverage")


@pytest.mark.parametrize("row", rows_of("small_groups"), ids=str)
def test_small_groups(row):
    counts = {key: int(people) for key, people in (group.split() for group in row["people"].split(", "))}

    shown = told("country", counts, with_small=False)

    assert ", ".join(f"{group.key} {group.people}" for group in shown) == row["told"]


@pytest.mark.parametrize("row", rows_of("share_of_interactions"), ids=str)
def test_share_of_interactions(row):
    ratio = figures.share_of_interactions(part=int(row["part"]), interactions=int(row["interactions"]))

    expect_ratio(ratio, row, "share")


@pytest.mark.parametrize("row", rows_of("engaged_in_top_tenth"), ids=str)
def test_engaged_in_top_tenth(row):
    counts = {name: int(row[name]) for name in ("engaged", "top", "customers")}

    expect_ratio(figures.engaged_in_top_tenth(**counts), row, "engaged_in_top_tenth")


@pytest.mark.parametrize("row", rows_of("self_service_score"), ids=str)
def test_self_service_score(row):
    ratio = figures.self_service_score(readers=int(row["readers"]), askers=int(row["askers"]))

    expect_ratio(ratio, row, "self_service_score")


@pytest.mark.parametrize("row", rows_of("time_to_convert"), ids=str)
def test_time_to_convert(db, row):
    bought = datetime(2026, 3, 20, 9, tzinfo=UTC)
    for days in row["days"].split():
        member = MemberFactory()
        ConversionFactory(contact=member.contact, occurred_at=bought)
        InteractionFactory(member=member, channel=member.channel, occurred_at=bought - timedelta(days=int(days)))

    took = people_report(PeopleQuery(now=NOW)).time_to_convert

    shown = {"n": str(took.n), "median": f"{took.median:.1f}", "p90": f"{took.p90:.1f}"}
    assert shown == {name: row[name] for name in shown}


@pytest.mark.parametrize("row", rows_of("percentiles"), ids=str)
def test_percentiles(db, row):
    asked = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for hours in row["hours"].split():
        question = InteractionFactory(occurred_at=asked)
        InteractionFactory(
            channel=question.channel, kind="answer", reply_to=question, occurred_at=asked + timedelta(hours=int(hours))
        )

    took = responses_report(ResponsesQuery(by="channel", now=NOW)).total.first_answer.calendar

    shown = {name: f"{getattr(took, name) / 3600:.4g}" for name in ("mean", "median", "p90")}
    assert shown == {name: row[name] for name in shown}


@pytest.fixture
def story(db):
    """The small company of the page, recomputed for real."""
    school = CommunityFactory(slug="school")
    forum = ChannelFactory(slug="forum", name="Forum", community=school)
    phone = ChannelFactory(slug="phone", name="Telephone", community=school)
    spring = CampaignFactory(code="spring")
    joe, ada, eve = (ContactFactory(full_name=name) for name in ("Joe", "Ada", "Eve"))
    joes, adas = MemberFactory(channel=forum, contact=joe), MemberFactory(channel=forum, contact=ada)

    def at(day, month=3):
        return datetime(2026, month, day, 9, tzinfo=UTC)

    thread = ThreadFactory(channel=forum, opened_by=joes)
    InteractionFactory(channel=forum, member=joes, thread=thread, campaign=spring, occurred_at=at(3))
    thread.accepted_answer = InteractionFactory(
        channel=forum, member=adas, kind="answer", thread=thread, occurred_at=at(10)
    )
    thread.save()
    HelpRecordFactory(
        contact=joe,
        helper_user=UserFactory(username="ana"),
        minutes=12,
        rating=5,
        interaction__channel=phone,
        interaction__occurred_at=at(17),
    )
    FollowUpFactory(contact=joe, what="Call about year-end", due_on=date(2026, 7, 10))
    ConversionFactory(contact=joe, external_id="o1", amount=Decimal("100.00"), occurred_at=at(17))
    RefundFactory(refund_of_external_id="o1", amount=Decimal("20.00"), occurred_at=at(2, month=4))
    ConversionFactory(amount=Decimal("30.00"), utm_campaign="spring", occurred_at=at(21))
    ConversionFactory(contact=eve, amount=Decimal("13.00"), occurred_at=at(23))

    def cost(day, amount, **fields):
        days = DateRange(date(2026, 3, day), date(2026, 3, day + 1))
        CostFactory(days=days, amount=Decimal(amount), **fields)

    cost(1, "50.00", campaign=spring)
    cost(17, "30.00", channel=phone, category="staffing", sharing="minutes")
    cost(18, "5.00", contact=ada, category="rewards")
    cost(18, "10.00", category="tools")
    recompute_all(now=NOW)


def test_story_credits(story):
    documented = rows_of("story credits")
    bought = Credit.objects.filter(conversion__external_id="o1").order_by("position")
    refunded = Credit.objects.filter(conversion__refund_of_external_id="o1").order_by("position")

    assert len(documented) == 9
    for model in ("linear", "position_based", "time_decay"):
        found = [
            {
                "touch": credit.interaction.kind,
                "by": credit.actor_kind,
                "days before": str((bought.last().interaction.occurred_at - credit.interaction.occurred_at).days),
                "model": model,
                "credit": amounts([credit], model),
                "back": amounts([back], model),
                "left": str(Decimal(amounts([credit], model)) + Decimal(amounts([back], model))),
            }
            for credit, back in zip(bought, refunded, strict=True)
        ]
        assert found == [row for row in documented if row["model"] == model]


def report_named(name):
    scope, _, view = name.partition(" as ")
    report = roi_report(RoiQuery(scope=scope, view=view or "customer", model="all", now=NOW))
    assert all(check.holds for check in report.sums)
    assert report.total.revenue == Decimal("123.00")
    assert report.total.cost == Decimal("95.00")
    return report_as_json(report)


@pytest.mark.parametrize(
    "name",
    ["campaigns", "channels", "communities", "members as customer", "members as helper", "summary"],
)
def test_story_rows(story, name):
    answer = report_named(name)
    documented = rows_of(f"story {name}")
    assert documented
    by_name = {row["code"] or row["name"]: row for row in [*answer["rows"], answer["total"]]}
    assert set(by_name) - {"total"} == {row.get("code") or row["name"] for row in documented} - {"total"}
    for row in documented:
        found = by_name[row.get("code") or row["name"]]
        found = {**found, **found["models"][row["model"]]}
        shown = {column: "" if found[column] is None else str(found[column]) for column in row if column != "model"}
        assert shown == {column: text for column, text in row.items() if column != "model"}


@pytest.mark.parametrize("name", ["campaigns", "channels", "members as customer", "members as helper"])
def test_story_lines(story, name):
    lines = report_named(name)["lines"]
    documented = {row["line"]: row for row in rows_of("story lines") if row["report"] == name}

    for key, line in lines.items():
        if key != "not_converted" and key in documented:
            assert (str(line["revenue"]), str(line["cost"])) == (documented[key]["revenue"], documented[key]["cost"])
    assert set(documented) <= set(lines)


def test_a_channel_that_moves_takes_its_past_along(story):
    Channel.objects.filter(slug="phone").update(community=CommunityFactory(slug="office"))

    rows = {row["code"]: (row["revenue_credited"], row["cost"]) for row in report_named("communities")["rows"]}

    # Of the 80.00 of the table of communities, the rows of forum and phone in the table of channels.
    assert rows == {"school": (Decimal("53.33"), Decimal("0.00")), "office": (Decimal("26.67"), Decimal("30.00"))}
    assert not StaleMark.objects.exists()


def tiles_of(contact: Contact) -> dict[str, dict[str, str]]:
    """Return what stands on each tile of the contact's page: its value as the API has it, and its note."""
    shown = {}
    steps = next_steps(records_of(contact.pk), may=anybody, now=NOW)
    for tile in contact_tiles_of(contact.pk, steps, may=anybody, now=NOW):
        value = figure_as_json(tile.figure)["value"]
        text = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else "" if value is None else str(value)
        shown[tile.key] = {"value": text, "note": tile.figure.note}
    return shown


def anybody(permission: str) -> bool:
    return True


def test_story_tiles(story):
    joe, nobody = tiles_of(Contact.objects.get(full_name="Joe")), tiles_of(ContactFactory())
    documented = rows_of("tiles")

    assert [row["tile"] for row in documented] == list(joe) == list(nobody)
    for row in documented:
        assert joe[row["tile"]] == {"value": row["Joe"], "note": row["says"]}
        assert nobody[row["tile"]] == {"value": row["nobody"], "note": row["says of nobody"]}


def test_story_time_to_convert(story):
    found = {}
    for contact in (Contact.objects.get(full_name="Joe"), ContactFactory()):
        records = records_of(contact.pk)
        steps = next_steps(records, may=anybody, now=NOW)
        tiles = contact_tiles_of(contact.pk, steps, may=anybody, now=NOW)
        found[contact.full_name] = contact_header(records, may=anybody, tiles=tiles).days_to_convert

    assert found.pop("Joe") == int(re.findall(r"Joe: .* is (\d+) days", PAGE, re.DOTALL)[0])
    assert set(found.values()) == {None}


def test_every_table_of_worked_numbers_is_tested_above():
    tested = {
        *(
            "response_rate",
            "lead_answer_rate",
            "resolution_rate",
            "answer_rate",
            "percentiles",
            "refunds",
            "story credits",
        ),
        *("shares", "split", "roi", "roas", "cost_per_conversion", "mean_rating", "cost_per_person_helped"),
        *("attainment", "story campaigns", "story channels", "story communities", "story summary", "story lines"),
        *("story members as customer", "story members as helper", "tiles"),
        *("identified_coverage", "share_of_interactions", "engaged_in_top_tenth", "self_service_score"),
        *("time_to_convert", "small_groups", "dismissed"),
    }

    assert {name for name, _ in ROWS} == tested
    assert PAGE.count("<!-- worked:") == len(tested)


def test_no_table_without_the_comment_has_numbers():
    tables = re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
    explained = [table for table in tables if f"-->\n{table}" not in PAGE]

    assert len(explained) == 4
    cells = [cell.strip() for table in explained for cell in re.split(r"[|\n]", table)]
    assert [cell for cell in cells if re.match(r"[-−]?\d[\d.,]*( [-−+×=] |$)", cell)] == []


UNIT = re.compile(r"\b(Money|A fraction|a fraction|A count|[Cc]ounts|A number|[Ss]econds|Stars)\b")


@pytest.mark.parametrize("figures_of", re.findall(r"^### (`.*)$", PAGE, re.MULTILINE))
def test_every_heading_of_figures_says_unit_undefined_case_and_source(figures_of):
    text = PAGE.partition(f"### {figures_of}\n")[2].partition("\n##")[0]

    assert UNIT.search(text), "in what unit?"
    assert re.search(r"\b[Uu]ndefined\b", text), "when is it undefined, or never?"
    assert re.search(r"\bSource: \w", text), "where does it come from?"


def test_every_figure_reason_and_line_is_explained():
    plumbing = {"id", "code", "name", "ratios", "models", "credits"}
    explained = set(re.findall(r"`(\w+)`", PAGE))

    assert set(RoiRowRecord.model_fields) - plumbing - explained == set()
    assert set(figures.REASONS) - explained == set()
    lines = {field.alias or name for name, field in LinesRecord.model_fields.items()}
    assert lines - explained == set()
    assert set(get_args(Scope)) == {"campaigns", "channels", "communities", "members", "summary"}
