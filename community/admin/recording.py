"""Recording help from any page: what is offered first, saving, editing, undoing; as dialogs and as pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from community.admin.help_form import FIELD_OF, MAY_ADD_PEOPLE, HelpForm, helpers_named
from community.admin.private_texts import mark_hidden
from community.conversation import Said, author_of, said_around
from community.help_offers import answers_to_mark, topics_in_use, usual_channel
from community.helping import RefusedHelp, edit_help, record_help, redo_help, undo_help
from community.interaction_kinds import asking_kinds
from community.models import Handling, HelpRecord, Interaction, Thread
from community.newcomers import NoNewcomer, RefusedPerson, add_person, came_with_it_alone, take_newcomer_away
from community.private_texts import is_hidden, readable_text, thread_is_private
from community.waiting import replies_to, unanswered
from crm.admin.contact_page import page_of, person_of
from crm.admin.quick_forms import SLIP
from crm.models import Contact
from gateway.admin import dialog_answer, saved_answer
from gateway.items import is_id
from gateway.screen import told as told_of
from gateway.users import name_of_user

MAY_RECORD = "community.add_helprecord"
MAY_EDIT = "community.change_helprecord"
MAY_SEE_SAID = "community.view_interaction"
MAY_SEE_THREADS = "community.view_thread"
BEFORE_SHOWN = 4  # messages before a question
REPLIES_SHOWN = 3
WAITING_SHOWN = 20


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
            path("<int:record_id>/newcomer/", wrap(self.newcomer_view), name="community_helprecord_newcomer"),
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
        person = person_of(contact_id) if contact_id is not None else _asker(asked, thread)
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
                    message += f" It answers what they asked on {told_of(form.asked.occurred_at)}."
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
            "helper_text": str(record.helper_member or name_of_user(record.helper_user)),
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
        may_go = _may_take_away(record, request) and came_with_it_alone(record.pk)
        return saved_answer(
            request,
            f"Undone: help for {record.contact}.",
            back=_page_of(record),
            undo=reverse("admin:community_helprecord_redo", args=[record.pk]),
            undo_label="Redo",
            edit=reverse("admin:community_helprecord_newcomer", args=[record.pk]) if may_go else "",
            edit_label="Take the person away too…",
        )

    def newcomer_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """Take away who was added by mistake with help that was undone; a plain GET asks first."""
        _demand(request, MAY_EDIT)
        record = _record_of(record_id, request)
        if not _may_take_away(record, request):
            raise PermissionDenied
        if request.method != "POST":
            says = "They were added with this help, and nothing else is known of them. The help goes with them."
            return self._confirm(request, record, verb="Take away", says=says, title=f"Take {record.contact} away")
        try:
            name = take_newcomer_away(record.pk, now=timezone.now())
        except NoNewcomer as refusal:
            return saved_answer(request, refusal.message, back=_page_of(record))
        return saved_answer(request, f"Taken away: {name}.", back=reverse("admin:crm_contact_changelist"))

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
            return saved_answer(request, "This answer is help already, or not there any more.", back=page_of(person.pk))
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
                "back": page_of(form.person.pk) if form.person else reverse("admin:crm_contact_changelist"),
                "may_add": request.user.has_perm(MAY_ADD_PEOPLE),
                **context,
            },
        )

    def _confirm(
        self, request: HttpRequest, record: HelpRecord, *, verb: str, says: str, title: str = ""
    ) -> HttpResponse:
        title = title or f"{verb} for {record.contact}"
        context = {"title": title, "verb": verb, "says": says, "back": _page_of(record)}
        return dialog_answer(request, "community/admin/confirm_help.html", context)


def _demand(request: HttpRequest, *permissions: str) -> None:
    if not request.user.has_perms(("crm.view_contact", *permissions)):
        raise PermissionDenied


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
        notes.append(f"{name_of_user(held.assignee)} takes care of this since {told_of(held.assigned_at)}.")
    if held is not None and held.dismissed_at is not None:
        who = f"{name_of_user(held.dismissed_by)} said" if held.dismissed_by else "Somebody said"
        notes.append(f"{who} on {told_of(held.dismissed_at)} that it needs no reply: {held.dismiss_reason}")
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
    return person_of(member.contact_id) if member else None


def _record_of(record_id: int, request: HttpRequest) -> HelpRecord:
    related = ("interaction__channel", "contact", "helper_member", "helper_user")
    record = HelpRecord.objects.select_related(*related).filter(pk=record_id).first()
    if record is None:
        raise Http404("There is no such help record.")
    if is_hidden(record.interaction, may=request.user.has_perm):
        raise PermissionDenied
    return record


def _may_take_away(record: HelpRecord, request: HttpRequest) -> bool:
    """Whether the user may delete any contact, or recorded this a short while ago."""
    if request.user.has_perm("crm.delete_contact"):
        return True
    return record.recorded_by_id == request.user.pk and timezone.now() - record.created_at <= SLIP


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
    return page_of(record.contact.person_id)
