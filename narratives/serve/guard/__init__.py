"""Who may ask, and for how much: addresses, sessions, forms, limits, and what a refusal looks like."""
