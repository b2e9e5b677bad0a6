"""Roles, schemas, the ledger, malformed lines, settings, and the functions that guard them.

Least privilege, in short: ``sluss_owner`` owns the ledger and the raw tables and nobody logs in as
it. ``sluss_loader`` changes the ledger through functions that run as the owner, and may COPY into
the partition of the load it has under way, which no other session can see before it is attached; it
can change or delete no row, and write none of another load. ``sluss_transformer`` only reads both.

Down: drops everything but the roles, which belong to the whole cluster (other databases use them; a
role without login and without objects is harmless), and the schema ``ops``, which holds the record
of the migrations. Refuses if the ledger has rows, unless the caller allows the loss.
"""

from __future__ import annotations

from alembic import op

from loaders.migrations.steps import refuse_data_loss

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Roles are cluster-wide: another database on this cluster may have made them, or be making them
# now. The one who migrates must be able to act as the first three: a superuser can, anybody else is
# granted it.
ROLES = """
do $$
declare
    wanted text;
begin
    foreach wanted in array array[
        'sluss_owner', 'sluss_transformer', 'sluss_loader', 'sluss_reader', 'sluss_investigator'
    ] loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
    foreach wanted in array array['sluss_owner', 'sluss_transformer', 'sluss_loader'] loop
        if not pg_catalog.pg_has_role(current_user, wanted, 'SET') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
end
$$
"""

SCHEMAS = """
alter schema ops owner to sluss_owner;
create schema if not exists staging;
alter schema staging owner to sluss_owner;
create schema if not exists reference;
alter schema reference owner to sluss_transformer;
create schema if not exists intermediate;
alter schema intermediate owner to sluss_transformer;
create schema if not exists marts;
alter schema marts owner to sluss_transformer;
create schema if not exists snapshots;
alter schema snapshots owner to sluss_transformer;
create schema if not exists audit;
alter schema audit owner to sluss_transformer;

revoke all on schema ops, staging, reference, intermediate, marts, snapshots, audit from public;
grant usage on schema ops to sluss_loader, sluss_transformer;
grant usage on schema staging to sluss_loader;
grant usage, create on schema staging to sluss_transformer;
grant usage on schema marts, reference to sluss_reader, sluss_investigator;

-- For the tables to come as well, above all the partitions of the raw tables.
alter default privileges for role sluss_owner in schema ops, staging
    grant select on tables to sluss_transformer;
"""

TABLES = """
create table ops.loads (
    load_id integer generated always as identity primary key,
    feed text not null,
    file_name text not null,
    sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
    byte_count bigint,
    line_count bigint,
    malformed_count bigint,
    blank_count bigint,
    extra_columns text[] not null default '{}',
    business_date date not null,
    status text not null default 'running'
        check (status in ('running', 'loaded', 'refused', 'failed', 'withdrawn')),
    reason text,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    loaded_by text not null,
    withdrawn_at timestamptz,
    withdrawn_by text,
    constraint loads_are_counted check (
        status not in ('loaded', 'withdrawn')
        or (sha256 is not null and byte_count is not null and line_count is not null
            and malformed_count is not null and blank_count is not null)
    ),
    constraint loads_say_why check (status in ('running', 'loaded') or reason is not null),
    constraint loads_end check ((status = 'running') = (finished_at is null))
); create unique index loads_content_once on ops.loads (feed, sha256) where status = 'loaded';
comment on table ops.loads is 'The ledger: one row a file offered to the loader, whatever came of
it'; comment on column ops.loads.file_name is 'The file''s name without its folder'; comment on
column ops.loads.sha256 is
    'Of the content after decompression; null where the content could not be read';
comment on column ops.loads.byte_count is 'Of the content after decompression';
comment on column ops.loads.line_count is
    'Records without header and blank lines: good records and malformed lines';
comment on column ops.loads.extra_columns is
    'Columns that the contract does not name; their values are in _extra';

create table ops.malformed_lines (
    load_id integer not null references ops.loads,
    line_no integer not null,
    reason text not null,
    raw_line bytea not null,
    primary key (load_id, line_no)
);
comment on table ops.malformed_lines is
    'Lines that could not be read as a record, as they stand in the file, without their line end';

create table ops.settings (
    name text primary key,
    value text not null
);
comment on table ops.settings is 'Secrets and settings that belong to this database and no other';
insert into ops.settings (name, value) values ('customer_id_pepper', gen_random_uuid()::text);

grant select on ops.loads, ops.malformed_lines to sluss_loader;
grant insert on ops.malformed_lines to sluss_loader;
"""

FUNCTIONS = """
-- One loader a feed at a time. The lock is the session's, so it dies with its session: whoever
-- holds it knows that no other load of the feed is under way.
create function ops.try_lock_feed(p_feed text) returns boolean
language sql set search_path = pg_catalog, pg_temp
as $$ select pg_try_advisory_lock(1397773641, hashtext(p_feed)) $$;

create function ops.holds_feed_lock(p_feed text) returns boolean
language sql set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from pg_locks
        where locktype = 'advisory'
            and pid = pg_backend_pid()
            and granted
            and objsubid = 2
            and classid = 1397773641::oid
            and objid = (hashtext(p_feed)::bigint & 4294967295)::oid
            and database = (select oid from pg_database where datname = current_database())
    )
$$;

create function ops.fail_dead_loads(p_feed text, p_reason text) returns setof integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_load_id integer;
begin
    if not ops.holds_feed_lock(p_feed) then
        raise exception 'this session does not hold the lock of feed %', p_feed;
    end if;
    for v_load_id in
        update ops.loads
        set status = 'failed', reason = p_reason, finished_at = clock_timestamp()
        where feed = p_feed and status = 'running'
        returning load_id
    loop
        -- Only if somebody committed a load without finishing it; the loader never does.
        execute format('drop table if exists staging.%I', 'raw_' || p_feed || '_' || v_load_id);
        return next v_load_id;
    end loop;
end
$$;

create function ops.open_load(
    p_feed text, p_file_name text, p_sha256 text, p_byte_count bigint, p_business_date date,
    p_loaded_by text
) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_load_id integer;
begin
    if not ops.holds_feed_lock(p_feed) then
        raise exception 'this session does not hold the lock of feed %', p_feed;
    end if;
    insert into ops.loads (feed, file_name, sha256, byte_count, business_date, loaded_by)
    values (
        p_feed, p_file_name, p_sha256, p_byte_count, p_business_date,
        coalesce(p_loaded_by || ' as ', '') || session_user
    )
    returning load_id into v_load_id;
    return v_load_id;
end
$$;

-- The feed of a load that is under way in this very session.
create function ops.feed_of_own_load(p_load_id integer) returns text
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    v_feed text;
begin
    select feed into v_feed from ops.loads where load_id = p_load_id and status = 'running';
    if v_feed is null or not ops.holds_feed_lock(v_feed) then
        raise exception 'load % is not under way in this session', p_load_id
            using errcode = 'insufficient_privilege';
    end if;
    return v_feed;
end
$$;

-- Makes the partition of a load, still unattached: COPY FREEZE wants a table made in its
-- transaction, and a load that is rolled back then leaves no dead rows behind. The load's id is the
-- column's default and its check: the loader may not even send another.
create function ops.begin_load(p_load_id integer) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_parent text := 'raw_' || ops.feed_of_own_load(p_load_id);
    v_partition text := v_parent || '_' || p_load_id;
    v_columns text;
begin
    execute format(
        'create table staging.%1$I (like staging.%2$I including defaults including storage, '
        'constraint %3$I check (_load_id = %4$s))',
        v_partition, v_parent, v_partition || '_load', p_load_id
    );
    execute format(
        'alter table staging.%I alter column _load_id set default %s', v_partition, p_load_id
    );
    select string_agg(quote_ident(attname), ', ') into v_columns
    from pg_attribute
    where attrelid = format('staging.%I', v_partition)::regclass
        and attnum > 0 and not attisdropped and attname <> '_load_id';
    execute format('grant insert (%s) on staging.%I to sluss_loader', v_columns, v_partition);
    return v_partition;
end
$$;

create function ops.finish_load(
    p_load_id integer, p_line_count bigint, p_malformed_count bigint, p_blank_count bigint,
    p_extra_columns text[]
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_parent text := 'raw_' || ops.feed_of_own_load(p_load_id);
    v_partition text := v_parent || '_' || p_load_id;
begin
    execute format('revoke all on staging.%I from sluss_loader', v_partition);
    execute format(
        'alter table staging.%I attach partition staging.%I for values in (%s)',
        v_parent, v_partition, p_load_id
    );
    update ops.loads
    set status = 'loaded', finished_at = clock_timestamp(), line_count = p_line_count,
        malformed_count = p_malformed_count, blank_count = p_blank_count,
        extra_columns = p_extra_columns
    where load_id = p_load_id;
end
$$;

create function ops.end_load(
    p_load_id integer, p_status text, p_reason text, p_line_count bigint, p_malformed_count bigint,
    p_blank_count bigint, p_extra_columns text[]
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.feed_of_own_load(p_load_id);
    if p_status is null or p_status not in ('refused', 'failed') then
        raise exception 'a load ends refused or failed, not %', p_status;
    end if;
    update ops.loads
    set status = p_status, reason = p_reason, finished_at = clock_timestamp(),
        line_count = p_line_count, malformed_count = p_malformed_count,
        blank_count = p_blank_count, extra_columns = coalesce(p_extra_columns, '{}')
    where load_id = p_load_id;
end
$$;

create function ops.withdraw_load(p_load_id integer, p_why text, p_withdrawn_by text default null)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_status text;
begin
    if coalesce(btrim(p_why), '') = '' then
        raise exception 'a withdrawal needs a reason' using errcode = 'invalid_parameter_value';
    end if;
    select status into v_status from ops.loads where load_id = p_load_id for update;
    if v_status is null then
        raise exception 'there is no load %', p_load_id using errcode = 'no_data_found';
    elsif v_status <> 'loaded' then
        raise exception 'load % is %: only a loaded one can be withdrawn', p_load_id, v_status
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    update ops.loads
    set status = 'withdrawn', reason = btrim(p_why), withdrawn_at = clock_timestamp(),
        withdrawn_by = coalesce(p_withdrawn_by || ' as ', '') || session_user
    where load_id = p_load_id;
end
$$;

create function ops.check_malformed_lines() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.feed_of_own_load(load_id) from (select distinct load_id from added) as loads;
    return null;
end
$$;
create trigger malformed_lines_of_own_load
    after insert on ops.malformed_lines
    referencing new table as added
    for each statement execute function ops.check_malformed_lines();

revoke execute on all functions in schema ops from public;
grant execute on all functions in schema ops to sluss_loader;
"""


def upgrade() -> None:
    op.execute(ROLES)
    op.execute(SCHEMAS)
    op.execute("set local role sluss_owner")
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute("reset role")
    # `sluss status` and `sluss build` ask which migrations are applied.
    op.execute("grant select on ops.schema_version to sluss_loader, sluss_transformer")


def downgrade() -> None:
    refuse_data_loss("ops.loads")
    op.execute(
        """
        drop schema audit, snapshots, marts, intermediate, reference, staging cascade;
        drop table ops.settings, ops.malformed_lines, ops.loads cascade;
        drop function ops.check_malformed_lines, ops.withdraw_load, ops.end_load, ops.finish_load,
            ops.begin_load, ops.feed_of_own_load, ops.open_load, ops.fail_dead_loads,
            ops.holds_feed_lock, ops.try_lock_feed;
        alter default privileges for role sluss_owner in schema ops
            revoke select on tables from sluss_transformer;
        revoke usage on schema ops from sluss_loader, sluss_transformer;
        """
    )
