"""A text field in which somebody is found while typing; config/static/kith/finder.js offers the list."""

from typing import Any

from django import forms
from django.urls import reverse


class FinderInput(forms.TextInput):
    """
    A text in which somebody is found while typing; what is chosen goes into the hidden field `into`.

    `page` is the page of the admin that answers what a text may mean: {"results": [{"id", "name", …}]}.
    Without JavaScript the form itself finds out who is meant.
    """

    def __init__(self, *, page: str, into: str, placeholder: str) -> None:
        super().__init__(
            {
                "data-kith-into": into,
                "placeholder": placeholder,
                "autocomplete": "off",
                "role": "combobox",
                "class": "kith-input",
            }
        )
        self.page = page

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        return super().build_attrs(base_attrs, extra_attrs) | {"data-kith-finder": reverse(self.page)}
