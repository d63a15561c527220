"""Carrying rows in and out: files of listings, events and people in the formats others write."""
