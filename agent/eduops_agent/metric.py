"""Which figures of a document become metrics: their names, kinds, factors and what Prometheus shows as help."""

from typing import NamedTuple, Tuple

_GAUGE, _COUNTER = "gauge", "counter"
_PERCENT, _MILLISECOND = 0.01, 0.001


class Metric(NamedTuple):
    """A metric: which key of a row is its value, times `factor` its base unit."""

    name: str
    kind: str
    key: str
    factor: float
    help: str


class Family(NamedTuple):
    """Metrics of the same rows: where these stand in the probe's data, and which keys are the labels."""

    probe: str
    rows: str
    labels: Tuple[str, ...]
    metrics: Tuple[Metric, ...]


FAMILIES = (
    Family("cpu", "cores", ("core",), (
        Metric("cpu_used_ratio", _GAUGE, "used_percent", _PERCENT,
               "Share of the interval in which the core worked."),
        Metric("cpu_iowait_ratio", _GAUGE, "iowait_percent", _PERCENT,
               "Share of the interval in which the core waited for a disk."),
        Metric("cpu_steal_ratio", _GAUGE, "steal_percent", _PERCENT,
               "Share of the interval that the hypervisor took."),
    )),
    Family("cpu", "", (), (
        Metric("load1", _GAUGE, "load_1m", 1, "Load average of one minute."),
        Metric("load5", _GAUGE, "load_5m", 1, "Load average of five minutes."),
        Metric("load15", _GAUGE, "load_15m", 1, "Load average of fifteen minutes."),
    )),
    Family("memory", "", (), (
        Metric("memory_total_bytes", _GAUGE, "total_bytes", 1, "Memory."),
        Metric("memory_available_bytes", _GAUGE, "available_bytes", 1,
               "Memory that programs could still have."),
        Metric("swap_total_bytes", _GAUGE, "swap_total_bytes", 1, "Swap."),
        Metric("swap_used_bytes", _GAUGE, "swap_used_bytes", 1, "Swap in use."),
    )),
    Family("disks", "filesystems", ("mount", "device"), (
        Metric("filesystem_total_bytes", _GAUGE, "total_bytes", 1, "Size of the file system."),
        Metric("filesystem_used_bytes", _GAUGE, "used_bytes", 1, "Bytes in use."),
        Metric("filesystem_available_bytes", _GAUGE, "available_bytes", 1,
               "Bytes that plain users could still write."),
        Metric("filesystem_used_ratio", _GAUGE, "used_percent", _PERCENT, "Use as df has it."),
        Metric("filesystem_inodes_used_ratio", _GAUGE, "inodes_used_percent", _PERCENT,
               "Share of the inodes in use."),
        Metric("filesystem_read_only", _GAUGE, "read_only", 1, "1 where it is mounted read-only."),
        Metric("filesystem_up", _GAUGE, "status", 1, "0 where it did not answer."),
        Metric("filesystem_days_since_growth", _GAUGE, "days_since_growth", 1,
               "Days in which its use has not grown, as far as patrols saw."),
    )),
    Family("disks", "devices", ("device",), (
        Metric("disk_reads_total", _COUNTER, "reads", 1, "Reads since boot."),
        Metric("disk_writes_total", _COUNTER, "writes", 1, "Writes since boot."),
        Metric("disk_read_bytes_total", _COUNTER, "read_bytes", 1, "Bytes read since boot."),
        Metric("disk_written_bytes_total", _COUNTER, "written_bytes", 1, "Bytes written since boot."),
        Metric("disk_busy_ratio", _GAUGE, "busy_percent", _PERCENT,
               "Share of the interval in which the device worked."),
        Metric("disk_await_seconds", _GAUGE, "await_milliseconds", _MILLISECOND,
               "Mean time of a request over the interval."),
    )),
    Family("network", "interfaces", ("name",), (
        Metric("network_received_bytes_total", _COUNTER, "received_bytes", 1, "Bytes received since boot."),
        Metric("network_sent_bytes_total", _COUNTER, "sent_bytes", 1, "Bytes sent since boot."),
        Metric("network_received_errors_total", _COUNTER, "received_errors", 1,
               "Damaged packets received since boot."),
        Metric("network_sent_errors_total", _COUNTER, "sent_errors", 1,
               "Packets that could not be sent since boot."),
        Metric("network_received_dropped_total", _COUNTER, "received_dropped", 1,
               "Received packets dropped since boot."),
        Metric("network_sent_dropped_total", _COUNTER, "sent_dropped", 1,
               "Packets to send dropped since boot."),
    )),
    Family("network", "connections", (), (
        Metric("tcp_established", _GAUGE, "established", 1, "Open TCP connections."),
        Metric("tcp_time_wait", _GAUGE, "time_wait", 1, "Ended TCP connections that wait out their time."),
        Metric("tcp_close_wait", _GAUGE, "close_wait", 1, "TCP connections that a program has not closed."),
    )),
    Family("processes", "", (), (
        Metric("processes", _GAUGE, "count", 1, "Processes that the agent's account may see."),
        Metric("processes_zombie", _GAUGE, "zombie_count", 1, "Zombies."),
    )),
    Family("processes", "expected", ("name", "command"), (
        Metric("process_expected_count", _GAUGE, "count", 1, "Processes of an expected kind."),
    )),
    Family("services", "expected", ("expected",), (
        Metric("service_restarts_total", _COUNTER, "restarts", 1, "Restarts of an expected unit by systemd."),
    )),
    Family("time_sync", "", ("source",), (
        Metric("time_synchronized", _GAUGE, "is_synchronized", 1, "1 where the clock follows a server."),
        Metric("time_offset_seconds", _GAUGE, "offset_seconds", 1, "How far the clock is ahead."),
    )),
    Family("system", "", (), (
        Metric("uptime_seconds", _GAUGE, "uptime_seconds", 1, "Time since boot."),
    )),
    Family("users", "", (), (
        Metric("logins", _GAUGE, "count", 1, "Sessions of users."),
    )),
    Family("users", "failed_logins", ("source",), (
        Metric("failed_logins", _GAUGE, "count", 1, "Failed logins of the last 24 hours."),
    )),
    Family("certificates", "certificates", ("source",), (
        Metric("certificate_up", _GAUGE, "status", 1, "0 where it could not be read."),
        Metric("certificate_not_after_timestamp_seconds", _GAUGE, "chain_not_after", 1,
               "When the first certificate of the chain ends."),
    )),
    Family("urls", "urls", ("name",), (
        Metric("url_up", _GAUGE, "status", 1, "0 where the address did not answer."),
        Metric("url_http_status", _GAUGE, "http_status", 1, "Status of the answer."),
        Metric("url_seconds", _GAUGE, "seconds", 1, "Time until the whole answer was there."),
        Metric("url_text_found", _GAUGE, "text_found", 1, "1 where the expected text was on the page."),
    )),
    Family("logs", "logs/matches", ("path", "name"), (
        Metric("log_new_matches", _GAUGE, "count", 1, "New lines with the pattern since the last patrol."),
    )),
    Family("backups", "backups", ("name",), (
        Metric("backup_up", _GAUGE, "status", 1, "0 where no backup was found."),
        Metric("backup_age_seconds", _GAUGE, "age_seconds", 1, "Age of the newest file."),
        Metric("backup_bytes", _GAUGE, "total_bytes", 1, "All files together."),
    )),
    Family("smart", "disks", ("device",), (
        Metric("smart_healthy", _GAUGE, "healthy", 1, "0 where the disk itself expects to fail."),
        Metric("smart_temperature_celsius", _GAUGE, "temperature_celsius", 1, "Temperature of the disk."),
    )),
)  # fmt: skip
"""In the order in which they are printed."""
