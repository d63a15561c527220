"""The only floor that talks to a database: events, listings and profiles, in memory and in SQLite.

Every row and every key carries its tenant; no call crosses tenants.
"""
