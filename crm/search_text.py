"""
What the search for people looks through: their names, handles and addresses, folded, a line each.

The writing services keep it in `Contact.search_text`. The expression is of a stored contact `t`; the names are filled
in by whoever writes, who may be about to change them.
"""

SEARCH_TEXT = """
            kith_fold(concat_ws(E'\\n', NULLIF({full_name}, ''), NULLIF({preferred_name}, ''),
                NULLIF({known_as}, ''), (
                SELECT string_agg(concat_ws(E'\\n', p.raw, NULLIF(p.normalised, lower(p.raw))), E'\\n' ORDER BY p.id)
                FROM crm_contactpoint p WHERE p.contact_id = t.id
            )))"""
