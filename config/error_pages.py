"""Pages with tracebacks, for developers alone (KITH_DEBUG): they show the settings, but no secret."""

import re

from django.views.debug import SafeExceptionReporterFilter


class HidesAddresses(SafeExceptionReporterFilter):
    """Hides the addresses of servers too: they hold passwords."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|_URL|LOCATION", flags=re.IGNORECASE
    )
