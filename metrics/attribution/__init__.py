"""From facts to credits: the attribution models, and the SQL that computes all of them in one pass."""
