"""Joining and taking apart in the admin, as a person clicks through it."""

import datetime as dt

import pytest
from django.db import connection
from django.urls import reverse

from crm.merging import merge
from crm.models import Contact, DuplicateSuggestion, Merge
from crm.search import refresh_search_text
from tests.admin_clients import who_may
from tests.factories.crm import CompanyFactory, ContactFactory, EmailFactory
from tests.interrupting import AtStatement

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def clerk():
    return who_may("merge_contact", "view_contact", "change_contact")


@pytest.fixture
def pair():
    survivor = ContactFactory(full_name="Joe Bloggs", language="en", custom_fields={"plan": "gold"})
    loser = ContactFactory(
        full_name="Joseph Bloggs", language="en", company=CompanyFactory(name="Acme"), tags=["vip"], stage="customer"
    )
    EmailFactory(contact=loser, raw="joseph@example.com")
    return survivor, loser


def address(survivor, loser):
    return f"{reverse('admin:crm_contact_merge', args=[survivor.pk])}?with={loser.pk}"


def messages_of(page):
    return [str(message) for message in page.context["messages"]]


def test_the_other_record_is_chosen_and_both_are_shown(clerk, pair):
    survivor, loser = pair
    choose = reverse("admin:crm_contact_merge", args=[survivor.pk])

    assert "Which other record is the same person?" in clerk.get(choose).content.decode()
    page = clerk.get(choose, {"other": loser.pk}, follow=True)

    text = page.content.decode()
    assert page.request["QUERY_STRING"] == f"with={loser.pk}"
    assert [word for word in ("Joe Bloggs", "Joseph Bloggs", "Acme", "vip") if word not in text] == []
    fields = {field.key: (chosen, field.is_conflict) for field, chosen in page.context["rows"]}
    assert fields["full_name"] == ("survivor", True)
    assert fields["company"] == ("loser", False)
    assert fields["language"] == ("survivor", False)
    stage = next(field for field, _ in page.context["rows"] if field.key == "stage")
    assert (stage.survivor, stage.loser, *fields["stage"]) == ("lead", "customer", "loser", True)
    assert '<input type="radio" name="field:stage" value="loser" checked>' in text
    assert fields["tags"] == ("both", False)
    assert fields["custom_fields:plan"] == ("survivor", False)
    assert Contact.objects.persons().filter(pk=loser.pk).exists()


def test_the_other_record_is_found_by_what_was_typed(clerk, pair):
    survivor, loser = pair
    for contact in (*pair, ContactFactory(full_name="Josephine Baker"), ContactFactory(full_name="Mia")):
        refresh_search_text([contact.pk])
    choose = reverse("admin:crm_contact_merge", args=[survivor.pk])

    assert clerk.get(choose, {"other_text": "joseph bloggs"}).url.endswith(f"?with={loser.pk}")
    assert clerk.get(choose, {"other_text": "bloggs"}).url.endswith(f"?with={loser.pk}")  # not the record itself
    unclear = clerk.get(choose, {"other_text": "joseph"}).context["form"]
    assert [person.name for person in unclear.people] == ["Josephine Baker", "Joseph Bloggs"]
    assert unclear.errors == {"other_text": ["This fits several people. Choose one."]}
    chosen = clerk.get(f"{choose}?other_text=joseph&other=&other={loser.pk}")
    assert chosen.url.endswith(f"?with={loser.pk}")
    for text, message in [("nobody at all", "Nobody else found."), ("", "Say which record: type a part")]:
        assert message in clerk.get(choose, {"other_text": text}).content.decode()


def test_who_may_be_the_same_person_is_offered_first(clerk, pair):
    survivor, loser = pair
    reasons = [{"key": "similar_name", "points": 44}, {"key": "company", "points": 30}]
    DuplicateSuggestion.objects.create(first=survivor, second=loser, score=60, reasons=reasons, found_at=NOW)

    text = clerk.get(reverse("admin:crm_contact_merge", args=[survivor.pk])).content.decode()

    assert f'<a class="kith-link" href="?with={loser.pk}">Joseph Bloggs</a>' in text
    assert "60 of 100 · Similar names, same company" in text


def test_addresses_are_shown_to_those_who_may_see_them(clerk, pair):
    assert "joseph@example.com" not in clerk.get(address(*pair)).content.decode()

    other = who_may("merge_contact", "view_contact", "view_contactpoint")
    assert "joseph@example.com" in other.get(address(*pair)).content.decode()


def test_joining_takes_the_chosen_fields_and_offers_to_take_apart(clerk, pair):
    survivor, loser = pair

    page = clerk.post(
        address(survivor, loser),
        {"field:full_name": "loser", "field:tags": "survivor", "reason": "he said so"},
        follow=True,
    )

    survivor.refresh_from_db()
    assert (survivor.full_name, survivor.tags, survivor.company.name) == ("Joseph Bloggs", [], "Acme")
    assert survivor.stage == "customer"  # the later one, as the preview said
    done = Merge.objects.get()
    assert (done.reason, done.merged_by_id) == ("he said so", int(clerk.session["_auth_user_id"]))
    assert page.redirect_chain == [(reverse("admin:crm_contact_change", args=[survivor.pk]), 302)]
    assert reverse("admin:crm_contact_unmerge", args=[loser.pk]) in messages_of(page)[0]


def test_two_who_are_different_people_are_remembered_and_the_next_pair_is_next(pair):
    survivor, loser = pair
    twin = ContactFactory(full_name="Joe Bloggs")
    merge(survivor_id=survivor.pk, loser_id=twin.pk, now=NOW)
    suggested = DuplicateSuggestion.objects.create(first=loser, second=twin, score=60, reasons=[], found_at=NOW)
    clerk = who_may("merge_contact", "view_contact", "change_contact", "view_duplicatesuggestion")
    assert (
        "Compare…" in clerk.get(reverse("admin:crm_duplicatesuggestion_change", args=[suggested.pk])).content.decode()
    )

    page = clerk.post(address(survivor, loser), {"different": "1"}, follow=True)

    assert page.redirect_chain == [(reverse("admin:crm_duplicatesuggestion_changelist"), 302)]
    assert messages_of(page) == [
        "Remembered: Joe Bloggs and Joseph Bloggs are different people. They are not suggested again."
    ]
    clerk_id = int(clerk.session["_auth_user_id"])
    assert set(DuplicateSuggestion.objects.values_list("first", "second", "state", "decided_by")) == {
        (*sorted((loser.pk, twin.pk)), "different", clerk_id),
        (*sorted((survivor.pk, loser.pk)), "different", clerk_id),
    }
    assert not Merge.objects.filter(loser=loser).exists()


def test_merged_record_leads_to_the_person(clerk, pair):
    survivor, loser = pair
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)

    for answer in (clerk.get, clerk.post):
        page = answer(reverse("admin:crm_contact_change", args=[loser.pk]))
        assert (page.status_code, page.url) == (302, reverse("admin:crm_contact_change", args=[survivor.pk]))


def test_taking_apart_says_what_goes_back_and_what_stays(clerk, pair):
    survivor, loser = pair
    merge(survivor_id=survivor.pk, loser_id=loser.pk, fields={"full_name": "loser"}, now=NOW)
    Contact.objects.filter(pk=survivor.pk).update(company=CompanyFactory(name="Elsewhere"))
    url = reverse("admin:crm_contact_unmerge", args=[loser.pk])

    text = clerk.get(url).content.decode()
    assert "<s>Joseph Bloggs</s> → Joe Bloggs" in text
    assert "Company: Elsewhere (changed since)" in text

    page = clerk.post(url, {"remember": "on"}, follow=True)
    survivor.refresh_from_db()
    loser.refresh_from_db()
    assert (survivor.full_name, survivor.company.name) == ("Joe Bloggs", "Elsewhere")
    assert loser.merged_into is None
    assert page.redirect_chain == [(reverse("admin:crm_contact_change", args=[loser.pk]), 302)]
    assert "Company" in messages_of(page)[0]


def test_a_custom_field_that_its_source_calls_nothing_is_told_too(clerk, pair):
    survivor, loser = pair
    Contact.objects.filter(pk=loser.pk).update(custom_fields={"": "gold"})

    assert "(without a name)" in clerk.get(address(survivor, loser)).content.decode()
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
    assert "(without a name)" in clerk.get(reverse("admin:crm_contact_unmerge", args=[loser.pk])).content.decode()


def test_refusals_are_said_in_words(clerk, pair):
    survivor, loser = pair
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)

    page = clerk.get(address(survivor, loser))
    assert "These are records of one person already: there is nothing to merge." in messages_of(page)
    page = clerk.get(reverse("admin:crm_contact_unmerge", args=[survivor.pk]), follow=True)
    assert "is not merged into another contact" in messages_of(page)[0]
    page = clerk.post(address(survivor, ContactFactory()), {"field:full_name": "both"})
    assert page.status_code == 200
    assert Merge.objects.count() == 1


@pytest.mark.parametrize("permissions", [[], ["view_contact", "change_contact"], ["merge_contact"]])
def test_pages_are_refused_without_permission(pair, permissions):
    survivor, loser = pair
    client = who_may(*permissions)

    for page in (address(survivor, loser), reverse("admin:crm_contact_unmerge", args=[loser.pk])):
        assert (client.get(page).status_code, client.post(page).status_code) == (403, 403)
    assert not Merge.objects.exists()


@pytest.mark.parametrize("permissions", [[], ["view_contactpoint"]], ids=["names alone", "with addresses"])
@pytest.mark.parametrize("text", ["jose", "José", "Jose\u0301 garcia", "o'brien"])
def test_lists_of_pairs_and_of_merges_are_searched_without_accents(permissions, text):
    reader = who_may("view_duplicatesuggestion", "view_merge", "view_contact", *permissions)
    jose, twin = ContactFactory(full_name="José García"), ContactFactory(full_name="Siobhán O\u2019Brien")
    other, third = ContactFactory(full_name="Mia"), ContactFactory(full_name="Bo")
    for contact in (jose, twin, other, third):
        refresh_search_text([contact.pk])
    wanted = DuplicateSuggestion.objects.create(first=jose, second=twin, score=80, found_at=NOW)
    DuplicateSuggestion.objects.create(first=other, second=third, score=80, found_at=NOW)

    pairs = reader.get(reverse("admin:crm_duplicatesuggestion_changelist"), {"q": text})
    made = merge(survivor_id=jose.pk, loser_id=twin.pk, now=NOW)
    merge(survivor_id=other.pk, loser_id=third.pk, now=NOW)
    merges = reader.get(reverse("admin:crm_merge_changelist"), {"q": text})

    assert list(pairs.context["cl"].result_list) == [wanted]
    assert list(merges.context["cl"].result_list) == [made]


def test_a_list_of_pairs_looks_for_the_longest_few_of_many_words(pair):
    survivor, loser = pair
    reader = who_may("view_duplicatesuggestion", "view_contact")
    Contact.objects.filter(pk=survivor.pk).update(full_name="Aa Bbb Cccc Ddddd Eeeeee Fffffff Gggggggg Hhhhhhhhh")
    wanted = DuplicateSuggestion.objects.create(
        first_id=min(survivor.pk, loser.pk), second_id=max(survivor.pk, loser.pk), score=80, found_at=NOW
    )
    names = "aa bbb cccc ddddd eeeeee fffffff gggggggg hhhhhhhhh"

    def found(text: str) -> list[DuplicateSuggestion]:
        page = reader.get(reverse("admin:crm_duplicatesuggestion_changelist"), {"q": text})
        return list(page.context["cl"].result_list)

    assert found(f"{names} {names} z") == [wanted]
    assert found(f"{names} zzzzz") == []


@pytest.mark.parametrize("name", ["duplicatesuggestion", "merge"])
def test_what_a_list_shows_is_decided_by_who_reads_it_whoever_else_reads_at_the_same_time(pair, name):
    survivor, loser = pair
    pages = "view_duplicatesuggestion", "view_merge", "view_contact"
    analyst, administrator = who_may(*pages), who_may(*pages, "view_contactpoint", "merge_contact")
    DuplicateSuggestion.objects.create(first=loser, second=ContactFactory(), score=80, found_at=NOW)
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
    page = reverse(f"admin:crm_{name}_changelist")
    shown = []

    def read_too():
        shown.append(administrator.get(page).content.decode())

    def are_rows(sql):
        return sql.startswith("SELECT") and f'FROM "crm_{name}"' in sql

    with connection.execute_wrapper(AtStatement(1, read_too, among=are_rows)):
        shown.append(analyst.get(page).content.decode())

    told = [[word in text for word in ("joseph@example.com", "Compare…", "Take apart…")] for text in shown]
    what_an_administrator_sees = {"duplicatesuggestion": [True, True, False], "merge": [False, False, True]}[name]
    assert told == [what_an_administrator_sees, [False, False, False]]
    assert all("Bloggs" in text for text in shown)
