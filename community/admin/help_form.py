"""The form in which staff tell of help: what it asks, what it makes of the answers, and what of them was changed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from community.helping import HELP
from community.models import Channel, HelpRecord, Interaction, Member
from community.newcomers import NewPerson, RefusedPerson, who_has
from community.private_texts import is_hidden, readable_text
from crm.folding import fold
from crm.models import Contact
from crm.permissions import VIEW_ADDRESSES
from crm.search import FoundPerson, find_people
from gateway.admin import FinderInput, MomentField, RemembersWhatItShowed, excerpt
from gateway.items import is_id
from gateway.screen import told as told_of
from gateway.users import name_of_user

MAY_ADD_PEOPLE = "crm.add_contact"
FOUND = 20

RATINGS = [("", "not rated"), *((str(stars), "★" * stars) for stars in range(5, 0, -1))]
DATETIME = "%Y-%m-%dT%H:%M"
SOMEBODY_ELSE = "new"  # whom the form is told to add, although somebody has the address


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class HelpForm(RemembersWhatItShowed, forms.Form):
    """
    Help as somebody tells it. With `person` it is clear who was helped; without, the form asks.

    `record` is the help to edit, `asked` what the help answers; where that is not clear, `waiting` is what the person
    asked and waits for, which the form lets one choose from. What the fields are filled with beforehand is the caller's
    `initial`. Of help to edit only what was changed is told; of new help the form remembers the instant that it showed,
    which its text does not tell to the second, nor in the hour that comes twice.
    """

    person_text = forms.CharField(
        label="Who was helped",
        required=False,
        max_length=320,
        widget=FinderInput(page="admin:crm_contact_find", into="contact", placeholder="Name, handle, e-mail or phone"),
    )
    contact = forms.IntegerField(required=False, widget=forms.HiddenInput)
    new_name = forms.CharField(label="Name", required=False, max_length=255)
    new_email = forms.CharField(label="E-mail", required=False, max_length=320)
    new_phone = forms.CharField(label="Phone", required=False, max_length=320)
    new_handle = forms.CharField(label="Handle", required=False, max_length=255, help_text="on the channel below")
    same_person = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    answers = forms.TypedChoiceField(label="This answers", required=False, coerce=int, empty_value=None)
    question = forms.CharField(label="What was asked", required=False, widget=_area(2))
    answer = forms.CharField(label="Answer", required=False, widget=_area(3))
    topic = forms.CharField(required=False, max_length=100, widget=forms.TextInput({"list": "kith-topics"}))
    channel = forms.ModelChoiceField(
        queryset=Channel.objects.none(),
        empty_label=None,
        error_messages={
            "required": "Choose a channel. Where there is none yet, an administrator adds one, at Channels."
        },
    )
    helper_text = forms.CharField(
        label="Who helped",
        required=False,
        max_length=320,
        widget=FinderInput(page="admin:community_member_find", into="helper", placeholder="me"),
    )
    helper = forms.RegexField(r"^(user|member):\d{1,18}$", required=False, widget=forms.HiddenInput)
    minutes = forms.IntegerField(required=False, min_value=0, max_value=32_767)
    outcome = forms.ChoiceField(choices=HelpRecord.Outcome.choices)
    rating = forms.TypedChoiceField(choices=RATINGS, required=False, coerce=int, empty_value=None)
    occurred_at = MomentField(
        label="When",
        input_formats=[DATETIME, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=DATETIME),
    )
    note = forms.CharField(required=False, widget=_area(2), help_text="for colleagues")

    def __init__(
        self,
        *args: Any,
        request: HttpRequest,
        person: Contact | None,
        record: HelpRecord | None = None,
        asked: Interaction | None = None,
        waiting: Sequence[Interaction] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.person, self.record, self.asked = request, person, record, asked
        self.waiting = {one.pk: one for one in waiting}
        self.new_person: NewPerson | None = None
        self.people: list[Any] = []  # whom the text may mean, when it is not clear
        self.alike: list[FoundPerson] = []  # who has an address of somebody new
        open_channels = Q(archived_at=None)
        if record is not None:
            open_channels |= Q(pk=record.interaction.channel_id)
        self.fields["channel"].queryset = Channel.objects.filter(open_channels).order_by("name")
        if person is not None:
            for name in ("person_text", "contact", "same_person", *self.newcomer_fields):
                del self.fields[name]
        if self.waiting:
            said = [(pk, _told_apart(one, request)) for pk, one in self.waiting.items()]
            self.fields["answers"].choices = [*said, ("", "nothing of this")]
        else:
            del self.fields["answers"]
        if record is not None and record.interaction.kind != HELP:
            for name in ("channel", "occurred_at"):  # those of the answer that it stands on
                del self.fields[name]
        if record is None:
            self.initial = {**self.initial, "occurred_at": self["occurred_at"].showed}
        for name, field in self.fields.items():
            if not field.widget.is_hidden:
                field.widget.attrs |= {"class": "kith-input"}
            if name in self.errors if self.is_bound else False:
                field.widget.attrs |= {"aria-invalid": "true", "aria-describedby": f"error_{name}"}

    def remembers(self, name: str) -> bool:
        return self.record is not None or name == "occurred_at"

    @property
    def of_record(self) -> HelpRecord | None:
        return self.record

    newcomer_fields = ("new_name", "new_email", "new_phone", "new_handle")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "contact" in self.fields:
            self._clean_person(cleaned)
        self._clean_helper(cleaned)
        if cleaned.get("answers"):
            self._clean_answers(cleaned)
        when = cleaned.get("occurred_at")
        if when is not None:
            cleaned["occurred_at"] = self._to_the_second(when)
        return cleaned

    def _clean_answers(self, cleaned: dict[str, Any]) -> None:
        """Let the help answer what was chosen: what is not told of it anew is that of the question."""
        self.asked = self.waiting[cleaned["answers"]]
        if not cleaned.get("question") and not is_hidden(self.asked, may=self.request.user.has_perm):
            cleaned["question"] = self.asked.text
        if not cleaned.get("topic") and self.asked.thread is not None:
            cleaned["topic"] = self.asked.thread.topic

    def _to_the_second(self, when: datetime) -> datetime:
        """Return the second that is known of the minute that the form shows: no answer stands before its question."""
        asked_at = self.asked.occurred_at if self.asked is not None else None
        known = [self.initial["occurred_at"], asked_at]
        in_minute = [at for at in known if at is not None and _minute(at) == _minute(when)]
        if in_minute:
            return in_minute[0]
        second = timezone.localtime(when).replace(fold=1).astimezone(UTC)  # of two, where the hour comes twice
        return second if asked_at is not None and when < asked_at <= second else when

    def _clean_person(self, cleaned: dict[str, Any]) -> None:
        """Find out who was helped: chosen, told in a text that is clear, or new."""
        new = NewPerson(**{name.removeprefix("new_"): cleaned.get(name, "") for name in self.newcomer_fields})
        text = cleaned.get("person_text", "")
        if new.is_given:
            if not self.request.user.has_perm(MAY_ADD_PEOPLE):
                self.add_error("new_name", "You may not add people: choose somebody whom Kith knows.")
            self._clean_newcomer(new, answer=cleaned.get("same_person", ""))
        elif cleaned.get("contact"):
            self.person = Contact.objects.filter(contacts__pk=cleaned["contact"]).first()
            if self.person is None:
                self.add_error("person_text", "This person is not there any more. Choose somebody else.")
        elif text:
            self.people = find_people(text, limit=8, with_addresses=self.request.user.has_perm(VIEW_ADDRESSES))
            if len(self.people) == 1:
                self.person = Contact.objects.get(pk=self.people[0].id)
            elif self.people:
                self.add_error("person_text", "This fits several people. Choose one.")
            else:
                self.add_error("person_text", "Nobody found. Add the person below.")
                self._carry_over(text)
        else:
            self.add_error("person_text", "Say who was helped: choose somebody, or add the person below.")

    def _carry_over(self, text: str) -> None:
        """
        Show what nobody was found by as the name, address or number of somebody new, to be looked at and saved.

        The mark in the field lets the browser empty it when somebody else is chosen after all.
        """
        kind = "email" if "@" in text.strip("@") else "phone" if _is_number(text) else "name"
        name = f"new_{kind}"
        data = self.data.copy()
        data[name] = text
        self.data = data
        self.fields[name].widget.attrs["data-kith-carried"] = True

    def _clean_newcomer(self, new: NewPerson, *, answer: str) -> None:
        """
        Ask whether somebody new is one who has the address already; take that person, or add them all the same.

        Whoever may not see addresses is asked nothing: the question alone would tell that somebody has it.
        """
        self.new_person = new
        if not self.request.user.has_perm(VIEW_ADDRESSES):
            return
        try:
            self.alike = who_has(new)
        except RefusedPerson as refusal:
            self.add_error(FIELD_OF[refusal.field], refusal.message)
            return
        if answer in {str(person.id) for person in self.alike}:
            self.person, self.new_person = Contact.objects.get(pk=int(answer)), None
        elif self.alike and answer != SOMEBODY_ELSE:
            self.add_error("same_person", "Somebody has this address already. Is it the same person?")

    def _clean_helper(self, cleaned: dict[str, Any]) -> None:
        """Turn the helper into columns: chosen, told by an exact name, or me."""
        kind, _, number = (cleaned.get("helper") or "").partition(":")
        text = (cleaned.get("helper_text") or "").strip()
        helper = (kind, int(number)) if number else ("user", self.request.user.pk)
        if text and not number and fold(text) != "me":
            meant = [(one["kind"], one["id"]) for one in helpers_named(text) if fold(text) in one["exactly"]]
            if len(meant) != 1:
                self.add_error("helper_text", "Choose who helped from the list, or leave this empty if it was you.")
            else:
                helper = meant[0]
        cleaned["helper_user_id"] = helper[1] if helper[0] == "user" else None
        cleaned["helper_member_id"] = helper[1] if helper[0] == "member" else None
        model: Any = get_user_model() if helper[0] == "user" else Member
        if not model.objects.filter(pk=helper[1]).exists():
            self.add_error("helper_text", "This helper is not there any more. Choose somebody else.")

    @property
    def newest_known_reply(self) -> int:
        """The highest id among the replies that the form told of, as it was sent; 0 where it told of none."""
        known = self.data.get("newest_known_reply", "")
        return int(known) if is_id(known) else 0

    def told(self) -> dict[str, Any]:
        """Return what was told, by the names that recording and editing take; of help to edit, what was changed."""
        names = ("question", "answer", "topic", "minutes", "outcome", "rating", "note", "occurred_at")
        changed = set(self.fields if self.record is None else self.changed_data)
        told = {name: self.cleaned_data[name] for name in names if name in changed}
        if changed & {"helper", "helper_text"}:
            told |= {name: self.cleaned_data[name] for name in ("helper_user_id", "helper_member_id")}
        if "channel" in changed:
            told["channel_id"] = self.cleaned_data["channel"].pk
        return told


def _minute(at: datetime) -> datetime:
    """Return what the form shows of an instant."""
    return timezone.localtime(at).replace(second=0, microsecond=0, tzinfo=None, fold=0)


FIELD_OF = {"helper": "helper_text", "occurred_at": "occurred_at", "handle": "new_handle"} | {
    name: f"new_{name}" for name in ("name", "email", "phone")
}


def helpers_named(text: str) -> list[dict[str, Any]]:
    """Return who may have helped, colleagues first: `kind`, `id`, `label`, and what they are exactly called."""
    users = get_user_model().objects.filter(is_active=True)
    for word in text.split():  # each in one of the names, so that a whole name is found as well
        users = users.filter(Q(username__reads=word) | Q(first_name__reads=word) | Q(last_name__reads=word))
    found: list[dict[str, Any]] = [
        {
            "kind": "user",
            "id": user.pk,
            "label": name_of_user(user),
            "hint": "colleague",
            "exactly": {fold(user.get_username()), fold(user.get_full_name())},
        }
        for user in users.order_by("username")[:FOUND]
    ]
    people = {person.id: person for person in find_people(text, with_addresses=False)}
    members = (
        Member.objects.filter(contact__person__in=people).select_related("channel", "contact").order_by("pk")[:FOUND]
    )
    by_person: dict[int, list[dict[str, Any]]] = {}
    for member in members:
        person = people[member.contact.person_id or 0]
        by_person.setdefault(person.id, []).append(
            {
                "kind": "member",
                "id": member.pk,
                "label": person.name,
                "hint": f"{member} on {member.channel}",
                "exactly": {fold(member.handle), fold(person.name)},
            }
        )
    return found + [one for person in people for one in by_person.get(person, [])]


def _told_apart(asked: Interaction, request: HttpRequest) -> str:
    """Return what is shown of a question that the help may answer."""
    text = excerpt(readable_text(asked, may=request.user.has_perm), characters=80)
    return f"{told_of(asked.occurred_at)} on {asked.channel}: {text}"


def _is_number(text: str) -> bool:
    """Return whether `text` is a telephone number as people write it, and no name."""
    return sum(sign.isdigit() for sign in text) >= 5 and not any(sign.isalpha() for sign in text)
