"""From models to answers: who may be shown, in which order, how sure we are, and why."""
