"""The store: engine, sessions, column types, migrations, counters, hash chain and audit log."""
