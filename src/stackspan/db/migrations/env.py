"""Alembic's entry: runs the revisions on the connection that `db.migrate.upgrade` hands over."""

from alembic import context

from stackspan.db.metadata import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,  # all revisions in the one transaction of `Database.migrating`
)
context.run_migrations()
