"""Whom it is about: leads and agents by pseudonymous id, with limits, answers and consent, never with names."""
