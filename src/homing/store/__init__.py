"""The only floor that talks to a database: events, listings and profiles, in memory, in SQLite and in PostgreSQL.

Every row and every key carries its tenant; no call crosses tenants.
"""
