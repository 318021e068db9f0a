"""What PostgreSQL is asked, one query a line: each answers with its name and JSON objects. PostgreSQL 10 and later."""

# Sessions of clients. Of others' sessions a plain account sees neither kind nor state; those without a database or
# an account serve the server itself. row_to_json, because a version may lack a column.
_CLIENTS = """pg_stat_activity a WHERE datid IS NOT NULL AND usesysid IS NOT NULL
 AND COALESCE(row_to_json(a)->>'backend_type', 'client backend') = 'client backend'"""

_OVERVIEW = """
SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS in_recovery,
 extract(epoch FROM now() - pg_postmaster_start_time()) AS uptime_seconds"""

_CONNECTIONS = """
SELECT count(*) AS connections, current_setting('max_connections')::int AS max_connections
 FROM {clients}""".format(clients=_CLIENTS)

# What the server does for itself (autovacuum, sending its log) is nobody's long transaction.
_SESSIONS = """
SELECT count(*) FILTER (WHERE state IS NULL) AS hidden, count(*) FILTER (WHERE state = 'active') AS active,
 count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,
 round(COALESCE(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::numeric, 1)
 AS longest_transaction_seconds,
 round(COALESCE(max(extract(epoch FROM clock_timestamp() - query_start)) FILTER (WHERE state = 'active'), 0)::numeric, 1)
 AS longest_query_seconds
 FROM {clients} AND pid <> pg_backend_pid()""".format(clients=_CLIENTS)

_LOCKS = "SELECT count(*) AS waiting_locks FROM pg_locks WHERE NOT granted"

# Counted since the statistics were last reset.
_STATISTICS = """
SELECT sum(deadlocks)::bigint AS deadlocks, sum(blks_hit)::bigint AS blocks_hit,
 sum(blks_read)::bigint AS blocks_read FROM pg_stat_database"""

# Of the 2^31 transactions after which the oldest rows would seem to lie in the future.
_IDENTIFIERS = """
SELECT round(max(age(datfrozenxid)) * 100.0 / 2147483648, 1) AS transaction_id_percent FROM pg_database"""

_REPLICA = """
SELECT EXISTS (SELECT 1 FROM pg_stat_wal_receiver) AS receiving, pg_is_wal_replay_paused() AS paused,
 CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
 ELSE round(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::numeric, 1) END AS lag_seconds,
 pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) AS lag_bytes WHERE pg_is_in_recovery()"""

# On a standby only: a moment between two looks.
_PAUSE = "SELECT 0 AS nothing FROM pg_sleep(0.2) WHERE pg_is_in_recovery()"

# While nothing happens there is no time of lag.
_STANDBYS = """
SELECT application_name AS name, host(client_addr) AS address, state, sync_state, lag_bytes,
 COALESCE(round(extract(epoch FROM replay_lag)::numeric, 1), CASE WHEN lag_bytes = 0 THEN 0 END) AS lag_seconds
 FROM (SELECT *, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
 ELSE pg_current_wal_lsn() END, replay_lsn) AS lag_bytes FROM pg_stat_replication) AS r ORDER BY 1, 2"""

_SETTING_NAMES = (
    "archive_mode archive_timeout autovacuum autovacuum_freeze_max_age checkpoint_timeout "
    "default_transaction_isolation effective_cache_size fsync full_page_writes hot_standby listen_addresses "
    "log_min_duration_statement maintenance_work_mem max_connections max_replication_slots max_wal_senders "
    "max_wal_size password_encryption port server_encoding shared_buffers ssl superuser_reserved_connections "
    "synchronous_commit synchronous_standby_names TimeZone wal_level work_mem"
)

# `COLLATE "C"`: the same order on every server, so that two patrols can be laid side by side.
_SETTINGS = """
SELECT name, current_setting(name) AS value FROM pg_settings
 WHERE name = ANY (string_to_array('{names}', ' ')) ORDER BY name COLLATE "C" """.format(names=_SETTING_NAMES)

_DATABASES = """
SELECT datname AS name, CASE WHEN has_database_privilege(oid, 'CONNECT')
 OR pg_has_role('pg_read_all_stats', 'MEMBER') THEN pg_database_size(oid) END AS size_bytes
 FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C" """

_QUERIES = (
    ("overview", _OVERVIEW),
    ("connections", _CONNECTIONS),
    ("sessions", _SESSIONS),
    ("locks", _LOCKS),
    ("statistics", _STATISTICS),
    ("identifiers", _IDENTIFIERS),
    ("replica", _REPLICA),
    ("pause", _PAUSE),
    ("replica", _REPLICA),
    ("standbys", _STANDBYS),
    ("settings", _SETTINGS),
    # Last, because it may take long: it looks at every file.
    ("databases", _DATABASES),
)


def _on_a_line(name: str, query: str) -> str:
    flat = " ".join(query.split())
    return "SELECT '{}', row_to_json(t) FROM ({}) AS t;".format(name, flat)


NAMES = tuple(name for name, _ in _QUERIES)
"""By line of the script."""


def build_script(*, is_light: bool) -> str:
    """What psql reads; light: without what looks at every file."""
    lines = [_on_a_line(name, query) for name, query in _QUERIES if not (is_light and name == "databases")]
    return "\n".join(lines) + "\n"
