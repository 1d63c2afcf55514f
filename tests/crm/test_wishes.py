"""What people wish of us: noted by helpers on the contact's page, taken back if by mistake, kept from sources."""

import datetime as dt
import json
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.audiences import contactable
from crm.merging import merge, plan_of_unmerge, unmerge
from crm.models import Consent, Contact, FollowUp
from crm.personal_data.erasing import erase_person
from crm.search import refresh_search_text
from gateway.history import history_of
from tests.admin_clients import logged_in, with_role
from tests.admin_forms import posted
from tests.api_clients import client_with
from tests.factories.community import InteractionFactory, MemberFactory, UserFactory
from tests.factories.crm import ConsentFactory, ContactFactory, EmailFactory
from tests.sending import row_versions, send_one

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
BY_HTMX = {"HX-Request": "true"}
LEAVE_ALONE = "leave alone"


def helper(username: str = "hal") -> Client:
    return with_role("Helper", username=username, first_name=username.capitalize(), last_name="Helper")


@pytest.fixture
def hal() -> Client:
    return helper()


@pytest.fixture
def joe() -> Contact:
    joe = ContactFactory(full_name="Joe Bloggs", ref="c1")
    EmailFactory(contact=joe, raw="joe@example.com")
    return joe


def with_wish_on_another_record(contact: Contact) -> None:
    ContactFactory(full_name="Joseph", merged_into=contact, do_not_contact=True)


def test_the_wish_stands_beside_the_name_wherever_somebody_acts(joe: Contact):
    ana = UserFactory(is_staff=True, is_superuser=True)
    ines = ContactFactory(full_name="Ines Berg")
    for contact in (joe, ines):
        planned = {"what": "Ring", "assigned_to": ana, "due_on": dt.date(2026, 1, 5), "recorded_at": NOW}
        FollowUp.objects.create(contact=contact, **planned)
        account = MemberFactory(contact=contact)
        InteractionFactory(
            kind="question", direction="inbound", member=account, channel=account.channel, occurred_at=timezone.now()
        )
    refresh_search_text([joe.pk, ines.pk])
    client = logged_in(ana)
    lists = [
        reverse("admin:index"),
        *(
            reverse(f"admin:{name}_changelist")
            for name in ("crm_contact", "crm_followup", "community_waitinginteraction")
        ),
    ]

    def signs() -> list[list[str]]:
        return [
            re.findall(r'(\w+ \w+)(?:</a>)? <span class="kith-stop">Do not contact', client.get(one).content.decode())
            for one in lists
        ]

    assert signs() == [[], [], [], []]
    with_wish_on_another_record(joe)
    assert signs() == [["Joe Bloggs"], ["Joe Bloggs"], ["Joe Bloggs"], ["Joe Bloggs"]]


def test_the_wish_is_told_where_somebody_is_found_and_where_a_follow_up_is_planned(hal: Client, joe: Contact):
    with_wish_on_another_record(joe)
    ines = ContactFactory(full_name="Ines Berg")
    refresh_search_text([joe.pk, ines.pk])

    def found(text: str) -> list[bool]:
        results = hal.get(reverse("admin:crm_contact_find"), {"q": text}).json()["results"]
        return [person["do_not_contact"] for person in results]

    def plan(contact: Contact) -> str:
        return hal.get(reverse("admin:crm_followup_plan", args=[contact.pk]), headers=BY_HTMX).content.decode()

    assert (found("bloggs"), found("ines")) == ([True], [False])
    everywhere = hal.get(reverse("admin:search"), {"s": "bloggs", "extended": "1"}).content.decode()
    assert "Do not contact · joe@example.com" in everywhere
    assert "Joe Bloggs does not want to be contacted." in plan(joe)
    assert "does not want to be contacted" not in plan(ines)


def page(contact: Contact) -> str:
    return reverse("admin:crm_contact_wishes", args=[contact.pk])


def note(client: Client, contact: Contact, wish: str, **told: str):
    return client.post(page(contact), {"wish": wish, "source": "told us", **told}, headers=BY_HTMX)


def said(answer) -> dict[str, str]:
    assert answer.status_code == 204, answer.context["form"].errors
    return json.loads(answer.headers["HX-Trigger"])["kith:saved"]


def wishes(client: Client, contact: Contact) -> list[str]:
    return [label for _, label in client.get(page(contact)).context["form"].fields["wish"].choices]


def stored(contact: Contact) -> tuple[bool, bool]:
    contact.refresh_from_db()
    return contact.do_not_contact, contact.do_not_contact_noted_at is not None


def reached(*, purpose: str = "newsletter") -> list[str]:
    return [one.full_name for one in contactable(Contact.objects.all(), purpose=purpose, channel="email", now=now())]


def now() -> dt.datetime:
    return timezone.now()


def test_helper_notes_that_somebody_does_not_want_to_be_contacted_and_takes_it_back(hal: Client, joe: Contact):
    ConsentFactory(contact=joe)
    assert reached() == ["Joe Bloggs"]

    message = said(note(hal, joe, LEAVE_ALONE))

    assert message["message"] == "Noted: Joe Bloggs does not want to be contacted."
    assert stored(joe) == (True, True)
    assert reached() == []
    assert "Do not contact" in hal.get(reverse("admin:crm_contact_change", args=[joe.pk])).content.decode()
    noted = history_of(joe)[0]
    assert (noted.who, noted.through) == ("Hal Helper", "admin")
    assert ("do not contact", False, True) in [(step.label, step.before, step.after) for step in noted.changes]
    assert wishes(hal, joe) == [
        "Agrees to be contacted",
        "No longer agrees: newsletter (any channel)",
        "Noted by mistake: does not want to be contacted",
    ]

    said(hal.post(message["undo"], headers=BY_HTMX))

    assert stored(joe) == (False, False)
    assert reached() == ["Joe Bloggs"]
    assert wishes(hal, joe) == [
        "Does not want to be contacted",
        "Agrees to be contacted",
        "No longer agrees: newsletter (any channel)",
    ]


def test_a_wish_is_taken_back_by_who_noted_it_and_by_who_may_change_contacts(hal: Client, joe: Contact):
    undo = said(note(hal, joe, LEAVE_ALONE))["undo"]
    ben, chief = helper("ben"), logged_in(User.objects.create_superuser("chief"))

    assert ben.post(undo).status_code == 403
    assert "Noted by mistake: does not want to be contacted" not in wishes(ben, joe)
    assert set(note(ben, joe, "take back").context["form"].errors) == {"wish"}
    assert stored(joe) == (True, True)

    assert hal.get(undo).status_code == 405
    assert (
        said(note(chief, joe, "take back"))["message"]
        == "Taken back: the note that Joe Bloggs does not want to be contacted."
    )
    assert stored(joe) == (False, False)


def test_two_who_hear_the_same_note_it_once(hal: Client, joe: Contact):
    form = hal.get(page(joe))  # opened before the colleague saved
    note(helper("ben"), joe, LEAVE_ALONE)
    assert form.status_code == 200
    history = len(history_of(joe))

    assert set(note(hal, joe, LEAVE_ALONE).context["form"].errors) == {"wish"}
    assert len(history_of(joe)) == history


@pytest.mark.parametrize("before", [False, True])
def test_no_source_lifts_what_was_noted(hal: Client, joe: Contact, before: bool):
    item = {"source": "shop", "external_id": "c1", "full_name": "Joe Bloggs", "do_not_contact": before}
    assert send_one("contacts", **item).status == ("updated" if before else "unchanged")
    undo = said(note(hal, joe, LEAVE_ALONE))["undo"]
    versions = row_versions()

    assert send_one("contacts", **item).status == "unchanged"
    assert send_one("contacts", **{**item, "do_not_contact": False}).status == "unchanged"

    assert row_versions() == versions
    assert stored(joe) == (True, True)
    said(hal.post(undo, headers=BY_HTMX))
    assert stored(joe) == (before, False)  # what the source had said stands again
    assert send_one("contacts", **{**item, "do_not_contact": False}).status == ("updated" if before else "unchanged")
    assert stored(joe) == (False, False)


def test_taking_a_merge_apart_leaves_what_was_noted_since(hal: Client, joe: Contact):
    other = ContactFactory(full_name="J. Bloggs", do_not_contact=True)
    merge(survivor_id=joe.pk, loser_id=other.pk, now=NOW)
    assert stored(joe) == (True, False)
    note(hal, joe, LEAVE_ALONE)

    done = unmerge(loser_id=other.pk, now=NOW)

    assert [(kept.path, kept.value, kept.why) for kept in done.kept] == [
        ("do_not_contact", True, "noted by staff since")
    ]
    assert stored(joe) == (True, True)


def test_what_was_noted_while_two_were_one_stays_with_both_when_they_are_taken_apart(hal: Client, joe: Contact):
    other = ContactFactory(full_name="J. Bloggs")
    EmailFactory(contact=other, raw="j@example.com")
    earlier = ConsentFactory(contact=joe, purpose="research", granted_at=NOW)
    for contact in (joe, other):
        ConsentFactory(contact=contact, purpose="newsletter", channel="email", granted_at=NOW)
    note(hal, joe, f"no longer {earlier.pk}")  # before they were one: the survivor's alone
    merge(survivor_id=joe.pk, loser_id=other.pk, now=now())
    stands = Consent.objects.get(contact=joe, purpose="newsletter")
    note(hal, joe, f"no longer {stands.pk}")
    note(hal, joe, LEAVE_ALONE)
    chief = logged_in(User.objects.create_superuser("chief"))
    apart = reverse("admin:crm_contact_unmerge", args=[other.pk])

    shown = chief.get(apart).content.decode()
    after = chief.post(apart, {"remember": ""}, follow=True)

    assert "Stays with both" in shown
    assert "Does not want to be contacted (noted" in shown
    assert "No longer agrees to newsletter by email (withdrawn" in shown
    assert "No longer agrees to research" not in shown
    assert "What was noted of their wishes meanwhile stays with both." in str(*after.context["messages"])
    assert (stored(joe), stored(other)) == ((True, True), (True, True))
    assert reached() == []
    theirs = Consent.objects.filter(contact=other, withdrawn_at__isnull=False)
    assert [(one.purpose, one.channel, one.granted_at, one.source) for one in theirs] == [
        ("newsletter", "email", NOW, "told us")
    ]
    client_with("contacts:write").patch(f"/api/v1/contacts/{other.pk}/", {"do_not_contact": False})
    assert (stored(joe), stored(other)) == ((True, True), (False, False))
    assert reached() == []  # the withdrawal stays with them too


def test_only_what_was_noted_since_they_were_one_is_both(hal: Client, joe: Contact):
    """The other was merged into the middle one, wish noted; the middle one later into Joe, who had a wish before."""
    low, middle = ContactFactory(full_name="J. Bloggs"), ContactFactory(full_name="Joseph Bloggs")
    note(hal, joe, LEAVE_ALONE)
    merge(survivor_id=middle.pk, loser_id=low.pk, now=now())
    merge(survivor_id=joe.pk, loser_id=middle.pk, now=now())

    assert unmerge(loser_id=low.pk, now=now()).wish_noted_at is None
    assert stored(low) == (False, False)

    merge(survivor_id=middle.pk, loser_id=low.pk, now=now())
    noted = now()
    Contact.objects.filter(pk=joe.pk).update(do_not_contact_noted_at=noted)

    assert plan_of_unmerge(low.pk).wish_noted_at == noted
    assert stored(low) == (False, False)
    answer = client_with("contacts:merge").post(f"/api/v1/contacts/{low.pk}/unmerge/", {})
    assert [(one["wish"], one["purpose"]) for one in answer.json()["wishes"]] == [("do_not_contact", "")]
    assert stored(low) == (True, True)


def test_a_change_by_id_lifts_what_was_noted(hal: Client, joe: Contact):
    note(hal, joe, LEAVE_ALONE)

    answer = client_with("contacts:write").patch(f"/api/v1/contacts/{joe.pk}/", {"do_not_contact": False})

    assert answer.status_code == 200
    assert stored(joe) == (False, False)


def test_what_is_set_in_the_details_is_kept_from_sources_too(joe: Contact):
    chief = logged_in(User.objects.create_superuser("chief"))
    details = reverse("admin:crm_contact_change", args=[joe.pk]) + "?tab=details"

    chief.post(details, posted(chief.get(details), do_not_contact="on"))

    assert send_one("contacts", source="shop", external_id="c1", do_not_contact=False).status == "unchanged"
    assert stored(joe) == (True, True)
    form = posted(chief.get(details))
    del form["do_not_contact"]
    chief.post(details, form)
    assert stored(joe) == (False, False)


def test_helper_notes_a_consent_and_takes_back_their_own_alone(hal: Client, joe: Contact):
    before = now()

    message = said(note(hal, joe, "agrees", purpose="News  Letter", channel="email", source="by telephone"))

    consent = Consent.objects.get()
    assert (consent.contact, consent.purpose, consent.channel, consent.source, consent.withdrawn_at) == (
        joe, "news letter", "email", "by telephone", None,
    )  # fmt: skip
    assert before <= consent.granted_at <= now()
    assert message["message"] == "Noted: Joe Bloggs agrees to news letter (email)."
    assert reached(purpose="news letter") == ["Joe Bloggs"]
    assert (history_of(consent)[0].who, history_of(consent)[0].kind) == ("Hal Helper", "created")

    assert helper("ben").post(message["undo"]).status_code == 403
    assert hal.get(message["undo"]).status_code == 405
    said(hal.post(message["undo"], headers=BY_HTMX))
    assert not Consent.objects.exists()


def test_a_consent_of_a_source_is_not_taken_away_by_a_helper(hal: Client, joe: Contact):
    consent = ConsentFactory(contact=joe)

    assert hal.post(reverse("admin:crm_consent_unnote", args=[consent.pk])).status_code == 403
    assert Consent.objects.exists()


def test_a_consent_needs_to_say_for_what(hal: Client, joe: Contact):
    assert note(hal, joe, "agrees").context["form"].errors == {"purpose": ["Say what they agree to be contacted for."]}
    assert set(note(hal, joe, "agrees", purpose="x", source="").context["form"].errors) == {"source"}
    assert set(note(hal, joe, "").context["form"].errors) == {"wish"}
    assert set(note(hal, joe, "no longer 1").context["form"].errors) == {"wish"}
    assert note(hal, joe, LEAVE_ALONE, purpose="newsletter").context["form"].errors == {
        "wish": ["You chose a consent below but another wish here. Choose one of them."]
    }
    assert stored(joe) == (False, False)
    assert not Consent.objects.exists()


def test_a_withdrawal_takes_back_what_stands_on_any_record_whatever_its_source_sends_again(hal: Client, joe: Contact):
    consent = {"purpose": "newsletter", "channel": "email", "granted_at": "2026-01-01T00:00:00Z", "source": "form"}
    item = {"source": "shop", "external_id": "c1", "consents": [consent]}
    send_one("contacts", **item)
    other = ContactFactory(full_name="J. Bloggs")
    ConsentFactory(contact=other, purpose="newsletter", channel="email", granted_at=NOW)
    ConsentFactory(contact=other, purpose="research")
    merge(survivor_id=joe.pk, loser_id=other.pk, now=NOW)
    assert wishes(hal, joe)[2:] == ["No longer agrees: newsletter (email)", "No longer agrees: research (any channel)"]
    assert reached() == ["Joe Bloggs"]
    stands = Consent.objects.get(contact=joe)

    message = said(note(hal, joe, f"no longer {stands.pk}"))

    assert message["message"] == "Noted: Joe Bloggs no longer agrees to newsletter (email)."
    assert reached() == []
    assert reached(purpose="research") == ["Joe Bloggs"]
    withdrawal = Consent.objects.latest("pk")
    assert (withdrawal.granted_at, withdrawal.source) == (stands.granted_at, "told us")
    assert send_one("contacts", **item).status == "unchanged"
    assert reached() == []
    assert wishes(hal, joe)[2:] == ["No longer agrees: research (any channel)"]

    said(note(hal, joe, "agrees", purpose="newsletter", channel="email"))  # they changed their mind
    assert reached() == ["Joe Bloggs"]
    said(hal.post(message["undo"], headers=BY_HTMX))
    assert Consent.objects.filter(withdrawn_at=None).count() == Consent.objects.count() == 4


def test_what_was_noted_without_javascript_is_taken_back_by_the_button_in_the_message(hal: Client, joe: Contact):
    hal.handler.enforce_csrf_checks = True
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', hal.get(page(joe)).content.decode())[1]
    noted = hal.post(
        page(joe), {"wish": LEAVE_ALONE, "source": "told us", "csrfmiddlewaretoken": token}, follow=True
    ).content.decode()
    assert stored(joe) == (True, True)

    address, token = re.search(
        r'<form method="post" action="([^"]+)" class="kith-undo"><input type="hidden" name="csrfmiddlewaretoken"'
        r' value="(\w+)">',
        noted,
    ).groups()
    assert hal.post(address).status_code == 403
    assert hal.post(address, {"csrfmiddlewaretoken": token}).status_code == 302

    assert stored(joe) == (False, False)


def test_wishes_need_their_permission(joe: Contact):
    nobody = UserFactory(username="ben", is_staff=True)
    nobody.user_permissions.set(
        Permission.objects.filter(codename__in=["view_contact", "view_consent", "add_consent", "add_helprecord"])
    )
    ben = logged_in(nobody)
    consent = ConsentFactory(contact=joe)

    for name, pk in (("contact_wishes", joe.pk), ("contact_lift_wish", joe.pk), ("consent_unnote", consent.pk)):
        address = reverse(f"admin:crm_{name}", args=[pk])
        assert [ask(address).status_code for ask in (ben.get, ben.post)] == [403, 403]
    assert 'data-kith-key="w"' not in ben.get(reverse("admin:crm_contact_change", args=[joe.pk])).content.decode()
    assert stored(joe) == (False, False)


def test_consents_are_offered_to_those_who_may_see_them(joe: Contact):
    user = UserFactory(username="ben", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "note_wishes"]))
    ConsentFactory(contact=joe)

    assert wishes(logged_in(user), joe) == ["Does not want to be contacted", "Agrees to be contacted"]


def test_nothing_is_noted_of_an_erased_person(hal: Client, joe: Contact):
    erase_person(contact_id=joe.pk, reason="asked", now=NOW, through="command")

    for wish, told in (("agrees", {"purpose": "newsletter"}), (LEAVE_ALONE, {})):
        answer = note(hal, joe, wish, **told)
        assert "This person was erased" in answer.content.decode()
    assert not Consent.objects.exists()
    assert stored(joe) == (True, False)


def test_without_javascript_it_is_a_page_that_leads_back(hal: Client, joe: Contact):
    assert b"<html" in hal.get(page(joe)).content

    answer = hal.post(page(joe), {"wish": LEAVE_ALONE, "source": "told us"})

    assert (answer.status_code, answer.url) == (302, reverse("admin:crm_contact_change", args=[joe.pk]))
