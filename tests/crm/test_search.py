"""Finding people while typing: by which part of what, in which order, and what stays hidden."""

from random import Random

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm import search
from crm.models import Contact
from crm.search import find_people, people_with
from tests.factories.community import MemberFactory, UserFactory
from tests.factories.crm import CompanyFactory, ConversionFactory
from tests.sending import send, send_one

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people():
    """Joe with everything, and others who are like him in one thing or another."""
    items = [
        {"full_name": "Joe Bloggs", "email": "Joe@Work.example", "phone": "+44 20 7946 0000"},
        {"full_name": "Anna Joestar", "email": "anna@example.com"},
        {"full_name": "Billie-Joe Ortiz", "email": "billie@example.com"},
        {"full_name": "Banjoe", "email": "b@example.com"},
        {"full_name": "Ines Berg", "email": "joe@example.com"},
        {"full_name": "Otto Falk", "email": "banjoe2@example.com"},
    ]
    result = send("contacts", *({"source": "shop", "external_id": f"c{n}", **one} for n, one in enumerate(items)))
    assert result.failed == 0


def names(text, *, with_addresses=True, **options):
    return [person.name for person in find_people(text, with_addresses=with_addresses, **options)]


def test_best_matches_come_first():
    found = names("joe")

    assert found[0] == "Joe Bloggs"  # the name begins with it
    assert set(found[1:3]) == {"Anna Joestar", "Billie-Joe Ortiz"}  # a word of the name does
    assert found[3:] == ["Banjoe", "Ines Berg", "Otto Falk"]  # in a name; at the beginning of an address; inside of one


@pytest.mark.parametrize(
    "text",
    [
        "joe b", "JOE  BLOGGS", "bloggs joe", "logg", "blo work.ex", "joe@work", "Joe@Work.example",
        "+44 20 7946 0000", "+442079460000", "020 7946", "020-7946-0000", "0044 (0)20 7946", "(020) 7946 0000",
        "79460000", "bloggs 020 7946",
    ],
)  # fmt: skip
def test_person_is_found_by_any_part_of_name_and_addresses_in_any_order(text):
    assert names(text)[0] == "Joe Bloggs"


@pytest.mark.parametrize(
    "text", ["", "  ", "nobody has this", "joe nobody", "020 7946 1", "%", "_oe bloggs", "\\", "\x00"]
)
def test_what_nobody_has_finds_nobody(text):
    assert names(text) == []


def test_one_or_two_letters_are_compared_with_beginnings():
    assert names("jo") == ["Joe Bloggs"]
    assert names("b") == ["Banjoe", "Billie-Joe Ortiz"]


@pytest.mark.parametrize("with_addresses", [True, False])
@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("José García", ["jose", "garcia", "JOSÉ", "Jose\u0301 garci\u0301a", "garcía jose", "jo", "jó"]),
        ("Søren Kjær", ["soren", "søren", "kjaer", "KJÆR", "sö"]),
        ("Jose Prado", ["josé prado", "Prádo"]),
        ("Weiß-Łukasik Ğül", ["weiss", "WEIẞ", "lukasik", "ğul", "gül"]),
        ("Siobhán O’Brien", ["o'brien", "o’brien siobhan"]),
        ("Nguyễn Thị Đào", ["nguyen thi dao", "đào"]),
        ("Ale\u0301 Nováková", ["alé", "ale", "novakova"]),  # came decomposed
    ],
)
def test_accents_matter_on_neither_side(name, texts, with_addresses):
    send_one("contacts", source="shop", external_id="x1", full_name=name)
    stored = Contact.objects.get(refs__external_id="x1")

    for text in texts:
        assert stored.full_name in names(text, with_addresses=with_addresses), text
        listed = search.search_contacts(Contact.objects.all(), text, with_addresses=with_addresses)
        assert stored in listed, text


def test_accents_matter_neither_in_handles_nor_in_addresses():
    MemberFactory(contact=Contact.objects.create(stage="audience"), handle="Zoë_Wäld")
    send_one("contacts", source="shop", external_id="c1", emails=["joe@måne.example"])

    assert names("zoe_wald", with_addresses=False) == names("ZOË", with_addresses=False) == ["Zoë_Wäld"]
    [anna] = find_people("joe@mane.ex", with_addresses=True)
    assert (anna.name, anna.email) == ("Anna Joestar", "joe@måne.example")


def test_somebody_without_a_name_is_found_by_any_handle():
    MemberFactory(contact=Contact.objects.create(stage="audience"), handle="zoe_w")
    MemberFactory(contact=Contact.objects.get(full_name="Ines Berg"), handle="berglund77")

    assert names("zo") == names("oe_w") == ["zoe_w"]
    [ines] = find_people("berglund", with_addresses=False)
    assert (ines.name, ines.known_as) == ("Ines Berg", "berglund77")


def test_person_comes_with_what_tells_them_apart():
    Contact.objects.filter(full_name="Joe Bloggs").update(company=CompanyFactory(name="Bloggs Ltd"), stage="customer")

    [joe] = find_people("joe bloggs", with_addresses=True)

    assert (joe.name, joe.company, joe.stage, joe.known_as) == ("Joe Bloggs", "Bloggs Ltd", "customer", "")
    assert (joe.email, joe.phone) == ("Joe@Work.example", "+44 20 7946 0000")


def test_address_shown_is_the_one_that_was_looked_for():
    send_one("contacts", source="shop", external_id="c0", emails=["a@example.com", "second@example.com"])

    [joe] = find_people("second@", with_addresses=True)

    assert joe.email == "second@example.com"


def test_addresses_are_neither_shown_nor_searched_without_the_permission():
    assert names("joe@work", with_addresses=False) == []
    assert names("7946", with_addresses=False) == []
    assert names("otto example", with_addresses=False) == []
    assert "Ines Berg" not in names("joe", with_addresses=False)
    [joe] = find_people("bloggs", with_addresses=False)
    assert (joe.name, joe.email, joe.phone) == ("Joe Bloggs", None, None)


def test_merged_record_leads_to_its_survivor_once():
    joe = Contact.objects.get(full_name="Joe Bloggs")
    Contact.objects.filter(full_name__in=["Banjoe", "Otto Falk"]).update(merged_into=joe)

    assert [person.id for person in find_people("banjoe", with_addresses=True)] == [joe.pk]
    assert names("joe").count("Joe Bloggs") == 1


def test_among_equals_whoever_changed_last_comes_first():
    first, second = (Contact.objects.create(full_name="Sam Same", search_text="sam same") for _ in range(2))
    Contact.objects.filter(pk=first.pk).update(updated_at="2036-01-01T00:00:00Z")

    assert [person.id for person in find_people("sam", with_addresses=True)] == [first.pk, second.pk]


@pytest.mark.parametrize("with_addresses", [True, False])
def test_common_word_in_a_large_table_is_answered_from_beginnings_and_a_sample(monkeypatch, with_addresses):
    monkeypatch.setattr(search, "SAMPLED", 200)
    Contact.objects.bulk_create(
        Contact(full_name=f"Crowd Member {n}", search_text=f"crowd member {n}\nc{n}@crowd.example") for n in range(800)
    )
    Contact.objects.create(full_name="Memberly Rare", search_text="memberly rare\nm@rare.example")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact")

    common = names("member", with_addresses=with_addresses)
    assert common[0] == "Memberly Rare"
    assert len(common) == 20
    assert common == names("member", with_addresses=with_addresses)  # the same people every time
    assert names("memberly", with_addresses=with_addresses) == ["Memberly Rare"]
    assert len(names("crowd.example")) == 20
    assert names("crowd.example", with_addresses=False) == []


def bare(text):
    return text.lower().replace("ø", "o")


@pytest.mark.parametrize("with_addresses", [True, False])
def test_whatever_is_not_common_is_found_by_every_part_of_it(monkeypatch, with_addresses):
    monkeypatch.setattr(search, "SAMPLED", 100)
    random = Random(7)  # noqa: S311 - no secret
    syllables = ["an", "na", "ber", "gma", "il", "son", "ø", "li", "qu", "xa", "-", "jo"]
    made = [
        (
            " ".join("".join(random.choices(syllables, k=3)).title() for _ in range(2)),
            f"{''.join(random.choices(syllables, k=2))}{n}@gmail.example",
            f"+44 20 {random.randrange(1000, 9999)} {random.randrange(1000, 9999)}",
        )
        for n in range(600)
    ]
    Contact.objects.all().delete()
    Contact.objects.bulk_create(
        Contact(full_name=name, search_text="\n".join([bare(name), bare(mail), phone, phone.replace(" ", "")]))
        for name, mail, phone in made
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact")
    whole = dict(Contact.objects.values_list("pk", "search_text"))
    named = {pk: bare(name) for pk, name in Contact.objects.values_list("pk", "full_name")}

    looked_for = set()
    for name, mail, phone in random.sample(made, 60):
        first, last = name.lower().split()
        start = random.randrange(len(mail) - 4)
        looked_for |= {name, f"{last} {first}", last[1:5], mail, mail[start : start + 4], phone.replace(" ", "")[-4:]}
    few = 0
    for text in sorted(one for one in looked_for if len(one.replace("-", "")) >= 3 and one[0] != "-"):
        words = bare(text).split()
        hidden = whole if with_addresses else named
        matching = {pk for pk in whole if all(word in hidden[pk] for word in words)}
        listed = search.search_contacts(Contact.objects.all(), text, with_addresses=with_addresses)
        assert set(listed.values_list("pk", flat=True)) == matching, text
        if len({pk for pk in whole if all(word in whole[pk] for word in words)}) < 40:  # not common in the sample
            few += 1
            assert {one.id for one in find_people(text, limit=100, with_addresses=with_addresses)} == matching, text
    assert few > 100


@pytest.mark.parametrize("text", ["", "  ", "j", "+", "'"])
def test_large_table_is_listed_whatever_stands_in_the_search_field(monkeypatch, admin_client, text):
    """Lists and fields that complete themselves search with an empty text too."""
    monkeypatch.setattr(search, "SAMPLED", 10)
    Contact.objects.bulk_create(Contact(full_name=f"Jo {n}", search_text=f"jo {n}") for n in range(100))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact")
    assert search._estimated_rows() > 2 * search.SAMPLED

    page = admin_client.get(reverse("admin:crm_contact_changelist"), {"q": text} if text else {})

    assert page.status_code == 200
    found = page.context["cl"].queryset.count()
    assert found == (Contact.objects.count() if not text.strip() else sum(text in said for said in said_of_all()))
    assert find_people(text, with_addresses=True) is not None


def said_of_all():
    return Contact.objects.values_list("search_text", flat=True)


def test_whose_name_or_address_is_the_text_comes_first(monkeypatch):
    Contact.objects.bulk_create(
        Contact(full_name=f"Sam{n}", search_text=f"sam{n}\nsam@example.com{n}") for n in range(120)
    )
    sam = Contact.objects.create(full_name="Sam", search_text="sam\nx@example.com")
    other = Contact.objects.create(full_name="Zoe", search_text="zoe\nsam@example.com")
    Contact.objects.exclude(pk__in=[sam.pk, other.pk]).update(updated_at="2036-01-01T00:00:00Z")

    assert find_people("Sam", with_addresses=True)[0].id == sam.pk
    assert find_people("sam", with_addresses=False)[0].id == sam.pk
    assert find_people("sam@example.com", with_addresses=True)[0].id == other.pk


@pytest.mark.parametrize(
    ("spelling", "parts"),
    [
        ("joe", ["joe"]),
        ("an@gm", ["an@", "@gm"]),  # "n@g" has no two letters side by side
        ("...", []),
        ("a b", []),
        ("jo", []),
        ("abcdefghijklmnopqrs", ["abc", "cde", "efg", "ghi", "ijk", "klm", "mno", "opq", "qrs"]),  # of 17 every second
    ],
)
def test_parts_of_a_text_are_those_that_the_index_knows(spelling, parts):
    assert search._parts(spelling) == parts


def test_search_takes_a_fixed_number_of_queries(django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert len(find_people("joe", with_addresses=True)) == 6


def page(client, text):
    return client.get(reverse("admin:crm_contact_find"), {"q": text})


def test_page_answers_what_a_form_shows():
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    joe = Contact.objects.get(full_name="Joe Bloggs")

    assert page(client, "joe bl").json() == {
        "results": [
            {
                "id": joe.pk,
                "name": "Joe Bloggs",
                "known_as": "",
                "email": "Joe@Work.example",
                "phone": "+44 20 7946 0000",
                "company": "",
                "stage": "lead",
                "do_not_contact": False,
                "url": f"/admin/crm/contact/{joe.pk}/change/",
            }
        ]
    }
    assert page(client, "").json() == {"results": []}


def test_who_bought_is_a_customer_by_whatever_they_are_found():
    ConversionFactory(contact=Contact.objects.get(full_name="Joe Bloggs"))

    (by_address,), (by_name,) = people_with(["joe@work.example"]), find_people("joe bloggs", with_addresses=True)

    assert (by_address.name, by_address.stage, by_name.stage) == ("Joe Bloggs", "customer", "customer")
