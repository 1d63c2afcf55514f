"""
The page of a contact as staff see it, with everything that the apps put on it.

Joe asks on the forum on 2 March, Mia answers, and he buys for 100.00 on 20 March; Ana plans to call him.
"""

import datetime as dt
import json
import re
from decimal import Decimal

import pghistory
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from community.models import Interaction, Member
from crm import extensions
from crm.extensions import contact_actions, contact_panels, contact_tiles, timeline_sources
from crm.merging import merge
from crm.models import (
    Consent,
    Contact,
    ContactPoint,
    ContactRef,
    DuplicateSuggestion,
    FollowUp,
    Note,
    OutcomeMark,
)
from gateway.registry import Registry
from metrics.recompute import recompute_all
from tests.admin_clients import logged_in, with_role
from tests.factories.community import CostFactory, HelpRecordFactory, InteractionFactory, MemberFactory, UserFactory
from tests.factories.crm import (
    CampaignFactory,
    CompanyFactory,
    ConsentFactory,
    ContactFactory,
    ContactRefFactory,
    ConversionFactory,
    EmailFactory,
    FollowUpFactory,
    NoteFactory,
    RefundFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
HTMX = {"HX-Request": "true"}
TIMELINE = "?tab=timeline"
OF_TIMELINE, OF_PANELS = ({**HTMX, "HX-Target": part} for part in ("kith-timeline", "kith-panels"))


def at(day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


@pytest.fixture
def ana() -> User:
    return User.objects.create_superuser("ana", first_name="Ana", last_name="Lind")


@pytest.fixture
def page_client(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def joe(ana: User) -> Member:
    contact = ContactFactory(
        full_name="Joe Bloggs",
        preferred_name="Joey",
        company=CompanyFactory(name="Bloggs Ltd"),
        owner=UserFactory(username="ben", first_name="Ben", last_name="Okafor"),
        tags=["vip"],
        stage="customer",
        motivation="Wants to run the payroll himself.",
    )
    EmailFactory(contact=contact, raw="joe@example.com")
    ConsentFactory(contact=contact, purpose="newsletter")
    ConsentFactory(contact=contact, purpose="research", withdrawn_at=at(1))
    joe = MemberFactory(handle="joe", contact=contact)
    mia = MemberFactory(channel=joe.channel, handle="mia", contact=ContactFactory(full_name="Mia Lind"))
    question = InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(2, 9), text="Which course is next?")
    answer = InteractionFactory(
        channel=joe.channel, member=mia, kind="answer", reply_to=question, occurred_at=at(2, 10), text="Payroll."
    )
    HelpRecordFactory(interaction=answer, contact=contact, helper_user=None, helper_member=mia, rating=5)
    InteractionFactory(channel=joe.channel, member=joe, kind="comment", occurred_at=at(3), text="Thanks!")
    CampaignFactory(code="spring", name="Spring course")
    ConversionFactory(contact=contact, external_id="o1", occurred_at=at(20), utm_campaign="spring")
    RefundFactory(refund_of_external_id="o1", occurred_at=at(25))
    ConversionFactory(contact=contact, occurred_at=at(26), amount=0)  # a customer he was by then
    NoteFactory(contact=contact, text="Call in the morning.", author=ana, is_pinned=True)
    FollowUpFactory(contact=contact, what="Offer the summer course", assigned_to=ana, due_on=dt.date(2026, 4, 1))
    FollowUpFactory(contact=contact, what="Send the invoice", done_at=at(22), done_by=ana, recorded_at=at(21))
    recompute_all(now=NOW)
    return joe


def address(contact: Contact, query: str = "") -> str:
    return reverse("admin:crm_contact_change", args=[contact.pk]) + query


def text(page) -> str:
    return page.content.decode()


def test_one_look_says_who_how_what_and_next(page_client: Client, joe: Member):
    ConsentFactory(contact=joe.contact, purpose="profiling")  # that his motivation is shown
    page = page_client.get(address(joe.contact))
    happened = text(page_client.get(address(joe.contact, TIMELINE), headers=OF_TIMELINE))

    shown = text(page)
    for said in (
        "Joe Bloggs",
        "“Joey”",
        "Bloggs Ltd",
        "<dt>Owner</dt><dd>Ben Okafor</dd>",  # Ana, who looks at it, stands elsewhere on the page
        "vip",
        "joe@example.com",
        "Wants to run the payroll himself.",
        "newsletter",
        "Offer the summer course",
        "Call in the morning.",
    ):
        assert said in shown, said
    for said in ("Which course is next?", "Spring course", "Refund", "Offer the summer course", "Call in the morning."):
        assert said in happened, said
    assert "<html" not in happened
    assert f'hx-get="{address(joe.contact, TIMELINE)}"' in shown
    assert f'<a class="kith-link" href="{address(joe.contact, TIMELINE)}">' in shown  # the way without JavaScript
    assert "research" not in shown  # that consent was withdrawn
    assert "Do not contact" not in shown
    assert [(stage.stage, stage.at, stage.because) for stage in page.context["header"].stages] == [
        ("audience", at(2, 9), "first touch"),
        ("customer", at(20), "first conversion"),
    ]
    assert page.context["header"].days_to_convert == 18  # from 2 March, 9:00, to 20 March, 12:00
    assert "Time to convert" in shown
    assert "<dt>Customer since</dt><dd>20 Mar 2026 " in shown
    tiles = {tile.key: tile.figure for tile in page.context["tiles"]}
    assert list(tiles) == [
        "roi",
        "revenue",
        "revenue_credited",
        "first_touch",
        "last_contact",
        "waiting",
        "mean_rating",
        "next_step",
    ]
    assert (tiles["roi"].value, tiles["roi"].note) == (None, "No cost was booked")
    assert tiles["revenue"].value == tiles["revenue_credited"].value == Decimal("90.00")
    assert (tiles["first_touch"].value, tiles["last_contact"].value) == (at(2, 9), at(3))
    assert (tiles["mean_rating"].value, tiles["mean_rating"].note) == (Decimal(5), "1 rating")
    assert tiles["next_step"].note == "Overdue: Offer the summer course"


def test_do_not_contact_is_loud_also_when_a_merged_record_says_so(page_client: Client, joe: Member):
    other = ContactFactory(do_not_contact=True)
    Contact.objects.filter(pk=other.pk).update(merged_into=joe.contact)

    assert "Do not contact" in text(page_client.get(address(joe.contact)))


def test_merged_record_leads_to_its_survivor(page_client: Client, joe: Member):
    other = ContactFactory(full_name="J. Bloggs")
    Contact.objects.filter(pk=other.pk).update(merged_into=joe.contact)

    page = page_client.get(address(other), follow=True)

    assert page.redirect_chain == [(address(joe.contact), 302)]
    assert f"“J. Bloggs” (record {other.pk}) was merged" in text(page)


def test_page_opens_for_somebody_of_whom_nothing_is_known(page_client: Client):
    page = page_client.get(address(ContactFactory(full_name="")))

    shown = text(page)
    assert page.status_code == 200
    assert "Nothing is planned" in shown
    assert "No notes yet" in shown
    assert "No contact yet" in shown


def test_page_opens_and_says_who_this_is_where_no_app_adds_anything(page_client: Client, joe: Member, monkeypatch):
    for registry in vars(extensions).values():
        if isinstance(registry, Registry):
            monkeypatch.setattr(registry, "_entries", {})

    page, timeline, figures, details = (
        page_client.get(address(joe.contact, tab)) for tab in ("", TIMELINE, "?tab=figures", "?tab=details")
    )

    assert {part.status_code for part in (page, timeline, figures, details)} == {200}
    for said in (
        "Joe Bloggs",
        "Bloggs Ltd",
        "Ben Okafor",
        "vip",
        "joe@example.com",
        "newsletter",
        "Call in the morning.",
    ):
        assert said in text(page), said
    assert [tile.key for tile in page.context["tiles"]] == ["next_step"]
    assert (timeline.context["entries"], page.context["actions"], figures.context["panels"]) == ([], [], [])


def test_page_of_nobody_leads_back(page_client: Client):
    assert page_client.get(reverse("admin:crm_contact_change", args=[10**9])).status_code == 302


def test_page_shows_only_what_its_reader_may_see(joe: Member):
    ben = UserFactory(is_staff=True)
    ben.user_permissions.set(Permission.objects.filter(codename__in=["view_contact"]))
    client = Client()
    client.force_login(ben)

    page, timeline = client.get(address(joe.contact)), client.get(address(joe.contact, TIMELINE))

    shown = text(page) + text(timeline)
    assert (page.status_code, timeline.status_code) == (200, 200)
    for hidden in (
        "joe@example.com",
        "Call in the morning.",
        "Offer the summer",
        "Which course is next?",
        "newsletter",
    ):
        assert hidden not in shown, hidden
    assert page.context["tiles"] == []
    assert {entry.source for entry in timeline.context["entries"]} == {"changes"}


def test_private_words_are_not_told_without_permission(joe: Member):
    Interaction.objects.update(is_private=True)
    ben = UserFactory(is_staff=True)
    ben.user_permissions.set(Permission.objects.exclude(codename="view_private_interaction"))
    client = Client()
    client.force_login(ben)

    shown = "".join(text(client.get(address(joe.contact, tab))) for tab in ("", TIMELINE, "?tab=figures"))

    assert "Private." in shown
    for said in ("Which course is next?", "Payroll.", "Thanks!"):
        assert said not in shown


def test_timeline_filters_and_goes_on_without_javascript(page_client: Client, joe: Member):
    page = page_client.get(address(joe.contact, f"{TIMELINE}&kind=comment"))
    assert [entry.text for entry in page.context["entries"]] == ["Thanks!"]
    assert "<html" in text(page)
    chosen = page_client.get(address(joe.contact, "?kind=comment"))  # what the address of the page says, its part shows
    assert chosen.context["later_timeline"].url == address(joe.contact, f"{TIMELINE}&kind=comment")

    notes = page_client.get(address(joe.contact, f"{TIMELINE}&kind=note"))
    assert [entry.kind for entry in notes.context["entries"]] == ["note"]
    wrong = page_client.get(address(joe.contact, f"{TIMELINE}&kind=colour"))
    assert wrong.status_code == 200
    assert "There is no such kind" in text(wrong)


def test_older_entries_come_as_a_part_of_the_page(page_client: Client, joe: Member):
    for day in range(1, 29):
        NoteFactory(contact=joe.contact, written_at=dt.datetime(2025, 1, day, tzinfo=dt.UTC), text=f"Day {day}")

    page = page_client.get(address(joe.contact, f"{TIMELINE}&kind=note"))
    older = page_client.get(address(joe.contact) + page.context["older"], headers={**HTMX, "HX-Target": "kith-older"})

    assert len(page.context["entries"]) == 20
    assert [entry.text for entry in older.context["entries"]] == [f"Day {day}" for day in range(9, 0, -1)]
    assert older.context["older"] is None
    assert "<html" not in text(older)
    whole = page_client.get(address(joe.contact) + page.context["older"])
    assert "<html" in text(whole)
    newest = address(joe.contact, f"{TIMELINE}&amp;kind=note")
    assert f'<a class="kith-link" href="{newest}">Back to the newest</a>' in text(whole)


def test_panels_come_as_a_part_and_as_a_page(page_client: Client, joe: Member):
    part = page_client.get(address(joe.contact, "?tab=figures"), headers={**HTMX, "HX-Target": "kith-panels"})
    whole = page_client.get(address(joe.contact, "?tab=figures"))

    assert "<html" not in text(part)
    assert "<html" in text(whole)
    for page in (part, whole):
        for title in ("Accounts", "As a customer", "As a helper"):
            assert title in text(page)


def accounts_on(page: HttpResponse) -> dict[str, tuple[object, ...]]:
    """Return what was done with the account on each channel, and its share."""
    (table,) = next(content for panel, content in page.context["panels"] if panel.title == "Accounts").tables
    return {row.values[1]: row.values[4:] for row in table.rows}


def test_accounts_say_how_much_of_all_that_a_person_did_was_done_with_each(page_client: Client, joe: Member):
    merged = ContactFactory(merged_into=joe.contact)
    other, _ = (MemberFactory(channel__name=name, contact=merged) for name in ("Telephone", "Zulip"))
    InteractionFactory(channel=other.channel, member=other)
    InteractionFactory(channel=other.channel, member=other, retracted_at=at(9))

    assert accounts_on(page_client.get(address(joe.contact, "?tab=figures"))) == {
        str(joe.channel): (2, Decimal(2) / 3),
        "Telephone": (1, Decimal(1) / 3),
        "Zulip": (0, Decimal(0)),
    }
    silent = MemberFactory()
    assert accounts_on(page_client.get(address(silent.contact, "?tab=figures"))) == {str(silent.channel): (0, None)}


def test_accounts_are_those_on_every_channel_and_of_every_record(page_client: Client, joe: Member):
    MemberFactory(channel__name="Discord", handle="joe#1", contact=joe.contact)
    MemberFactory(channel__name="Instagram", handle="joeys", contact=ContactFactory(merged_into=joe.contact))

    page = page_client.get(address(joe.contact, "?tab=figures"))

    (accounts,) = (content for panel, content in page.context["panels"] if panel.title == "Accounts")
    rows = [row.values[:2] for row in accounts.tables[0].rows]
    assert rows == [("joe", joe.channel.name), ("joe#1", "Discord"), ("joeys", "Instagram")]
    for said in ("joe#1", "Discord", "joeys", "Instagram"):
        assert said in text(page)


COMMENTS = """
    INSERT INTO community_interaction (channel_id, external_id, kind, direction, member_id, occurred_at)
    SELECT %(channel)s, 'said-' || n, 'comment', 'inbound', %(joe)s, timestamptz '2025-04-01' + n * interval '3 s'
    FROM generate_series(%(first)s, %(last)s) n
"""
CALLS = """
    WITH calls AS (
        INSERT INTO community_interaction (
            channel_id, external_id, kind, direction, user_id, to_contact_id, occurred_at
        )
        SELECT %(channel)s, 'call-' || n, 'help', 'outbound', %(ana)s, %(contact)s,
            timestamptz '2025-04-01 00:00:01' + n * interval '3 s'
        FROM generate_series(%(first)s, %(last)s) n
        RETURNING id
    )
    INSERT INTO community_helprecord (interaction_id, contact_id, helper_user_id)
    SELECT id, %(contact)s, %(ana)s FROM calls
"""
PURCHASES = """
    INSERT INTO crm_conversion (source, external_id, contact_id, kind_id, amount, currency, occurred_at)
    SELECT 'many', n, %(contact)s, 'purchase', 1, 'EUR', timestamptz '2025-04-01 00:00:02' + n * interval '3 s'
    FROM generate_series(%(first)s, %(last)s) n
"""


def test_page_menu_and_timeline_ask_as_few_questions_for_10000_entries_as_for_few(joe: Member, ana: User):
    ben = UserFactory(is_staff=True)
    ben.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(ben)

    def happen(first: int, last: int) -> None:
        said = {"channel": joe.channel_id, "joe": joe.pk, "contact": joe.contact_id, "ana": ana.pk}
        with connection.cursor() as cursor:
            for statement in (COMMENTS, CALLS, PURCHASES):
                cursor.execute(statement, said | {"first": first, "last": last})

    def questions(tab: str, headers: dict[str, str]) -> tuple[int, set[str]]:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address(joe.contact, tab), headers=headers)
        return len(queries), {entry.source for entry in page.context.get("entries", ())}

    def page_and_part() -> list[tuple[int, set[str]]]:
        return [questions("", {}), questions(TIMELINE, OF_TIMELINE)]

    with pghistory.context(user=ben.pk, url="/admin/"):
        Contact.objects.filter(pk=joe.contact_id).update(stage="lead", company=CompanyFactory())
    happen(1, 1)
    page_and_part()  # Django keeps the content types it once asked for
    few = page_and_part()
    happen(2, 3_340)

    assert page_and_part() == few
    assert few[0][0] <= 15
    assert few[1][0] <= 19
    assert {"changes", "conversions", "follow-ups", "help", "interactions", "notes"} <= few[1][1]


@pytest.fixture
def joe_with_everything(joe: Member, ana: User) -> Contact:
    """
    Joe with all that the page of anybody can have, on one page of the timeline.

    He took part by a link and by several accounts, waits for an answer, was merged, looks like two others, was paid
    for, and everything that the database keeps about his record has changed.
    """
    contact = joe.contact
    ConversionFactory(contact=contact, occurred_at=at(29), utm_campaign="spring")
    ConversionFactory(
        contact=contact, occurred_at=at(27), currency="USD"
    )  # without a rate: no touch gets credit for it
    NoteFactory(contact=contact, written_at=at(28))
    FollowUpFactory(contact=contact, recorded_at=at(28))
    CostFactory(category="staffing", sharing="minutes", amount=Decimal("80.00"))
    CostFactory(category="rewards", contact=contact, amount=Decimal("5.00"))
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(28), text="Between us.", is_private=True)
    helped = InteractionFactory(channel=joe.channel, member=joe, kind="help", occurred_at=at(28))
    HelpRecordFactory(interaction=helped, contact=ContactFactory(), helper_user=None, helper_member=joe)
    account = MemberFactory(channel__name="Discord", handle="joe#1")
    DuplicateSuggestion.objects.create(
        first=contact, second=ContactFactory(), score=60, reasons=[{"key": "name", "points": 60}], found_at=NOW
    )
    mark = OutcomeMark.objects.create(contact=contact, outcome="advocate", reached_at=NOW, marked_by=ana)
    reference, other = ContactRefFactory(contact=contact), ContactFactory(full_name="J. Bloggs")
    recompute_all(now=NOW)
    with pghistory.context(user=ana.pk, url="/admin/"):
        merge(survivor_id=contact.pk, loser_id=other.pk, by_user_id=ana.pk, now=NOW)
        Contact.objects.filter(pk=contact.pk).update(company=CompanyFactory(), owner=UserFactory())
        ContactPoint.objects.filter(contact=contact).update(raw="Joe@example.com")
        ContactRef.objects.filter(pk=reference.pk).update(external_id="changed")
        Consent.objects.filter(contact=contact, withdrawn_at=None).update(source="the fair")
        OutcomeMark.objects.filter(pk=mark.pk).update(marked_by=UserFactory())
        Member.objects.filter(pk=account.pk).update(contact=contact)
    return contact


def test_no_part_of_the_page_asks_much_for_somebody_with_everything(joe_with_everything: Contact):
    ben = UserFactory(is_staff=True)
    ben.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(ben)
    asked, shown = {}, set()
    for tab, headers in {"": {}, TIMELINE: OF_TIMELINE, "?tab=figures": OF_PANELS, "?tab=details": {}}.items():
        client.get(address(joe_with_everything, tab), headers=headers)  # Django keeps what it compiled
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address(joe_with_everything, tab), headers=headers)
        asked[tab] = len(queries)
        shown |= {entry.source for entry in page.context.get("entries", ())}

    assert shown == set(timeline_sources.keys())
    assert {tab: count for tab, count in asked.items() if count > 22} == {}


@pytest.mark.parametrize("registry", [contact_tiles, contact_panels, timeline_sources, contact_actions])
def test_everything_on_the_page_asks_for_a_permission_that_exists(registry):
    known = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}

    assert {entry.permission for entry in registry} <= known


def test_note_is_written_edited_and_deleted_from_the_page(page_client: Client, ana: User):
    contact = ContactFactory()
    write = reverse("admin:crm_note_write", args=[contact.pk])

    form = page_client.get(write, headers=HTMX)
    empty = page_client.post(write, {"text": ""}, headers=HTMX)
    saved = page_client.post(write, {"text": "Likes mornings.", "is_pinned": "on"}, headers=HTMX)

    assert "<html" not in text(form)
    assert (empty.status_code, empty.context["form"].errors["text"]) == (200, ["This field is required."])
    assert saved.status_code == 204
    note = Note.objects.get()
    undo = {"undo": reverse("admin:crm_note_remove", args=[note.pk]), "undo_label": "Undo"}
    assert json.loads(saved.headers["HX-Trigger"]) == {"kith:saved": {"message": "Note saved.", **undo}}
    assert (note.text, note.author, note.is_pinned, note.contact) == ("Likes mornings.", ana, True, contact)

    page_client.post(reverse("admin:crm_note_edit", args=[note.pk]), {"text": "Likes evenings."}, headers=HTMX)
    note.refresh_from_db()
    assert (note.text, note.is_pinned, note.author) == ("Likes evenings.", False, ana)

    remove = reverse("admin:crm_note_remove", args=[note.pk])
    assert page_client.get(remove).status_code == 405
    assert page_client.post(remove, headers=HTMX).status_code == 204
    assert not Note.objects.exists()


@pytest.mark.parametrize("kind", ["note", "followup"])
def test_what_a_helper_wrote_they_take_back_for_an_hour_and_nobody_else_does(kind: str):
    contact, hal, bea = ContactFactory(), with_role("Helper", username="hal"), with_role("Helper", username="bea")
    model = {"note": Note, "followup": FollowUp}[kind]
    page = {"note": "crm_note_write", "followup": "crm_followup_plan"}[kind]
    told = {"text": "On the wrong page.", "what": "Call", "due_on": "2026-06-01"}

    def written() -> tuple[int, str]:
        saved = hal.post(reverse(f"admin:{page}", args=[contact.pk]), told, headers=HTMX)
        return model.objects.get().pk, json.loads(saved.headers["HX-Trigger"])["kith:saved"]["undo"]

    pk, undo = written()
    edit = reverse(f"admin:crm_{kind}_edit", args=[pk])
    assert ["Delete this" in text(client.get(edit, headers=HTMX)) for client in (hal, bea)] == [True, False]
    assert bea.post(undo, headers=HTMX).status_code == 403
    assert hal.post(undo, headers=HTMX).status_code == 204
    assert not model.objects.exists()
    assert hal.post(undo, headers=HTMX).status_code == 204  # pressed twice

    pk, undo = written()
    model.objects.update(created_at=timezone.now() - dt.timedelta(minutes=61))
    assert "Delete this" not in text(hal.get(reverse(f"admin:crm_{kind}_edit", args=[pk]), headers=HTMX))
    assert hal.post(undo, headers=HTMX).status_code == 403
    assert model.objects.get().pk == pk


def test_note_of_a_client_is_not_taken_back_by_who_is_called_its_author():
    bea = UserFactory(username="bea", is_staff=True)
    bea.groups.add(Group.objects.get(name="Helper"))
    note = Note.objects.create(
        contact=ContactFactory(), text="Sent.", author=bea, written_at=timezone.now(), source="crm", external_id="n1"
    )

    assert logged_in(bea).post(reverse("admin:crm_note_remove", args=[note.pk]), headers=HTMX).status_code == 403


def test_edit_of_help_says_what_to_do_where_somebody_else_was_helped(page_client: Client):
    edit = reverse("admin:community_helprecord_edit", args=[HelpRecordFactory().pk])
    record = reverse("admin:community_helprecord_record")

    assert "Wrong person? Undo this help" in text(page_client.get(edit, headers=HTMX))
    assert "Wrong person?" not in text(page_client.get(record, headers=HTMX))


def test_changes_are_told_in_words_in_the_timeline_and_the_history(page_client: Client):
    contact = ContactFactory()
    contact.tags, contact.custom_fields, contact.do_not_contact = ["t1", "t2"], {"nick": "Joe"}, True
    contact.save()

    shown = text(page_client.get(address(contact, TIMELINE), headers=OF_TIMELINE))
    history = text(page_client.get(reverse("admin:crm_contact_history", args=[contact.pk])))

    for page in (shown, history):
        words = " ".join(strip_tags(page).split())
        assert "– → t1, t2" in words
        assert "– → nick: Joe" in words
        assert "no → yes" in words


def test_note_without_javascript_is_a_page_of_its_own(page_client: Client):
    contact = ContactFactory()
    write = reverse("admin:crm_note_write", args=[contact.pk])

    assert "<html" in text(page_client.get(write))
    page = page_client.post(write, {"text": "Likes mornings."}, follow=True)

    assert page.redirect_chain == [(address(contact), 302)]
    assert "Note saved." in text(page)


def test_follow_up_is_planned_done_and_opened_again(page_client: Client, ana: User):
    contact = ContactFactory()
    plan = reverse("admin:crm_followup_plan", args=[contact.pk])

    form = page_client.get(plan, headers=HTMX)
    page_client.post(plan, {"what": "Call", "due_on": "2026-06-01", "assigned_to": ana.pk}, headers=HTMX)

    assert form.context["form"].initial["assigned_to"] == ana.pk
    task = FollowUp.objects.get()
    assert (task.what, task.due_on, task.assigned_to, task.recorded_by) == ("Call", dt.date(2026, 6, 1), ana, ana)

    done = page_client.post(reverse("admin:crm_followup_done", args=[task.pk]), headers=HTMX)
    task.refresh_from_db()
    assert task.done_by == ana
    assert task.done_at is not None
    undo = json.loads(done.headers["HX-Trigger"])["kith:saved"]["undo"]

    page_client.post(undo, headers=HTMX)
    task.refresh_from_db()
    assert (task.done_at, task.done_by) == (None, None)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("crm_note_write", "contact"),
        ("crm_note_edit", "note"),
        ("crm_note_remove", "note"),
        ("crm_followup_plan", "contact"),
        ("crm_followup_edit", "task"),
        ("crm_followup_done", "task"),
        ("crm_followup_reopen", "task"),
        ("crm_followup_remove", "task"),
        ("crm_contact_wishes", "contact"),
        ("crm_contact_correct", "contact"),
    ],
)
def test_quick_forms_are_refused_without_permission(name: str, of: str):
    note, task = NoteFactory(), FollowUpFactory()
    pk = {"contact": note.contact_id, "note": note.pk, "task": task.pk}[of]
    client = Client()
    ben = UserFactory(is_staff=True)
    ben.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(ben)

    for response in (client.get(reverse(f"admin:{name}", args=[pk])), client.post(reverse(f"admin:{name}", args=[pk]))):
        assert response.status_code == 403
    assert Note.objects.count() == FollowUp.objects.count() == 1
    assert FollowUp.objects.get().done_at is None


def test_follow_up_list_knows_mine_overdue_open_and_done(page_client: Client, ana: User):
    today = timezone.now().date()
    FollowUpFactory(what="late", assigned_to=ana, due_on=today - dt.timedelta(days=2))
    FollowUpFactory(what="soon", due_on=today + dt.timedelta(days=2))
    FollowUpFactory(what="past", due_on=today - dt.timedelta(days=9), done_at=timezone.now())

    def listed(which: str = "") -> list[str]:
        page = page_client.get(reverse("admin:crm_followup_changelist"), {"which": which} if which else {})
        return [task.what for task in page.context["cl"].result_list]

    assert listed() == ["late", "soon"]
    assert listed("all") == ["past", "late", "soon"]
    assert {which: listed(which) for which in ("mine", "overdue", "open", "done")} == {
        "mine": ["late"],
        "overdue": ["late"],
        "open": ["late", "soon"],
        "done": ["past"],
    }


def test_follow_up_list_says_how_much_of_whose_is_overdue_and_leads_there(page_client: Client, ana: User):
    today = timezone.localdate()
    ben = UserFactory(username="ben")
    for days, user, done in ((2, ana, None), (9, ana, None), (1, ben, None), (3, None, None), (4, ben, timezone.now())):
        FollowUpFactory(assigned_to=user, due_on=today - dt.timedelta(days=days), done_at=done)
    FollowUpFactory(assigned_to=ben, due_on=today)
    address = reverse("admin:crm_followup_changelist")

    page = page_client.get(address)

    assert [(one.name, one.overdue) for one in page.context["overdue"]] == [("Ana Lind", 2), ("ben", 1), ("nobody", 1)]
    links = re.findall(r'class="kith-link" href="(\?which=[^"]+)">([^<]+)</a>', page.content.decode())
    assert [label for _, label in links] == ["Ana Lind 2", "ben 1", "nobody 1"]
    for link, label in links:
        listed = page_client.get(address + link.replace("&amp;", "&")).context["cl"].result_list
        assert len(listed) == int(label.split()[-1]), label
    FollowUp.objects.all().delete()
    assert "Overdue:" not in page_client.get(address).content.decode()


def test_follow_ups_are_done_together(page_client: Client, ana: User):
    tasks = [FollowUpFactory(), FollowUpFactory()]

    page_client.post(
        reverse("admin:crm_followup_changelist"),
        {"action": "mark_selected_done", "_selected_action": [task.pk for task in tasks]},
    )

    assert set(FollowUp.objects.values_list("done_by", flat=True)) == {ana.pk}
