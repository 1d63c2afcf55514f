"""Names and addresses corrected on the contact's page by helpers, and nothing else of the contact."""

import datetime as dt
import json
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from crm.merging import merge
from crm.models import Contact, ContactPoint, ContactRef
from crm.personal_data.erasing import erase_person
from crm.timeline.reading import asked_of, read_timeline
from gateway.acting import acting
from gateway.history import event_model_of, history_of
from tests.admin_clients import logged_in, with_role
from tests.factories.community import UserFactory
from tests.factories.crm import ContactFactory, EmailFactory
from tests.sending import send_one

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
BY_HTMX = {"HX-Request": "true"}


@pytest.fixture
def hal() -> Client:
    return with_role("Helper", username="hal", first_name="Hal", last_name="Helper")


@pytest.fixture
def joe() -> Contact:
    joe = ContactFactory(full_name="Jo Blogs", search_text="jo blogs\njoe@example.com", ref="c1")
    EmailFactory(contact=joe, raw="joe@example.com", verified_at=NOW, verified_by="shop")
    return joe


def page(contact: Contact) -> str:
    return reverse("admin:crm_contact_correct", args=[contact.pk])


def shown(client: Client, contact: Contact) -> dict[str, str]:
    """Return what a browser would send back, untouched."""
    form = client.get(page(contact)).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    return values | {f"initial-{name}": text for name, text in values.items()}


def correct(client: Client, contact: Contact, **told: str):
    return client.post(page(contact), shown(client, contact) | told, headers=BY_HTMX)


def toast(answer) -> dict[str, str]:
    return json.loads(answer.headers["HX-Trigger"])["kith:saved"]


def undo(client: Client, answer):
    """Press the button of the message."""
    return client.post(toast(answer)["undo"], headers=BY_HTMX)


def as_stored(contact: Contact) -> list[dict[str, object]]:
    return list(ContactPoint.objects.filter(contact__person=contact.pk).order_by("kind", "raw").values())


def addresses(contact: Contact) -> list[tuple[str, str]]:
    return list(ContactPoint.objects.filter(contact=contact).order_by("pk").values_list("kind", "normalised"))


def errors(answer) -> dict[str, list[str]]:
    return dict(answer.context["form"].errors)


def test_helper_corrects_a_name_and_adds_a_phone(hal: Client, joe: Contact):
    answer = correct(hal, joe, full_name="Joe Bloggs", preferred_name="Joey", more_phone="020 7946 0000")

    saved = toast(answer)
    assert saved.pop("undo").startswith(reverse("admin:crm_contact_uncorrect", args=[joe.pk]))
    assert saved == {"message": "Corrected: Joe Bloggs.", "undo_label": "Undo", "edit": page(joe)}
    before = joe.updated_at
    joe.refresh_from_db()
    assert (joe.full_name, joe.preferred_name) == ("Joe Bloggs", "Joey")
    assert joe.search_text == "joe bloggs\njoey\njoe@example.com\n020 7946 0000\n+442079460000"
    assert joe.updated_at > before
    assert addresses(joe) == [("email", "joe@example.com"), ("phone", "+442079460000")]
    assert ContactPoint.objects.get(kind="email").verified_by == "shop"
    entry = next(entry for entry in history_of(joe) if entry.kind == "changed")
    assert (entry.who, [(step.label, step.before, step.after) for step in entry.changes][0]) == (
        "Hal Helper", ("full name", "Jo Blogs", "Joe Bloggs"),
    )  # fmt: skip


def test_an_address_that_becomes_another_is_no_longer_verified(hal: Client, joe: Contact):
    point = joe.points.get()

    correct(hal, joe, **{f"address_{point.pk}": "Joe@Example.com"})  # the same, written otherwise
    point.refresh_from_db()
    assert (point.raw, point.normalised, point.verified_at) == ("Joe@Example.com", "joe@example.com", NOW)

    correct(hal, joe, **{f"address_{point.pk}": "joe@example.org"})
    point.refresh_from_db()
    assert (point.normalised, point.verified_at, point.verified_by) == ("joe@example.org", None, "")
    joe.refresh_from_db()
    assert joe.search_text == "jo blogs\njoe@example.org"
    assert history_of(point)[0].who == "Hal Helper"

    correct(hal, joe, **{f"address_{point.pk}": ""})
    assert addresses(joe) == []
    assert ContactPoint.pgh_event_models["delete"].objects.get(pgh_label="delete").raw == "joe@example.org"


def test_addresses_of_all_records_of_a_person_are_corrected_where_they_stand(hal: Client, joe: Contact):
    other = ContactFactory(full_name="J. Bloggs")
    EmailFactory(contact=other, raw="j@example.com")
    merge(survivor_id=joe.pk, loser_id=other.pk, now=NOW)

    correct(hal, other, more_email="new@example.com", **{f"address_{other.points.get().pk}": "jay@example.com"})

    assert addresses(other) == [("email", "jay@example.com")]
    assert addresses(joe) == [("email", "joe@example.com"), ("email", "new@example.com")]
    other.refresh_from_db()
    assert (other.full_name, other.search_text) == ("J. Bloggs", "j. bloggs\njay@example.com")


@pytest.mark.parametrize(
    ("told", "field", "sentence"),
    [
        ({"full_name": ""}, "full_name", "A name can be corrected, but not taken away."),
        ({"full_name": "x" * 256}, "full_name", "Ensure this value has at most 255 characters (it has 256)."),
        ({"more_email": "joe"}, "more_email", "This is not an e-mail address. Give one such as joe@example.com."),
        ({"more_email": "JOE@example.com"}, "more_email", "This person has this address already."),
        (
            {"more_phone": "12"},
            "more_phone",
            "This is not a telephone number. Give it with its country code, such as +44 20 7946 0000.",
        ),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    hal: Client, joe: Contact, told: dict[str, str], field: str, sentence: str
):
    answer = correct(hal, joe, preferred_name="Joey", **told)

    assert errors(answer) == {field: [sentence]}
    joe.refresh_from_db()
    assert (joe.full_name, joe.preferred_name) == ("Jo Blogs", "")
    assert addresses(joe) == [("email", "joe@example.com")]


def test_a_stored_address_is_refused_beside_its_own_field(hal: Client, joe: Contact):
    second = EmailFactory(contact=joe, raw="second@example.com")

    for raw in ("nowhere", "joe@example.com"):
        assert list(errors(correct(hal, joe, **{f"address_{second.pk}": raw}))) == [f"address_{second.pk}"]


def test_only_what_was_changed_is_written(hal: Client, joe: Contact):
    """A source wrote meanwhile: what the form showed of that is not written back."""
    sent = shown(hal, joe)
    Contact.objects.filter(pk=joe.pk).update(full_name="Joseph Bloggs")
    ContactPoint.objects.filter(contact=joe).update(raw="j@example.com", normalised="j@example.com")
    added = EmailFactory(contact=joe, raw="later@example.com")

    answer = hal.post(page(joe), sent | {"preferred_name": "Joey"}, headers=BY_HTMX)

    assert answer.status_code == 204
    joe.refresh_from_db()
    assert (joe.full_name, joe.preferred_name) == ("Joseph Bloggs", "Joey")
    assert addresses(joe) == [("email", "j@example.com"), ("email", "later@example.com")]
    assert added.pk


def test_nothing_but_names_and_addresses_can_be_changed(hal: Client, joe: Contact):
    correct(hal, joe, stage="customer", owner="1", do_not_contact="on", motivation="x", tags="vip")

    joe.refresh_from_db()
    assert (joe.stage, joe.owner, joe.do_not_contact, joe.motivation, joe.tags) == ("lead", None, False, "", [])
    details = reverse("admin:crm_contact_change", args=[joe.pk])
    assert hal.post(details, {"full_name": "Joe Bloggs"}).status_code == 403


def test_whoever_may_not_see_addresses_neither_meets_nor_writes_them(joe: Contact):
    user = UserFactory(username="ben", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "correct_contact"]))
    ben, point = logged_in(user), joe.points.get()

    opened = ben.get(page(joe))
    assert "example.com" not in opened.content.decode()
    assert list(opened.context["form"].fields) == ["full_name", "preferred_name"]
    for raw in ("joe@example.com", "other@example.com", ""):  # nor learns by trying whether it is there
        told = {"full_name": "Joe Bloggs", "more_email": raw, f"address_{point.pk}": raw}
        assert ben.post(page(joe), told, headers=BY_HTMX).status_code == 204

    assert addresses(joe) == [("email", "joe@example.com")]


def test_correcting_needs_its_permission(joe: Contact):
    user = UserFactory(username="ben", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_contact", "view_contactpoint", "add_contactpoint"])
    )
    ben = logged_in(user)

    assert [ask(page(joe)).status_code for ask in (ben.get, ben.post)] == [403, 403]
    assert logged_in(User.objects.create_superuser("chief")).get(
        reverse("admin:crm_contact_correct", args=[999_999])
    ).status_code == 404  # fmt: skip


def test_erased_people_and_what_they_were_known_by_stay_out(hal: Client, joe: Contact):
    mia = ContactFactory(full_name="Mia")
    erase_person(contact_id=joe.pk, reason="asked", now=NOW, through="command")

    assert "may not come back" in errors(correct(hal, mia, more_email="joe@example.com"))["more_email"][0]
    assert errors(correct(hal, joe, full_name="Joe Bloggs"))["__all__"] == [
        "This person was erased: the record is a pseudonym, and nothing new is said about it."
    ]
    assert not ContactPoint.objects.exists()


def test_the_dialog_says_whose_system_has_to_be_told_as_well(hal: Client, joe: Contact):
    text = " ".join(re.sub(r"<[^>]+>", " ", hal.get(page(joe), headers=BY_HTMX).content.decode()).split())

    assert "Known to shop as well. Correct it there too: what it sends again is written again." in text
    assert "Known to" not in hal.get(page(ContactFactory())).content.decode()


def told(contact: Contact, source: str) -> list[tuple[str, str, list[tuple[str, object, object]]]]:
    """Return what the timeline tells of the contact's addresses or references, the newest first."""
    page = read_timeline(asked_of(contact.pk, may=lambda permission: True, now=NOW, kind="change"))
    return [
        (entry.title, entry.actor, [(step.label, step.before, step.after) for step in entry.changes])
        for entry in page.entries
        if entry.source == source
    ]


def test_the_timeline_tells_what_an_address_was_before_and_who_added_another(hal: Client, joe: Contact):
    Contact.objects.filter(pk=joe.pk).update(created_at=NOW)  # not just now, as what is added with it
    assert told(joe, "address-changes") == []
    point = joe.points.get()

    correct(hal, joe, **{f"address_{point.pk}": "Joseph@Example.com"})
    correct(hal, joe, more_phone="020 7946 0000")
    correct(hal, joe, **{f"address_{point.pk}": "jay@example.com"})
    correct(hal, joe, **{f"address_{point.pk}": ""})

    gone, changed, added, verified = told(joe, "address-changes")
    assert verified[:2] == ("Address changed", "Hal Helper, admin")
    assert verified[2][0] == ("raw", "joe@example.com", "Joseph@Example.com")
    assert added == (
        "Address created", "Hal Helper, admin", [("kind", None, "phone"), ("raw", None, "020 7946 0000")],
    )  # fmt: skip
    assert changed == ("Address changed", "Hal Helper, admin", [("raw", "Joseph@Example.com", "jay@example.com")])
    assert gone[0] == "Address deleted"
    assert ("raw", "jay@example.com", None) in gone[2]


def test_the_timeline_tells_what_a_reference_was_before_and_what_a_source_made_of_an_address(joe: Contact):
    Contact.objects.filter(pk=joe.pk).update(created_at=NOW)
    joe.points.update(verified_at=None, verified_by="")
    joe.refs.update(external_id="c2")
    with acting(key="shop"):
        send_one("contacts", source="shop", external_id="c2", email="joe@other.example")

    assert told(joe, "reference-changes") == [
        ("Reference changed", "the system", [("external id", "c1", "c2")]),
    ]
    assert [(title, actor, steps[1]) for title, actor, steps in told(joe, "address-changes")][:2] == [
        ("Address created", "shop", ("raw", None, "joe@other.example")),
        ("Address deleted", "shop", ("raw", "joe@example.com", None)),
    ]


def test_what_is_new_with_its_contact_begins_no_history(joe: Contact):
    for model in (ContactPoint, ContactRef):
        assert model.objects.exists()
        assert not event_model_of(model)._default_manager.exists()


def test_a_correction_is_taken_back_by_the_button_of_its_message_and_made_again(hal: Client, joe: Contact):
    other = ContactFactory(full_name="J. Bloggs")
    wrong, gone = EmailFactory(contact=other, raw="j@example.com"), EmailFactory(contact=joe, raw="old@example.com")
    merge(survivor_id=joe.pk, loser_id=other.pk, now=NOW)
    Contact.objects.update(created_at=NOW)  # what comes with its record begins no history
    joe.refresh_from_db()
    before, first = as_stored(joe), ContactPoint.objects.get(raw="joe@example.com")
    told = {f"address_{first.pk}": "li.wei@example.com", f"address_{gone.pk}": "", "more_phone": "020 7946 0000"}

    done = correct(hal, joe, full_name="Li Wei", preferred_name="Li", **told)
    after = as_stored(joe)
    assert [point["raw"] for point in after] == ["j@example.com", "li.wei@example.com", "020 7946 0000"]
    back = undo(hal, done)

    assert toast(back)["message"] == "As before: Jo Blogs."
    assert as_stored(joe) == before  # verified as it was, too
    joe.refresh_from_db()
    assert (joe.full_name, joe.preferred_name) == ("Jo Blogs", "")
    assert joe.search_text == "jo blogs\njoe@example.com\nold@example.com"
    assert history_of(first)[0].who == "Hal Helper"
    assert wrong.raw == "j@example.com"

    assert toast(back)["undo_label"] == "Redo"
    undo(hal, back)
    joe.refresh_from_db()
    assert (joe.full_name, joe.preferred_name) == ("Li Wei", "Li")
    assert [(point["raw"], point["verified_at"]) for point in as_stored(joe)] == [
        (point["raw"], point["verified_at"]) for point in after
    ]
    undo(hal, back)  # once more, from the message that is still there
    assert [point["raw"] for point in as_stored(joe)] == [point["raw"] for point in after]


def test_what_somebody_changed_since_is_not_taken_back(hal: Client, joe: Contact):
    point = joe.points.get()
    Contact.objects.update(created_at=NOW)
    done = correct(
        hal, joe, full_name="Li Wei", **{f"address_{point.pk}": "li.wei@example.com"}, more_phone="020 7946 0000"
    )
    ContactPoint.objects.filter(pk=point.pk).update(raw="li@example.com", normalised="li@example.com")

    back = undo(hal, done)

    assert toast(back)["message"] == "As before: Jo Blogs. What was changed since stays."
    assert addresses(joe) == [("email", "li@example.com")]
    again = undo(hal, done)
    assert toast(again) == {"message": "There is nothing to take back: it was, or somebody has gone on from there."}


def test_an_address_that_came_back_meanwhile_is_there_once(hal: Client, joe: Contact):
    point = joe.points.get()
    done = correct(hal, joe, **{f"address_{point.pk}": ""}, full_name="Li Wei")
    EmailFactory(contact=joe, raw="joe@example.com")

    assert toast(undo(hal, done))["message"] == "As before: Jo Blogs. What was changed since stays."

    assert addresses(joe) == [("email", "joe@example.com")]


def test_a_correction_is_taken_back_by_whoever_made_it_alone(hal: Client, joe: Contact):
    done = correct(hal, joe, full_name="Li Wei")
    address = toast(done)["undo"]

    assert hal.get(address).status_code == 405
    assert logged_in(UserFactory(is_staff=True)).post(address).status_code == 403
    assert (
        "nothing to take back" in toast(with_role("Helper", username="ida").post(address, headers=BY_HTMX))["message"]
    )
    for act in ("", "no-act", "6f1f0a53-3f0e-4f63-9a59-7d0f5c1d7b11"):
        answer = hal.post(f"{address.partition('?')[0]}?act={act}", headers=BY_HTMX)
        assert "nothing to take back" in toast(answer)["message"]
    joe.refresh_from_db()
    assert joe.full_name == "Li Wei"

    assert toast(correct(hal, joe)).keys() == {"message", "edit"}  # nothing was changed


def test_an_erased_person_gets_nothing_back(hal: Client, joe: Contact):
    done = correct(hal, joe, full_name="Li Wei", more_email="li@example.com")
    erase_person(contact_id=joe.pk, reason="asked", through="command", now=NOW)

    assert "erased" in toast(undo(hal, done))["message"]

    assert addresses(joe) == []
