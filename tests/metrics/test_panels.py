"""
Panels: the contract that every panel keeps, and figures worked by hand.

The company of these tests: Joe asks on the forum on 2 March and Mia answers. On 20 March he buys for
100.00 and on 25 March 10.00 are paid back. The campaign "spring" cost 30.00 and Joe clicked its link on
10 March. So the purchase has three touches: the question, the answer, the click.
"""

import datetime as dt
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg.types.range import DateRange

from community.extensions import channel_panels, community_panels, interaction_panels, member_panels, thread_panels
from community.models import Channel, Community, HelpRecord, Interaction, Member
from community.private_texts import PRIVATE, READ_PRIVATE
from crm.extensions import campaign_panels, contact_panels, conversion_panels
from crm.models import Campaign, Conversion
from gateway.panels import Link, Panel, PanelContent, Table
from gateway.registry import Registry
from gateway.templatetags.kith import address
from metrics.models import Credit
from metrics.recompute import recompute_all
from tests.admin_clients import logged_in, who_may_all
from tests.factories.community import (
    ChannelFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory, RefundFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)

REGISTRIES: dict[str, Registry[Panel]] = {
    "campaign": campaign_panels,
    "channel": channel_panels,
    "community": community_panels,
    "contact": contact_panels,
    "conversion": conversion_panels,
    "interaction": interaction_panels,
    "member": member_panels,
    "thread": thread_panels,
}
PANELS = [(page, panel.key) for page, registry in REGISTRIES.items() for panel in registry]


@dataclass
class Story:
    joe: Member
    mia: Member
    answer: Interaction
    spring: Campaign
    purchase: Conversion
    refund: Conversion


def at(day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


def make_story() -> Story:
    forum = ChannelFactory()
    joe = MemberFactory(channel=forum, handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))
    mia = MemberFactory(channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Lind"))
    thread = ThreadFactory(channel=forum, opened_by=joe)
    question = InteractionFactory(
        channel=forum, member=joe, thread=thread, occurred_at=at(2, 9), text="Which course is next?"
    )
    answer = InteractionFactory(
        channel=forum, member=mia, thread=thread, kind="answer", reply_to=question, occurred_at=at(2, 10),
        text="Payroll in Practice.",
    )  # fmt: skip
    HelpRecordFactory(
        interaction=answer, contact=joe.contact, helper_user=None, helper_member=mia, rating=5, outcome="solved"
    )
    spring = CampaignFactory(code="spring", name="Spring course")
    CostFactory(campaign=spring, amount=Decimal("30.00"), days=DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))
    InteractionFactory(channel=forum, member=joe, kind="click", campaign=spring, occurred_at=at(10))
    purchase = ConversionFactory(contact=joe.contact, external_id="o1", amount=Decimal("100.00"), occurred_at=at(20))
    refund = RefundFactory(refund_of_external_id="o1", amount=Decimal("10.00"), occurred_at=at(25))
    return Story(joe, mia, answer, spring, purchase, refund)


@pytest.fixture(scope="module")
def told(kept: None) -> Story:
    made = make_story()
    recompute_all(now=NOW)
    return made


@pytest.fixture
def story(told: Story, db: None) -> Story:
    """The company of these tests, as it was made for all of them."""
    return told


def everything(permission: str) -> bool:
    """A reader who may see all there is."""
    return True


def of(page: str, key: str, pk: int) -> PanelContent:
    return REGISTRIES[page][key].load([pk], now=NOW, may=everything)[pk]


def figures(content: PanelContent) -> dict[str, object]:
    return {figure.label: figure.value for figure in content.figures}


def rows(table: Table) -> list[tuple[object, ...]]:
    return [row.values for row in table.rows]


def test_panels_answer_for_one_and_twenty_with_the_same_questions(story: Story):
    stories = [story, *(_another() for _ in range(19))]
    recompute_all(now=NOW)

    def questions(page: str, key: str, asked: list[int]) -> int:
        with CaptureQueriesContext(connection) as queries:
            contents = REGISTRIES[page][key].load(asked, now=NOW, may=everything)
        assert set(contents) == set(asked), (page, key)
        return len(queries)

    ids = {page: [_pk(page, made) for made in stories] for page in REGISTRIES}
    for_one = {(page, key): questions(page, key, ids[page][:1]) for page, key in PANELS}
    for_twenty = {(page, key): questions(page, key, ids[page]) for page, key in PANELS}

    assert for_one == for_twenty


@pytest.mark.parametrize(("page", "key"), PANELS)
def test_panel_answers_for_what_has_no_figures(page: str, key: str):
    assert set(REGISTRIES[page][key].load([999_999], now=NOW, may=everything)) == {999_999}


@pytest.mark.parametrize(("page", "key"), PANELS)
def test_panel_tells_what_was_said_in_private_only_to_those_who_may_read_it(page: str, key: str, story: Story):
    Interaction.objects.filter(pk=story.answer.pk).update(is_private=True, text="wholly secret")
    HelpRecord.objects.filter(interaction=story.answer).update(question="quite secret", answer="wholly secret")
    pages = [(page, _pk(page, story))] + ([("contact", story.mia.contact_id)] if page == "contact" else [])

    for shown_on, pk in pages:
        panel = REGISTRIES[shown_on][key]
        told = repr(panel.load([pk], now=NOW, may=everything))
        withheld = repr(panel.load([pk], now=NOW, may=lambda permission: permission != READ_PRIVATE))
        assert "secret" not in withheld
        assert withheld.count(PRIVATE) == told.count("secret")


def test_texts_said_in_private_stand_on_some_panel(story: Story):
    Interaction.objects.filter(pk=story.answer.pk).update(is_private=True)

    assert "Payroll in Practice." in repr(of("interaction", "credits", story.answer.pk))
    assert "Payroll in Practice." in repr(of("conversion", "credits", story.purchase.pk))


@pytest.mark.parametrize(("page", "key"), PANELS)
def test_panel_names_a_permission_that_exists(page: str, key: str):
    app, codename = REGISTRIES[page][key].permission.split(".")

    assert Permission.objects.filter(content_type__app_label=app, codename=codename).exists()


def test_conversion_shows_its_credits_with_the_sentences_that_earned_them(story: Story):
    content = of("conversion", "credits", story.purchase.pk)

    assert figures(content) == {
        "Value": Decimal("100.00"),
        "Line in the reports": "credited",
        "Unattributed": Decimal("0.00"),
        "Touches": 3,
    }
    (table,) = content.tables
    amounts = [(row[0], row[2], row[3], *row[6:]) for row in rows(table)]
    first, last, linear, position = (Decimal(text) for text in ("100.00", "100.00", "33.33", "40.00"))
    assert [entry[:7] for entry in amounts[:3]] == [
        (1, "Which course is next?", "joe", first, Decimal(0), linear, position),
        (2, "Payroll in Practice.", "mia", Decimal(0), Decimal(0), linear, Decimal("20.00")),
        (3, f"click {_click(story).external_id}", "joe", Decimal(0), last, Decimal("33.34"), position),
    ]
    assert [entry[1:] for entry in amounts[3:]] == [
        ("Sum of the credits", None, *[Decimal("100.00")] * 5),
        ("Unattributed", None, *[Decimal("0.00")] * 5),
        ("Value", None, *[Decimal("100.00")] * 5),
    ]
    assert table.note == "Under every model the credits and the unattributed part sum to the value, to the cent."
    assert table.rows[1].links[2].args == (story.answer.pk,)


class CreditsRead:
    """An execute wrapper that counts the rows that statements on the ledger give."""

    rows = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        answer = execute(sql, params, many, context)
        if 'FROM "metrics_credit"' in sql:
            self.rows += context["cursor"].rowcount
        return answer


@pytest.fixture
def asked_again(story: Story) -> Story:
    """Joe asks four more times before he buys: seven touches."""
    for day in (3, 4, 5, 6):
        InteractionFactory(channel=story.joe.channel, member=story.joe, occurred_at=at(day))
    recompute_all(now=NOW)
    return story


def test_conversion_reads_the_touches_that_it_shows_and_sums_all(asked_again: Story, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("metrics.panels.conversion.TOUCHES_SHOWN", 2)

    with connection.execute_wrapper(read := CreditsRead()):
        content = of("conversion", "credits", asked_again.purchase.pk)

    (table,) = content.tables
    first, second, total, *_ = rows(table)
    assert (figures(content)["Touches"], first[0], second[0]) == (7, 1, 2)
    assert total[2:3] + total[6:] == ("Sum of the credits", *[Decimal("100.00")] * 5)
    assert table.note.startswith("Under every model the credits and the unattributed part sum to the value")
    assert read.rows == 3  # two touches, and the sums


def test_contact_reads_no_more_of_the_ledger_for_more_touches_of_a_kind(asked_again: Story):
    with connection.execute_wrapper(read := CreditsRead()):
        content = of("contact", "buyer", asked_again.joe.contact_id)

    (table,) = content.tables
    assert [row[3] for row in rows(table)] == ["5 × question, 1 × answer, 1 × click"] * 2
    assert read.rows == 6


def test_refund_takes_back_what_each_touch_got(story: Story):
    (table,) = of("conversion", "credits", story.refund.pk).tables

    linear = [row[8] for row in rows(table)]
    assert linear == [Decimal(text) for text in ("-3.33", "-3.33", "-3.34", "-10.00", "0.00", "-10.00")]


def test_campaign_shows_cost_and_return_under_each_model(story: Story):
    content = of("campaign", "figures", story.spring.pk)

    # Linear: 33.34 − 3.34 = 30.00 of revenue against 30.00 of cost.
    shown = figures(content)
    assert (shown["Credited revenue"], shown["Cost"], shown["ROI"], shown["ROAS"]) == (
        Decimal("30.00"),
        Decimal("30.00"),
        Decimal(0),
        Decimal(1),
    )
    (models,) = content.tables
    revenue = {row[0]: row[1] for row in rows(models)}
    assert revenue["First touch"] == Decimal("0.00")
    assert revenue["Last touch"] == Decimal("90.00")
    assert revenue["Linear"] == Decimal("30.00")
    assert revenue["Position-based"] == Decimal("36.00")
    (chart,) = content.charts
    assert (list(chart.labels), [list(series.values) for series in chart.series]) == (
        ["Mar 2026"],
        [[Decimal("30.00")], [Decimal("30.00")]],
    )


def test_campaign_says_what_its_figures_leave_out(story: Story):
    """5,000 Australian dollars without a rate, 31.00 in a January to come, and two campaigns below it."""
    days = DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1))
    CostFactory(campaign=story.spring, amount=Decimal(5000), currency="AUD", days=days)
    CostFactory(
        campaign=story.spring, amount=Decimal("31.00"), days=DateRange(dt.date(2027, 1, 1), dt.date(2027, 2, 1))
    )
    CampaignFactory.create_batch(2, parent=story.spring)
    recompute_all(now=NOW)

    content = of("campaign", "figures", story.spring.pk)

    assert content.notes == (
        "Cost and ROI are without 5,000.00 AUD (1 cost), for which there is no exchange rate.",
        "31.00 EUR more are booked for days to come.",
        "These are its own figures. The 2 campaigns below it have theirs.",
    )
    assert next(figure.value for figure in content.figures if figure.label == "Cost") == Decimal("30.00")


def test_campaign_without_cost_has_no_roi_and_says_why():
    campaign = CampaignFactory()

    figure = next(figure for figure in of("campaign", "figures", campaign.pk).figures if figure.label == "ROI")

    assert (figure.value, figure.note) == (None, "No cost was booked")


def test_contact_shows_revenue_as_a_customer_and_which_touches_got_credit(story: Story):
    content = of("contact", "buyer", story.joe.contact_id)

    assert figures(content) == {
        "Revenue": Decimal("90.00"),
        "Credited to touches": Decimal("90.00"),
        "Unattributed": Decimal("0.00"),
        "Conversions": 1,
    }
    (table,) = content.tables
    assert [(row[0].day, row[3], row[4]) for row in rows(table)] == [
        (25, "1 × question, 1 × answer, 1 × click", Decimal("-10.00")),
        (20, "1 × question, 1 × answer, 1 × click", Decimal("100.00")),
    ]


def test_touches_that_got_credit_are_called_as_on_other_pages(story: Story):
    joe, noon = story.joe.contact, dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
    for kind in ("help", "help", "direct_message"):
        InteractionFactory(member=None, to_contact=joe, kind=kind, occurred_at=noon)
    recompute_all(now=NOW)

    (table,) = of("contact", "buyer", joe.pk).tables

    assert "2 × help by staff, 1 × direct message" in rows(table)[0][3]


def test_contact_shows_what_they_earned_as_a_helper(story: Story):
    content = of("contact", "helper", story.mia.contact_id)

    shown = figures(content)
    assert (shown["First touch"], shown["Linear"], shown["Position-based"]) == (
        Decimal("0.00"),
        Decimal("30.00"),
        Decimal("18.00"),
    )
    assert of("contact", "helper", story.joe.contact_id).figures == ()


def test_member_shows_the_same_cents_as_its_person(story: Story):
    assert figures(of("member", "figures", story.mia.pk))["Linear"] == Decimal("30.00")


def test_newest_credits_are_those_of_the_latest_days_whenever_they_were_written(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    InteractionFactory(
        channel=story.answer.channel, member=story.mia, thread=story.answer.thread, kind="answer",
        reply_to=story.answer.reply_to, occurred_at=at(5), text="And Payroll in Depth.",
    )  # fmt: skip
    ConversionFactory(contact=story.joe.contact, external_id="old", occurred_at=at(12))  # filled in after the others
    recompute_all(now=NOW)
    monkeypatch.setattr("metrics.panels.member.CREDITS_SHOWN", 3)
    monkeypatch.setattr("metrics.panels.contact.SHOWN", 3)

    of_account = of("member", "figures", story.mia.pk).tables[0]
    of_person = of("contact", "helper", story.mia.contact_id).tables[0]

    assert [(row[0].day, row[3]) for row in rows(of_account)] == [
        (25, "And Payroll in Depth."),
        (25, "Payroll in Practice."),
        (20, "And Payroll in Depth."),
    ]
    assert rows(of_person) == rows(of_account)


@pytest.mark.parametrize("table", ["creditrow", "conversionresult"])
def test_lists_of_the_ledger_begin_with_the_latest_day_whenever_it_was_written(table: str, ana: Client, story: Story):
    ConversionFactory(contact=story.joe.contact, external_id="old", occurred_at=at(12))  # filled in after the others
    recompute_all(now=NOW)

    listed = ana.get(reverse(f"admin:metrics_{table}_changelist")).context["cl"].result_list

    days = [row.day for row in listed]
    assert days == sorted(days, reverse=True)
    assert dt.date(2026, 3, 12) in days[1:]


@pytest.mark.parametrize(
    ("table", "column", "permission", "names"),
    [
        ("helperdayrow", "member_id", "view_member", ["mia"]),  # what the buyer did is nobody's who helped: a dash
        ("persondayrow", "person_id", "view_contact", ["Joe Bloggs"]),
        ("campaigndayrow", "campaign_id", "view_campaign", ["Spring course"]),
        ("channeldayrow", "channel_id", "view_channel", ["Story's forum"]),
    ],
)
def test_sums_by_day_say_whose_they_are_to_who_may_see_it(
    table: str, column: str, permission: str, names: list[str], ana: Client, story: Story
):
    Channel.objects.filter(pk=story.joe.channel_id).update(name="Story's forum")
    address = reverse(f"admin:metrics_{table}_changelist")
    reader = UserFactory(is_staff=True)
    reader.user_permissions.set(
        Permission.objects.filter(codename=f"view_{table.removesuffix('row')}", content_type__app_label="metrics")
    )

    def named_for(browser: Client) -> list[str]:
        page = html.unescape(browser.get(address).content.decode())
        return sorted(set(re.findall(r'class="kith-link">([^<]+)</a>', page)))

    assert named_for(ana) == names
    assert named_for(logged_in(reader)) == []
    assert column in logged_in(reader).get(address).context["cl"].list_display
    reader.user_permissions.add(Permission.objects.get(codename=permission))
    assert named_for(logged_in(reader)) == names


def test_interaction_shows_the_conversions_it_touched(story: Story):
    (table,) = of("interaction", "credits", story.answer.pk).tables

    assert [(row[1], row[5]) for row in rows(table)] == [
        ("Joe Bloggs", Decimal("33.33")),
        ("Joe Bloggs", Decimal("-3.33")),
    ]


def test_contact_shows_help_received_and_given(story: Story):
    received, given = of("contact", "help", story.joe.contact_id).tables

    assert [(row[1], row[5]) for row in rows(received)] == [("mia", 5)]
    assert rows(given) == []


def test_contact_shows_accounts(story: Story):
    (accounts,) = of("contact", "accounts", story.joe.contact_id).tables

    assert [row[0] for row in rows(accounts)] == ["joe"]


@pytest.fixture
def ana() -> Client:
    return who_may_all()


@pytest.fixture
def among_others(story: Story) -> Story:
    """The story, with the figures and credits of another company beside it."""
    _another()
    recompute_all(now=NOW)
    return story


def figures_on(page: str) -> dict[str, tuple[str, str]]:
    """Return each figure that a page shows, and where it leads."""
    parts = re.findall(
        r'<dt>([^<]+)</dt>\s*<dd[^>]*>\s*(?:<a href="([^"]*)"[^>]*>)?<span class="kith-number">([^<]*)</span>', page
    )
    return {label: (value, html.unescape(link)) for label, link, value in parts}


def rows_on(page: str) -> list[list[str]]:
    """Return the cells of every row in the panels of a page, as people read them."""
    tables = "".join(re.findall(r'<table class="kith-table">.*?<tbody>(.*?)</tbody>', page, re.DOTALL))
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", tables, re.DOTALL)
    ]


def ledger_behind(ana: Client, link: str) -> set[tuple[int, int, str]]:
    """Return the rows of the ledger to which a figure leads: conversion, interaction and the linear credit."""
    rows = ana.get(link).context["cl"].result_list
    return {(row.conversion_id, row.interaction_id, f"{Decimal(row.linear_minor) / 100:.2f}") for row in rows}


def test_campaign_page_shows_its_figures_and_leads_to_its_own_credits_and_costs(ana: Client, among_others: Story):
    story, spring = among_others, among_others.spring
    page = ana.get(reverse("admin:crm_campaign_change", args=[spring.pk]))
    (part,) = page.context["later_panels"]
    text = ana.get(part.url).content.decode()

    shown = figures_on(text)
    assert {label: shown[label][0] for label in ("Credited revenue", "Cost", "ROI", "ROAS", "Conversions touched")} == {
        "Credited revenue": "30.00",
        "Cost": "30.00",
        "ROI": "0.0 %",
        "ROAS": "1.00 ×",
        "Conversions touched": "1",
    }
    assert ["Last touch", "90.00"] in [row[:2] for row in rows_on(text)]
    click = _click(story)
    behind = {(story.purchase.pk, click.pk, "33.34"), (story.refund.pk, click.pk, "-3.34")}
    assert ledger_behind(ana, shown["Credited revenue"][1]) == behind
    costs = ana.get(shown["Cost"][1]).context["cl"].result_list
    assert [(cost.campaign, cost.amount) for cost in costs] == [(spring, Decimal("30.000"))]


def test_conversion_page_shows_its_figures_and_credits_and_leads_to_them(ana: Client, among_others: Story):
    story = among_others
    text = ana.get(reverse("admin:crm_conversion_change", args=[story.purchase.pk])).content.decode()

    shown = figures_on(text)
    assert {label: value for label, (value, _) in shown.items()} == {
        "Value": "100.00",
        "Line in the reports": "credited",
        "Unattributed": "0.00",
        "Touches": "3",
    }
    assert [(row[0], row[2], row[3], row[6], row[8], row[9]) for row in rows_on(text)[:4]] == [
        ("1", "Which course is next?", "joe", "100.00", "33.33", "40.00"),
        ("2", "Payroll in Practice.", "mia", "0.00", "33.33", "20.00"),
        ("3", f"click {_click(story).external_id}", "joe", "0.00", "33.34", "40.00"),
        ("", "Sum of the credits", "", "100.00", "100.00", "100.00"),
    ]
    question = Interaction.objects.get(kind="question", member=story.joe)
    assert ledger_behind(ana, shown["Touches"][1]) == {
        (story.purchase.pk, question.pk, "33.33"),
        (story.purchase.pk, story.answer.pk, "33.33"),
        (story.purchase.pk, _click(story).pk, "33.34"),
    }


def test_member_page_shows_its_figures_and_credits_and_leads_to_them(ana: Client, among_others: Story):
    story = among_others
    text = ana.get(reverse("admin:community_member_change", args=[story.mia.pk])).content.decode()

    # Time decay: the answer is 8 days 2 hours older than the click, the question an hour older still, so they weigh
    # 2^(-8.083/7) = 0.4491, 2^(-8.125/7) = 0.4473 and 1 of 1.8964: 23.68 of the purchase, 2.37 of the refund.
    shown = figures_on(text)
    assert {label: value for label, (value, _) in shown.items()} == {
        "First touch": "0.00",
        "Last touch": "0.00",
        "Linear": "30.00",
        "Position-based": "18.00",
        "Time decay": "21.31",
    }
    assert [(row[1], row[3], row[5]) for row in rows_on(text)[:2]] == [
        ("Joe Bloggs", "Payroll in Practice.", "-3.33"),
        ("Joe Bloggs", "Payroll in Practice.", "33.33"),
    ]
    behind = {(story.purchase.pk, story.answer.pk, "33.33"), (story.refund.pk, story.answer.pk, "-3.33")}
    assert {link: ledger_behind(ana, link) for _, link in shown.values()} == {shown["Linear"][1]: behind}


def test_person_and_account_lead_to_all_that_they_earned_as_helpers_and_to_nothing_else(ana: Client):
    forum = ChannelFactory()
    joe, eve = MemberFactory(channel=forum), MemberFactory(channel=forum)
    mia = MemberFactory(channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Lind"))
    second = MemberFactory(channel=forum, handle="mia-2", contact=mia.contact)

    def help_of(account: Member, to: Member, day: int) -> int:
        return InteractionFactory(channel=forum, member=account, kind="answer", to_member=to, occurred_at=at(day, 9)).pk

    # 40.00 by her second account; 10.00 each by ten newer answers with the first. What she buys herself is not in it.
    to_joe = help_of(second, joe, 1)
    bought = ConversionFactory(contact=joe.contact, amount=Decimal("40.00"), occurred_at=at(2))
    to_eve = [help_of(mia, eve, day) for day in range(3, 13)]
    newer = ConversionFactory(contact=eve.contact, amount=Decimal("100.00"), occurred_at=at(20))
    ConversionFactory(contact=mia.contact, amount=Decimal("70.00"), occurred_at=at(20))
    recompute_all(now=NOW)
    by_second = {(bought.pk, to_joe, "40.00")}
    by_both = by_second | {(newer.pk, answer, "10.00") for answer in to_eve}

    def behind(link: Link) -> set[tuple[int, int, str]]:
        return ledger_behind(ana, f"{reverse(link.page)}?{urlencode(link.query)}")

    content = of("contact", "helper", mia.contact_id)
    (table,) = content.tables
    assert figures(content)["Linear"] == Decimal("140.00")
    assert [row[4] for row in rows(table)] == ["mia"] * 10
    assert behind(table.more) == by_both
    account = of("member", "figures", second.pk)
    assert figures(account)["Linear"] == Decimal("40.00")
    assert behind(account.tables[0].more) == by_second
    assert set.union(*(behind(figure.link) for figure in account.figures)) == by_second


@pytest.mark.parametrize(("page", "key"), PANELS)
def test_links_of_a_panel_open(page: str, key: str, ana: Client, story: Story):
    content = of(page, key, _pk(page, story))
    links = [figure.link for figure in content.figures]
    for table in content.tables:
        links += [table.more, *(link for row in table.rows for link in row.links.values())]
    one_of_a_kind = {(link.page, *link.query): address(link) for link in links if link}.values()

    assert {link: ana.get(link).status_code for link in one_of_a_kind} == dict.fromkeys(one_of_a_kind, 200)


def test_channel_and_community_lead_to_their_own_credits(ana: Client, among_others: Story):
    forum = among_others.joe.channel
    behind = set(Credit.objects.filter(channel=forum).values_list("conversion", "interaction"))
    assert len(behind) == 6  # three touches of the purchase, and of the refund

    for page, pk in (("channel", forum.pk), ("community", forum.community_id)):
        (revenue,) = (figure for figure in of(page, "figures", pk).figures if figure.label == "Credited revenue")
        assert {row[:2] for row in ledger_behind(ana, address(revenue.link))} == behind, page


def _click(story: Story) -> Interaction:
    return Interaction.objects.get(kind="click", member=story.joe)


def _another() -> Story:
    """One more company of the same kind: codes and references of its own."""
    forum = ChannelFactory()
    joe, mia = MemberFactory(channel=forum), MemberFactory(channel=forum)
    answer = InteractionFactory(
        channel=forum, member=mia, kind="answer", to_member=joe, thread=ThreadFactory(channel=forum),
        occurred_at=at(2, 10),
    )  # fmt: skip
    HelpRecordFactory(interaction=answer, contact=joe.contact, helper_user=None, helper_member=mia)
    campaign = CampaignFactory()
    CostFactory(campaign=campaign)
    InteractionFactory(channel=forum, member=joe, kind="click", campaign=campaign, occurred_at=at(10))
    purchase = ConversionFactory(contact=joe.contact, occurred_at=at(20))
    return Story(joe, mia, answer, campaign, purchase, purchase)


def _pk(page: str, made: Story) -> int:
    return {
        "campaign": made.spring.pk,
        "channel": made.joe.channel_id,
        "community": made.joe.channel.community_id,
        "contact": made.joe.contact_id,
        "conversion": made.purchase.pk,
        "interaction": made.answer.pk,
        "member": made.mia.pk,
        "thread": made.answer.thread_id,
    }[page]


def test_what_each_person_helped_costs_is_shown_as_money_beside_its_target(story: Story, settings):
    settings.KITH_CURRENCY = "KWD"
    community = story.answer.channel.community
    Community.objects.filter(pk=community.pk).update(purpose_measure="cost_per_person_helped", target=Decimal("0.125"))
    CostFactory(
        community=community, amount=Decimal("0.105"), currency="KWD", days=DateRange(at(2).date(), at(3).date())
    )
    recompute_all(now=NOW)

    reached = next(f for f in of("community", "figures", community.pk).figures if f.label == "Purpose reached")

    assert reached.note == "0.105 of 0.125 cost per person helped, of which less is better"
