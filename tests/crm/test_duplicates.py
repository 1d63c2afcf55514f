"""Finding records of the same person: what is found and why, what is remembered, and what a kill leaves."""

import datetime as dt
import threading

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from community.models import Member
from crm.duplicates import search
from crm.duplicates.decisions import decide_different
from crm.duplicates.evidence import Reason, in_words, score_of
from crm.duplicates.joining import join_next, start_joining
from crm.duplicates.rules import apply_rules
from crm.duplicates.search import search_changed, search_chunk, start_search
from crm.duplicates.sources import CROWD, MOST_COLLEAGUES
from crm.merging import merge, unmerge
from crm.models import ChangedIdentity, Contact, ContactPoint, DuplicateSuggestion, Merge
from jobs.models import Job
from tests.factories.community import ChannelFactory, MemberFactory, UserFactory
from tests.factories.crm import CompanyFactory, ContactFactory, ContactRefFactory, EmailFactory
from tests.holding import somebody_waits, wait_until

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
VERIFIED = {"verified_at": NOW, "verified_by": "shop"}


def found():
    """Return every suggestion: the names of both (or ids), score, keys of reasons, state."""
    return {
        (suggestion.first_id, suggestion.second_id): (
            suggestion.score, sorted(reason["key"] for reason in suggestion.reasons), suggestion.state,
        )
        for suggestion in DuplicateSuggestion.objects.all()
    }  # fmt: skip


def phone(contact, number="+442079460000", **fields):
    return EmailFactory(contact=contact, kind="phone", raw=number, normalised=number, **fields)


def two(*, full_name=None):
    """Two contacts whose names have nothing in common, or who have the same name."""
    names = ("Ada Byron", "Zoe Quist") if full_name is None else (full_name, full_name)
    return [ContactFactory(full_name=name) for name in names]


def pair(one, other):
    return one.pk, other.pk


def test_score_adds_independent_reasons_up_and_lets_doubts_count():
    # 1 - 0.4 x 0.5 = 0.8; half of it when both have an account on one channel.
    assert score_of([Reason("email", 60), Reason("name", 50)]) == 80
    assert score_of([Reason("email", 60), Reason("name", 50), Reason("same_channel", -50)]) == 40
    assert score_of([]) == 0


def test_reasons_are_said_with_the_strongest_first():
    reasons = [{"key": "same_channel", "points": -50}, {"key": "name", "points": 60}, {"key": "email", "points": 80}]

    assert in_words(reasons) == ["same e-mail", "same name", "but both have an account on one channel"]


def same_address(one, other):
    EmailFactory(contact=one, raw="Ada@example.com")
    EmailFactory(contact=other, raw="ada@example.com")


def same_verified_address(one, other):
    for contact in (one, other):
        EmailFactory(contact=contact, raw="ada@example.com", **VERIFIED)


def verified_once(one, other):
    EmailFactory(contact=one, raw="ada@example.com", **VERIFIED)
    EmailFactory(contact=other, raw="ada@example.com")


def same_phone(one, other):
    phone(one)
    phone(other)


def same_id(one, other):
    ContactRefFactory(contact=one, source="shop", external_id="9f86d081884c")
    ContactRefFactory(contact=other, source="crm", external_id="9f86d081884c")


def same_name(one, other):
    Contact.objects.filter(pk=other.pk).update(full_name="ADA Byron")


def similar_name_and_company(one, other):
    company = CompanyFactory()
    Contact.objects.filter(pk=one.pk).update(company=company)
    Contact.objects.filter(pk=other.pk).update(full_name="Ada Byrom", company=company)


def slip_and_company(one, other):
    company = CompanyFactory()
    Contact.objects.filter(pk=one.pk).update(company=company)
    Contact.objects.filter(pk=other.pk).update(full_name="Ada Byronn", company=company)


def name_with(first, second):
    """Return what gives these names to two contacts."""

    def make(one, other):
        Contact.objects.filter(pk=one.pk).update(full_name=first)
        Contact.objects.filter(pk=other.pk).update(full_name=second)

    return make


def name_and_handle(name, handle):
    """Return what gives a name to one contact, and a handle to the other, who has another name."""

    def make(one, other):
        Contact.objects.filter(pk=one.pk).update(full_name=name)
        MemberFactory(contact=other, handle=handle)

    return make


def same_handle(one, other):
    MemberFactory(contact=one, handle="ada.byron")
    MemberFactory(contact=other, handle="Ada.Byron")


def handles(first, second):
    """Return what gives these handles to two contacts, each on a channel of its own."""

    def make(one, other):
        MemberFactory(contact=one, handle=first)
        MemberFactory(contact=other, handle=second)

    return make


def registered_twice(one, other):
    same_verified_address(one, other)
    channel = ChannelFactory()
    MemberFactory(contact=one, channel=channel, handle="ada1")
    MemberFactory(contact=other, channel=channel, handle="zoe1")


def handle_like_the_name(one, other):
    MemberFactory(contact=other, handle="ada_byron88")


@pytest.mark.parametrize(
    ("make", "score", "reasons"),
    [
        (same_address, 80, ["email"]),
        (same_verified_address, 95, ["verified_email"]),
        (verified_once, 80, ["email"]),
        (same_phone, 60, ["phone"]),
        (same_id, 60, ["external_id"]),
        (same_name, 60, ["name"]),
        (name_with("José García", "jose GARCIA"), 55, ["accented_name"]),
        (name_with("Søren Kjær", "Soren Kjaer"), 55, ["accented_name"]),
        (name_with("Jürgen Weiß", "Jurgen Weiss"), 55, ["accented_name"]),
        (name_with("José García", "Jose\u0301 Garci\u0301a"), 60, ["name"]),  # composed and decomposed
        # "ada byron" and "ada byrom" share 8 of 12 trigrams: 0.667 x 58 = 39 points; 1 - 0.61 x 0.7 = 0.573.
        (similar_name_and_company, 57, ["company", "similar_name"]),
        # 0.87 x 58 = 50 points, though "margaret thompson" and "margret thompson" share only 15 of 20 trigrams.
        (name_with("Margaret Thompson", "Margret Thompson"), 50, ["letter_in_name"]),
        (name_with("Jon Bloggs", "John Bloggs"), 50, ["letter_in_name"]),
        (name_with("Erik Johannsen", "Erik Johansen"), 50, ["letter_in_name"]),
        (name_with("Ida Hofmann", "Ida Hofman"), 50, ["letter_in_name"]),
        (name_with("Sara Øst", "Sarah Ost"), 50, ["letter_in_name"]),
        (slip_and_company, 65, ["company", "letter_in_name"]),  # 1 - 0.5 x 0.7
        (handles("josé_garcía", "Jose.Garcia84"), 50, ["similar_handle"]),
        (name_and_handle("José García", "jose.garcia"), 50, ["handle_and_name"]),
        (name_and_handle("Jose Garcia", "josé_garcía"), 50, ["handle_and_name"]),
        # The handle reads like Ada's own name too: 1 - 0.4 x 0.5 = 0.8.
        (same_handle, 80, ["handle", "handle_and_name"]),
        (registered_twice, 57, ["same_channel", "verified_email"]),  # 95 x 0.6
        (handle_like_the_name, 50, ["handle_and_name"]),
        (handles("maria_garcia", "Maria.Garcia84"), 50, ["similar_handle"]),
        (handles("maria_garcia", "mariagarcia"), 50, ["similar_handle"]),
        (handles("maria_garcia", "maria_garca"), 50, ["handle_missing"]),
        (handles("maria_garcia", "aria.garcia"), 50, ["handle_missing"]),
        (handles("maria_garcia84", "mariagarcia84"), 50, ["similar_handle"]),
        (handles("maria_garcia84", "maria_garca"), 50, ["handle_missing"]),
        (handles("maria_garcia", "maria_garccia"), 50, ["handle_doubled"]),
        (handles("maria_garcia", "mario_garcia"), 50, ["handle_changed"]),
        (handles("maria_garcia", "maria_gracia"), 50, ["handle_swapped"]),
        (handles("xavierxx", "xavirexx"), 50, ["handle_swapped"]),
        (handles("jürgenmüller", "jürgenmülle"), 50, ["handle_missing"]),
    ],
)
def test_what_is_found_and_why(make, score, reasons):
    one, other = two()
    make(one, other)

    search_changed(now=NOW)

    assert found() == {pair(one, other): (score, reasons, "open")}
    assert not ChangedIdentity.objects.exists()


def short_ids(one, other):
    ContactRefFactory(contact=one, source="shop", external_id="17")
    ContactRefFactory(contact=other, source="crm", external_id="17")


def office_phone(one, other):
    for contact in (one, other, *(ContactFactory(full_name=f"Person {name}") for name in "ABCDEFGHIJ")):
        phone(contact)


def first_names(one, other):
    Contact.objects.filter(pk__in=[one.pk, other.pk]).update(full_name="Ada")


def similar_name_alone(one, other):
    Contact.objects.filter(pk=other.pk).update(full_name="Ada Brown")


def two_accounts_on_one_channel(one, other):
    channel = ChannelFactory()
    MemberFactory(contact=one, channel=channel, handle="ada1")
    MemberFactory(contact=other, channel=channel, handle="zoe1")
    Contact.objects.filter(pk=other.pk).update(full_name="Ada Byron")


def common_name(one, other):
    Contact.objects.filter(pk=other.pk).update(full_name="Ada Byron")
    for _ in range(12):
        ContactFactory(full_name="Ada Byron")


def a_handle_for_two_of_that_name(one, other):
    handle_like_the_name(one, other)
    ContactFactory(full_name=one.full_name)


def two_handles_of_that_name_on_one_channel(one, other):
    channel = ChannelFactory()
    MemberFactory(contact=other, channel=channel, handle="ada_byron88")
    MemberFactory(contact=ContactFactory(full_name="Kim Holm"), channel=channel, handle="ada.byron")


def a_slip_for_two_of_that_channel(one, other):
    forum = ChannelFactory()
    MemberFactory(contact=one, handle="maria_garca")
    for contact in (other, ContactFactory(full_name="Kim Holm")):
        MemberFactory(contact=contact, channel=forum, handle="maria_garcia")


def a_slip_beside_the_right_one(one, other):
    chat = ChannelFactory()
    MemberFactory(contact=one, handle="maria_garcia")
    MemberFactory(contact=other, channel=chat, handle="maria_garca")
    MemberFactory(contact=ContactFactory(full_name="Kim Holm"), channel=chat, handle="maria_garcia")


def a_slip_on_one_channel(one, other):
    channel = ChannelFactory()
    for contact, handle in ((one, "maria_garcia"), (other, "maria_garca")):
        MemberFactory(contact=contact, channel=channel, handle=handle)


def a_letter_for_two_of_that_name(one, other):
    name_with("Margaret Thompson", "Margret Thompson")(one, other)
    ContactFactory(full_name="Margaret Thompson")


def common_name_but_for_accents(one, other):
    name_with("José García", "Jose Garcia")(one, other)
    for _ in range(12):
        ContactFactory(full_name="Jose Garcia")


def handles_like_their_own_names(one, other):
    Contact.objects.filter(pk=one.pk).update(full_name="Dana Holmquist")
    Contact.objects.filter(pk=other.pk).update(full_name="Dara Holmquist")
    handles("dana_holmquist", "dara_holmquist")(one, other)


@pytest.mark.parametrize(
    "make",
    [
        handles("john1", "john2"), handles("anna1", "anna2"), handles("user1234", "user1243"),
        handles("marie", "maria"),
        handles("maria_garcia1", "maria_garcia2"), handles("maria_garcia1", "maria_garca2"),
        handles("maria_garcia", "marla_garca"), handles("maria_garcia", "gmaria_arcia"),
        a_slip_for_two_of_that_channel, a_slip_beside_the_right_one, a_slip_on_one_channel,
        handles_like_their_own_names,
        name_with("Daniel Byron", "Daniela Byron"), name_with("Maria Byron", "Marie Byron"),
        name_with("Ann Lee", "Anne Lee"), name_with("José", "Jose"),
        a_letter_for_two_of_that_name, common_name_but_for_accents,
        short_ids, office_phone, first_names, similar_name_alone, two_accounts_on_one_channel, common_name,
        a_handle_for_two_of_that_name, two_handles_of_that_name_on_one_channel,
    ],
)  # fmt: skip
def test_what_says_too_little_is_not_suggested(make):
    one, other = two()
    make(one, other)

    search_changed(now=NOW)

    assert pair(one, other) not in found()


@pytest.mark.parametrize(
    ("names", "fields", "reason"),
    [
        (["Ada Byron"] * 11, {}, "email"),
        ([f"{letter} Quist{letter}" for letter in "ABCDEFGHIJK"], VERIFIED, "verified_email"),
        ([f"{letter} Quist{letter}" for letter in "ABCDEFGHIJK"], {}, None),
    ],
    ids=["under one name", "verified", "neither"],
)
def test_where_many_have_one_mail_address_each_is_paired_with_the_oldest(names, fields, reason):
    oldest, *others = [ContactFactory(full_name=name) for name in names]
    for contact in (*others, oldest):
        EmailFactory(contact=contact, raw="ada@example.com", **fields)

    search_changed(now=NOW)

    assert set(found()) == ({pair(oldest, other) for other in others} if reason else set())
    assert all(reason in reasons for _, reasons, _ in found().values())


def test_a_mail_address_that_a_crowd_has_is_nobodys():
    crowd = Contact.objects.bulk_create(Contact(full_name="Ada Byron") for _ in range(CROWD + 1))
    ContactPoint.objects.bulk_create(
        ContactPoint(contact=contact, kind="email", raw="ada@example.com", normalised="ada@example.com")
        for contact in crowd
    )

    search_changed(now=NOW)

    assert found() == {}


def test_accounts_on_three_channels_may_all_be_of_the_one_person_with_that_name():
    ada = ContactFactory(full_name="Ada Byron")
    others = [MemberFactory(contact=ContactFactory(full_name=""), handle="ada_byron").contact for _ in range(3)]

    search_changed(now=NOW)

    assert {pair(ada, other): (50, ["handle_and_name"], "open") for other in others}.items() <= found().items()


@pytest.mark.parametrize("searched", ["the one with the name", "the one with the handle"])
def test_a_handle_for_two_of_that_name_says_half_whichever_of_them_changed(searched):
    # Half of 50 points, and 60 for the number: 1 - 0.75 x 0.4 = 0.7.
    one, other = two()
    a_handle_for_two_of_that_name(one, other)
    same_phone(one, other)
    ChangedIdentity.objects.all().delete()
    ChangedIdentity.objects.create(contact_id=(one if searched == "the one with the name" else other).pk)

    search_changed(now=NOW)

    assert found()[pair(one, other)] == (70, ["handle_and_name", "phone"], "open")


@pytest.mark.parametrize("searched", [0, 1])
def test_a_slip_for_two_says_half_whichever_of_them_changed(searched):
    # Half of 50 points, and 60 for the number: 1 - 0.75 x 0.4 = 0.7.
    both = two()
    a_slip_for_two_of_that_channel(*both)
    same_phone(*both)
    ChangedIdentity.objects.all().delete()
    ChangedIdentity.objects.create(contact_id=both[searched].pk)

    search_changed(now=NOW)

    assert found()[pair(*both)] == (70, ["handle_missing", "phone"], "open")


def test_a_slip_of_the_pen_stays_however_many_handles_come_between_and_goes_when_it_is_mended():
    one, other = two()
    handles("maria_garcia", "maria_garca")(one, other)
    search_changed(now=NOW)
    assert found() == {pair(one, other): (50, ["handle_missing"], "open")}
    for letter in "bcdefghijk":  # in the order from the front, and in that from the back
        MemberFactory(handle=f"maria_garcax{letter}")
        MemberFactory(handle=f"{letter}xria_garca")
        MemberFactory(handle=f"{letter}xaria_garcia")

    ChangedIdentity.objects.create(contact_id=one.pk)
    search_changed(now=NOW)
    assert found()[pair(one, other)] == (50, ["handle_missing"], "open")

    Member.objects.filter(contact=other).update(handle="somebody_else")
    search_changed(now=NOW)
    assert pair(one, other) not in found()


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("garcia", "garca", "handle_missing"),
        ("arcia", "garcia", "handle_missing"),
        ("garcia", "garci", "handle_missing"),
        ("garciaa", "garcia", "handle_doubled"),
        ("ggarcia", "garcia", "handle_doubled"),
        ("ab c", "abc", "similar_handle"),
        ("garcia", "garcio", "handle_changed"),
        ("agrcia", "garcia", "handle_swapped"),
        ("garcai", "garcia", "handle_swapped"),
        ("garcia", "garcia", None),
        ("garcia", "garc", None),
        ("garcia", "gracai", None),
        ("garcia", "barcio", None),
        ("", "", None),
        ("", "a", "handle_missing"),
    ],
)
def test_a_slip_is_called_by_what_it_is_from_both_sides(one, other, slip):
    with connection.cursor() as cursor:
        cursor.execute("SELECT kith_slip(%s, %s), kith_slip(%s, %s)", [one, other, other, one])
        assert cursor.fetchone() == (slip, slip)


@pytest.mark.parametrize(
    ("one", "other", "is_slip"),
    [
        ("margaret thompson", "margret thompson", True),
        ("john bloggs", "jon bloggs", True),
        ("erik johannsen", "erik johansen", True),
        ("ida hofmann", "ida hofman", True),
        ("sarah west", "sara west", True),
        ("hannah ek", "hanna ek", True),
        ("lloyd west", "loyd west", True),
        ("daniel west", "daniela west", False),
        ("simon west", "simone west", False),
        ("helena west", "elena west", False),
        ("maria west", "marie west", False),
        ("ann west", "an west", False),  # three letters: another name
        ("jan li", "jan lai", False),
        ("mary ann west", "maryann west", False),
        ("jo-anne west", "joanne west", False),
        ("o'brien kim", "obrien kim", False),
        ("louis 14", "louis 134", False),
        ("john bloggs", "john bloggs", False),
        ("john bloggs", "jhn bloggs", True),
        ("anna thomsen", "anna tomsen", True),
        ("anna baker", "anna barker", False),
        ("john bloggs", "jn blogs", False),
        ("", "a", False),
    ],
)
def test_a_letter_is_left_out_inside_a_word_or_it_is_another_name(one, other, is_slip):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kith_same_but_a_letter(%s, %s), kith_same_but_a_letter(%s, %s)", [one, other, other, one]
        )
        assert cursor.fetchone() == (is_slip, is_slip)


def test_two_spellings_of_a_persons_name_say_no_more_than_one():
    jose, again, third = (ContactFactory(full_name=name) for name in ("José García", "Jose Garcia", "Jose Garcia"))
    merge(survivor_id=jose.pk, loser_id=again.pk, now=NOW)

    search_changed(now=NOW)

    assert found() == {pair(jose, third): (60, ["name"], "open")}


def test_a_letter_counts_again_once_namesakes_are_one_person():
    one, other = two()
    a_letter_for_two_of_that_name(one, other)
    search_changed(now=NOW)
    assert pair(one, other) not in found()

    namesake = Contact.objects.exclude(pk=one.pk).get(full_name="Margaret Thompson")
    merge(survivor_id=one.pk, loser_id=namesake.pk, now=NOW)
    ChangedIdentity.objects.create(contact_id=other.pk)
    search_changed(now=NOW)

    assert found()[pair(one, other)] == (50, ["letter_in_name"], "open")


def test_every_slip_is_a_kind_of_evidence_with_words():
    kinds = ["handle_missing", "handle_doubled", "handle_changed", "handle_swapped", "similar_handle"]

    assert in_words([{"key": kind, "points": 50 - number} for number, kind in enumerate(kinds)]) == [
        "a handle with a letter missing",
        "a handle with a letter doubled",
        "a handle with another letter",
        "a handle with two letters swapped",
        "same handle but for dots, digits and accents",
    ]


def test_colleagues_are_compared_however_many_names_stand_between_theirs():
    company = CompanyFactory()
    one = ContactFactory(full_name="Maria Garcia", company=company)
    for ending in "abcdefghijklmnopqrstuvwxyzåäöü":
        ContactFactory(full_name=f"Maria Garcia{ending}")
    other = ContactFactory(full_name="Maria Grcia", company=company)

    search_changed(now=NOW)

    # "maria garcia" and "maria grcia" share 9 of 14 trigrams: 0.643 x 58 = 37 points; 1 - 0.63 x 0.7 = 0.559.
    assert found()[pair(one, other)] == (55, ["company", "similar_name"], "open")


def test_large_companies_are_not_compared_as_a_whole():
    company = CompanyFactory()
    ContactFactory.create_batch(MOST_COLLEAGUES, company=company)
    one = ContactFactory(full_name="Maria Garcia", company=company)
    for ending in "abcdefghijklm":
        ContactFactory(full_name=f"Maria Garcia{ending}")
    for beginning in "abcdefghijklm":
        ContactFactory(full_name=f"{beginning}Maria Garcia")
    other = ContactFactory(full_name="Maria Grcia", company=company)

    search_changed(now=NOW)

    assert pair(one, other) not in found()


def test_a_change_is_compared_with_what_was_there_before():
    one, other = two()
    EmailFactory(contact=one, raw="ada@example.com")
    search_changed(now=NOW)
    assert found() == {}

    EmailFactory(contact=other, raw="ada@example.com")
    assert [(one.contact_id) for one in ChangedIdentity.objects.all()] == [other.pk]
    search_changed(now=NOW)

    assert list(found()) == [pair(one, other)]


def test_contacts_whose_names_do_not_change_are_not_compared_again():
    one, _ = two()
    search_changed(now=NOW)

    Contact.objects.filter(pk=one.pk).update(motivation="Wants to teach.", stage="customer")

    assert not ChangedIdentity.objects.exists()


def test_not_the_same_is_remembered_for_the_persons_after_later_merges():
    one, other = two()
    same_address(one, other)
    search_changed(now=NOW)
    suggestion = DuplicateSuggestion.objects.get()
    ana = UserFactory()
    assert decide_different([suggestion.pk], by_user_id=ana.pk, now=NOW) == 1

    third = ContactFactory(full_name="Somebody")
    merge(survivor_id=third.pk, loser_id=other.pk, now=NOW)
    start_search(now=NOW)
    search_changed(now=NOW)

    assert found() == {pair(one, other): (80, ["email"], "different")}
    suggestion.refresh_from_db()
    assert (suggestion.decided_by, suggestion.decided_at) == (ana, NOW)


def test_merging_settles_a_suggestion_and_taking_apart_opens_it_or_remembers():
    one, other = two()
    same_address(one, other)
    search_changed(now=NOW)

    done = merge(survivor_id=one.pk, loser_id=other.pk, now=NOW)
    suggestion = DuplicateSuggestion.objects.get()
    assert (suggestion.state, suggestion.merge) == ("merged", done)

    unmerge(loser_id=other.pk, now=NOW)
    assert DuplicateSuggestion.objects.get().state == "open"

    merge(survivor_id=one.pk, loser_id=other.pk, now=NOW)
    unmerge(loser_id=other.pk, are_different=True, now=NOW)
    start_search(now=NOW)
    search_changed(now=NOW)
    assert DuplicateSuggestion.objects.get().state == "different"


def test_records_of_one_person_are_not_suggested_and_their_addresses_count_for_the_person():
    one, other, third = (ContactFactory(full_name=name) for name in ("Ada Byron", "Zoe Quist", "Mo Dietz"))
    same_address(one, other)
    merge(survivor_id=one.pk, loser_id=other.pk, now=NOW)
    EmailFactory(contact=third, raw="ada@example.com")

    search_changed(now=NOW)

    assert found() == {pair(one, third): (80, ["email"], "open")}


def corrected(one, other):
    one.points.update(raw="ada.byron@example.com", normalised="ada.byron@example.com")


def removed(one, other):
    one.points.all().delete()


def moved_to_somebody_else(one, other):
    other.points.update(contact=ContactFactory(full_name="Mo Dietz"))


@pytest.mark.parametrize("change", [corrected, removed, moved_to_somebody_else])
def test_a_suggestion_goes_with_what_spoke_for_it(change):
    one, other = two()
    same_address(one, other)
    search_changed(now=NOW)
    assert list(found()) == [pair(one, other)]

    change(one, other)
    search_changed(now=NOW)

    assert pair(one, other) not in found()


def test_names_and_handles_that_are_no_longer_alike_are_not_suggested_any_more():
    one, other = two(full_name="Ada Byron")
    ana, ane = ContactFactory(full_name="Ana Whelan"), ContactFactory(full_name="Kim Holm")
    MemberFactory(contact=ana, handle="quist7")
    MemberFactory(contact=ane, handle="quist7")
    search_changed(now=NOW)
    assert {pair(one, other), pair(ana, ane)} <= found().keys()

    Contact.objects.filter(pk=other.pk).update(full_name="Zoe Dietz")
    Member.objects.filter(contact=ane).delete()
    search_changed(now=NOW)

    assert found() == {}


def test_a_pair_of_similar_names_stays_however_many_names_come_between():
    one = ContactFactory(full_name="Maximilian Featherstonehaugh")
    other = ContactFactory(full_name="Maximilian Featherstonehaughh")
    search_changed(now=NOW)
    before = found()
    assert list(before) == [pair(one, other)]
    for letter in "abcdefghijklmno":  # in the order from the front, and in that from the back
        ContactFactory(full_name=f"Maximilian Featherstonehaugha{letter}")
        ContactFactory(full_name=f"Kim {letter}zgh")

    ChangedIdentity.objects.create(contact_id=one.pk)
    search_changed(now=NOW)

    assert found()[pair(one, other)] == before[pair(one, other)]


def test_a_decision_outlives_what_spoke_for_the_pair():
    one, other = two()
    same_address(one, other)
    search_changed(now=NOW)
    decide_different([DuplicateSuggestion.objects.get().pk], by_user_id=None, now=NOW)

    removed(one, other)
    search_changed(now=NOW)

    assert [state for _, _, state in found().values()] == ["different"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [removed, same_phone])
def test_a_decision_of_this_moment_is_not_overruled_by_a_search(change):
    one, other = two()
    same_address(one, other)
    search_changed(now=NOW)
    change(one, other)  # the suggestion would go, or get another reason

    def search_beside() -> None:
        search_changed(now=NOW)
        connection.close()

    beside = threading.Thread(target=search_beside)
    with transaction.atomic():
        decide_different([DuplicateSuggestion.objects.get().pk], by_user_id=None, now=NOW)
        beside.start()
        wait_until(somebody_waits)
    beside.join()

    assert [state for _, _, state in found().values()] == ["different"]
    assert not ChangedIdentity.objects.exists()


def test_what_speaks_for_a_pair_is_known_whole_whichever_record_of_the_person_changed():
    one, other, third = (ContactFactory(full_name=name) for name in ("Ada Byron", "Zoe Quist", "Mo Dietz"))
    same_address(other, third)
    merge(survivor_id=one.pk, loser_id=other.pk, now=NOW)
    search_changed(now=NOW)

    phone(one)
    phone(third)
    ChangedIdentity.objects.exclude(contact_id=one.pk).delete()
    search_changed(now=NOW)

    # 1 - 0.2 x 0.4 = 0.92
    assert found() == {pair(one, third): (92, ["email", "phone"], "open")}


def test_a_rule_does_not_merge_for_an_address_that_is_not_theirs_any_more():
    one, other = two()
    same_verified_address(one, other)
    search_changed(now=NOW)
    corrected(one, other)

    with override_settings(KITH_MERGE_RULES=["verified_email"]):
        assert apply_rules(now=NOW) == 0  # though nobody has searched since

    assert not Merge.objects.exists()


def test_rules_are_off_and_merge_only_verified_keys_when_they_are_on():
    verified, unverified = two(), two()
    same_verified_address(*verified)
    Contact.objects.filter(pk__in=[one.pk for one in unverified]).update(full_name="")
    for contact in unverified:
        EmailFactory(contact=contact, raw="zoe@example.com")
    search_changed(now=NOW)
    assert apply_rules(now=NOW) == 0

    with override_settings(KITH_MERGE_RULES=["verified_email"]):
        assert apply_rules(now=NOW) == 1
        assert apply_rules(now=NOW) == 0

    done = Merge.objects.get()
    assert (done.survivor, done.loser, done.rule) == (verified[0], verified[1], "verified_email")


@pytest.mark.django_db(transaction=True)
@override_settings(KITH_MERGE_RULES=["verified_email"])
def test_each_merge_by_rule_is_a_transaction_that_looks_anew_and_none_begins_late():
    """Ada is Zoe by one address, and Zoe is Mo by another; but Ada and Mo both have an account on one channel."""
    ada, zoe, mo = (ContactFactory(full_name=name) for name in ("Ada Byron", "Zoe Quist", "Mo Dietz"))
    channel = ChannelFactory()
    for contact in (ada, mo):
        MemberFactory(contact=contact, channel=channel)
    for address, both in {"az@example.com": (ada, zoe), "zm@example.com": (zoe, mo)}.items():
        for contact in both:
            EmailFactory(contact=contact, raw=address, **VERIFIED)
    search_changed(now=NOW)
    assert found().keys() == {pair(ada, zoe), pair(zoe, mo)}

    assert apply_rules(now=NOW, seconds=-1) == 0
    assert apply_rules(now=NOW) == 1
    assert apply_rules(now=NOW) == 0

    assert Contact.objects.get(pk=zoe.pk).person_id == ada.pk
    assert Contact.objects.get(pk=mo.pk).person_id == mo.pk


def test_rules_never_merge_two_accounts_of_one_channel_nor_different_people():
    two_accounts, different = two(), [ContactFactory(full_name=name) for name in ("Mo Dietz", "Ulf Ek")]
    channel = ChannelFactory()
    for contact in two_accounts:
        EmailFactory(contact=contact, raw="ada@example.com", **VERIFIED)
        phone(contact)
        phone(contact, "+442079460001")
    for contact in different:
        EmailFactory(contact=contact, raw="mo@example.com", **VERIFIED)
    search_changed(now=NOW)
    # The accounts come only after the search, the decision about another record of the same person.
    for contact in two_accounts:
        MemberFactory(contact=contact, channel=channel)
    DuplicateSuggestion.objects.create(
        first=min(different, key=lambda one: one.pk), second=ContactFactory(full_name="M. D."), found_at=NOW,
        state="different",
    )  # fmt: skip
    merge(survivor_id=different[1].pk, loser_id=Contact.objects.get(full_name="M. D.").pk, now=NOW)

    with override_settings(KITH_MERGE_RULES=["verified_email", "verified_phone"]):
        assert apply_rules(now=NOW) == 0


@override_settings(KITH_MERGE_RULES=["verified_email", "verified_phone"])
def test_a_rule_looks_again_at_what_it_left_alone_when_the_search_has_or_a_day_later():
    one, other = two()
    same_verified_address(one, other)
    phone(one, **VERIFIED)
    phone(other, **VERIFIED)
    channel = ChannelFactory()
    accounts = [MemberFactory(contact=contact, channel=channel) for contact in (one, other)]
    search_changed(now=NOW)

    def statements(now):
        with CaptureQueriesContext(connection) as made:
            assert apply_rules(now=now) == 0
        return len(made)

    assert statements(NOW) > 10
    assert statements(NOW + dt.timedelta(hours=23)) == 1  # the list, which is empty
    assert statements(NOW + dt.timedelta(days=1)) > 10
    assert statements(NOW + dt.timedelta(days=1)) == 1
    accounts[0].delete()
    EmailFactory(contact=one, raw="another@example.com")
    search_changed(now=NOW)
    assert apply_rules(now=NOW + dt.timedelta(days=1)) == 1
    assert Merge.objects.get().rule == "verified_email"


def who_may_join():
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="merge_contact"))
    return user


@pytest.mark.parametrize("how", ["loses the permission", "is deactivated", "is deleted"])
def test_a_job_joins_nobody_once_whoever_asked_may_not(how):
    ana, pairs = who_may_join(), []
    for number in range(3):
        one, other = ContactFactory(full_name=f"One {number}"), ContactFactory(full_name="")
        pairs.append(DuplicateSuggestion.objects.create(first=one, second=other, score=80, found_at=NOW))
    job = start_joining([pair.pk for pair in pairs], now=NOW, requested_by=ana.pk, requested_through="admin")

    join_next(now=NOW)
    if how == "loses the permission":
        ana.user_permissions.clear()
    elif how == "is deactivated":
        type(ana).objects.filter(pk=ana.pk).update(is_active=False)
    else:
        ana.delete()
    while join_next(now=NOW):
        pass

    job.refresh_from_db()
    assert (job.state, job.done) == ("partial", 3)
    assert [outcome["status"] for outcome in job.report["outcomes"]] == ["merged", "refused", "refused"]
    assert job.report["outcomes"][1]["message"] == "Whoever asked for it may not merge people any more."
    assert Merge.objects.count() == 1


def test_fifty_pairs_are_one_job_with_an_outcome_each_and_an_undo_each():
    pairs = []
    for number in range(50):
        one, other = ContactFactory(full_name=f"One {number}"), ContactFactory(full_name="", stage="audience")
        pairs.append(DuplicateSuggestion.objects.create(first=one, second=other, score=80, found_at=NOW))
    gone = pairs[7]
    decide_different([gone.pk], by_user_id=None, now=NOW)
    ana = who_may_join()

    job = start_joining([suggestion.pk for suggestion in pairs], now=NOW, requested_by=ana.pk)
    while join_next(now=NOW):
        pass

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("partial", 50, 50)
    outcomes = {outcome["suggestion"]: outcome for outcome in job.report["outcomes"]}
    assert outcomes[gone.pk]["status"] == "refused"
    assert sum(outcome["status"] == "merged" for outcome in outcomes.values()) == 49
    assert Merge.objects.filter(job=job, merged_by=ana).count() == 49

    unmerge(loser_id=pairs[3].second_id, now=NOW)
    assert Contact.objects.persons().filter(pk=pairs[3].second_id).exists()
    assert Merge.objects.standing().filter(job=job).count() == 48


def test_search_of_everybody_shows_progress_goes_on_after_a_failure_and_finds_the_same(monkeypatch):
    for number in range(6):
        for contact in two(full_name=""):
            EmailFactory(contact=contact, raw=f"pair-{number}@example.com")
    ChangedIdentity.objects.all().delete()
    job = start_search(now=NOW)
    assert start_search(now=NOW) == job  # one at a time

    search_chunk(now=NOW, chunk=5)
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("running", 5, 12)

    write = search._write

    def die(*args, **kwargs):
        write(*args, **kwargs)
        raise SystemExit  # as the process ends: an error would be caught, and the chunk pause

    monkeypatch.setattr(search, "_write", die)
    with pytest.raises(SystemExit):
        search_chunk(now=NOW, chunk=5)
    monkeypatch.undo()
    assert ChangedIdentity.objects.count() == 7

    search_changed(now=NOW, chunk=5)
    job.refresh_from_db()
    assert (job.state, job.done, job.report) == (Job.State.SUCCEEDED, 12, {"suggestions": 6})
    assert len(found()) == 6


def test_command_says_what_it_found(capsys):
    same_address(*two())

    call_command("find_duplicates", "--all", "--json")

    assert '{"contacts": 2, "new": 1, "merged_by_rule": 0, "open": 1}' in capsys.readouterr().out


def test_search_asks_the_same_number_of_questions_for_few_and_many():
    def questions():
        with CaptureQueriesContext(connection) as queries:
            search_chunk(now=NOW)
        return len(queries)

    same_address(*two())
    few = questions()
    for number in range(20):
        one, other = two()
        EmailFactory(contact=one, raw=f"p{number}@example.com")
        EmailFactory(contact=other, raw=f"p{number}@example.com")
        MemberFactory(contact=one, handle=f"handle{number}")

    assert questions() == few


def test_one_person_is_not_drowned_in_suggestions():
    star = ContactFactory(full_name="Ada Byron")
    for number in range(15):
        other = ContactFactory(full_name=f"Person {number}")
        for contact in (star, other):
            EmailFactory(contact=contact, raw=f"shared-{number}@example.com")

    search_changed(now=NOW)

    assert DuplicateSuggestion.objects.count() == 10
