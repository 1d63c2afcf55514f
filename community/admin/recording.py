"""Recording help from any page: the form, what it offers first, editing, undoing; as dialogs and as pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format

from community.admin.private_texts import mark_hidden
from community.conversation import Said, author_of, said_around
from community.help_offers import answers_to_mark, topics_in_use, usual_channel
from community.helping import HELP, RefusedHelp, edit_help, record_help, redo_help, undo_help
from community.interaction_kinds import asking_kinds
from community.models import Channel, Handling, HelpRecord, Interaction, Member, Thread
from community.newcomers import NewPerson, RefusedPerson, add_person, who_has
from community.private_texts import is_hidden, readable_text, thread_is_private
from community.waiting import replies_to, unanswered
from crm.contact_points import VIEW_ADDRESSES
from crm.folding import fold
from crm.models import Contact
from crm.search import FoundPerson, find_people
from gateway.admin import FinderInput, MomentField, RemembersWhatItShowed, dialog_answer, excerpt, saved_answer
from gateway.items import is_id
from gateway.users import name_of_user

MAY_RECORD = "community.add_helprecord"
MAY_EDIT = "community.change_helprecord"
MAY_ADD_PEOPLE = "crm.add_contact"
MAY_SEE_SAID = "community.view_interaction"
MAY_SEE_THREADS = "community.view_thread"
FOUND = 20
BEFORE_SHOWN = 4  # messages before a question
REPLIES_SHOWN = 3
WAITING_SHOWN = 20

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
    channel = forms.ModelChoiceField(queryset=Channel.objects.none(), empty_label=None)
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
                self.add_error("person_text", "Several people are meant by this. Choose one.")
            else:
                self.add_error("person_text", "Nobody is found by this. Add the person below.")
        else:
            self.add_error("person_text", "Say who was helped: choose somebody, or add the person below.")

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


class RecordingMixin:
    """Gives the admin of help records the pages on which staff record, edit, undo and redo help."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("record/", wrap(self.record_view), name="community_helprecord_record"),
            path("reply/<int:interaction_id>/", wrap(self.record_view), name="community_interaction_record_help"),
            path("thread/<int:thread_id>/", wrap(self.record_view), name="community_thread_record_help"),
            path("record/<int:contact_id>/", wrap(self.record_view), name="crm_contact_record_help"),
            path("<int:record_id>/edit/", wrap(self.edit_view), name="community_helprecord_edit"),
            path("<int:record_id>/undo/", wrap(self.undo_view), name="community_helprecord_undo"),
            path("<int:record_id>/redo/", wrap(self.redo_view), name="community_helprecord_redo"),
            path("helpers/", wrap(self.helpers_view), name="community_member_find"),
        ]
        return [*own, *super().get_urls()]

    def record_view(
        self,
        request: HttpRequest,
        contact_id: int | None = None,
        interaction_id: int | None = None,
        thread_id: int | None = None,
    ) -> HttpResponse:
        """The form for new help: for a person, for somebody to be named, for what somebody asked, or for a thread."""
        _demand(request, MAY_RECORD)
        if interaction_id is not None or thread_id is not None:  # whose form says what was asked
            _demand(request, MAY_SEE_SAID, *([] if thread_id is None else [MAY_SEE_THREADS]))
        now = timezone.now()
        asked = _asked(interaction_id) if interaction_id is not None else None
        thread = _thread(thread_id, request) if thread_id is not None else None
        if thread is not None:
            asked = _asked_in(thread, now=now)
        person = _person(contact_id) if contact_id is not None else _asker(asked, thread)
        thread = asked.thread if asked is not None else thread
        if request.method == "POST" and is_id(request.POST.get("mark", "")):
            return self._mark(request, person, int(request.POST["mark"]), now, asked=asked, thread=thread)
        waits = _waiting_of(person, request, now=now) if contact_id is not None and person is not None else []
        initial = _known_beforehand(
            request, person=person, asked=asked or next(iter(waits), None), thread=thread, now=now
        )
        if waits:  # the call may be about something else: what they asked is chosen, and not written for them
            initial |= {"answers": waits[0].pk, "question": ""}
        form = HelpForm(
            request.POST or None, request=request, person=person, asked=asked, waiting=waits, initial=initial
        )
        if waits:
            form.fields["question"].widget.attrs["autofocus"] = True  # and not what was chosen above it
        if person and initial.get("question"):
            form.fields["answer"].widget.attrs["autofocus"] = True  # the question is there already
        if request.method == "POST" and form.is_valid():
            record = _tried(form, lambda: _record(form, thread, now))
            if record is not None:
                message = f"Recorded: help for {record.contact}."
                if form.cleaned_data.get("answers") and form.asked is not None:  # it was chosen for them
                    message += f" It answers what they asked on {_shown(form.asked.occurred_at)}."
                return _saved(request, record, message)
        offers = []
        if person and not form.is_bound and request.user.has_perm(MAY_SEE_SAID):
            offers = answers_to_mark(person.pk, may=request.user.has_perm, asked=asked, thread=thread)
        title = f"Record help for {person}" if person else "Record help"
        shown = form.asked or (None if form.is_bound else next(iter(waits), None))
        since = _since_asked(shown, request)
        return self._answer(request, form, title=title, offers=offers, asked=form.asked, since=since)

    def edit_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """The same form for help that is recorded."""
        _demand(request, MAY_EDIT)
        record = _record_of(record_id, request)
        initial = {
            **{
                name: getattr(record, name)
                for name in ("question", "answer", "topic", "minutes", "outcome", "rating", "note")
            },
            "channel": record.interaction.channel_id,
            "occurred_at": record.interaction.occurred_at,
            "helper": f"user:{record.helper_user_id}" if record.helper_user_id else f"member:{record.helper_member_id}",
            "helper_text": str(record.helper_member or record.helper_user),
        }
        form = HelpForm(request.POST or None, request=request, person=record.contact, record=record, initial=initial)
        if request.method == "POST" and form.is_valid():
            edited = _tried(
                form,
                lambda: edit_help(record.pk, changes=form.told(), by_user_id=request.user.pk, now=timezone.now()),
            )
            if edited is not None:
                return _saved(request, edited, f"Saved: help for {edited.contact}.", undo=False)
        return self._answer(request, form, title=f"Edit help for {record.contact}", record=record)

    def undo_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """Take help out of every figure, by POST; a plain GET asks first."""
        _demand(request, MAY_EDIT)
        record = _record_of(record_id, request)
        if request.method != "POST":
            return self._confirm(request, record, verb="Undo help", says="It stays on record and counts nowhere.")
        undo_help(record.pk, now=timezone.now())
        again = reverse("admin:community_helprecord_redo", args=[record.pk])
        return saved_answer(
            request, f"Undone: help for {record.contact}.", back=_page_of(record), undo=again, undo_label="Redo"
        )

    def redo_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """Take an undo back, by POST; a plain GET asks first."""
        _demand(request, MAY_EDIT)
        record = _record_of(record_id, request)
        if request.method != "POST":
            return self._confirm(request, record, verb="Redo help", says="It counts again as it did.")
        try:
            redo_help(record.pk)
        except RefusedHelp as refusal:
            return saved_answer(request, refusal.message, back=_page_of(record))
        return _saved(request, record, f"Recorded again: help for {record.contact}.")

    def helpers_view(self, request: HttpRequest) -> JsonResponse:
        """Answer `{"results": […]}`: colleagues and members that `?q=` may mean."""
        _demand(request, MAY_RECORD)
        text = request.GET.get("q", "").strip()[:320]
        results = [
            {"id": f"{one['kind']}:{one['id']}", "name": one["label"], "hint": one["hint"]}
            for one in (helpers_named(text) if text else [])
        ]
        return JsonResponse({"results": results})

    def _mark(
        self,
        request: HttpRequest,
        person: Contact | None,
        interaction_id: int,
        now: datetime,
        *,
        asked: Interaction | None,
        thread: Thread | None,
    ) -> HttpResponse:
        _demand(request, MAY_SEE_SAID)
        if person is None:
            raise Http404
        offers = answers_to_mark(person.pk, may=request.user.has_perm, asked=asked, thread=thread)
        if interaction_id not in {offer.interaction_id for offer in offers}:
            return saved_answer(request, "This answer is help already, or not there any more.", back=_page(person))
        channel_id = Interaction.objects.values_list("channel_id", flat=True).get(pk=interaction_id)
        record = record_help(
            contact_id=person.pk,
            channel_id=channel_id,
            interaction_id=interaction_id,
            occurred_at=now,
            outcome=HelpRecord.Outcome.HELPED,
            recorded_by_id=request.user.pk,
            now=now,
        )
        return _saved(request, record, f"Marked as help for {person}.")

    def _answer(self, request: HttpRequest, form: HelpForm, *, title: str, **context: Any) -> HttpResponse:
        asked = context.get("asked")
        return dialog_answer(
            request,
            "community/admin/record_help.html",
            {
                "title": title,
                "verb": "Save help",
                "form": form,
                "topics": topics_in_use(),
                "zone": settings.KITH_TIME_ZONE,
                "before": _said_before(asked, request) if asked else [],
                "asked_text": readable_text(asked, may=request.user.has_perm) if asked else "",
                "back": _page(form.person) if form.person else reverse("admin:crm_contact_changelist"),
                "may_add": request.user.has_perm(MAY_ADD_PEOPLE),
                **context,
            },
        )

    def _confirm(self, request: HttpRequest, record: HelpRecord, *, verb: str, says: str) -> HttpResponse:
        context = {"title": f"{verb} for {record.contact}", "verb": verb, "says": says, "back": _page_of(record)}
        return dialog_answer(request, "community/admin/confirm_help.html", context)


def _demand(request: HttpRequest, *permissions: str) -> None:
    if not request.user.has_perms(("crm.view_contact", *permissions)):
        raise PermissionDenied


def _person(contact_id: int) -> Contact:
    """Return the person that a record belongs to: whoever was merged leads to the survivor."""
    person = Contact.objects.filter(contacts__pk=contact_id).first()
    if person is None:
        raise Http404("There is no such contact.")
    return person


def _asked(interaction_id: int) -> Interaction:
    asked = Interaction.objects.counted().select_related("thread", "member").filter(pk=interaction_id).first()
    if asked is None:
        raise Http404("What was asked is not there any more.")
    return asked


def _thread(thread_id: int, request: HttpRequest) -> Thread:
    threads = mark_hidden(Thread.objects.select_related("opened_by"), request, privacy=thread_is_private())
    thread = threads.filter(pk=thread_id).first()
    if thread is None:
        raise Http404("There is no such thread.")
    return thread


def _asked_in(thread: Thread, *, now: datetime) -> Interaction | None:
    """Return what to answer in a thread: the oldest question there that waits for a reply, else the first of all."""
    said = Interaction.objects.counted().select_related("thread", "member").filter(thread=thread)
    questions = said.filter(kind__in=asking_kinds()).order_by("occurred_at", "pk")
    waits = questions.filter(pk__in=unanswered(now=now).filter(thread=thread).values("pk"))
    return waits.first() or questions.first()


def _waiting_of(person: Contact, request: HttpRequest, *, now: datetime) -> list[Interaction]:
    """
    Return what the person asked and waits for, the oldest first; with what the form was sent with, although it may have
    been answered since.
    """
    if not request.user.has_perm(MAY_SEE_SAID):
        return []
    waits = unanswered(now=now).filter(person=person.pk, handling__dismissed_at=None).order_by("occurred_at", "pk")
    ids = list(waits.values_list("pk", flat=True)[:WAITING_SHOWN])
    if is_id(request.POST.get("answers", "")):
        ids.append(int(request.POST["answers"]))
    asks = Interaction.objects.counted().filter(pk__in=ids, member__contact__person=person)
    return list(asks.select_related("channel", "thread", "member").order_by("occurred_at", "pk"))


def _told_apart(asked: Interaction, request: HttpRequest) -> str:
    """Return what is shown of a question that the help may answer."""
    text = excerpt(readable_text(asked, may=request.user.has_perm), characters=80)
    return f"{_shown(asked.occurred_at)} on {asked.channel}: {text}"


@dataclass(frozen=True, kw_only=True)
class SinceAsked:
    """What colleagues and others did about a question: sentences, the latest replies, and the highest id of all."""

    notes: list[str]
    replies: list[dict[str, Any]]
    newest: int


def _since_asked(asked: Interaction | None, request: HttpRequest) -> SinceAsked | None:
    """Return who takes care of what was asked, and who replied to it so far. Two queries."""
    if asked is None:
        return None
    notes = []
    held = Handling.objects.filter(interaction=asked).select_related("assignee", "dismissed_by").first()
    if held is not None and held.assignee is not None and held.assignee != request.user:
        notes.append(f"{name_of_user(held.assignee)} takes care of this since {_shown(held.assigned_at)}.")
    if held is not None and held.dismissed_at is not None:
        who = f"{name_of_user(held.dismissed_by)} said" if held.dismissed_by else "Somebody said"
        notes.append(f"{who} on {_shown(held.dismissed_at)} that it needs no reply: {held.dismiss_reason}")
    replies = replies_to(asked.pk)
    latest = replies.select_related("member__contact__person", "user", "channel").order_by("-occurred_at", "-pk")
    return SinceAsked(
        notes=notes,
        replies=[
            {
                "by": author_of(one),
                "channel": str(one.channel),
                "at": one.occurred_at,
                "text": readable_text(one, may=request.user.has_perm),
            }
            for one in latest[:REPLIES_SHOWN]
        ][::-1],
        newest=replies.aggregate(newest=Max("pk"))["newest"] or 0,
    )


def _said_before(asked: Interaction, request: HttpRequest) -> list[Said]:
    """Return the last few things that were said before a question, oldest first."""
    talk = said_around([asked.pk], before=BEFORE_SHOWN + 1, after=0, may=request.user.has_perm)[asked.pk]
    return [said for said in talk if said.id != asked.pk]


def _shown(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i")


def _known_beforehand(
    request: HttpRequest, *, person: Contact | None, asked: Interaction | None, thread: Thread | None, now: datetime
) -> dict[str, Any]:
    """Return what the form is filled with: me, now, and what the question, the thread or the person tells."""
    told: dict[str, Any] = {"occurred_at": now, "outcome": HelpRecord.Outcome.SOLVED}
    if thread is not None:
        told |= {
            "channel": thread.channel_id,
            "question": "" if thread.is_hidden else thread.title,
            "topic": thread.topic,
        }
    if asked is not None:
        hidden = is_hidden(asked, may=request.user.has_perm)
        told |= {"channel": asked.channel_id, "question": "" if hidden else asked.text}
    if "channel" not in told:
        told["channel"] = usual_channel(person.pk if person else None, user_id=request.user.pk)
    return told


def _asker(asked: Interaction | None, thread: Thread | None = None) -> Contact | None:
    """Return who asked; where nobody did, who opened the thread."""
    member = asked.member if asked else thread and thread.opened_by
    return _person(member.contact_id) if member else None


def _record_of(record_id: int, request: HttpRequest) -> HelpRecord:
    related = ("interaction__channel", "contact", "helper_member", "helper_user")
    record = HelpRecord.objects.select_related(*related).filter(pk=record_id).first()
    if record is None:
        raise Http404("There is no such help record.")
    if is_hidden(record.interaction, may=request.user.has_perm):
        raise PermissionDenied
    return record


def _record(form: HelpForm, thread: Thread | None, now: datetime) -> HelpRecord:
    """Write what the form tells: the person too where they are new, all or nothing."""
    told = form.told()
    with transaction.atomic():
        person = form.person
        if form.new_person is not None:
            person = add_person(form.new_person, channel_id=told["channel_id"], owner_id=form.request.user.pk)
        assert person is not None  # the form asks until it knows
        return record_help(
            **told,
            contact_id=person.pk,
            reply_to_id=form.asked.pk if form.asked else None,
            thread_id=thread.pk if thread else None,
            recorded_by_id=form.request.user.pk,
            newest_known_reply=form.newest_known_reply,
            now=now,
        )


def _tried(form: HelpForm, act: Any) -> HelpRecord | None:
    """Return what `act` wrote; what it refuses stands beside its field."""
    try:
        return act()
    except (RefusedHelp, RefusedPerson) as refusal:
        field = FIELD_OF.get(refusal.field or "")
        form.add_error(field if field in form.fields else None, refusal.message)
        return None


def _saved(request: HttpRequest, record: HelpRecord, message: str, *, undo: bool = True) -> HttpResponse:
    may_undo = undo and request.user.has_perm(MAY_EDIT)
    address = reverse("admin:community_helprecord_undo", args=[record.pk]) if may_undo else ""
    edit = reverse("admin:community_helprecord_edit", args=[record.pk]) if request.user.has_perm(MAY_EDIT) else ""
    return saved_answer(request, message, back=_page_of(record), undo=address, edit=edit)


def _page_of(record: HelpRecord) -> str:
    return reverse("admin:crm_contact_change", args=[record.contact.person_id])


def _page(person: Contact) -> str:
    return reverse("admin:crm_contact_change", args=[person.pk])
