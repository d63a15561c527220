"""Simulated shoppers with known tastes in a market of real homes. Everything that comes from here is simulated.

A household has limits it never breaks and tastes it weighs; it browses what is for sale at that moment, opens and saves
by random utility, tours and bids when something beats what it has seen. What it truly wants is written down beside
what it did, so that a recommender can be judged against the truth and not against its own influence.
"""
