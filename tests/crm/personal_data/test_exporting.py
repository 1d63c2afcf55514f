"""Everything about a person in a ZIP, for the one who asked, for a day."""

import csv
import datetime as dt
import io
import json
import zipfile
from decimal import Decimal

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from community.models import Interaction, Thread
from crm.models import PersonExport, PersonExportDownload, PersonExportPart
from crm.personal_data.erasing import erase_person
from crm.personal_data.export_jobs import make_export, purge_exports, request_export
from crm.personal_data.exporting import write_export
from crm.personal_data.schema import declaration_of, personal_models, tracked_model
from gateway.models import ApiKey
from jobs.models import Job
from tests.api_clients import client_with
from tests.crm.personal_data import canary as nest
from tests.factories.community import (
    ChannelFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory, NoteFactory
from tests.interrupting import AtStatement

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def export(*contacts: int) -> zipfile.ZipFile:
    file = io.BytesIO()
    write_export(list(contacts), file, now=NOW)
    return zipfile.ZipFile(file)


def text_of(archive: zipfile.ZipFile, ending: str) -> str:
    return "\n".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(ending))


@pytest.mark.django_db
def test_every_token_of_a_person_is_in_both_forms():
    canary = nest.hatch(in_kept=True)
    hidden = {
        token
        for token, place in canary.tokens.items()
        for model in personal_models()
        for name in declaration_of(model).hidden
        if place.startswith(model._meta.label) and place.endswith(f": {name}")
    }

    archive = export(*canary.contacts)

    for ending in (".json", ".csv"):
        assert canary.missing_from(text_of(archive, ending), but=hidden) == []
    assert {canary.tokens[token].split(": ")[1] for token in hidden} <= {"content", "known_as", "search_text"}
    in_dump = nest.dump()
    former = [token for token in canary.tokens if token in in_dump and token not in hidden]
    found = text_of(archive, ".json")
    assert [canary.tokens[token] for token in former if token not in found] == []
    # What an erasure keeps is the person's as well.
    kept = {(place.partition(" by ")[0], place.partition(": ")[2]) for place in map(canary.tokens.get, canary.latest)}
    assert {
        ("crm.Conversion", "source"),
        ("crm.Merge", "rule"),
        ("community.Cost", "source"),
        ("community.HelpRecord", "edited_fields"),
        ("community.Interaction", "kind"),
        ("community.Thread", "source_state"),
    } <= kept
    # Numbers, days and words from a list hold no token, but they are there.
    columns = {
        f"json/{'history-of-' if tracked_model(model) else ''}{declared.title.replace(' ', '-')}.json": {
            column.name for column in model._meta.concrete_fields if column.name not in declared.hidden
        }
        for model in personal_models()
        for declared in [declaration_of(model)]
    }
    given = {name: {*json.loads(archive.read(name))[0]} for name in archive.namelist() if name in columns}
    assert given == {name: columns[name] for name in given}
    assert len(given) > 30


@pytest.mark.django_db
def test_other_people_are_kept_out_and_what_they_said_to_the_person_is_in():
    channel = ChannelFactory()
    joe = ContactFactory(full_name="Joe Bloggs")
    account = MemberFactory(channel=channel, contact=joe, handle="joe")
    mia = MemberFactory(channel=channel, handle="mia-the-helper")
    ana = UserFactory(username="ana-of-staff")
    InteractionFactory(channel=channel, member=mia, to_member=account, text="Take the second course.")
    InteractionFactory(channel=channel, member=None, user=ana, to_contact=joe, text="=1+1 is two.")
    InteractionFactory(channel=channel, member=mia, text="Joe Bloggs told me about it.")
    note = NoteFactory(text="Her brother is Joe Bloggs.")

    archive = export(joe.pk)

    said = {row["text"]: row for row in json.loads(archive.read("json/interactions.json"))}
    assert said.keys() == {"Take the second course.", "=1+1 is two."}
    assert said["Take the second course."]["member"] == "somebody else"
    assert said["Take the second course."]["to_member"] == account.pk
    assert said["=1+1 is two."]["user"] == "a colleague"
    cells = list(csv.DictReader(io.TextIOWrapper(archive.open("csv/interactions.csv"), encoding="utf-8-sig")))
    assert {row["text"] for row in cells} == {"Take the second course.", "'=1+1 is two."}
    everything = text_of(archive, "")
    assert "mia-the-helper" not in everything
    assert "ana-of-staff" not in everything
    assert "told me about it" not in everything
    mentioned = Interaction.objects.get(text__startswith="Joe Bloggs").pk
    assert {"table": "interaction", "id": str(mentioned), "field": "text"} in json.loads(
        archive.read("json/mentions.json")
    )
    assert {"table": "note", "id": str(note.pk), "field": "text"} in json.loads(archive.read("json/mentions.json"))
    assert "her brother" not in everything.lower()
    assert "What is known about you" in archive.read("README.txt").decode()


@pytest.mark.django_db
def test_an_entry_of_the_admins_log_that_names_the_person_is_a_mention():
    """Whoever edits a thread by its form leaves one with the title, in which the name may stand."""
    joe = ContactFactory(full_name="Joe Bloggs")
    thread = ThreadFactory(title="Who is Joe Bloggs?")
    entry = LogEntry.objects.create(
        user=UserFactory(), content_type=ContentType.objects.get_for_model(Thread), object_id=str(thread.pk),
        object_repr=str(thread), action_flag=CHANGE,
    )  # fmt: skip

    mentions = json.loads(export(joe.pk).read("json/mentions.json"))

    assert {"table": "log entry", "id": str(entry.pk), "field": "object_repr"} in mentions
    assert {"table": "thread", "id": str(thread.pk), "field": "title"} in mentions


@pytest.mark.django_db
@pytest.mark.parametrize(("currency", "amount", "unit"), [("EUR", "390.00", "0.01"), ("JPY", "390", "1")])
def test_amounts_have_the_decimals_of_their_currency_and_minor_units_are_explained(settings, currency, amount, unit):
    settings.KITH_CURRENCY = currency
    joe = ContactFactory()
    ConversionFactory(contact=joe, amount=Decimal("390"), currency=currency)

    archive = export(joe.pk)

    assert [row["amount"] for row in json.loads(archive.read("json/conversions.json"))] == [amount]
    assert f'"…_minor" are in units of {unit} {currency}.' in archive.read("README.txt").decode()


@pytest.mark.django_db
def test_replies_and_answers_are_in_as_far_as_they_are_said_to_the_person():
    channel = ChannelFactory()
    joe, mia, eve = (MemberFactory(channel=channel, handle=f"{name}-of-forum") for name in ("joe", "mia", "eve"))
    own, other = ThreadFactory(channel=channel, opened_by=joe), ThreadFactory(channel=channel, opened_by=eve)
    asked = InteractionFactory(channel=channel, member=joe, thread=own, kind="question", text="How?")
    aside = InteractionFactory(channel=channel, member=joe, thread=other, kind="comment", text="Me too.")
    eves = InteractionFactory(channel=channel, member=eve, thread=own, kind="comment", text="I wonder as well.")
    gone = InteractionFactory(channel=channel, member=None, thread=own, kind="comment", text="By nobody known.")
    staff = InteractionFactory(channel=channel, member=None, user=UserFactory(), thread=own, text="From staff.")

    def says(text: str, **fields: object) -> Interaction:
        return InteractionFactory(channel=channel, member=mia, **{"kind": "answer", "text": text, **fields})

    in_it = [
        says("A reply to the question.", thread=own, reply_to=asked),
        says("A comment under a comment of theirs.", thread=other, reply_to=aside, kind="comment"),
        says("An answer in their thread.", thread=own),
        says("An answer below nobody's words.", thread=own, reply_to=gone),
    ]
    says("An answer to Eve, in so many words.", thread=own, to_member=eve)
    says("A reply to Joe that addresses Eve.", thread=own, reply_to=asked, to_member=eve)
    says("An answer below Eve's words.", thread=own, reply_to=eves)
    says("An answer below a colleague's words.", thread=own, reply_to=staff)
    says("A comment in their thread.", thread=own, kind="comment")
    says("An answer in Eve's thread.", thread=other)

    archive = export(joe.contact_id)

    said = {row["text"]: row for row in json.loads(archive.read("json/interactions.json"))}
    assert said.keys() == {"How?", "Me too.", *(one.text for one in in_it)}
    assert {said[one.text]["member"] for one in in_it} == {"somebody else"}
    assert said["A reply to the question."]["reply_to"] == asked.pk
    assert said["An answer below nobody's words."]["reply_to"] == "somebody else"
    assert "mia-of-forum" not in text_of(archive, "")
    assert "replies to\nwhat you said" in archive.read("README.txt").decode()

    erase_person(contact_id=joe.contact_id, reason="asked", now=NOW, through="command")

    assert [Interaction.objects.get(pk=one.pk).text for one in in_it] == [one.text for one in in_it]


@pytest.mark.django_db
def test_questions_to_the_database_do_not_grow_with_the_rows():
    account = MemberFactory(contact=ContactFactory())
    contact = account.contact
    asked_once = InteractionFactory(channel=account.channel, member=account)
    EmailFactory(contact=contact)
    export(contact.pk)  # Django keeps in mind which models there are
    asked = []
    for number in (2, 40):
        for _ in range(number):
            InteractionFactory(channel=account.channel, member=account)
            InteractionFactory(channel=account.channel, member=None, reply_to=asked_once)
            EmailFactory(contact=contact)
        with CaptureQueriesContext(connection) as queries:
            export(contact.pk)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def manager(username: str):
    user = UserFactory(username=username, is_staff=True)
    names = ["view_contact", "export_personal_data", "view_job"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return user, client


@pytest.mark.django_db
def test_a_file_is_for_the_one_who_asked_for_a_day_and_every_download_is_noted():
    contact = ContactFactory(full_name="Joe Bloggs")
    ana, her = manager("ana")
    _, his = manager("bob")
    asked = her.post(reverse("admin:crm_contact_export", args=[contact.pk]))
    job = Job.objects.get(kind="export_person")
    assert asked.headers["Location"] == reverse("admin:jobs_job_change", args=[job.pk])
    address = reverse("admin:crm_contact_export_file", args=[job.pk])
    assert her.get(address).status_code == 302
    assert make_export(job.pk, now=dt.datetime.now(dt.UTC))
    assert not make_export(job.pk, now=dt.datetime.now(dt.UTC))

    job.refresh_from_db()
    assert (job.state, job.report["file"]) == ("succeeded", address)
    assert address in her.get(reverse("admin:jobs_job_change", args=[job.pk])).content.decode()
    given = her.get(address)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(given.streaming_content)))
    assert json.loads(archive.read("json/contacts.json"))[0]["full_name"] == "Joe Bloggs"
    assert "no-store" in given.headers["Cache-Control"]
    assert his.get(address).status_code == 404
    assert list(PersonExportDownload.objects.values_list("user", flat=True)) == [ana.pk]

    assert purge_exports(now=dt.datetime.now(dt.UTC) + dt.timedelta(hours=23)) == 0
    assert purge_exports(now=dt.datetime.now(dt.UTC) + dt.timedelta(hours=25)) == 1
    assert not PersonExportPart.objects.exists()
    assert her.get(address).status_code == 302
    assert PersonExportDownload.objects.count() == 1


@pytest.mark.django_db
def test_page_of_an_export_asks_as_much_for_twenty_downloads_as_for_two():
    job = request_export(contact_id=ContactFactory().pk, through="admin")
    export = PersonExport.objects.get(job=job)
    her = Client()
    her.force_login(UserFactory(is_staff=True, is_superuser=True))
    address = reverse("admin:crm_personexport_change", args=[export.pk])
    her.get(address)  # what is asked once in a process is asked now
    asked = []
    for more, downloads in ((2, 2), (18, 20)):
        for _ in range(more):
            key, _ = ApiKey.objects.issue(name="Auditor", scopes=[])
            PersonExportDownload.objects.create(export=export, user=UserFactory(), key=key, downloaded_at=NOW)
        with CaptureQueriesContext(connection) as queries:
            page = her.get(address).content.decode()
        assert page.count("Auditor") == downloads
        asked.append(len(queries))

    assert asked[0] == asked[1]


@pytest.mark.django_db
def test_an_export_needs_its_permission():
    contact = ContactFactory()
    user, client = manager("ana")
    user.user_permissions.remove(Permission.objects.get(codename="export_personal_data"))
    client.force_login(user)  # a change of what somebody may do ends their sessions

    assert client.get(reverse("admin:crm_contact_export", args=[contact.pk])).status_code == 403
    assert client.post(reverse("admin:crm_contact_export", args=[contact.pk])).status_code == 403
    assert client.get(reverse("admin:crm_contact_export_file", args=[1])).status_code == 403
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_the_api_gives_the_file_to_the_key_that_asked():
    contact = ContactFactory(full_name="Joe Bloggs")
    ours, theirs = client_with("contacts:export", "jobs:read"), client_with("contacts:export")

    asked = ours.post(f"/api/v1/contacts/{contact.pk}/export/")

    assert asked.status_code == 202
    job = asked.json()["id"]
    early = ours.get(f"/api/v1/exports/{job}/")
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    make_export(job, now=dt.datetime.now(dt.UTC))
    place = ours.get(asked.headers["Location"]).json()["report"]["file"]
    assert place == f"/api/v1/exports/{job}/"
    assert b"".join(ours.get(place).streaming_content)[:2] == b"PK"
    stranger = theirs.get(place)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    PersonExport.objects.update(expires_at=NOW - dt.timedelta(days=3650))
    late = ours.get(place)
    assert (late.status_code, late.json()["code"]) == (410, "export_gone")
    assert ours.post("/api/v1/contacts/999999/export/").status_code == 404


@pytest.mark.django_db
def test_an_export_that_was_left_half_done_is_made_anew():
    contact = ContactFactory()
    job = request_export(contact_id=contact.pk, through="command")
    Job.objects.filter(pk=job.pk).update(state="running", started_at=NOW)
    PersonExportPart.objects.create(export=job.person_export, number=0, content=b"half")

    assert make_export(job.pk, now=NOW)

    parts = [bytes(part.content) for part in job.person_export.parts.order_by("number")]
    assert parts[0][:2] == b"PK"


def erase(contact_id: int) -> None:
    erase_person(contact_id=contact_id, reason="asked", now=NOW, through="command")


@pytest.mark.django_db
def test_a_file_goes_with_the_person_and_says_so():
    contact, api = ContactFactory(), client_with("contacts:export")
    job = api.post(f"/api/v1/contacts/{contact.pk}/export/").json()["id"]
    make_export(job, now=dt.datetime.now(dt.UTC))

    erase(contact.pk)

    gone = api.get(f"/api/v1/exports/{job}/")
    assert (gone.status_code, gone.json()["code"]) == (410, "export_gone")
    assert gone.json()["detail"] == "The person was erased since, and the file with them."
    assert not PersonExportDownload.objects.exists()


@pytest.mark.django_db
def test_what_is_erased_while_a_file_is_made_is_not_in_it():
    contact = ContactFactory(full_name="Joe Bloggs")
    job = request_export(contact_id=contact.pk, through="command")
    late = AtStatement(1, lambda: erase(contact.pk), among=lambda sql: "~*" in sql)  # mentions are looked for last

    with connection.execute_wrapper(late):
        assert not make_export(job.pk, now=NOW)

    assert late.done
    assert not PersonExportPart.objects.exists()
    assert make_export(job.pk, now=NOW)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(bytes(part.content) for part in job.person_export.parts.all())))
    assert "Joe Bloggs" not in text_of(archive, "")


@pytest.mark.django_db
def test_a_file_is_kept_for_a_day_from_when_it_was_made(monkeypatch: pytest.MonkeyPatch):
    clock = iter([1000.0, 1900.0])
    monkeypatch.setattr("crm.personal_data.export_jobs.monotonic", lambda: next(clock))
    job = request_export(contact_id=ContactFactory().pk, through="command")

    assert make_export(job.pk, now=NOW)

    job.refresh_from_db()
    until = dt.datetime(2026, 6, 2, 12, 15, tzinfo=dt.UTC)
    assert (job.started_at, job.finished_at) == (NOW, NOW + dt.timedelta(minutes=15))
    assert (job.person_export.expires_at, job.report["until"]) == (until, until.isoformat())
