"""How other systems write the facts of crm: one module per collection."""
