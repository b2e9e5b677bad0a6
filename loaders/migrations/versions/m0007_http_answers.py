"""What services answered, word for word, before anybody parsed it; and what they lost on the way.

An answer is kept and committed first, and settled once it is known what became of it. So whoever is
killed in between finds it again, also where the service would not give it a second time. One
session at a time asks a service: the lock is the session's and dies with it, and every change asks
for it.

The loader keeps and settles answers through functions that run as the owner, and can change none.
dbt reads everything but the bodies, which hold what the raw lines hold: a purge of a load empties
those of its answers, too, and ``ops.forget_answers`` old ones, for whoever owns the tables.

Down: drops both tables; refuses if they have rows, unless the caller allows the loss.
"""

from __future__ import annotations

from alembic import op

from loaders.migrations.steps import refuse_data_loss

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
create table ops.http_answers (
    answer_id bigint generated always as identity primary key,
    service text not null,
    feed text not null,
    endpoint text not null,
    sequence integer not null check (sequence > 0),
    asked_for jsonb not null,
    asked_at timestamptz not null,
    answered_at timestamptz not null,
    http_status integer not null,
    is_complete boolean not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    byte_count bigint not null,
    body bytea,
    outcome text not null default 'received' check (
        outcome in (
            'received', 'loaded', 'repeated', 'empty', 'cut', 'superseded', 'refused', 'error'
        )
    ),
    reason text,
    load_id integer references ops.loads,
    cursor_after bigint,
    newest_at timestamptz,
    settled_at timestamptz,
    body_forgotten_at timestamptz,
    constraint http_answers_in_order unique (service, feed, sequence),
    constraint http_answers_have_bodies check ((body is null) = (body_forgotten_at is not null)),
    constraint http_answers_are_settled check ((outcome = 'received') = (settled_at is null))
);
comment on table ops.http_answers is
    'One row an answer of a service that is polled, as it came, and what became of it';
comment on column ops.http_answers.service is 'The service and its generation, such as cdm1';
comment on column ops.http_answers.sequence is 'Counts the answers of a service for a feed';
comment on column ops.http_answers.asked_for is 'The query of the request';
comment on column ops.http_answers.is_complete is
    'False where the connection ended before the answer did';
comment on column ops.http_answers.sha256 is
    'Of the body; ops.loads.sha256 of the load that was made of it is the same';
comment on column ops.http_answers.outcome is
    'received: not settled yet. loaded, refused: see load_id. repeated: loaded before. empty: no
lines. cut: ends early, may be all that ever comes. superseded: cut, came again. error: no content';
comment on column ops.http_answers.cursor_after is
    'Where the service is asked for its pages: the last id of the answer that is loaded';
comment on column ops.http_answers.newest_at is 'The latest time in the answer';
create index http_answers_load_id on ops.http_answers (load_id) where load_id is not null;

create table ops.http_gaps (
    gap_id bigint generated always as identity primary key,
    service text not null,
    feed text not null,
    answer_id bigint not null references ops.http_answers,
    after_at timestamptz,
    before_at timestamptz,
    reason text not null,
    found_at timestamptz not null default clock_timestamp(),
    constraint http_gaps_once unique (answer_id)
);
comment on table ops.http_gaps is
    'Lost data: what a service should have answered between two answers, and did not';
comment on column ops.http_gaps.answer_id is 'The answer that showed it';
comment on column ops.http_gaps.after_at is 'The latest time before the gap';
comment on column ops.http_gaps.before_at is 'The earliest time after it; null where none came yet';

grant select on ops.http_answers, ops.http_gaps to sluss_loader;
-- Everything but the bodies, which hold names and addresses: the raw tables have them already.
revoke select on ops.http_answers from sluss_transformer;
grant select (
    answer_id, service, feed, endpoint, sequence, asked_for, asked_at, answered_at, http_status,
    is_complete, sha256, byte_count, outcome, reason, load_id, cursor_after, newest_at, settled_at,
    body_forgotten_at
) on ops.http_answers to sluss_transformer;
"""

FUNCTIONS = """
create function ops.try_lock_service(p_service text) returns boolean
language sql set search_path = pg_catalog, pg_temp
as $$ select pg_try_advisory_lock(1397773642, hashtext(p_service)) $$;

create function ops.assert_service_lock(p_service text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
        from pg_locks
        where locktype = 'advisory'
            and pid = pg_backend_pid()
            and granted
            and objsubid = 2
            and classid = 1397773642::oid
            and objid = (hashtext(p_service)::bigint & 4294967295)::oid
            and database = (select oid from pg_database where datname = current_database())
    ) then
        raise exception 'this session does not hold the lock of service %', p_service
            using errcode = 'insufficient_privilege';
    end if;
end
$$;

create function ops.keep_answer(
    p_service text, p_feed text, p_endpoint text, p_asked_for jsonb, p_asked_at timestamptz,
    p_answered_at timestamptz, p_http_status integer, p_is_complete boolean, p_body bytea
) returns table (answer_id bigint, sequence integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.assert_service_lock(p_service);
    return query
    insert into ops.http_answers as kept (
        service, feed, endpoint, sequence, asked_for, asked_at, answered_at, http_status,
        is_complete, sha256, byte_count, body
    )
    select
        p_service, p_feed, p_endpoint, coalesce(max(earlier.sequence), 0) + 1, p_asked_for,
        p_asked_at, p_answered_at, p_http_status, p_is_complete, encode(sha256(p_body), 'hex'),
        octet_length(p_body), p_body
    from ops.http_answers as earlier
    where earlier.service = p_service and earlier.feed = p_feed
    returning kept.answer_id, kept.sequence;
end
$$;

-- Empties the bodies of settled answers of which no load stands, up to an answer: those between
-- the last one before it of which a load stands and this one, or all. Cut or repeated, they hold
-- lines of the same days. Returns how many.
create function ops.forget_bodies(
    p_service text, p_feed text, p_up_to integer, p_all boolean default false
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    v_after integer := 0;
    v_count bigint;
begin
    if not p_all then
        select coalesce(max(answers.sequence), 0) into v_after
        from ops.http_answers as answers
        inner join ops.loads as loads using (load_id)
        where answers.service = p_service and answers.feed = p_feed
            and answers.sequence < p_up_to and loads.status = 'loaded';
    end if;
    update ops.http_answers as answers
    set body = null, body_forgotten_at = clock_timestamp()
    where answers.service = p_service and answers.feed = p_feed
        and answers.sequence > v_after and answers.sequence <= p_up_to
        and answers.body is not null
        -- What is not settled yet is read by the next poll.
        and answers.outcome not in ('received', 'cut')
        and not exists (
            select from ops.loads as loads
            where loads.load_id = answers.load_id and loads.status = 'loaded'
        );
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

create function ops.settle_answer(
    p_answer_id bigint, p_outcome text, p_reason text, p_load_id integer, p_cursor_after bigint,
    p_newest_at timestamptz
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer ops.http_answers;
begin
    perform ops.assert_service_lock(service) from ops.http_answers where answer_id = p_answer_id;
    update ops.http_answers
    set outcome = p_outcome, reason = p_reason, load_id = p_load_id,
        cursor_after = p_cursor_after, newest_at = p_newest_at, settled_at = clock_timestamp()
    -- What is cut is settled again once it is known whether the rest will come.
    where answer_id = p_answer_id and outcome in ('received', 'cut')
    returning * into v_answer;
    if not found then
        raise exception 'answer % does not wait to be settled', p_answer_id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    -- What was purged stays away, also where the service gives it again, whole or in pieces.
    if p_outcome <> 'cut' and exists (
        select
        from ops.loads
        where feed = v_answer.feed
            and (
                sha256 = v_answer.sha256 and status in ('purging', 'purged')
                or load_id = p_load_id and business_date <= ops.purged_through(feed)
            )
    ) then
        perform ops.forget_bodies(v_answer.service, v_answer.feed, v_answer.sequence);
    end if;
end
$$;

create function ops.report_gap(
    p_answer_id bigint, p_after_at timestamptz, p_before_at timestamptz, p_reason text
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.assert_service_lock(service) from ops.http_answers where answer_id = p_answer_id;
    insert into ops.http_gaps (service, feed, answer_id, after_at, before_at, reason)
    select service, feed, answer_id, p_after_at, p_before_at, p_reason
    from ops.http_answers
    where answer_id = p_answer_id
    on conflict on constraint http_gaps_once do nothing;
    return found;
end
$$;

create function ops.forget_answers(p_before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
    update ops.http_answers
    set body = null, body_forgotten_at = clock_timestamp()
    where answered_at < p_before and body is not null and outcome not in ('received', 'cut');
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

-- A purge of a load takes the body of its answer, too, and those of answers of which no load stands
-- and that came before the next one that stays.
alter function ops.purge_load(integer, integer) rename to purge_lines_of_load;
create function ops.purge_load(p_purge_id integer, p_load_id integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer record;
    v_next integer;
    v_count bigint := 0;
begin
    -- First: it refuses what is not being purged.
    perform ops.purge_lines_of_load(p_purge_id, p_load_id);
    for v_answer in
        select answers.service, answers.feed, max(answers.sequence) as sequence
        from ops.http_answers as answers
        inner join ops.loads as loads
            on answers.feed = loads.feed
            and (answers.load_id = loads.load_id or answers.sha256 = loads.sha256)
        where loads.load_id = p_load_id
        group by answers.service, answers.feed
    loop
        select min(later.sequence) into v_next
        from ops.http_answers as later
        inner join ops.loads as loads on later.load_id = loads.load_id
        where later.service = v_answer.service and later.feed = v_answer.feed
            and later.sequence > v_answer.sequence and loads.status = 'loaded';
        v_count := v_count + ops.forget_bodies(
            v_answer.service, v_answer.feed, coalesce(v_next, 2147483647), true
        );
    end loop;
    if v_count > 0 then
        perform ops.note_purged(p_purge_id, 'ops.http_answers', 'rows', v_count);
    end if;
end
$$;

revoke execute on function
    ops.try_lock_service, ops.assert_service_lock, ops.keep_answer, ops.settle_answer,
    ops.report_gap, ops.forget_answers, ops.forget_bodies, ops.purge_load
from public;
grant execute on function
    ops.try_lock_service, ops.assert_service_lock, ops.keep_answer, ops.settle_answer,
    ops.report_gap
to sluss_loader;
-- Not for whoever purges by himself any more: he would leave the bodies.
revoke execute on function ops.purge_lines_of_load from sluss_purger;
grant execute on function ops.purge_load to sluss_purger;

do $$
begin
    if current_setting('server_version_num')::integer >= 170000 then
        grant maintain on ops.http_answers to sluss_purger;
    end if;
end
$$;
"""


def upgrade() -> None:
    op.execute("set local role sluss_owner")
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute("reset role")


def downgrade() -> None:
    refuse_data_loss("ops.http_answers")
    op.execute(
        """
        drop function ops.purge_load;
        alter function ops.purge_lines_of_load rename to purge_load;
        grant execute on function ops.purge_load to sluss_purger;
        drop table ops.http_gaps, ops.http_answers;
        drop function ops.forget_answers, ops.report_gap, ops.settle_answer, ops.forget_bodies,
            ops.keep_answer,
            ops.assert_service_lock, ops.try_lock_service;
        """
    )
