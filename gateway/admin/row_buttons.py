"""A column of buttons: what may be done with a row without opening its page."""

from collections.abc import Callable

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from gateway.panels import PageAction, PermissionCheck, actions_for
from gateway.registry import Registry


def row_buttons(registry: Registry[PageAction], *, may: PermissionCheck) -> list[Callable[[Model], SafeString]]:
    """Return one column for a list with a button for each permitted action whose dialog rows offer; none without."""
    actions = [action for action in actions_for(registry, may=may) if action.is_dialog and action.is_in_rows]

    @display(description=" ")
    def buttons(instance: Model) -> SafeString:
        return format_html_join(
            "",
            '<a href="{0}" hx-get="{0}" hx-target="#kith-dialog" title="{1}" aria-label="{1}: {2}" class="kith-act">'
            '<span class="material-symbols-outlined" aria-hidden="true">{3}</span></a>',
            (
                (reverse(action.page, args=[instance.pk]), action.label, str(instance), action.icon)
                for action in actions
            ),
        )

    return [buttons] if actions else []
