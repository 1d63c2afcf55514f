"""What tests of the admin's pages share."""

import pytest
from django.contrib import admin
from django.template.response import SimpleTemplateResponse


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave pages empty: no templates, no panels, no menu."""

    def draw(response: SimpleTemplateResponse) -> SimpleTemplateResponse:
        response.content = b""
        return response

    monkeypatch.setattr(SimpleTemplateResponse, "render", draw)
    monkeypatch.setattr("gateway.admin.page_panels.panels_for", lambda *_, **__: [])
    monkeypatch.setattr(admin.site, "each_context", lambda request: {})
