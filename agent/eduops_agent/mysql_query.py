"""What MySQL and MariaDB are asked, one line a section, each line begun by its name: MySQL 5.6, MariaDB 10.1 and later."""

from typing import Dict, NamedTuple

MARK = "eduops-section:"
# Headings of what comes in lines: ours, whose first column is called so, and those of SHOW.
HEAD = "#"
HEADS_OF_SHOW = ("Variable_name\tValue", "Type\tName\tStatus")

_STATUS = (
    "Uptime Threads_connected Threads_running Slow_queries Max_used_connections Connection_errors_max_connections "
    "Innodb_buffer_pool_read_requests Innodb_buffer_pool_reads"
)

_VARIABLES = (
    "binlog_format character_set_server collation_server default_storage_engine expire_logs_days gtid_mode have_ssl "
    "innodb_buffer_pool_size innodb_file_per_table innodb_flush_log_at_trx_commit innodb_log_file_size "
    "innodb_strict_mode log_bin long_query_time lower_case_table_names max_allowed_packet max_connections port "
    "read_only require_secure_transport server_id slow_query_log sql_mode super_read_only sync_binlog "
    "system_time_zone time_zone tmp_table_size transaction_isolation tx_isolation version wait_timeout"
)


def _quote(names: str) -> str:
    return ",".join("'{}'".format(name) for name in names.split())


class Section(NamedTuple):
    """Statements of a section, and how many of them may fail: what one version calls so, another calls otherwise."""

    statements: str
    tolerated: int = 0


# An account without the privilege PROCESS sees only its own sessions in the list, without any error; the table of
# transactions before it refuses such an account, and with it the section.
_SESSIONS = (
    "SELECT COUNT(*) AS `#`, COALESCE(MAX(TIMESTAMPDIFF(SECOND, trx_started, NOW())), 0),"
    " COALESCE(SUM(trx_state = 'LOCK WAIT'), 0) FROM information_schema.innodb_trx"
    " WHERE trx_mysql_thread_id <> CONNECTION_ID();"
    " SELECT COALESCE(MAX(IF(command = 'Query', time, 0)), 0) AS `#`, COALESCE(SUM(command LIKE 'Binlog Dump%'), 0),"
    " COALESCE(SUM(state LIKE 'Waiting for table%lock'), 0)"
    " FROM information_schema.processlist WHERE id <> CONNECTION_ID();"
)

_SIZES = (
    "SELECT SUBSTRING_INDEX(name, '/', 1) AS `#`, SUM(file_size) FROM information_schema.{} WHERE name LIKE '%/%'"
    " GROUP BY 1 ORDER BY 1;"
)

SECTIONS: Dict[str, Section] = {
    # What the server is asked here must not wait, and must not run for long.
    "limits": Section(
        "/*!50708 SET SESSION max_execution_time = {0}000 */; /*M!100101 SET SESSION max_statement_time = {0} */;"
        " SET SESSION lock_wait_timeout = {1}, innodb_lock_wait_timeout = {1};",
        tolerated=2,
    ),
    "overview": Section("SELECT VERSION() AS `#`, NOW();"),
    "status": Section("SHOW GLOBAL STATUS WHERE Variable_name IN ({});".format(_quote(_STATUS))),
    "variables": Section("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({});".format(_quote(_VARIABLES))),
    "sessions": Section(_SESSIONS),
    "deadlocks": Section(
        "SELECT count AS `#` FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks';"
    ),
    "engine": Section("SHOW ENGINE INNODB STATUS;"),
    # The same table by its older and its newer name.
    "databases": Section(
        _SIZES.format("INNODB_SYS_TABLESPACES") + " " + _SIZES.format("INNODB_TABLESPACES"), tolerated=1
    ),
    # Last: the text of a replica's error comes as it is and could look like anything.
    "replica": Section("SHOW SLAVE STATUS\\G SHOW REPLICA STATUS\\G", tolerated=1),
}

NAMES = tuple(SECTIONS) + ("end",)
"""By line of the script."""


def build_script(*, seconds: int, lock_seconds: int, is_light: bool) -> str:
    """What the client reads; light: the line of what looks at every table is empty."""
    lines = []
    for name, section in SECTIONS.items():
        statements = (
            section.statements.format(seconds, lock_seconds) if name == "limits" else section.statements
        )
        lines.append(
            ""
            if is_light and name == "databases"
            else "SELECT '{}{}' AS `#`; {}".format(MARK, name, statements)
        )
    return "\n".join(lines + ["SELECT '{}end' AS `#`;".format(MARK)]) + "\n"
