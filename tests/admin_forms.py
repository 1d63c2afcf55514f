"""Sending a form of the admin back as a browser would: with everything it showed, but for what is changed."""

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from gateway.admin.remembering import ShownField


def posted(page: HttpResponse, **changes: object) -> dict[str, object]:
    """Return the data of the form on `page`, inlines included, with `changes` over it."""
    data: dict[str, object] = {}
    with timezone.override(settings.KITH_TIME_ZONE):  # as the admin shows times
        _collect(page.context["adminform"].form, data)
        for inline in page.context["inline_admin_formsets"]:
            _collect(inline.formset.management_form, data)
            for form in inline.formset.initial_forms:
                _collect(form, data)
    data.update(changes)
    return data


def sent_by(form: forms.BaseForm, **changes: object) -> dict[str, object]:
    """Return what a browser sends of one form, such as that of a dialog, with `changes` over it."""
    data: dict[str, object] = {}
    with timezone.override(settings.KITH_TIME_ZONE):
        _collect(form, data)
    return data | changes


def added(page: HttpResponse, prefix: str, index: int, **values: object) -> dict[str, object]:
    """Return what a person adds in a row of an inline: its fields, and the count of rows."""
    (formset,) = (inline.formset for inline in page.context["inline_admin_formsets"] if inline.formset.prefix == prefix)
    total = max(index + 1, formset.total_form_count())
    return {f"{prefix}-TOTAL_FORMS": total, **{f"{prefix}-{index}-{name}": value for name, value in values.items()}}


def errors_of(page: HttpResponse) -> dict[str, list[str]]:
    """Return the errors on the page by field; those of inlines as `prefix-index-field`."""
    form = page.context["adminform"].form
    found = {name: list(errors) for name, errors in form.errors.items()}
    for inline in page.context["inline_admin_formsets"]:
        for inline_form in inline.formset.forms:
            found |= {f"{inline_form.prefix}-{name}": list(errors) for name, errors in inline_form.errors.items()}
    return found


def _collect(form: forms.BaseForm, data: dict[str, object]) -> None:
    for field in form:
        if isinstance(field, ShownField) and field.form.remembers(field.name):
            data[field.html_initial_name] = field.shows
        value, widget = field.value(), field.field.widget
        widget = getattr(widget, "widget", widget)  # a related field's widget stands in a wrapper with buttons
        if isinstance(widget, forms.MultiWidget):
            for index, part in enumerate(value if isinstance(value, list) else widget.decompress(value)):
                data[f"{field.html_name}_{index}"] = "" if part is None else part
        elif value is not None and value is not False:
            data[field.html_name] = value
