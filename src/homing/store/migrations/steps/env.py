"""What Alembic runs to write out steps as SQL for PostgreSQL; it cannot be imported by anything else."""

from __future__ import annotations

from alembic import context

from homing.store.migrations import VERSION_TABLE

context.configure(dialect_name="postgresql", literal_binds=True, version_table=VERSION_TABLE, transactional_ddl=False)
with context.begin_transaction():
    context.run_migrations()
