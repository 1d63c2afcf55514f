"""What Kith knows about a person: found, given out, erased, and kept from coming back."""
