"""
Every page of the admin: it opens for those who may, refuses those who may not, and asks the database
the same number of questions for two rows as for twenty. The list of pages comes from the admin itself.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessLog
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from community.models import BusinessHours, Cost, HelpRecord, WatchListEntry
from crm.merging import merge
from crm.models import (
    ChangedIdentity,
    Conversion,
    ConversionKind,
    DuplicateSuggestion,
    Erasure,
    OutcomeMark,
    PersonExport,
    PersonExportPart,
    Suppression,
)
from gateway.models import ApiKey
from jobs.models import Job
from metrics.models import (
    CampaignDay,
    ChannelDay,
    ConversionResult,
    CostDay,
    Credit,
    Fingerprint,
    HelperDay,
    PersonDay,
    RecomputeChunk,
    StaleMark,
    TotalDay,
)
from tests.factories.community import (
    ChannelFactory,
    ChannelSizeFactory,
    CommunityFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import (
    CampaignFactory,
    CompanyFactory,
    ConsentFactory,
    ContactFactory,
    ContactRefFactory,
    ConversionFactory,
    EmailFactory,
    ExchangeRateFactory,
    FollowUpFactory,
    NoteFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Pages:
    """How to make a row, and what the admin refuses even to a superuser."""

    make: Callable[[int], models.Model]
    refused: frozenset[str] = frozenset()
    actions: tuple[str, ...] = ()  # pages that ask for a reason


READ_ONLY = frozenset({"add", "delete"})
NO_DELETE = frozenset({"delete"})


def full_contact(number: int) -> models.Model:
    contact = ContactFactory(company=CompanyFactory(), owner=UserFactory(), tags=["vip"])
    EmailFactory(contact=contact)
    ContactRefFactory(contact=contact)
    ConsentFactory(contact=contact)
    return contact


def full_interaction(number: int) -> models.Model:
    thread = ThreadFactory()
    return InteractionFactory(
        channel=thread.channel,
        thread=thread,
        campaign=CampaignFactory(),
        to_member=MemberFactory(channel=thread.channel),
        reply_to=InteractionFactory(channel=thread.channel),
        text="How do I enrol?",
    )


def full_cost(number: int) -> models.Model:
    channel = ChannelFactory()
    return CostFactory(campaign=CampaignFactory(), channel=channel, community=channel.community)


DAY = dt.date(2026, 3, 20)
SUMS = {
    "credits": 1,
    "first_touch_minor": 0,
    "last_touch_minor": 100,
    "linear_minor": 50,
    "position_based_minor": 50,
    "time_decay_minor": 60,
}
REVENUE = {"results": 1, "conversions": 1, "revenue_minor": 100, "credited_minor": 60, "unattributed_minor": 40}


def credit(number: int) -> models.Model:
    member = MemberFactory()
    return Credit.objects.create(
        conversion=ConversionFactory(contact=ContactFactory()),
        position=1,
        touches=1,
        interaction=InteractionFactory(member=member, channel=member.channel, text="How do I enrol?"),
        person=ContactFactory(),
        actor_member=member,
        actor_kind="member",
        campaign=CampaignFactory(),
        channel=member.channel,
        is_help=False,
        is_refund=False,
        day=DAY,
        decay_weight=1,
        decay_total=1,
        **{name: value for name, value in SUMS.items() if name != "credits"},
    )


def conversion_result(number: int) -> models.Model:
    return ConversionResult.objects.create(
        conversion=ConversionFactory(contact=ContactFactory()),
        person=ContactFactory(),
        kind_id="purchase",
        day=DAY,
        line="unattributed",
        value_minor=10000,
        unattributed_minor=10000,
        touches=0,
        is_help_touched=False,
        is_refund=False,
        is_fully_refunded=False,
    )


PAGES: dict[str, Pages] = {
    "axes.accessattempt": Pages(
        lambda n: AccessAttempt.objects.create(username=f"ana-{n}", ip_address="198.51.100.7", failures_since_start=5),
        frozenset({"add"}),
    ),
    "axes.accesslog": Pages(
        lambda n: AccessLog.objects.create(username=f"ana-{n}", ip_address="198.51.100.7", session_hash=f"{n}"),
        READ_ONLY,
    ),
    "mfa.authenticator": Pages(
        lambda n: Authenticator.objects.create(user=UserFactory(), type="totp", data={"secret": "hushed"}),
        frozenset({"add"}),
    ),
    "auth.user": Pages(lambda n: UserFactory()),
    "auth.group": Pages(lambda n: Group.objects.create(name=f"group {n}")),
    "gateway.apikey": Pages(
        lambda n: ApiKey.objects.issue(name=f"shop {n}", scopes=["jobs:read"], created_by_id=UserFactory().pk)[0],
        NO_DELETE,
    ),
    "jobs.job": Pages(lambda n: Job.objects.create(kind="recompute", requested_by=UserFactory()), READ_ONLY),
    "crm.contact": Pages(full_contact),
    "crm.company": Pages(lambda n: CompanyFactory()),
    "crm.note": Pages(lambda n: NoteFactory(author=UserFactory())),
    "crm.followup": Pages(lambda n: FollowUpFactory(assigned_to=UserFactory())),
    "crm.duplicatesuggestion": Pages(
        lambda n: DuplicateSuggestion.objects.create(
            first=ContactFactory(),
            second=ContactFactory(),
            score=80,
            reasons=[{"key": "email", "points": 80}],
            found_at=NOW,
        ),
        READ_ONLY,
    ),
    "crm.merge": Pages(
        lambda n: merge(
            survivor_id=ContactFactory().pk, loser_id=ContactFactory().pk, by_user_id=UserFactory().pk, now=NOW
        ),
        READ_ONLY,
    ),
    "crm.campaign": Pages(lambda n: CampaignFactory(owner=UserFactory(), parent=CampaignFactory()), NO_DELETE),
    "crm.erasure": Pages(
        lambda n: Erasure.objects.create(
            person=ContactFactory(),
            reason="asked",
            erased_at=NOW,
            erased_by=UserFactory(),
            erased_through="admin",
        ),
        READ_ONLY,
    ),
    "crm.personexport": Pages(
        lambda n: PersonExport.objects.create(
            job=Job.objects.create(kind="export_person"), person=ContactFactory(), requested_by=UserFactory()
        ),
        READ_ONLY,
    ),
    "crm.conversion": Pages(lambda n: ConversionFactory(contact=ContactFactory()), NO_DELETE, ("void",)),
    "crm.conversionkind": Pages(lambda n: ConversionKind.objects.create(key=f"kind-{n}", label=f"Kind {n}")),
    "crm.exchangerate": Pages(lambda n: ExchangeRateFactory()),
    "crm.consent": Pages(lambda n: ConsentFactory()),
    "crm.outcomemark": Pages(
        lambda n: OutcomeMark.objects.create(
            contact=ContactFactory(), outcome="advocate", reached_at=NOW, marked_by=UserFactory()
        )
    ),
    "community.community": Pages(lambda n: CommunityFactory()),
    "community.businesshours": Pages(lambda n: BusinessHours.objects.create(name=f"hours {n}", time_zone="UTC")),
    "community.channel": Pages(lambda n: ChannelFactory()),
    "community.channelsize": Pages(lambda n: ChannelSizeFactory()),
    "community.member": Pages(lambda n: MemberFactory()),
    "community.thread": Pages(lambda n: ThreadFactory(opened_by=MemberFactory(), opened_at=NOW)),
    "community.interaction": Pages(full_interaction, NO_DELETE, ("retract",)),
    "community.waitinginteraction": Pages(full_interaction, READ_ONLY),
    "community.helprecord": Pages(lambda n: HelpRecordFactory()),
    "community.cost": Pages(full_cost, NO_DELETE, ("void",)),
}
DERIVED = {
    "metrics.creditrow": lambda n: credit(n),
    "metrics.conversionresult": lambda n: conversion_result(n),
    "metrics.costdayrow": lambda n: CostDay.objects.create(cost=CostFactory(), day=DAY, amount_minor=100),
    "metrics.persondayrow": lambda n: PersonDay.objects.create(person_id=n + 1, day=DAY, **REVENUE),
    "metrics.totalday": lambda n: TotalDay.objects.create(day=DAY + dt.timedelta(days=n), staff_minor=0, **REVENUE),
    "metrics.helperdayrow": lambda n: HelperDay.objects.create(actor_kind="member", member_id=n + 1, day=DAY, **SUMS),
    "metrics.campaigndayrow": lambda n: CampaignDay.objects.create(campaign_id=n + 1, day=DAY, **SUMS),
    "metrics.channeldayrow": lambda n: ChannelDay.objects.create(channel_id=n + 1, day=DAY, **SUMS),
    "metrics.stalemark": lambda n: StaleMark.objects.create(contact_id=1),
    "metrics.recomputechunk": lambda n: RecomputeChunk.objects.create(
        job=Job.objects.create(kind="recompute"), first_person=1
    ),
    "metrics.fingerprint": lambda n: Fingerprint.objects.create(key=f"k{n}", value={}),
}
PAGES |= {label: Pages(make, READ_ONLY) for label, make in DERIVED.items()}

REGISTERED = sorted(model._meta.label_lower for model in admin.site._registry)


def key_of(instance: models.Model) -> object:
    """Return the key as the admin's addresses have it: the parts of a natural key joined by colons."""
    return ":".join(map(str, instance.pk)) if isinstance(instance.pk, tuple) else instance.pk


def address(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


@pytest.fixture
def admin_client() -> Client:
    """A superuser who is logged in already: hashing a password takes longer than any page."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    # Django keeps the content types that it once asked for, until a test that commits empties the tables.
    ContentType.objects.get_for_models(*apps.get_models(), for_concrete_models=False)
    return client


@pytest.fixture
def visitor() -> Client:
    """Somebody who may log in to the admin and has no permission at all."""
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    return client


def test_pages_are_listed_for_every_registered_model():
    assert sorted(PAGES) == REGISTERED


def test_every_fact_is_in_the_admin_or_a_part_of_a_page():
    inlines = {inline.model for options in admin.site._registry.values() for inline in options.inlines}
    shown = inlines | {getattr(model, "reads", model) for model in admin.site._registry}
    shown.add(WatchListEntry)  # an index, no fact
    missing = [
        model._meta.label
        for app in ("crm", "community", "jobs", "gateway", "metrics")
        for model in apps.get_app_config(app).get_models()
        if model not in shown
        and model is not ChangedIdentity  # a queue: the list of possible duplicates says how long it is
        and model not in (Suppression, PersonExportPart)  # hashes, which tell nobody anything; and pieces of a file
        and not model._meta.proxy
        and not hasattr(model, "reads")
        and not hasattr(model, "pgh_tracked_model")
    ]

    assert missing == []


def questions_of(client: Client, url: str) -> tuple[int, int]:
    """Return the status of a page, and how many questions it asks the database. None of them counts a table whole."""
    with CaptureQueriesContext(connection) as queries:
        status = client.get(url).status_code
    counts = [query["sql"] for query in queries if query["sql"].upper().startswith("SELECT COUNT(*)")]
    assert [sql for sql in counts if " LIMIT " not in sql] == [], url
    return status, len(queries)


AROUND = 2  # questions of what stands around every page: the head and the menu


def test_what_stands_around_a_page_asks_a_few_questions_which_count_for_each_page(
    admin_client: Client, request: pytest.FixtureRequest
):
    key = ContactFactory().pk
    addresses = [address("crm.contact", "changelist"), address("crm.contact", "history", key), reverse("admin:index")]
    bare = [questions_of(admin_client, url)[1] for url in addresses]
    request.getfixturevalue("whole_pages")

    around = [questions_of(admin_client, url)[1] - asked for asked, url in zip(bare, addresses, strict=True)]
    assert set(around) <= set(range(AROUND + 1))
    assert any(around)


@pytest.mark.parametrize("label", REGISTERED)
def test_pages_open_for_a_superuser_and_ask_at_most_25_questions_and_no_more_for_twenty_rows(
    admin_client: Client, label: str
):
    """They leave nothing on the admin either, which is one for all who read at once."""
    pages = PAGES[label]
    key = [key_of(pages.make(number)) for number in range(2)][0]
    addresses = {
        "list": address(label, "changelist"),
        "search": f"{address(label, 'changelist')}?q=an",
        "add": address(label, "add"),
        **{page: address(label, page, key) for page in ("change", "history", "delete", *pages.actions)},
    }
    if label in LATER:
        addresses["panel"] = address(label, "panel", key, "figures")

    found = {page: questions_of(admin_client, url) for page, url in addresses.items()}

    assert {page: status for page, (status, _) in found.items()} == {
        page: 403 if page in pages.refused else 200 for page in addresses
    }
    assert {page: asked for page, (_, asked) in found.items() if asked + AROUND > 25} == {}

    for number in range(2, 20):
        pages.make(number)

    assert {page: questions_of(admin_client, addresses[page]) for page in ("list", "change")} == {
        page: found[page] for page in ("list", "change")
    }

    admin_client.post(addresses["list"], {"action": "-", "_selected_action": [key]})
    (options,) = [options for model, options in admin.site._registry.items() if model._meta.label_lower == label]
    as_made = vars(type(options)(options.model, options.admin_site))
    # The theme puts the request there, and asks it for the media of a list's filters alone: these are the same for all.
    assert {name: value for name, value in vars(options).items() if name != "request"} == as_made


@pytest.mark.parametrize("label", REGISTERED)
def test_pages_are_refused_without_permission(visitor: Client, remembered: None, label: str):
    pages = PAGES[label]
    key = key_of(pages.make(1))

    addresses = [
        address(label, "changelist"),
        address(label, "add"),
        *(address(label, page, key) for page in ("change", "history", "delete", *pages.actions)),
    ]

    assert {url: visitor.get(url).status_code for url in addresses} == dict.fromkeys(addresses, 403)
    assert {url: visitor.post(url, {"reason": "spam"}).status_code for url in addresses} == dict.fromkeys(
        addresses, 403
    )


@pytest.mark.parametrize("label", REGISTERED)
def test_pages_ask_for_a_login(client: Client, label: str):
    response = client.get(address(label, "changelist"))

    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")


LATER = sorted(model._meta.label_lower for model, options in admin.site._registry.items() if options.panels_load_later)


def later_parts(page: HttpResponse) -> list[str]:
    """Return the addresses of the parts that a page has left to load."""
    return re.findall(r'hx-get="([^"]+)" hx-trigger="load, ', page.content.decode())


def test_pages_whose_figures_take_long_load_them_later():
    assert LATER == ["community.channel", "community.community", "crm.campaign"]


@pytest.mark.parametrize("label", LATER)
def test_panel_that_loads_later_is_asked_for_by_the_page_and_stands_there_as_on_a_page_of_its_own(
    admin_client: Client, label: str
):
    instance = PAGES[label].make(1)
    page = admin_client.get(address(label, "change", instance.pk))

    url, *others = later_parts(page)
    assert url == address(label, "panel", instance.pk, "figures")
    of_people = address(label, "panel", instance.pk, "people") if label == "community.channel" else None
    assert others == ([of_people] if of_people else [])
    for other in others:
        assert ">Identified coverage</dt>" in admin_client.get(other).content.decode()
    assert ">ROI</dt>" not in page.content.decode()
    fragment = admin_client.get(url, headers={"HX-Request": "true"})
    whole = admin_client.get(url)
    assert [answer.status_code for answer in (fragment, whole)] == [200, 200]
    assert ">ROI</dt>" in fragment.content.decode()
    assert ">ROI</dt>" in whole.content.decode()
    assert fragment.content.decode().strip().startswith("<section")
    assert f'href="{address(label, "change", instance.pk)}" class="kith-button"' in whole.content.decode()
    assert "HX-Request" in fragment["Vary"]


@pytest.mark.parametrize("label", LATER)
def test_panel_that_loads_later_asks_the_same_number_of_questions_for_two_rows_and_twenty(
    admin_client: Client, label: str
):
    keys = [key_of(PAGES[label].make(number)) for number in range(2)]
    url = address(label, "panel", keys[0], "figures")

    with_two = questions_of(admin_client, url)
    for number in range(2, 20):
        PAGES[label].make(number)

    assert questions_of(admin_client, url) == with_two
    assert with_two[0] == 200


@pytest.mark.parametrize("label", LATER)
def test_panel_is_refused_to_whoever_may_not_see_it_or_not_open_its_page(client: Client, label: str):
    instance = PAGES[label].make(1)
    url = address(label, "panel", instance.pk, "figures")
    app, name = label.split(".")
    statuses = {}
    for granted in ((), (f"view_{name}",), ("view_credit",), (f"view_{name}", "view_credit")):
        user = UserFactory(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=granted))
        client.force_login(user)
        page = client.get(address(label, "change", instance.pk))
        statuses[len(granted) and granted[0], len(granted)] = (client.get(url).status_code, page.status_code)
        assert (url in later_parts(page)) is (len(granted) == 2)

    assert statuses == {
        (0, 0): (403, 403),
        (f"view_{name}", 1): (403, 200),
        ("view_credit", 1): (403, 403),
        (f"view_{name}", 2): (200, 200),
    }


@pytest.mark.parametrize("label", LATER)
def test_panel_that_is_not_there_is_not_found(admin_client: Client, label: str):
    instance = PAGES[label].make(1)

    addresses = [
        address(label, "panel", instance.pk, "nothing"),
        address(label, "panel", 999_999, "figures"),
        address(label, "panel", "nonsense", "figures"),
    ]

    assert [admin_client.get(url).status_code for url in addresses] == [404, 404, 404]


def test_a_fact_has_no_bulk_deletion(admin_client: Client):
    conversion = ConversionFactory()

    admin_client.post(
        address("crm.conversion", "changelist"),
        {"action": "delete_selected", "_selected_action": [conversion.pk], "post": "yes"},
    )

    assert Conversion.objects.filter(pk=conversion.pk).exists()


def test_start_page_needs_a_login(client: Client):
    assert client.get(reverse("admin:index")).status_code == 302


def test_start_page_opens_without_any_permission(visitor: Client):
    assert visitor.get(reverse("admin:index")).status_code == 200


def test_users_password_page_opens(admin_client: Client):
    user = User.objects.create_user("ana")

    assert admin_client.get(reverse("admin:auth_user_password_change", args=[user.pk])).status_code == 200


def test_deleting_what_is_in_use_is_refused_without_reading_all_of_it(admin_client: Client):
    channel = InteractionFactory().channel

    page = admin_client.get(address("community.channel", "delete", channel.pk))

    assert "interactions that refer to it" in page.content.decode()
    assert admin_client.post(address("community.channel", "delete", channel.pk), {"post": "yes"}).status_code == 200
    assert type(channel).objects.filter(pk=channel.pk).exists()
    assert HelpRecord.objects.count() == Cost.objects.count() == 0
