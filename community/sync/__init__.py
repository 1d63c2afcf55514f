"""How other systems write the facts of community: one module per collection."""
