"""Writing costs, interactions, threads and help records in the admin."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from psycopg.types.range import DateRange

from community.admin.cost import CostForm
from community.admin.interaction import InteractionAdmin
from community.costs import replace
from community.models import BusinessHours, Colleague, Cost, HelpRecord, Interaction, Thread
from community.retracting import retracting
from community.sync.accepted_answers import refresh_accepted_help
from crm.models import Contact
from crm.search import refresh_search_text
from crm.voiding import AlreadyVoided
from gateway.history import history_of
from tests.admin_clients import who_may_all
from tests.admin_forms import added, errors_of, posted
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
from tests.factories.crm import CampaignFactory, CompanyFactory, ContactFactory
from tests.interrupting import AtStatement
from tests.sending import send

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def ana() -> Client:
    """Ana, who may do everything."""
    return who_may_all(username="ana")


def test_cost_shows_its_last_day_inclusive(ana: Client):
    cost = CostFactory(days=DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))

    form = ana.get(reverse("admin:community_cost_change", args=[cost.pk])).context["adminform"].form

    assert (form["starts_on"].value(), form["ends_on"].value()) == (dt.date(2026, 3, 1), dt.date(2026, 3, 31))


def test_cost_that_is_changed_is_voided_and_replaced(ana: Client):
    cost = CostFactory(amount=Decimal("100.00"), external_id="a1")
    change = reverse("admin:community_cost_change", args=[cost.pk])

    answer = ana.post(change, posted(ana.get(change), amount="120.00", ends_on="2026-03-30"))

    assert answer.status_code == 302
    cost.refresh_from_db()
    replacement = cost.replaced_by
    assert (cost.amount, cost.voided_at is None, cost.void_reason) == (Decimal("100.00"), False, "replaced by ana")
    assert (replacement.amount, replacement.external_id, replacement.voided_at) == (Decimal("120.00"), "a1", None)
    assert replacement.days == DateRange(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
    assert Cost.objects.count() == 2
    assert ana.post(change, {"amount": "1"}).status_code == 403


def test_cost_saved_unchanged_stays_as_it_is(ana: Client):
    cost = CostFactory()
    change = reverse("admin:community_cost_change", args=[cost.pk])

    ana.post(change, posted(ana.get(change)))

    cost.refresh_from_db()
    assert cost.voided_at is None
    assert Cost.objects.count() == 1


def test_cost_added_covers_the_days_that_were_given(ana: Client):
    add = reverse("admin:community_cost_add")

    ana.post(
        add,
        posted(
            ana.get(add), category="tools", amount="9.99", currency="EUR", starts_on="2026-02-28", ends_on="2026-02-28"
        ),
    )

    assert Cost.objects.get().days == DateRange(dt.date(2026, 2, 28), dt.date(2026, 3, 1))


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"ends_on": "2026-02-01"}, {"ends_on": ["The last day cannot be before the first."]}),
        ({"ends_on": ""}, {"ends_on": ["This field is required."]}),
        ({"hours": "0"}, {"hours": ["Hours are above zero."]}),
        ({"hourly_rate": "20"}, {"hourly_rate": ["An hourly rate needs hours."]}),
        ({"ends_on": "2056-03-31"}, {"ends_on": ["A cost covers at most ten years."]}),
    ],
)
def test_cost_that_cannot_be_is_refused_beside_its_field(
    ana: Client, changes: dict[str, str], errors: dict[str, list[str]]
):
    cost = CostFactory()
    change = reverse("admin:community_cost_change", args=[cost.pk])

    answer = ana.post(change, posted(ana.get(change), **changes))

    assert errors_of(answer) == errors
    cost.refresh_from_db()
    assert cost.voided_at is None


@pytest.mark.parametrize(
    ("labour", "changes", "amount"),
    [
        (("10", "30.00"), {"hours": "12"}, "360.00"),
        (("10", "30.00"), {"hourly_rate": "33.33"}, "333.30"),
        (("10", "30.00"), {"hours": "12", "amount": "350.00"}, "350.00"),  # as it was said
        (("10", "30.00"), {"hours": "12", "amount": ""}, "360.00"),
        (("10", "30.00"), {"description": "Answering"}, "300.00"),
        (("10", "30.00"), {"hours": "", "hourly_rate": ""}, "300.00"),  # money alone
    ],
)
def test_amount_of_labour_follows_hours_and_rate(ana: Client, labour, changes, amount):
    hours, rate = map(Decimal, labour)
    cost = CostFactory(hours=hours, hourly_rate=rate, amount=Decimal("300.00"), category="staffing")
    change = reverse("admin:community_cost_change", args=[cost.pk])

    assert ana.post(change, posted(ana.get(change), **changes)).status_code == 302

    assert str(Cost.objects.standing().get().amount.quantize(Decimal("0.01"))) == amount


def test_cost_is_added_by_hours_and_rate_alone_or_by_an_amount(ana: Client):
    add = reverse("admin:community_cost_add")
    days = {"category": "staffing", "currency": "EUR", "starts_on": "2026-03-01", "ends_on": "2026-03-31"}

    nothing = ana.post(add, posted(ana.get(add), **days, hours="10"))
    assert errors_of(nothing)["amount"] == ["Give an amount, or hours and an hourly rate."]
    assert ana.post(add, posted(ana.get(add), **days, hours="7.5", hourly_rate="33.33")).status_code == 302
    assert Cost.objects.get().amount == Decimal("249.98")  # 249.975


def test_new_cost_begins_in_the_reporting_currency(ana: Client):
    add = reverse("admin:community_cost_add")

    form = ana.get(add).context["adminform"].form

    assert form["currency"].value() == "EUR"
    typed = {"category": "tools", "starts_on": "2026-03-01", "ends_on": "2026-03-01", "amount": "5", "currency": "CHF"}
    assert ana.post(add, posted(ana.get(add), **typed)).status_code == 302
    assert Cost.objects.get().currency == "CHF"


def test_cost_added_to_the_costs_of_a_campaign_is_a_cost_of_that_campaign(ana: Client):
    spring, autumn = CampaignFactory(code="spring"), CampaignFactory(code="autumn")
    of_spring = f"{reverse('admin:community_cost_changelist')}?campaign__id__exact={spring.pk}"
    page = reverse("admin:community_cost_add")
    add = f"{page}?_changelist_filters=campaign__id__exact%3D{spring.pk}"  # as the list's plus leads there
    typed = {"category": "tools", "starts_on": "2026-03-01", "ends_on": "2026-03-01", "amount": "5"}

    answer = ana.post(add, posted(ana.get(add), **typed))

    assert answer.headers["Location"] == of_spring
    assert Cost.objects.get().campaign == spring
    initial = {"_changelist_filters": f"campaign__id__exact={spring.pk}&category__exact=tools&channel__id__exact=99"}
    assert ana.get(page, {**initial, "campaign": autumn.pk}).context["adminform"].form["campaign"].value() == str(
        autumn.pk
    )  # what the address itself says comes first
    form = ana.get(page, initial).context["adminform"].form
    assert (form["category"].value(), form["channel"].value()) == (None, None)


def test_list_of_costs_says_whom_a_reward_was_for(ana: Client):
    CostFactory(category="rewards", description="Gift card", contact=ContactFactory(full_name="Mia Lind"))
    CostFactory(category="rewards", description="Gift card", contact=ContactFactory(full_name="Joe Bloggs"))

    listed = strip_tags(ana.get(reverse("admin:community_cost_changelist")).content.decode())

    assert ("Gift card for Mia Lind" in listed, "Gift card for Joe Bloggs" in listed) == (True, True)


def test_currency_is_taken_in_small_letters_from_a_form(ana: Client):
    add = reverse("admin:community_cost_add")
    typed = {"category": "tools", "starts_on": "2026-03-01", "ends_on": "2026-03-01", "amount": "5"}

    assert ana.post(add, posted(ana.get(add), **typed, currency="chf")).status_code == 302
    assert Cost.objects.get().currency == "CHF"


def test_cost_of_a_source_says_that_the_source_writes_it_again(ana: Client):
    said = "Known to &lt;ads&gt; as well. Correct it there too: what it sends again is written again."
    known = CostFactory(source="<ads>")
    own, voided = CostFactory(source=None, external_id=None), CostFactory(voided_at=NOW)

    pages = [
        ana.get(reverse("admin:community_cost_change", args=[cost.pk])).content.decode()
        for cost in (known, own, voided)
    ]

    assert [said in page for page in pages] == [True, False, False]
    assert ["Known to" in page for page in pages] == [True, False, False]


def test_cost_is_voided_with_a_reason(ana: Client):
    cost = CostFactory()

    ana.post(reverse("admin:community_cost_void", args=[cost.pk]), {"reason": "booked twice"})

    cost.refresh_from_db()
    assert (cost.voided_at is None, cost.void_reason, cost.replaced_by) == (False, "booked twice", None)


def test_cost_that_was_voided_is_restored_and_one_that_was_replaced_says_why_not(ana: Client):
    cost = CostFactory(voided_at=NOW, void_reason="booked twice")
    former = CostFactory()
    changed = Cost.objects.get(pk=former.pk)
    replace(changed, reason="replaced by ana", now=NOW)
    ticked = {"action": "restore_selected", "_selected_action": [cost.pk, former.pk], "reason": "booked once"}

    page = ana.post(reverse("admin:community_cost_changelist"), ticked, follow=True)

    assert list(Cost.objects.standing().order_by("pk")) == [cost, changed]
    said = [message.message for message in page.context["messages"]]
    why = f"The cost was replaced by {changed.pk}: change, void or restore that one."
    assert said == ["Restored 1 cost.", why]
    opened = ana.get(reverse("admin:community_cost_change", args=[former.pk]))
    assert opened.context["reason_buttons"] == []
    refused = ana.post(reverse("admin:community_cost_restore", args=[former.pk]), {"reason": "x"}, follow=True)
    assert [message.message for message in refused.context["messages"]] == [why]


def test_interaction_is_retracted_and_the_help_made_from_it_withdrawn(ana: Client):
    thread = ThreadFactory()
    thread.opened_by = MemberFactory(channel=thread.channel)
    thread.save()
    answer = InteractionFactory(channel=thread.channel, thread=thread, kind="answer")
    change = reverse("admin:community_thread_change", args=[thread.pk])
    ana.post(change, posted(ana.get(change), accepted_answer=answer.pk))
    record = HelpRecord.objects.get(interaction=answer)
    assert (record.origin, record.contact, record.withdrawn_at) == ("accepted_answer", thread.opened_by.contact, None)

    ana.post(reverse("admin:community_interaction_retract", args=[answer.pk]), {"reason": "spam"})

    answer.refresh_from_db()
    record.refresh_from_db()
    assert (answer.retracted_at is None, answer.retract_reason) == (False, "spam")
    assert record.withdrawn_at is not None

    ana.post(reverse("admin:community_interaction_restore", args=[answer.pk]), {"reason": "no spam"})

    answer.refresh_from_db()
    record.refresh_from_db()
    assert (answer.retracted_at, answer.retract_reason, record.withdrawn_at) == (None, "", None)
    restored, why = history_of(answer)[:2]
    assert [(step.label, step.after) for step in restored.changes] == [("retracted at", None), ("retract reason", "")]
    assert [(step.before, step.after) for step in why.changes] == [("spam", "no spam")]


def test_help_of_an_answer_that_a_client_accepted_meanwhile_is_withdrawn(ana: Client):
    thread = ThreadFactory()
    thread.opened_by = MemberFactory(channel=thread.channel)
    thread.save()
    answers = [InteractionFactory(channel=thread.channel, kind="answer") for _ in range(3)]
    change = reverse("admin:community_thread_change", args=[thread.pk])
    ana.post(change, posted(ana.get(change), accepted_answer=answers[0].pk))

    def accept_the_second():
        place = {"channel": thread.channel.slug, "external_id": thread.external_id}
        assert send("threads", place | {"accepted_answer": answers[1].external_id}).updated == 1

    form = posted(ana.get(change), accepted_answer=answers[2].pk)
    writing = AtStatement(1, accept_the_second, among=lambda sql: "UPDATE" in sql and '"community_thread"' in sql)
    with connection.execute_wrapper(writing):
        ana.post(change, form)

    assert writing.done
    assert HelpRecord.objects.get(withdrawn_at=None).interaction == answers[2]


def test_help_goes_with_the_threads_that_accepted_the_answers(ana: Client):
    said = [InteractionFactory(kind="answer") for _ in range(3)]
    asked = [
        ThreadFactory(channel=answer.channel, opened_by=MemberFactory(channel=answer.channel), accepted_answer=answer)
        for answer in said
    ]
    refresh_accepted_help([answer.pk for answer in said], now=NOW)
    assert HelpRecord.objects.filter(withdrawn_at=None).count() == 3

    ana.post(reverse("admin:community_thread_delete", args=[asked[0].pk]), {"post": "yes"})
    both = {"action": "delete_selected", "_selected_action": [thread.pk for thread in asked[1:]], "post": "yes"}
    ana.post(reverse("admin:community_thread_changelist"), both)

    assert not Thread.objects.exists()
    assert not HelpRecord.objects.filter(withdrawn_at=None).exists()


OVERLAPPING = [
    (("09:00", "17:00"), ("10:00", "00:00")),
    (("10:00", "00:00"), ("09:00", "17:00")),
    (("09:00", "10:00"), ("00:00", "00:00")),
    (("20:00", "00:00"), ("22:00", "00:00")),
    (("09:00", "17:00"), ("10:00", "11:00")),
]
APART = [(("12:00", "00:00"), ("09:00", "12:00")), (("00:00", "09:00"), ("09:00", "00:00"))]


@pytest.mark.parametrize(("one", "other"), [*OVERLAPPING, *APART])
def test_openings_of_a_day_that_overlap_are_refused_in_either_order(ana: Client, one, other):
    hours = BusinessHours.objects.create(name="Office", time_zone="UTC")
    change = reverse("admin:community_businesshours_change", args=[hours.pk])
    page = ana.get(change)
    openings = [
        added(page, "openings", row, weekday=0, opens=opens, closes=closes)
        for row, (opens, closes) in enumerate((one, other))
    ]

    answer = ana.post(change, posted(page) | openings[0] | openings[1])

    if (one, other) in APART:
        assert answer.status_code == 302
        assert hours.openings.count() == 2
    else:
        (formset, _) = (inline.formset for inline in answer.context["inline_admin_formsets"])
        between = [f"{opens} to {closes}" for opens, closes in (one, other)]
        assert formset.non_form_errors() == [f"Two openings on Monday overlap: {between[0]}, and {between[1]}."]
        assert hours.openings.count() == 0


def test_help_record_keeps_what_staff_edited(ana: Client):
    record = HelpRecordFactory(topic="enrolment")
    change = reverse("admin:community_helprecord_change", args=[record.pk])

    ana.post(change, posted(ana.get(change), topic="payment", rating="5"))

    record.refresh_from_db()
    assert (record.topic, record.rating, record.edited_fields) == ("payment", 5, ["rating", "topic"])


def test_help_record_rating_is_refused_beside_the_rating(ana: Client):
    record = HelpRecordFactory()
    change = reverse("admin:community_helprecord_change", args=[record.pk])

    answer = ana.post(change, posted(ana.get(change), rating="6"))

    assert errors_of(answer) == {"rating": ["A rating is a whole number from 1 to 5."]}


def test_help_to_oneself_is_refused_beside_the_helper(ana: Client):
    bo, joe = UserFactory(username="bo"), ContactFactory()
    Colleague.objects.create(user=bo, contact=joe)
    account = MemberFactory(contact=joe)
    record = HelpRecordFactory(helper_user=bo)
    change = reverse("admin:community_helprecord_change", args=[record.pk])

    by_login = ana.post(change, posted(ana.get(change), contact=joe.pk))
    by_account = ana.post(change, posted(ana.get(change), contact=joe.pk, helper_user="", helper_member=account.pk))

    mended = "Name somebody else who helped."
    assert errors_of(by_login) == {
        "helper_user": [f"This login is that of the person who was helped. {mended}"],
    }
    assert errors_of(by_account) == {
        "helper_member": [f"This account belongs to the person who was helped. {mended}"],
    }


def test_help_that_was_found_to_be_to_oneself_is_still_rated(ana: Client):
    record = HelpRecordFactory(helper_user=UserFactory())
    Colleague.objects.create(user=record.helper_user, contact=record.contact)
    change = reverse("admin:community_helprecord_change", args=[record.pk])

    assert ana.post(change, posted(ana.get(change), rating="4")).status_code == 302

    record.refresh_from_db()
    assert record.rating == 4


def saved_while(client: Client, record: HelpRecord, meanwhile: Callable[[], object], **changes: object) -> HttpResponse:
    """Save changes in the page of a record; `meanwhile` is done between the check of the form and the writing."""
    change = reverse("admin:community_helprecord_change", args=[record.pk])
    data = posted(client.get(change), **changes)

    def locks(sql: str) -> bool:
        return 'FROM "community_helprecord"' in sql and "FOR NO KEY UPDATE" in sql

    at_writing = AtStatement(1, meanwhile, among=locks)
    with connection.execute_wrapper(at_writing):
        answer = client.post(change, data, follow=True)
    assert at_writing.done
    return answer


def test_help_record_keeps_what_its_source_sends_while_a_page_of_it_is_saved(ana: Client):
    record = HelpRecordFactory(topic="enrolment", rating=2)

    def source_rates() -> None:
        HelpRecord.objects.filter(pk=record.pk).update(rating=5)

    saved_while(ana, record, source_rates, topic="payment")

    record.refresh_from_db()
    assert (record.topic, record.rating, record.edited_fields) == ("payment", 5, ["topic"])


def test_help_record_page_says_what_is_refused_for_what_happened_while_it_was_saved(ana: Client):
    record = HelpRecordFactory(helper_user=UserFactory())
    joe = ContactFactory()

    def becomes_a_colleague() -> None:
        Colleague.objects.create(user=record.helper_user, contact=joe)

    page = saved_while(ana, record, becomes_a_colleague, contact=joe.pk)

    said = [str(message) for message in page.context["messages"]]
    assert said == ["This login is that of the person who was helped. Name somebody else who helped."]
    record.refresh_from_db()
    assert (record.contact != joe, record.edited_fields) == (True, [])


def test_help_record_page_says_what_it_kept_of_others(ana: Client):
    record = HelpRecordFactory(topic="enrolment", rating=2)
    change = reverse("admin:community_helprecord_change", args=[record.pk])
    data = posted(ana.get(change), topic="payment")
    HelpRecord.objects.update(rating=5)

    page = ana.post(change, data, follow=True)

    assert "Others changed this while you had the page open, and their values were kept: Rating." in [
        str(message) for message in page.context["messages"]
    ]


def help_list(client: Client, **asked: str) -> str:
    page = client.get(reverse("admin:community_helprecord_changelist"), asked)
    table = page.content.decode().partition('id="result_list"')[2].partition("</table>")[0]
    return " ".join(strip_tags(table).split())


def help_at(day: int, **given: object) -> HelpRecord:
    return HelpRecordFactory(interaction__occurred_at=dt.datetime(2026, 3, day, 12, tzinfo=dt.UTC), **given)


def test_help_records_stand_by_time_with_names_and_the_undone_ones_marked(ana: Client):
    bo = UserFactory(username="bo", first_name="Bo", last_name="Lund")
    help_at(9, topic="late", helper_user=bo)
    help_at(2, topic="early", withdrawn_at=NOW)

    shown = help_list(ana)

    assert shown.index("late") < shown.index("early")
    assert "Bo Lund" in shown
    assert (shown.count("solved"), shown.count("undone")) == (1, 1)
    assert ("late" in help_list(ana, standing="no"), "early" in help_list(ana, standing="no")) == (False, True)


def test_help_records_are_found_by_who_was_helped_and_by_what_was_said(ana: Client):
    joe = ContactFactory(full_name="Joe Bloggs")
    jo = ContactFactory(full_name="Jo Blo", merged_into=joe)
    help_at(2, contact=joe, topic="enrolment")
    help_at(3, contact=jo, topic="payment")
    help_at(4, contact=ContactFactory(full_name="Ines Berg"), topic="bloggs")
    help_at(5, contact=ContactFactory(full_name="Ann West"), topic="rooms")
    refresh_search_text(list(Contact.objects.values_list("pk", flat=True)))

    shown = help_list(ana, q="bloggs")

    assert [topic in shown for topic in ("enrolment", "payment", "bloggs", "rooms")] == [True, True, True, False]


def test_interaction_list_shows_what_was_retracted_struck_out(ana: Client):
    InteractionFactory(text="Buy cheap pills", retracted_at=dt.datetime(2026, 3, 3, tzinfo=dt.UTC))

    page = ana.get(reverse("admin:community_interaction_changelist")).content.decode()

    assert "<s>Buy cheap pills</s>" in page


def test_interaction_markup_is_shown_as_text(ana: Client):
    interaction = InteractionFactory(text="<script>alert(1)</script>")

    pages = [
        ana.get(reverse("admin:community_interaction_changelist")),
        ana.get(reverse("admin:community_interaction_change", args=[interaction.pk])),
        ana.get(reverse("admin:crm_contact_change", args=[interaction.member.contact_id]) + "?tab=timeline"),
    ]

    for page in pages:
        assert "<script>alert(1)" not in page.content.decode()
        assert "&lt;script&gt;alert(1)" in page.content.decode()


def test_cost_that_somebody_voided_meanwhile_is_not_replaced(ana: Client):
    cost = CostFactory(source=None, external_id=None)
    change = reverse("admin:community_cost_change", args=[cost.pk])
    filled = posted(ana.get(change), amount="120.00")
    form = CostForm(filled, instance=Cost.objects.get(pk=cost.pk))
    mine, yours = Cost.objects.get(pk=cost.pk), Cost.objects.get(pk=cost.pk)

    replace(yours, reason="replaced by ben", now=NOW)

    assert form.errors["__all__"] == ["Somebody voided or replaced this cost meanwhile. Open the newest one."]
    with pytest.raises(AlreadyVoided):
        replace(mine, reason="replaced by ana", now=NOW)
    assert Cost.objects.standing().get().pk == yours.pk


def test_interactions_retracted_together_keep_what_was_said_before(ana: Client):
    first, second = InteractionFactory(), InteractionFactory()
    retracting.one(first.pk, reason="spam", now=NOW)

    assert retracting.many([first.pk, second.pk], reason="a test", now=NOW) == 1

    assert dict(Interaction.objects.values_list("pk", "retract_reason")) == {first.pk: "spam", second.pk: "a test"}


def test_interactions_stand_by_time_and_what_was_only_named_stands_last(ana: Client):
    """However late they came: a dump of an old forum is not what happened lately."""
    address = reverse("admin:community_interaction_changelist")
    for name, when in (("late", NOW), ("early", NOW - dt.timedelta(days=900)), ("named", None)):
        InteractionFactory(external_id=name, occurred_at=when, kind=when and "comment")

    def names(**asked: str) -> list[str]:
        return [row.external_id for row in ana.get(address, asked).context["cl"].result_list]

    assert names() == ["late", "early", "named"]
    assert names(o="1") == ["named", "early", "late"]
    assert names(o="-1") == ["late", "early", "named"]
    assert set(ana.get(address).context["cl"].sortable_by) == {"when"}


def test_interactions_are_searched_among_the_newest_and_found_by_a_whole_external_id(ana: Client, monkeypatch):
    monkeypatch.setattr(InteractionAdmin, "searches_newest", 2)
    *_, old = (
        InteractionFactory(
            text=f"Where is the desk? {n}", external_id=f"post-{n}", occurred_at=NOW - dt.timedelta(days=9 - n)
        )
        for n in (2, 1, 0)  # the oldest came last
    )
    address = reverse("admin:community_interaction_changelist")

    def found(text: str) -> list[str]:
        return [row.external_id for row in ana.get(address, {"q": text}).context["cl"].result_list]

    assert found("the desk") == ["post-2", "post-1"]
    assert found("desk? 0") == []
    assert found(f" {old.external_id} ") == ["post-0"]
    assert found("post-") == ["post-2", "post-1"]


def test_reply_is_due_within_a_minute_or_more(ana: Client):
    channel = ChannelFactory()
    change = reverse("admin:community_channel_change", args=[channel.pk])

    refused = ana.post(change, posted(ana.get(change), reply_target_minutes="0"))

    assert errors_of(refused) == {"reply_target_minutes": ["Give at least one minute, or leave it empty: no target."]}
    assert ana.post(change, posted(ana.get(change), reply_target_minutes="1")).status_code == 302
    channel.refresh_from_db()
    assert channel.reply_target_minutes == 1


def test_members_and_companies_are_searched_without_accents(ana: Client):
    zoe, _ = MemberFactory(handle="Zoë_Wäld"), MemberFactory(handle="bo")
    bakery, _ = CompanyFactory(name="Café Œuvre"), CompanyFactory(name="Acme")

    members = ana.get(reverse("admin:community_member_changelist"), {"q": "zoe_wald"})
    companies = ana.get(reverse("admin:crm_company_changelist"), {"q": "cafe oeu"})

    assert list(members.context["cl"].result_list) == [zoe]
    assert list(companies.context["cl"].result_list) == [bakery]


@pytest.mark.parametrize(
    ("measure", "currency", "target", "shown"),
    [
        ("people_helped", "EUR", "500.00", "500"),
        ("mean_rating", "KWD", "4.25", "4.25"),
        ("cost_per_person_helped", "EUR", "7.50", "7.50"),
        ("cost_per_person_helped", "JPY", "500.00", "500"),
        ("cost_per_person_helped", "KWD", "5.10", "5.100"),
    ],
)
def test_target_of_a_community_is_shown_in_the_unit_of_its_measure(
    ana: Client, settings, measure: str, currency: str, target: str, shown: str
):
    settings.KITH_CURRENCY = currency
    CommunityFactory(purpose_measure=measure, target=Decimal(target))

    page = ana.get(reverse("admin:community_community_changelist"))

    assert f'<span class="kith-number">{shown}</span>' in page.content.decode()
