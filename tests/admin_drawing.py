"""What spares tests of the admin what they do not look at: what stands around pages, pages, and looking up who asks."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib import admin, auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import engines
from django.template.loader import get_template
from django.template.response import SimpleTemplateResponse


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave pages empty: no templates, no panels, no menu."""

    def draw(response: SimpleTemplateResponse) -> SimpleTemplateResponse:
        response.content = b""
        return response

    monkeypatch.setattr(SimpleTemplateResponse, "render", draw)
    monkeypatch.setattr("gateway.admin.page_panels.panels_for", lambda *_, **__: [])


_frames = pytest.MonkeyPatch()  # what leaves them out
OWN = (
    "<html><title>{% block title %}{% endblock %}</title>{% block extrahead %}{% endblock %}"
    "{% block content_title %}{{ title }}{% endblock %}"
    '{% include "unfold/helpers/messages.html" %}{% block content %}{% endblock %}</html>'
)


def leave_out_frames() -> None:
    """Draw of each page what is its own, without what stands around it on every page: a third of what drawing takes."""
    frame = get_template("unfold/layouts/skeleton.html").template
    own = engines["django"].from_string(OWN).template
    _frames.setattr(frame, "nodelist", own.nodelist)
    _frames.setattr(admin.site.__class__, "each_context", lambda site, request: {})


@pytest.fixture
def whole_pages() -> Iterator[None]:
    """Draw pages with the head and the menu that stand around them."""
    _frames.undo()
    yield
    leave_out_frames()


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look up once in a test who somebody is and what they may do: thousands of requests are made by a few people."""
    remember_people(monkeypatch)


def remember_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look up once, until the patch is undone, who somebody is and what they may do."""
    found: dict[str | None, AbstractBaseUser | AnonymousUser] = {}

    def get_user(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if session not in found:
            found[session] = auth.get_user(request)
        return found[session]

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", get_user)
