"""
A person with a word of its own in every field that can hold one: generated from the schema.

For every declared way from a model to a person there is a row, and in every text field of it that an erasure
does not keep, a token that stands nowhere else; each row is then changed once, so that the first tokens are
in its history only. A heading, which stays, has the person's name in it instead. An export gives what an erasure
keeps as well: for it, those fields have tokens too. In every place where other people write, the person's name,
address and handle are mentioned.
A new model or field is covered by being declared, or fails here.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from itertools import count
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import connection, models
from psycopg.types.range import DateRange

from community.models import Channel, Interaction, Member, Thread
from crm.models import Contact, Conversion, PersonExport
from crm.personal_data.declarations import Heading, Kept, Pseudonym
from crm.personal_data.rows import PersonRows
from crm.personal_data.schema import (
    declaration_of,
    personal_models,
    stored_models,
    text_fields,
    tracked_model,
    ways_of,
)
from jobs.models import Job
from tests.factories.community import ChannelFactory, InteractionFactory, MemberFactory, ThreadFactory, UserFactory
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory, EmailFactory

AT = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
NAME = "Kanarieuvogel Zanglust"
EMAIL = "kanarieaddress@vogel.example"
HANDLE = "kanarie_handle"
TOKEN = len("kanarie00001x")  # characters

# What a row needs beside its way and its tokens so that the database takes it.
NEEDED: dict[str, dict[str, Any]] = {
    "crm.ContactPoint": {"kind": "email", "verified_at": AT},
    "crm.Conversion": {
        "kind_id": "purchase",
        "currency": "EUR",
        "amount": Decimal("10"),
        "voided_at": AT,
        "source": "shop",
        "refund_of_source": None,
        "refund_of_external_id": None,
    },
    "community.Interaction": {"kind": "question", "occurred_at": AT, "retracted_at": AT},
    "crm.DuplicateSuggestion": {"state": "different"},  # what is open is told with its reasons, which are no words here
    "community.Handling": {"dismissed_at": AT},
    "community.Cost": {"currency": "EUR", "amount": Decimal("10"), "voided_at": AT, "source": "ads"},
}
# What somebody or something is called, or a code: nobody writes of others there. Every other column is searched.
NOT_WRITTEN = {
    *(("crm.Contact", name) for name in ("full_name", "preferred_name", "known_as", "search_text")),
    *(("crm.Contact", name) for name in ("language", "country", "time_zone")),
    *(("crm.ContactPoint", name) for name in ("raw", "normalised", "verified_by")),
    *((f"crm.{model}", name) for model in ("ContactRef", "Note", "FollowUp") for name in ("source", "external_id")),
    *(("crm.Consent", name) for name in ("purpose", "channel")),
    *((model, "utm_campaign") for model in ("crm.Conversion", "community.Interaction")),
    ("crm.Conversion", "order_number"),
    ("crm.DuplicateSuggestion", "reasons"),  # rules, and which of the two's own addresses they go by
    ("crm.PersonExportPart", "content"),  # gone after a day
    ("community.Member", "handle"),
    ("community.Interaction", "language"),
}
SHORT = {"country"}  # no room for a token: tests/crm/personal_data/test_erasing.py looks for what it says
BOOKKEEPING = {"person", "merged_into", "erased_at"}


@dataclass
class Canary:
    """
    The person, and every token with the place it was put: model, way and field; `latest` are today's.

    `in_kept`: tokens are put into fields that an erasure keeps, too.
    """

    contacts: list[int]
    in_kept: bool = False
    tokens: dict[str, str] = field(default_factory=dict)
    latest: set[str] = field(default_factory=set)
    word: str = "kanarie"
    numbers: Any = field(default_factory=lambda: count(1))

    def token(self, place: str) -> str:
        token = f"{self.word}{next(self.numbers):05d}x"
        self.tokens[token] = place
        return token

    def found_in(self, text: str) -> list[str]:
        """Return where the tokens were put that stand in `text`, in whatever case, with the line."""
        lines = [line for line in text.splitlines() if "kanarie" in line.lower()]
        return [
            f"{place}: {line[:300]}"
            for token, place in self.tokens.items()
            for line in lines
            if token.lower() in line.lower()
        ]

    def missing_from(self, text: str, *, but: set[str] = frozenset()) -> list[str]:
        """Return where today's tokens were put that do not stand in `text`."""
        return [self.tokens[token] for token in sorted(self.latest - but) if token not in text]


def hatch(*, in_kept: bool = False) -> Canary:
    """Make the person: two records, one merged into the other, with rows in every model."""
    ContactFactory(full_name="Somebody Before")  # of a pair of possible duplicates the lower id comes first
    survivor = ContactFactory(full_name=NAME)
    merged = ContactFactory(full_name=f"{NAME} Merged")
    EmailFactory(contact=survivor, raw=EMAIL)
    Contact.objects.filter(pk=merged.pk).update(merged_into=survivor)
    canary = Canary([survivor.pk, merged.pk], in_kept)
    canary.tokens |= {NAME: "crm.Contact.full_name", EMAIL: "crm.ContactPoint.raw", HANDLE: "community.Member.handle"}
    channel = ChannelFactory()
    mine = {
        Contact: survivor,
        Channel: channel,
        Member: MemberFactory(channel=channel, contact=merged, handle=HANDLE),
        Conversion: ConversionFactory(contact=survivor, external_id=canary.token("crm.Conversion.external_id")),
    }
    mine[Interaction] = InteractionFactory(channel=channel, member=mine[Member], external_id=canary.token("asked"))
    mine[Thread] = ThreadFactory(channel=channel, opened_by=mine[Member], external_id=canary.token("opened"))
    mine[PersonExport] = PersonExport.objects.create(job=Job.objects.create(kind="export_person"), person=survivor)
    for model in personal_models():
        declared = declaration_of(model)
        if tracked_model(model) is not None or declared is None:
            continue
        for name, way in ways_of(model).items():
            if isinstance(way, str):
                _lay(canary, model, way, mine)
            elif name == "refund":
                _lay_refund(canary, mine[Conversion])
            elif model is LogEntry:
                _log(canary, survivor)
    return canary


def hatch_unneeded() -> tuple[int, Canary]:
    """Make a person whom no fact needs, so that the record can be deleted: all that goes with it has tokens."""
    ContactFactory(full_name="Somebody Before")
    contact = ContactFactory(full_name=NAME)
    canary = Canary([contact.pk], tokens={NAME: "crm.Contact.full_name"})
    for model in personal_models():
        leads = {way for way in ways_of(model).values() if isinstance(way, str)}
        if tracked_model(model) is None and model is not Conversion:
            for way in leads & {"pk", "contact"}:
                relation = None if way == "pk" else model._meta.get_field(way)
                if relation is None or relation.remote_field.on_delete is models.CASCADE:
                    _lay(canary, model, way, {Contact: contact})
    _log(canary, contact)
    return contact.pk, canary


def mention() -> None:
    """Mention the canary in every column that can hold words, in rows that are somebody else's."""
    strangers = PersonRows(list(Contact.objects.filter(full_name__startswith=NAME).values_list("pk", flat=True)))
    _strangers()
    for model in stored_models():
        columns = [column for column in text_fields(model) if _is_written(model, column)]
        if not columns:
            continue
        own = strangers.of(model) if ways_of(model) else []
        rows = model._default_manager.exclude(pk__in=own)
        written = rows.exclude(**{columns[-1].name: _empty(columns[-1])})
        pk = (written if written.exists() else rows).values_list("pk", flat=True).first()
        assert pk is not None, f"Lay a row of {model._meta.label} for somebody else: see _strangers()."
        model._default_manager.filter(pk=pk).update(**{column.name: _worded(column) for column in columns})
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["note"] = f"Saved {NAME}."
    session.save()


def _is_written(model: type[models.Model], column: models.Field) -> bool:
    """Whether people may write of others there: unless it is said why not, they may."""
    declared = declaration_of(model)
    is_kept = isinstance(declared.fields.get(column.name), (Kept, Pseudonym))
    return not (is_kept or column.choices or column.is_relation or (declared.key, column.name) in NOT_WRITTEN)


def _empty(column: models.Field) -> Any:
    return {models.JSONField: {}, ArrayField: []}.get(type(column), "")


def dump() -> str:
    """Return everything in the database as text, every table of it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL bytea_output = 'escape'")  # letters in bytes show as letters
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        parts = []
        for table in tables:
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                rows = b"".join(bytes(piece) for piece in copy).decode()
            parts += [f"{table} {row}" for row in rows.splitlines()]
    assert len(tables) >= len(stored_models())
    return "\n".join(parts)


def _worded(column: models.Field) -> Any:
    words = f"Ask {NAME}, <{EMAIL}> or @{HANDLE}."
    if isinstance(column, models.JSONField):
        return {"note": words}
    if isinstance(column, ArrayField):
        return [NAME, f'of "{HANDLE}"', HANDLE]
    if column.name == "url":
        return f"https://vogel.example/u/{HANDLE}/kanarieuvogel-zanglust?for={EMAIL.replace('@', '%40')}"
    return words if column.max_length is None or len(words) <= column.max_length else NAME


def _value(column: models.Field, token: str) -> Any:
    if isinstance(column, models.JSONField):
        return {"note": token}
    if isinstance(column, ArrayField):
        return [token]
    if isinstance(column, models.BinaryField):
        return token.encode()
    if isinstance(column, models.URLField) or column.name == "url":
        return f"https://vogel.example/{token}"
    return token


def _filler(column: models.Field, number: int) -> Any:
    if column.choices:
        return column.choices[0][0]
    if isinstance(column, models.DateTimeField):
        return AT
    if isinstance(column, DateRangeField):
        return DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1))
    if isinstance(column, models.DateField):
        return AT.date()
    if isinstance(column, models.BooleanField):
        return False
    if isinstance(column, (models.IntegerField, models.DecimalField)):
        return number
    return f"filler-{number}"


def _other(target: type[models.Model], mine: dict[type[models.Model], Any]) -> Any:
    """Return a row of somebody else, or of nobody, for a relation that is required and not the way."""
    makers = {
        Contact: ContactFactory,
        Member: MemberFactory,
        Channel: lambda: mine[Channel],
        Interaction: lambda: InteractionFactory(channel=mine[Channel]),
        Conversion: ConversionFactory,
        Job: lambda: Job.objects.create(kind="canary"),
    }
    return UserFactory() if target._meta.label == "auth.User" else makers[target]()


def _interaction(way: str, mine: dict[type[models.Model], Any]) -> Interaction:
    """Return an interaction that leads to the person by this relation of its own."""
    who = mine[Interaction._meta.get_field(way).related_model]
    return InteractionFactory(**{"channel": mine[Channel], "member": None, way: who})


def tokened(canary: Canary, model: type[models.Model]) -> list[models.Field]:
    """Return the text fields of `model` that get a token; of those that an erasure keeps, which can hold one."""
    declared, needed = declaration_of(model), NEEDED.get(model._meta.label, {})

    def gets_one(column: models.Field) -> bool:
        if column.name in SHORT:
            return False
        if isinstance(declared.fields.get(column.name), (Kept, Heading)):
            has_room = column.max_length is None or column.max_length >= TOKEN
            return canary.in_kept and has_room and needed.get(column.name, "") is not None
        return column.name not in needed

    return [
        column for column in text_fields(model) if not column.choices and not column.is_relation and gets_one(column)
    ]


def _lay(canary: Canary, model: type[models.Model], way: str, mine: dict[type[models.Model], Any]) -> None:
    declared = declaration_of(model)
    needed = NEEDED.get(model._meta.label, {})
    only = next((fields for name, fields in declared.only.items() if declared.reach[name] == way), None)
    # With `only`, the rest of the row is about somebody else.
    columns = [column for column in tokened(canary, model) if only is None or column.name in only]
    if declared.rows == "keep" or model is PersonExport:
        assert columns == [], f"{model._meta.label} is kept, and holds words"
        return
    place = f"{model._meta.label} by {way}"
    if way == "pk":
        for pk in canary.contacts:
            _retoken(canary, model, pk, columns, place, skip={"full_name", "known_as", "search_text"})
        return
    first = way.split("__")[0]
    number = next(canary.numbers)
    values: dict[str, Any] = {}
    for column in model._meta.concrete_fields:
        if column.primary_key or column.name in BOOKKEEPING:
            continue
        if column.name == first and column.related_model is Interaction:
            values[column.name] = _interaction(way.split("__")[1], mine)
        elif column.name == first:
            values[column.name] = mine[column.related_model]
        elif column.is_relation and not column.null:
            values[column.name] = _other(column.related_model, mine)
        elif column in columns:
            values[column.name] = _value(column, canary.token(f"{place}: {column.name}"))
        elif isinstance(declared.fields.get(column.name), Heading):
            values[column.name] = f"What {NAME} asks"
        elif not column.null and not column.has_default() and column.db_default is models.NOT_PROVIDED:
            values[column.name] = _filler(column, number)
    values |= needed
    if model._meta.label == "crm.DuplicateSuggestion" and first == "second":
        values["first"] = Contact.objects.order_by("pk").first()
    if model._meta.label == "community.HelpRecord" and first != "helper_member":
        values["helper_user"] = UserFactory()
    row = model._default_manager.create(**values)
    _retoken(canary, model, row.pk, columns, place)


def _retoken(
    canary: Canary,
    model: type[models.Model],
    pk: int,
    columns: list[models.Field],
    place: str,
    skip: set[str] = frozenset(),
) -> None:
    """Change every word of the row twice: what it said before is now in its history."""
    for is_last in (False, True):
        tokens = {column: canary.token(f"{place}: {column.name}") for column in columns if column.name not in skip}
        if tokens:
            values = {column.name: _value(column, token) for column, token in tokens.items()}
            model._default_manager.filter(pk=pk).update(**values)
        if is_last:
            canary.latest |= set(tokens.values())


def _lay_refund(canary: Canary, original: Conversion) -> None:
    refund = Conversion.objects.create(
        source="shop",
        external_id=canary.token("refund"),
        refund_of_source=original.source,
        refund_of_external_id=original.external_id,
        occurred_at=AT,
        amount=Decimal("1"),
        voided_at=AT,
    )
    _retoken(canary, Conversion, refund.pk, tokened(canary, Conversion), "crm.Conversion by refund")


def _log(canary: Canary, contact: Contact) -> None:
    LogEntry.objects.create(
        user=UserFactory(),
        content_type=ContentType.objects.get_for_model(Contact),
        object_id=str(contact.pk),
        object_repr=canary.token("admin.LogEntry: object_repr"),
        action_flag=CHANGE,
        change_message=canary.token("admin.LogEntry: change_message"),
    )


def _strangers() -> None:
    """Lay a row of somebody else, with history, wherever people write."""
    import pghistory

    channel = ChannelFactory()
    CampaignFactory()
    Job.objects.create(kind="canary")
    stranger = ContactFactory(full_name="Somebody Else")
    mine = {
        Contact: stranger,
        Channel: channel,
        Member: MemberFactory(channel=channel, contact=stranger),
        Conversion: ConversionFactory(contact=stranger),
    }
    mine[PersonExport] = PersonExport.objects.create(job=Job.objects.create(kind="export_person"), person=stranger)
    with pghistory.context(note="a change"):
        scratch = Canary([stranger.pk], word="stranger")
        for model in personal_models():
            if tracked_model(model) is None:
                for way in ways_of(model).values():
                    if isinstance(way, str):
                        _lay(scratch, model, way, mine)
        _log(scratch, stranger)
