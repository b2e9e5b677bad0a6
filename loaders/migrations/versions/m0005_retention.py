"""Retention: what was purged, and the functions that purge raw lines and the ledger's own.

``ops.open_purge`` marks loads as ``purging``: no build publishes them from then on, and nothing
else happens to them but that they become ``purged``. Their rows in the ledger stay: they are the
memory that a content was here. Only ``sluss_purger`` may call these functions.

Down: refuses if anything was purged, unless the caller allows the loss of that memory; the loads
then stand as withdrawn.
"""

from __future__ import annotations

from alembic import op

from loaders.migrations.steps import refuse_data_loss

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As in 0001, roles are cluster-wide. Who migrates may act as this one, where that is his to grant;
# where another has to grant it, only `sluss purge` waits for that.
ROLE = """
do $$
begin
    begin
        if not exists (select from pg_catalog.pg_roles where rolname = 'sluss_purger') then
            create role sluss_purger nologin;
        end if;
    exception when duplicate_object or unique_violation then
        null;
    end;
    if not pg_catalog.pg_has_role(current_user, 'sluss_purger', 'SET') then
        begin
            grant sluss_purger to current_user;
        exception when insufficient_privilege then
            null;
        end;
    end if;
end
$$
"""

TABLES = """
alter table ops.loads drop constraint loads_status_check;
alter table ops.loads add constraint loads_status_check check (
    status in ('running', 'loaded', 'refused', 'failed', 'withdrawn', 'purging', 'purged')
);
alter table ops.loads drop constraint loads_are_counted;
alter table ops.loads add constraint loads_are_counted check (
    status not in ('loaded', 'withdrawn', 'purging', 'purged')
    or (sha256 is not null and byte_count is not null and line_count is not null
        and malformed_count is not null and blank_count is not null)
);

create table ops.purges (
    purge_id integer generated always as identity primary key,
    feed text not null,
    through_date date not null,
    rule text not null check (btrim(rule) <> ''),
    loads integer[] not null,
    removed jsonb not null default '{}' check (jsonb_typeof(removed) = 'object'),
    status text not null default 'running' check (status in ('running', 'done')),
    started_at timestamptz not null default clock_timestamp(),
    purged_at timestamptz,
    purged_by text not null,
    constraint purges_end check ((status = 'running') = (purged_at is null))
);
create unique index purges_one_at_a_time on ops.purges (feed) where status = 'running';
comment on table ops.purges is
    'What was removed for good, when, by whom and by which rule. Rows are never deleted';
comment on column ops.purges.through_date is
    'Loads of business dates up to and including this one; none of them is loaded any more';
comment on column ops.purges.loads is
    'Loads whose lines were removed: also those of refused files that had malformed lines kept';
comment on column ops.purges.removed is
    'Table to what was removed from it: {"rows": n}, {"partitions": n}, {"tables": n}';
"""

# Rows of purges only ever become more complete, whoever asks, their owner included.
APPEND_ONLY = """
create function ops.keep_purges() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' then
        if old.status = 'running' and (
            new.purge_id, new.feed, new.through_date, new.rule, new.loads, new.started_at,
            new.purged_by
        ) is not distinct from (
            old.purge_id, old.feed, old.through_date, old.rule, old.loads, old.started_at,
            old.purged_by
        ) then
            return new;
        end if;
    end if;
    raise exception 'ops.purges only grows: what was purged stays on record'
        using errcode = 'insufficient_privilege';
end
$$;
create trigger purges_only_grow
    before update or delete on ops.purges
    for each row execute function ops.keep_purges();
create trigger purges_are_not_emptied
    before truncate on ops.purges
    for each statement execute function ops.keep_purges();
alter table ops.purges enable always trigger purges_only_grow;
alter table ops.purges enable always trigger purges_are_not_emptied;

-- What was said in review about a line goes with the line, and not before.
create function ops.refuse_removal() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select
        from removed
        inner join ops.loads as loads using (load_id)
        where loads.status <> 'purging'
    ) then
        raise exception
            '%.% only grows: rows go with the lines of a load that is purged, and not otherwise; '
            'decide again instead', tg_table_schema, tg_table_name
            using errcode = 'insufficient_privilege';
    end if;
    return null;
end
$$;
drop trigger review_proposals_only_grow on ops.review_proposals;
drop trigger review_decisions_only_grow on ops.review_decisions;
create trigger review_proposals_only_grow
    before update or truncate on ops.review_proposals
    for each statement execute function ops.refuse_change();
create trigger review_decisions_only_grow
    before update or truncate on ops.review_decisions
    for each statement execute function ops.refuse_change();
create trigger review_proposals_go_with_lines
    after delete on ops.review_proposals
    referencing old table as removed
    for each statement execute function ops.refuse_removal();
create trigger review_decisions_go_with_lines
    after delete on ops.review_decisions
    referencing old table as removed
    for each statement execute function ops.refuse_removal();
alter table ops.review_proposals enable always trigger review_proposals_only_grow;
alter table ops.review_decisions enable always trigger review_decisions_only_grow;
alter table ops.review_proposals enable always trigger review_proposals_go_with_lines;
alter table ops.review_decisions enable always trigger review_decisions_go_with_lines;
grant delete on ops.review_proposals, ops.review_decisions to sluss_owner;
"""

FUNCTIONS = """
-- The last business date of a feed that was purged; null where none was.
create function ops.purged_through(p_feed text) returns date
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select max(through_date) from ops.purges where feed = p_feed $$;

-- Marks loads as purging, all of them of business dates up to p_through, and enters the purge.
create function ops.open_purge(
    p_feed text, p_through date, p_rule text, p_loads integer[], p_purged_by text
) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_purge_id integer;
    v_unfit integer;
    v_marked integer[];
begin
    if not ops.holds_feed_lock(p_feed) then
        raise exception 'this session does not hold the lock of feed %', p_feed;
    elsif p_through is null or p_through >= current_date then
        raise exception 'what is purged lies in the past, not on %', p_through
            using errcode = 'invalid_parameter_value';
    end if;
    perform from ops.loads where load_id = any (p_loads) order by load_id for update;
    select wanted.load_id into v_unfit
    from unnest(p_loads) as wanted (load_id)
    left join ops.loads as loads using (load_id)
    where loads.load_id is null or loads.feed <> p_feed or loads.business_date > p_through
        or loads.status not in ('loaded', 'withdrawn', 'refused', 'failed')
    limit 1;
    if v_unfit is not null then
        raise exception 'load % is not one of feed % up to % that can be purged',
            v_unfit, p_feed, p_through using errcode = 'object_not_in_prerequisite_state';
    end if;
    insert into ops.purges (feed, through_date, rule, loads, purged_by)
    values (
        p_feed, p_through, btrim(p_rule), p_loads,
        coalesce(p_purged_by || ' as ', '') || session_user
    )
    returning purge_id into v_purge_id;
    -- The reason of a withdrawal is a person's own words: it goes, too.
    update ops.loads
    set status = 'purging', reason = 'Purge ' || v_purge_id || ': ' || btrim(p_rule)
    where load_id = any (p_loads) and status in ('loaded', 'withdrawn');
    return v_purge_id;
end
$$;

-- Adds to what a purge has removed from a table; in the transaction that removes it.
create function ops.note_purged(p_purge_id integer, p_table text, p_what text, p_count bigint)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if p_what is null or p_what not in ('rows', 'partitions', 'tables') then
        raise exception 'rows, partitions or tables are removed, not %', p_what;
    end if;
    update ops.purges
    set removed = removed || jsonb_build_object(
        p_table, coalesce(removed -> p_table, '{}') || jsonb_build_object(
            p_what, coalesce((removed -> p_table ->> p_what)::bigint, 0) + p_count
        )
    )
    where purge_id = p_purge_id and status = 'running';
    if not found then
        raise exception 'purge % is not under way', p_purge_id;
    end if;
end
$$;

-- Removes what the loader keeps of a load: its raw lines, malformed lines, and what was said about
-- them in review.
create function ops.purge_load(p_purge_id integer, p_load_id integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_feed text;
    v_status text;
    v_partition text;
    v_count bigint;
begin
    select purges.feed, loads.status into v_feed, v_status
    from ops.purges as purges
    inner join ops.loads as loads on loads.load_id = p_load_id
    where purges.purge_id = p_purge_id and purges.status = 'running'
        and p_load_id = any (purges.loads);
    if v_status is null or v_status not in ('purging', 'refused', 'failed') then
        raise exception 'load % is not being purged', p_load_id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    v_partition := 'raw_' || v_feed || '_' || p_load_id;
    if to_regclass(format('staging.%I', v_partition)) is not null then
        execute format('drop table staging.%I', v_partition);
        perform ops.note_purged(p_purge_id, 'staging.raw_' || v_feed, 'partitions', 1);
    end if;
    delete from ops.malformed_lines where load_id = p_load_id;
    get diagnostics v_count = row_count;
    if v_count > 0 then
        perform ops.note_purged(p_purge_id, 'ops.malformed_lines', 'rows', v_count);
    end if;
    delete from ops.review_decisions where load_id = p_load_id;
    get diagnostics v_count = row_count;
    if v_count > 0 then
        perform ops.note_purged(p_purge_id, 'ops.review_decisions', 'rows', v_count);
    end if;
    delete from ops.review_proposals where load_id = p_load_id;
    get diagnostics v_count = row_count;
    if v_count > 0 then
        perform ops.note_purged(p_purge_id, 'ops.review_proposals', 'rows', v_count);
    end if;
end
$$;

create function ops.close_purge(p_purge_id integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.loads
    set status = 'purged'
    where status = 'purging'
        and load_id = any ((select loads from ops.purges where purge_id = p_purge_id)::integer[]);
    update ops.purges
    set status = 'done', purged_at = clock_timestamp()
    where purge_id = p_purge_id and status = 'running';
end
$$;

revoke execute on function ops.purged_through, ops.open_purge, ops.note_purged, ops.purge_load,
    ops.close_purge, ops.keep_purges, ops.refuse_removal from public;
grant execute on function ops.purged_through to sluss_loader, sluss_transformer, sluss_purger;
grant execute on function ops.open_purge, ops.note_purged, ops.purge_load, ops.close_purge,
    ops.try_lock_feed, ops.holds_feed_lock, ops.fail_dead_loads to sluss_purger;
grant usage on schema ops to sluss_purger;
grant select on ops.loads, ops.purges to sluss_purger;
grant select on ops.purges to sluss_loader;
revoke delete, truncate on ops.purges from sluss_owner;

-- So that what was deleted is also gone from the files; before 17 autovacuum does it in time.
do $$
begin
    if current_setting('server_version_num')::integer >= 170000 then
        grant maintain on ops.malformed_lines, ops.review_decisions, ops.review_proposals
            to sluss_purger;
    end if;
end
$$;
"""


def upgrade() -> None:
    op.execute(ROLE)
    op.execute("set local role sluss_owner")
    for statements in (TABLES, APPEND_ONLY, FUNCTIONS):
        op.execute(statements)
    op.execute("reset role")
    op.execute("grant select on ops.schema_version to sluss_purger")


def downgrade() -> None:
    refuse_data_loss("ops.purges")
    op.execute(
        """
        do $$
        begin
            if current_setting('server_version_num')::integer >= 170000 then
                revoke maintain on ops.malformed_lines, ops.review_decisions, ops.review_proposals
                    from sluss_purger;
            end if;
        end
        $$;
        revoke select on ops.schema_version from sluss_purger;
        revoke select on ops.loads from sluss_purger;
        revoke usage on schema ops from sluss_purger;
        revoke execute on function ops.try_lock_feed, ops.holds_feed_lock, ops.fail_dead_loads
            from sluss_purger;
        drop function ops.open_purge, ops.note_purged, ops.purge_load, ops.close_purge,
            ops.purged_through;
        drop table ops.purges cascade;
        drop function ops.keep_purges;
        drop trigger review_proposals_go_with_lines on ops.review_proposals;
        drop trigger review_decisions_go_with_lines on ops.review_decisions;
        drop function ops.refuse_removal;
        drop trigger review_proposals_only_grow on ops.review_proposals;
        drop trigger review_decisions_only_grow on ops.review_decisions;
        create trigger review_proposals_only_grow
            before update or delete or truncate on ops.review_proposals
            for each statement execute function ops.refuse_change();
        create trigger review_decisions_only_grow
            before update or delete or truncate on ops.review_decisions
            for each statement execute function ops.refuse_change();
        alter table ops.review_proposals enable always trigger review_proposals_only_grow;
        alter table ops.review_decisions enable always trigger review_decisions_only_grow;
        revoke delete on ops.review_proposals, ops.review_decisions from sluss_owner;
        update ops.loads set status = 'withdrawn' where status in ('purging', 'purged');
        alter table ops.loads drop constraint loads_status_check, drop constraint loads_are_counted;
        alter table ops.loads
            add constraint loads_status_check check (
                status in ('running', 'loaded', 'refused', 'failed', 'withdrawn')
            ),
            add constraint loads_are_counted check (
                status not in ('loaded', 'withdrawn')
                or (sha256 is not null and byte_count is not null and line_count is not null
                    and malformed_count is not null and blank_count is not null)
            );
        """
    )
