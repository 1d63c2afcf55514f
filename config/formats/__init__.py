"""How Kith writes dates and times."""
