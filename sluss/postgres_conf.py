"""The embedded server's settings, all of them, each with its reason.

:func:`server_conf` writes them for the machine at hand; the server reads them as ``sluss.conf``,
included last in its ``postgresql.conf``. The file is written anew at every start, because a machine
or a container's limits may have changed. A setting of your own goes below the include in
``postgresql.conf``, or through ``alter system``; both are left alone and win.

:data:`DATABASE_SETTINGS` is the part that any other server gets too, as settings of the database.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MB = 1024**2
GB = 1024**3

# Set on the database by `sluss up`, on every server, where nobody has set them yet. They hold for
# every connection whatever its role: dbt, for one, has no way to ask for a timeout.
DATABASE_SETTINGS = {
    # A statement that runs longer than a night's work is a mistake, not a report. `set
    # statement_timeout` in a session, or PGOPTIONS="-c statement_timeout=…", asks for another.
    "statement_timeout": "4h",
    # A forgotten transaction stops vacuum from removing anything newer than itself.
    "idle_in_transaction_session_timeout": "1h",
    # Instants are stored as UTC; a session that wants Stockholm's clock says so in its query.
    "timezone": "UTC",
    # Wide models of cleaning rules take long to compile, and the choice to compile hangs on a cost
    # estimate. (The embedded build has no compiler; most other servers do.)
    "jit": "off",
}

TEMPLATE = """\
# Written by `sluss up` at every start: do not edit. Your own settings go below the include of this
# file in postgresql.conf, or through `alter system`.
#
# This machine: {memory_mb} MB of memory and {cores} cores for the server, {disk_gb} GB of disk
# free.

# Who may connect: the owner of the socket's directory (and root), nobody from the network. The
# directory and the socket are closed to all others, which is why pg_hba.conf may trust who gets
# through. The path is relative to the data directory, so a home can be moved.
listen_addresses = ''
unix_socket_directories = '../socket'
unix_socket_permissions = 0700
port = {port}

# Durability is never traded for speed: what a load has committed survives a power cut.
fsync = on
full_page_writes = on
synchronous_commit = on

# Memory. A quarter for Postgres's own cache, but not more than 4 GB: the rest serves as the
# operating system's cache, and a larger cache of freshly written pages only lengthens checkpoints.
shared_buffers = {shared_buffers_mb}MB
# What the planner may expect to find in either cache; the other half is for dbt, Dagster, people.
effective_cache_size = {effective_cache_size_mb}MB
# Per sort or hash. Two dbt threads, each with parallel workers and two or three sorts, stay within
# memory.
work_mem = {work_mem_mb}MB
# One index build at a time; autovacuum has three workers, so they get less.
maintenance_work_mem = {maintenance_work_mem_mb}MB
autovacuum_work_mem = {autovacuum_work_mem_mb}MB
# Parallel queries share memory through /dev/shm, unless it is too small for a hash table, as the
# 64 MB of a container are; then through files beside the data.
dynamic_shared_memory_type = {dynamic_shared_memory_type}

# Write-ahead log. One server, no replica: a table filled in the transaction that created it (a
# load's partition, a rebuilt model) is flushed to disk at commit instead of being written twice.
# That is as durable as the log. What it gives up is replication and pg_basebackup of the running
# server: back up with pg_dump, or use a server of your own (PGHOST) where you need point-in-time
# recovery.
wal_level = minimal
max_wal_senders = 0
# A day's load and build fit between two checkpoints, so pages are written once; never more than a
# tenth of the disk that was free.
max_wal_size = {max_wal_size_mb}MB
min_wal_size = {min_wal_size_mb}MB
checkpoint_timeout = 15min
# Not compressed: this build has pglz only, and the first read of a new table of 200 MB, which logs
# its pages, took 3.7 s with it and 0.6 s without.
wal_compression = off

# Cores: a query may use all of them, one gathering node about half, so that dbt's threads share.
max_worker_processes = {max_worker_processes}
max_parallel_workers = {cores}
max_parallel_workers_per_gather = {parallel_per_gather}
max_parallel_maintenance_workers = {parallel_per_gather}

# Planner. Solid-state disks and cached pages: a random page costs hardly more than the next one.
random_page_cost = 1.1
# See DATABASE_SETTINGS in sluss/postgres_conf.py; here too, for connections to other databases.
jit = off
statement_timeout = 4h
idle_in_transaction_session_timeout = 1h
timezone = 'UTC'

# Autovacuum. Tables grow by a day's lines; the defaults (a fifth of the table) would analyse a
# table with two years in it a few times a year, and the planner would not know the newest loads.
autovacuum_analyze_scale_factor = 0.02
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.05

# Log: what the server did, a week of it, and no personal data. Statements, their parameters and the
# details of an error (`Key (personnummer)=(…) already exists`, `Failing row contains (…)`) quote
# the data, and so does many an error itself (`invalid input syntax for type numeric: "…"`). The
# client that caused an error is told all of it; the log is not, and so begins at LOG, above ERROR.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_file_mode = 0600
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = none
log_min_duration_statement = -1
log_min_duration_sample = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = on
log_lock_waits = off
log_temp_files = -1
log_autovacuum_min_duration = 10min
"""


@dataclass(frozen=True)
class Machine:
    """What the server may count on, container limits considered."""

    memory_bytes: int
    cores: int
    disk_free_bytes: int
    shared_memory_bytes: int


def this_machine(directory: Path) -> Machine:
    """Returns what this machine gives a server whose data lies in ``directory`` (which exists)."""
    shared = Path("/dev/shm")
    return Machine(
        memory_bytes=_memory_bytes(),
        cores=_cores(),
        disk_free_bytes=shutil.disk_usage(directory).free,
        # Elsewhere than on Linux, POSIX shared memory is not a file system with a size.
        shared_memory_bytes=shutil.disk_usage(shared).free if shared.is_dir() else GB,
    )


def server_conf(machine: Machine, port: int) -> str:
    """Returns the text of ``sluss.conf`` for ``machine``."""
    memory_mb = machine.memory_bytes // MB
    disk_mb = machine.disk_free_bytes // MB
    max_wal_size_mb = _between(512, disk_mb // 10, 8192)
    return TEMPLATE.format(
        memory_mb=memory_mb,
        cores=machine.cores,
        disk_gb=machine.disk_free_bytes // GB,
        port=port,
        shared_buffers_mb=_between(64, memory_mb // 4, 4096),
        effective_cache_size_mb=max(128, memory_mb // 2),
        work_mem_mb=_between(8, memory_mb // 96, 256),
        maintenance_work_mem_mb=_between(64, memory_mb // 16, 1024),
        autovacuum_work_mem_mb=_between(64, memory_mb // 64, 256),
        dynamic_shared_memory_type="posix" if machine.shared_memory_bytes >= GB else "mmap",
        max_wal_size_mb=max_wal_size_mb,
        min_wal_size_mb=min(1024, max_wal_size_mb // 2),
        max_worker_processes=max(8, machine.cores + 4),
        parallel_per_gather=_between(1, machine.cores // 2, 4),
    )


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _memory_bytes() -> int:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [physical]
    # A container's limit: control groups version 2, then 1. "max" or a huge number means none.
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = _first_line(Path(file))
        if text.isdigit():
            limits.append(int(text))
    return min(limits)


def _cores() -> int:
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    # Control groups version 2: "200000 100000" is two cores' worth of each 100 ms.
    quota, _, period = _first_line(Path("/sys/fs/cgroup/cpu.max")).partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def _first_line(file: Path) -> str:
    try:
        return file.read_text().splitlines()[0].strip()
    except (OSError, IndexError):
        return ""
