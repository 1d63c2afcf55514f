"""
Addresses, and what was said in private: whoever may not know them meets them nowhere.

One person with an address, and one conversation in private, in a world that refers to both wherever it can. An
analyst then opens every page, every search and every list of the admin, a key without the two scopes every list of
the API. What each of them must not meet carries a word of its own.
"""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.auth.models import Group, Permission
from django.db.models import ForeignObjectRel, Model
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.urls import reverse

from community.models import HelpRecord, Interaction, Thread
from community.models import WaitingInteraction as Waiting
from config.roles import ANALYST, HELPER
from crm.audiences import hand_out
from crm.duplicates.joining import join_next, start_joining
from crm.merging import merge
from crm.models import Contact, ContactPoint, DuplicateSuggestion, Merge
from crm.personal_data.erasing import erase_person
from crm.personal_data.export_jobs import make_export, request_export
from crm.search import refresh_search_text
from gateway.admin.base import ListOfAll
from gateway.collection_views import CollectionList
from gateway.routes import api_routes, known_scopes
from metrics.recompute import recompute_all
from tests.admin_forms import posted
from tests.api_clients import client_with
from tests.factories.community import (
    ChannelFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ConsentFactory, ContactFactory, ConversionFactory, EmailFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("remembered")]

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
ADDRESS = "hushmail"  # in every address
SAID = "whispered"  # in everything said in private
HIDDEN = ["addresses:read", "private-interactions:read"]


@pytest.fixture(scope="module")
def world(kept: None) -> None:
    forum = ChannelFactory()
    contact = ContactFactory(full_name="Joe Bloggs")
    EmailFactory(contact=contact, raw=f"joe@{ADDRESS}.example", normalised=f"joe@{ADDRESS}.example")
    refresh_search_text([contact.pk])
    joe = MemberFactory(channel=forum, handle="joe", contact=contact)
    mia = MemberFactory(channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Lind"))
    thread = ThreadFactory(
        channel=forum, opened_by=joe, external_id="t1",
        title=f"What Joe {SAID}", url=f"https://forum.example/{SAID}",
    )  # fmt: skip
    asked = InteractionFactory(
        channel=forum, member=joe, kind="direct_message", is_private=True,
        text=f"I {SAID} a question", url=f"https://forum.example/{SAID}/1",
        occurred_at=dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC),
    )  # fmt: skip
    answered = InteractionFactory(
        channel=forum, member=mia, kind="answer", thread=thread, reply_to=asked, to_member=joe, is_private=True,
        text=f"I {SAID} an answer", occurred_at=dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC),
    )  # fmt: skip
    Interaction.objects.filter(pk=asked.pk).update(thread=thread)  # as its history tells
    help_record = HelpRecordFactory(
        interaction=answered, contact=contact, helper_user=None, helper_member=mia, topic="Enrolment",
        question=f"{SAID} question", answer=f"{SAID} answer", note=f"{SAID} note",
    )  # fmt: skip
    HelpRecord.objects.filter(pk=help_record.pk).update(question=f"{SAID} question, mended", rating=4)
    thread.accepted_answer = answered
    thread.save()
    ConversionFactory(contact=contact, amount=Decimal("100.00"), occurred_at=dt.datetime(2026, 3, 20, tzinfo=dt.UTC))
    recompute_all(now=NOW)


def somebody(role: str = "") -> Client:
    """Return the client of somebody with a role; without one a superuser."""
    user = UserFactory(is_staff=True, is_superuser=not role)
    user.groups.add(*Group.objects.filter(name=role))
    client = Client()
    client.force_login(user)
    return client


def addresses_of_all_pages() -> list[str]:
    """Return the address of every list, search, page and history of the admin that has something to show."""
    found = [reverse("admin:index"), reverse("admin:search") + f"?s={ADDRESS}", reverse("admin:search") + "?s=joe"]
    for model, options in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = reverse(f"{name}_changelist")
        found += [listed, f"{listed}?q=joe"]
        for instance in model._default_manager.order_by("-pk")[:3]:
            found += [reverse(f"{name}_{page}", args=[instance.pk]) for page in ("change", "history")]
            if model is Contact:
                found += [
                    f"{reverse(f'{name}_change', args=[instance.pk])}?tab={tab}" for tab in ("timeline", "figures")
                ]
            if options.panels_load_later:
                found += [reverse(f"{name}_panel", args=[instance.pk, panel.key]) for panel in options.panels]
    for thread in Thread.objects.all():
        found.append(f"{reverse('admin:community_interaction_changelist')}?thread__id__exact={thread.pk}")
    fields = (
        "community.thread.accepted_answer",
        "community.helprecord.interaction",
        "community.member.contact",
        "community.interaction.thread",
    )
    for field in fields:
        app, model, name = field.split(".")
        query = f"app_label={app}&model_name={model}&field_name={name}"
        found += [f"{reverse('admin:autocomplete')}?{query}&term={term}" for term in ("", "joe", "I", "t1")]
    return found


def told(client: Client) -> dict[str, str]:
    """Return all that somebody is told, by address; what they may not open tells nothing."""
    pages = {url: client.get(url) for url in addresses_of_all_pages()}
    assert {page.status_code for page in pages.values()} <= {200, 302, 403}
    return {url: page.content.decode() for url, page in pages.items()}


def test_nobody_without_permission_meets_them_in_the_admin(world: None, whole_pages: None):
    pages = told(somebody(ANALYST))

    assert [url for url, text in pages.items() if ADDRESS in text.replace(f"s={ADDRESS}", "")] == []
    assert [url for url, text in pages.items() if SAID in text] == []
    assert sum("Private." in text for text in pages.values()) >= 6
    assert sum("Joe Bloggs" in text for text in pages.values()) >= 6


def test_whoever_may_know_them_meets_them(world: None):
    pages = told(somebody(HELPER))

    assert sum(ADDRESS in text for text in pages.values()) >= 2
    assert sum(SAID in text for text in pages.values()) >= 4


def test_a_title_is_for_everybody_once_something_was_said_openly(world: None):
    """What was only named so far was not said."""
    thread = Thread.objects.get(title=f"What Joe {SAID}")
    page = reverse("admin:community_thread_change", args=[thread.pk])
    named = InteractionFactory(channel=thread.channel, thread=thread, kind=None, occurred_at=None, external_id="later")

    def told_by() -> list[object]:
        record = client_with("threads:read").get(f"/api/v1/threads/{thread.pk}/").json()
        listed, shown = (
            somebody(ANALYST).get(url).content.decode() for url in (page.replace(f"{thread.pk}/change/", ""), page)
        )
        return [record["title"], record["url"], record["is_private"], SAID in listed, SAID in shown]

    assert told_by() == [None, None, True, False, False]
    Interaction.objects.filter(pk=named.pk).update(kind="comment", occurred_at=NOW)
    assert told_by() == [f"What Joe {SAID}", f"https://forum.example/{SAID}", False, True, True]


def test_a_form_to_record_help_does_not_tell_it(world: None):
    """The question of a thread where nobody asked is its title, for who may know it."""
    thread = ThreadFactory(title=f"He {SAID} too", opened_by=MemberFactory())
    page = reverse("admin:community_thread_record_help", args=[thread.pk])
    user = UserFactory(is_staff=True)
    acts = ["view_contact", "view_thread", "add_helprecord", "view_helprecord", "view_interaction", "view_member"]
    user.user_permissions.set(Permission.objects.filter(codename__in=acts))
    client = Client()
    client.force_login(user)

    assert client.get(page).context["form"]["question"].value() == ""
    user.user_permissions.add(Permission.objects.get(codename="view_private_interaction"))
    client.force_login(user)
    assert client.get(page).context["form"]["question"].value() == f"He {SAID} too"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("admin:crm_contact_changelist", f"?q={ADDRESS}"),
        ("admin:community_interaction_changelist", f"?q={SAID}"),
        ("admin:community_helprecord_changelist", f"?q={SAID}"),
        ("admin:community_thread_changelist", f"?q={SAID}"),
    ],
)
def test_searching_finds_nobody_by_what_is_hidden(world: None, address: str, found: str):
    def results(client: Client) -> int:
        return client.get(reverse(address) + found).context["cl"].result_count

    assert results(somebody()) >= 1
    assert results(somebody(ANALYST)) == 0


def test_what_a_search_over_everything_found_is_not_kept(world: None):
    chief, joe = somebody(), Contact.objects.get(full_name="Joe Bloggs")

    def found() -> bool:
        answer = chief.get(reverse("admin:search"), {"s": "bloggs", "extended": "1"})
        return "Joe Bloggs" in answer.content.decode()

    assert found()
    erase_person(contact_id=joe.pk, reason="asked", now=NOW, through="admin")
    assert not found()


def test_typing_an_address_offers_nobody(world: None):
    query = f"?app_label=community&model_name=member&field_name=contact&term={ADDRESS}"

    assert len(somebody().get(reverse("admin:autocomplete") + query).json()["results"]) == 1
    assert somebody(HELPER).get(reverse("admin:autocomplete") + query).status_code == 200
    assert somebody(ANALYST).get(reverse("admin:autocomplete") + query).json()["results"] == []


@pytest.mark.parametrize(
    ("address", "lookup"),
    [
        ("admin:crm_contact_changelist", f"search_text__contains={ADDRESS}"),
        ("admin:crm_contact_changelist", f"points__raw__contains={ADDRESS}"),
        ("admin:community_interaction_changelist", f"text__contains={SAID}"),
        ("admin:community_interaction_changelist", f"url__contains={SAID}"),
        ("admin:community_helprecord_changelist", f"question__contains={SAID}"),
        ("admin:community_thread_changelist", f"title__contains={SAID}"),
        ("admin:community_interaction_changelist", f"thread__title__contains={SAID}"),
        ("admin:community_helprecord_changelist", f"interaction__text__contains={SAID}"),
        ("admin:crm_conversion_changelist", f"contact__search_text__contains={ADDRESS}"),
    ],
)
def test_an_address_with_a_lookup_of_its_own_is_refused(world: None, address: str, lookup: str):
    assert somebody(ANALYST).get(f"{reverse(address)}?{lookup}").status_code == 400


@pytest.mark.parametrize(
    ("address", "lookup"),
    [
        ("admin:crm_contact_changelist", "motivation__startswith=Belonging"),
        ("admin:crm_contact_changelist", "motivation=Belonging"),
        ("admin:crm_merge_changelist", "taken_over__motivation__after__startswith=Belonging"),
        ("admin:crm_merge_changelist", "taken_over__icontains=Belonging"),
    ],
)
def test_nobody_asks_a_list_what_moves_somebody(world: None, address: str, lookup: str):
    """Not even who may do everything: it is kept from all until the person agrees."""
    Contact.objects.filter(full_name="Joe Bloggs").update(motivation="Belonging")

    assert somebody().get(f"{reverse(address)}?{lookup}").status_code == 400


def test_a_filter_with_the_name_of_a_column_is_no_way_to_ask_the_column(world: None):
    address = reverse("admin:crm_contact_changelist")

    assert somebody().get(f"{address}?stage=lead").status_code == 200
    assert somebody().get(f"{address}?stage__startswith=le").status_code == 400


def test_lists_are_asked_by_what_they_offer_filters_for_alone(rf: RequestFactory):
    """By what a column that is added tomorrow holds, too, nobody finds out what no page shows them."""
    request = rf.get("/")
    request.user = UserFactory(is_superuser=True)
    asked = taken = 0
    for model, listed in admin.site._registry.items():
        if not issubclass(listed.get_changelist(request), ListOfAll):
            continue
        for field in model._meta.concrete_fields:
            if field.is_relation or field.primary_key:
                continue
            asked += 1
            request.GET = QueryDict(f"{field.name}__contains=a")
            try:
                listed.get_changelist_instance(request)
            except DisallowedModelAdminLookup:
                continue
            taken += 1
            print(f"{model._meta.label} is asked for {field.name}")  # noqa: T201
    assert taken == 0
    assert asked > 200


@pytest.mark.parametrize(
    "lookup", ["external_id__regex=a", "text__iregex=a", "thread__regex=a", "text__regex=(", "kind__regex=a"]
)
def test_nobody_asks_a_list_by_a_regular_expression(world: None, lookup: str):
    """Nobody needs it, and one of 28 characters was not through in 15 seconds with one text of 200 letters."""
    assert somebody().get(f"{reverse('admin:community_interaction_changelist')}?{lookup}").status_code == 400


@pytest.mark.parametrize("lookup", ["occurred_at__year=99999999999999", "occurred_at__week=x", "kind__startswith=q"])
def test_filters_are_asked_in_their_own_ways(world: None, lookup: str):
    """Any other is nothing that the list offers, and some were answered by an error."""
    assert somebody().get(f"{reverse('admin:community_interaction_changelist')}?{lookup}").status_code == 400


def asked(client: Client, model: type[Model], query: str) -> int:
    """Return how many rows a list gives to somebody; -1 where they may not see it, or not ask it this."""
    answer = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + query)
    assert answer.status_code in (200, 400, 403)
    return answer.context_data["cl"].result_count if answer.status_code == 200 else -1


@pytest.fixture
def more(world: None) -> None:
    """The person has a second record, with an address of its own, and waits for an answer to what was said."""
    joe, joseph = Contact.objects.get(full_name="Joe Bloggs"), ContactFactory(full_name="Joseph Bloggs")
    EmailFactory(contact=joseph, raw=f"joseph@{ADDRESS}.example", normalised=f"joseph@{ADDRESS}.example")
    refresh_search_text([joseph.pk])
    merge(survivor_id=joe.pk, loser_id=joseph.pk, reason="The same telephone", now=NOW)
    InteractionFactory(
        channel=ChannelFactory(), member=MemberFactory(contact=joe), kind="question", direction="inbound",
        is_private=True, text=f"I {SAID} again", url=f"https://forum.example/{SAID}/2",
        occurred_at=dt.datetime(2026, 4, 2, 9, tzinfo=dt.UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "found"), [(ADDRESS, {Contact, HelpRecord, Merge}), (SAID, {Interaction, HelpRecord, Thread, Waiting})]
)
def test_no_list_is_searched_by_what_is_hidden(more: None, undrawn: None, word: str, found: set[type[Model]]):
    chief, analyst = somebody(), somebody(ANALYST)
    by_all = {model for model in admin.site._registry if asked(chief, model, f"?q={word}") > 0}

    assert {model for model in by_all if admin.site._registry[model].search_fields} == found
    assert [model for model in found if asked(analyst, model, f"?q={word}") != 0] == []


def test_merges_are_found_by_names_and_reasons_by_everybody(more: None, undrawn: None):
    chief, analyst = somebody(), somebody(ANALYST)

    words = ("joseph", "bloggs telephone", "smith", f"joseph@{ADDRESS}")
    assert [asked(analyst, Merge, f"?q={word}") for word in words] == [1, 1, 0, 0]
    assert [asked(chief, Merge, f"?q={word}") for word in words] == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("model", "lookup", "role"),
    [
        (Contact, f"email__contains={ADDRESS}", ANALYST),
        (Waiting, f"url__contains={SAID}", ANALYST),
        (Waiting, "revenue_minor__gte=10000", HELPER),
        (Waiting, "credited_minor__isnull=False", HELPER),
        (Contact, "conversions__isnull=False", HELPER),
    ],
)
def test_no_list_is_asked_for_what_its_rows_do_not_show(
    more: None, undrawn: None, model: type[Model], lookup: str, role: str
):
    assert asked(somebody(role), model, "?") >= 1
    assert asked(somebody(role), model, f"?{lookup}") == -1


def test_every_list_filters_by_the_columns_of_its_rows_alone(more: None, undrawn: None):
    """Neither by what was put beside a row for showing it, nor by rows that refer to it."""
    chief, let_through = somebody(), []
    for model, options in admin.site._registry.items():
        page = chief.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        beside = set(page.context_data["cl"].root_queryset.query.annotations)
        beside |= {field.name for field in model._meta.get_fields() if isinstance(field, ForeignObjectRel)}
        let_through += [(options, name) for name in beside if asked(chief, model, f"?{name}__isnull=False") != -1]

    assert let_through == []


def test_nobody_changes_what_they_cannot_read(world: None):
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name="Campaign manager"))
    for codename in ("change_interaction", "change_helprecord"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client = Client()
    client.force_login(user)
    record = HelpRecord.objects.get()

    for page, pk in (("community_interaction", record.interaction_id), ("community_helprecord", record.pk)):
        assert client.post(reverse(f"admin:{page}_change", args=[pk]), {"text": "x"}).status_code == 403
    assert Interaction.objects.filter(text__contains=SAID).count() == 2


def test_nobody_takes_out_or_deletes_what_they_cannot_read(world: None):
    """By the address of the one, or by its number among others in a list."""
    user = UserFactory(is_staff=True)
    acts = ["change_interaction", "change_helprecord", "delete_helprecord"]
    user.user_permissions.set(Permission.objects.filter(codename__in=acts))
    client = Client()
    client.force_login(user)
    record, spam = HelpRecord.objects.get(), InteractionFactory(text="Buy now")
    said = Interaction.objects.filter(text__contains=SAID)

    def post(page: str, *ids: int, **data: object) -> int:
        return client.post(
            reverse(f"admin:community_{page}", args=ids), {"reason": "spam", "post": "yes", **data}
        ).status_code

    assert [post("interaction_retract", one.pk) for one in said] == [403, 403]
    ticked = [*said.values_list("pk", flat=True), spam.pk]
    assert post("interaction_changelist", action="retract_selected", _selected_action=ticked) == 302
    assert list(Interaction.objects.exclude(retracted_at=None)) == [spam]

    pages = ("delete", "edit", "undo", "redo")
    assert [post(f"helprecord_{page}", record.pk) for page in pages] == [403, 403, 403, 403]
    assert post("helprecord_changelist", action="delete_selected", _selected_action=[record.pk]) == 403
    assert HelpRecord.objects.get().withdrawn_at is None


def lists_of_collections() -> list[str]:
    return [route.path for route in api_routes() if isinstance(route.view, CollectionList)] + ["/api/v1/credits/"]


def test_keys_without_the_scopes_meet_them_nowhere(world: None):
    key = client_with(*(set(known_scopes()) - set(HIDDEN)))
    answers = {path: key.get(path).content.decode() for path in lists_of_collections()}
    details = {
        f"{path}{record['id']}/": key.get(f"{path}{record['id']}/").content.decode()
        for path in lists_of_collections()[:-1]
        for record in key.get(path).json()["results"]
    }

    assert [path for path, text in (answers | details).items() if ADDRESS in text or SAID in text] == []
    assert key.get("/api/v1/contacts/", {"search": "bloggs"}).json()["results"][0]["emails"] is None


def test_jobs_tell_numbers_and_ids_and_nobody_by_name(world: None):
    joe, mia = Contact.objects.get(full_name="Joe Bloggs"), Contact.objects.get(full_name="Mia Lind")
    pair = DuplicateSuggestion.objects.create(first=joe, second=mia, score=80, found_at=NOW)
    refused = DuplicateSuggestion.objects.create(first=joe, second=ContactFactory(merged_into=joe), found_at=NOW)
    ConsentFactory(contact=joe, purpose="newsletter", granted_at=NOW)
    export = request_export(contact_id=joe.pk, through="admin")
    assert make_export(export.pk, now=NOW)
    hand_out(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW, user_id=None, through="admin")
    start_joining([pair.pk, refused.pk], now=NOW)
    while join_next(now=NOW):
        pass

    jobs = client_with("jobs:read").get("/api/v1/jobs/")

    assert [(job["kind"], job["state"]) for job in jobs.json()["results"]][:3] == [
        ("join_duplicates", "partial"), ("export_audience", "succeeded"), ("export_person", "succeeded"),
    ]  # fmt: skip
    assert [word for word in ("Joe", "Mia", "joe", "mia", ADDRESS, SAID) if word in jobs.content.decode()] == []


def test_keys_with_the_scopes_meet_them(world: None):
    key = client_with(*known_scopes())
    answers = {path: key.get(path).content.decode() for path in lists_of_collections()}

    assert [path for path, text in answers.items() if ADDRESS in text] == ["/api/v1/contacts/"]
    assert [path.split("/")[3] for path, text in answers.items() if SAID in text] == [
        "threads",
        "interactions",
        "help-records",
        "credits",
    ]


def test_keys_without_the_scope_find_nobody_by_an_address(world: None):
    key = client_with("contacts:read")

    assert key.get("/api/v1/contacts/", {"search": ADDRESS}).json()["results"] == []
    assert len(key.get("/api/v1/contacts/", {"search": "bloggs"}).json()["results"]) == 1
    refused = key.get("/api/v1/contacts/", {"email": f"joe@{ADDRESS}.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert "'addresses:read'" in refused.json()["detail"]


def test_a_writer_without_the_scope_is_not_told_addresses(world: None):
    contact = ContactPoint.objects.get(normalised__contains=ADDRESS).contact_id
    key = client_with("contacts:write")

    assert key.patch(f"/api/v1/contacts/{contact}/", {"tags": ["vip"]}).json()["emails"] is None
    assert ContactPoint.objects.filter(contact=contact).count() == 1


def test_a_writer_without_the_scope_is_not_told_what_was_said_in_private(world: None):
    asked = Interaction.objects.get(kind="direct_message")
    given = HelpRecord.objects.get()
    key = client_with("interactions:write", "help-records:write")
    named = {"channel": asked.channel.slug, "external_id": asked.external_id}

    answers = [
        key.patch(f"/api/v1/interactions/{asked.pk}/", {"language": "da"}),
        key.post("/api/v1/interactions/batch/upsert", {"items": [{**named, "language": "de"}]}),
        key.patch(f"/api/v1/help-records/{given.pk}/", {"minutes": 5}),
        key.post(f"/api/v1/interactions/{asked.pk}/retract/", {"reason": "spam"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert [answer.content.decode().count(SAID) for answer in answers] == [0, 0, 0, 0]


@pytest.mark.parametrize("way", ["patch", "single", "batch"])
def test_a_writer_without_the_scope_does_not_open_what_was_said_in_private(world: None, way: str):
    asked = Interaction.objects.get(kind="direct_message")
    item = {"channel": asked.channel.slug, "external_id": asked.external_id, "is_private": False, "language": "da"}

    def opened(*scopes: str) -> list[tuple[str, str]]:
        key = client_with("interactions:read", "interactions:write", *scopes)
        if way == "patch":
            answer = key.patch(f"/api/v1/interactions/{asked.pk}/", {"is_private": False, "language": "da"})
        elif way == "single":
            answer = key.post("/api/v1/interactions/", item)
        else:
            answer = key.post("/api/v1/interactions/batch/upsert", {"items": [item]})
        said = answer.json()
        assert SAID not in key.get(f"/api/v1/interactions/{asked.pk}/").content.decode() or scopes
        errors = said["results"][0].get("errors", []) if way == "batch" else said.get("errors", [])
        return [(error["field"], error["code"]) for error in errors]

    assert opened() == [("is_private", "private")]
    asked.refresh_from_db()
    assert (asked.is_private, asked.language) == (True, "")

    assert opened("private-interactions:read") == []
    asked.refresh_from_db()
    assert (asked.is_private, asked.language) == (False, "da")


def test_what_is_older_than_what_was_said_in_private_is_stale_and_not_refused(world: None):
    Interaction.objects.filter(kind="direct_message").update(source_updated_at=NOW)
    asked = Interaction.objects.get(kind="direct_message")
    item = {"channel": asked.channel.slug, "external_id": asked.external_id, "is_private": False}

    answer = client_with("interactions:write").post(
        "/api/v1/interactions/batch/upsert", {"items": [{**item, "source_updated_at": "2026-04-30T00:00:00Z"}]}
    )

    assert answer.json()["results"] == [{"index": 0, "status": "unchanged", "id": asked.pk, "stale": True}]


def test_a_writer_without_the_scope_goes_on_sending_what_is_open_and_makes_it_private(world: None):
    item = {"channel": Interaction.objects.earliest("pk").channel.slug, "external_id": "open", "kind": "question"}
    item |= {"occurred_at": "2026-03-03T09:00:00Z", "is_private": False, "text": "One"}
    key = client_with("interactions:write")

    def send(**changes: object) -> str:
        return key.post("/api/v1/interactions/batch/upsert", {"items": [item | changes]}).json()["results"][0]["status"]

    assert [send(), send(), send(text="Two"), send(is_private=True), send()] == [
        "created", "unchanged", "updated", "updated", "failed",
    ]  # fmt: skip
    assert Interaction.objects.get(external_id="open").is_private


def test_whoever_may_not_read_it_does_not_open_it_in_the_admin(world: None):
    asked = Interaction.objects.get(kind="direct_message")
    page = reverse("admin:community_interaction_change", args=[asked.pk])
    form = posted(somebody().get(page), is_private="")
    user = UserFactory(is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_interaction", "change_interaction", "view_channel"])
    )
    client = Client()
    client.force_login(user)

    assert client.post(page, form).status_code == 403
    assert Interaction.objects.get(pk=asked.pk).is_private

    user.user_permissions.add(Permission.objects.get(codename="view_private_interaction"))
    client.force_login(user)  # another permission ends the session
    assert client.post(page, form).status_code == 302
    assert not Interaction.objects.get(pk=asked.pk).is_private
