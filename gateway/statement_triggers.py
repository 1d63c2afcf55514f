"""
Plans of triggers that hold for any number of rows.

The plans of a trigger are kept by the session. Made for a statement of one row, or while the tables were
empty, they would serve a statement of thousands ever after: each new row compared with each old one, whole
tables read for every row.
"""

PLANNED_BY_INDEX = [("seqscan_before", "text"), ("nestloop_before", "text")]


def planned_by_index(body: str) -> str:
    """
    Return the body of a statement trigger whose plans pair rows by sorting or hashing and find others by index.

    The trigger has to declare `PLANNED_BY_INDEX`; `body` must not return.
    """
    return f"""
    seqscan_before := current_setting('enable_seqscan');
    nestloop_before := current_setting('enable_nestloop');
    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);
    {body}
    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);
    RETURN NULL;
    """
