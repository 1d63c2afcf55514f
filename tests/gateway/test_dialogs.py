"""Pages that are also dialogs: what they answer to htmx, and what to a browser without JavaScript."""

import json
import re

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.template import engines
from django.test import RequestFactory

from gateway.admin import dialog_answer, saved_answer
from tests.factories.community import UserFactory


@pytest.fixture
def asked():
    """Factory of a request, by htmx or by the browser itself."""

    def ask(*, by_htmx: bool) -> HttpRequest:
        request = RequestFactory(headers={"HX-Request": "true"} if by_htmx else {}).get("/admin/somewhere/")
        request.session = {}
        request._messages = FallbackStorage(request)
        return request

    return ask


def test_saved_in_a_dialog_is_an_event_without_content(asked):
    answer = saved_answer(asked(by_htmx=True), "Saved: Zoë’s help.", back="/admin/", undo="/admin/undo/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert json.loads(answer.headers["HX-Trigger"]) == {
        "kith:saved": {"message": "Saved: Zoë’s help.", "undo": "/admin/undo/", "undo_label": "Undo"}
    }


def test_saved_on_a_page_leads_back_with_a_message(asked):
    request = asked(by_htmx=False)

    answer = saved_answer(request, "Saved <b>it</b>.", back="/admin/back/", undo="/admin/undo/?as=%3Ci%3E&list=")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/back/")
    (message,) = map(str, get_messages(request))
    said, _, offer = message.partition(" <form ")
    assert said == "Saved &lt;b&gt;it&lt;/b&gt;."
    token = re.fullmatch(
        r'method="post" action="/admin/undo/\?as=%3Ci%3E&amp;list=" class="kith-undo">'
        r'<input type="hidden" name="csrfmiddlewaretoken" value="(\w{64})">'
        r'<button type="submit" class="kith-link">Undo</button></form>',
        offer,
    )
    assert token
    # The browser that was told may post it, and nobody else.
    post = RequestFactory().post("/admin/undo/", {"csrfmiddlewaretoken": token[1]})
    assert CsrfViewMiddleware(lambda _: None).process_view(post, lambda _: None, (), {}).status_code == 403
    post.COOKIES[settings.CSRF_COOKIE_NAME] = request.META["CSRF_COOKIE"]
    assert CsrfViewMiddleware(lambda _: None).process_view(post, lambda _: None, (), {}) is None


def test_saved_without_an_undo_offers_none(asked):
    request = asked(by_htmx=False)

    saved_answer(request, "Saved <b>it</b>.", back="/admin/back/")

    assert [str(message) for message in get_messages(request)] == ["Saved &lt;b&gt;it&lt;/b&gt;."]


@pytest.mark.django_db
@pytest.mark.parametrize("by_htmx", [True, False])
def test_form_is_a_fragment_in_a_dialog_and_a_page_otherwise(asked, by_htmx):
    request = asked(by_htmx=by_htmx)
    request.user = UserFactory(is_staff=True, is_superuser=True)

    template = engines["django"].from_string(
        "{% extends dialog_base %}{% block dialog_fields %}<input name=why>{% endblock %}"
    )

    page = dialog_answer(request, template, {"title": "Why?"}).render().content.decode()

    assert "Why?" in page
    assert "<input name=why>" in page
    assert ("<html" in page) is not by_htmx
    assert ("hx-post" in page) is by_htmx
