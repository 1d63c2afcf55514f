"""Sessions of colleagues: a message that waits in one may name a person, and nothing but a look inside can tell."""

import json
from importlib import import_module

from django.conf import settings

from crm.personal_data.blotting import Traces


def end_sessions_that_mention(traces: Traces) -> int:
    """End the sessions in which the person is named; return how many. Their colleagues log in again."""
    if not traces.texts:
        return 0
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store.clear_expired()  # nobody looks into those any more
    sessions = store.get_model_class().objects
    naming = [
        key
        for key, data in sessions.values_list("pk", "session_data").iterator()
        if traces.occur_in(json.dumps(store.decode(data), ensure_ascii=False, default=str))
    ]
    sessions.filter(pk__in=naming).delete()
    return len(naming)
