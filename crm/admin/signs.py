"""What stands beside a name wherever somebody may act on it."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

LEAVE_ALONE = "Do not contact"


def with_wish(name: str | SafeString, *, leave_alone: bool) -> str | SafeString:
    """Return a name or the link of one, with a sign beside it where that person wishes not to be contacted."""
    return format_html('{} <span class="kith-stop">{}</span>', name, LEAVE_ALONE) if leave_alone else name
