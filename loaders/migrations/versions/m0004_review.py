"""Review: rejected lines that two persons settle, kept in tables that only grow.

``ops.decide_review`` is the only way in. A first call proposes; the same words from a second person
decide. Nobody changes or deletes what was said, the tables' owner included: the newest decision
about a line counts, so a mistake is undone by deciding again.

Down: drops it all; refuses if anything was proposed, unless the caller allows the loss.
"""

from __future__ import annotations

from alembic import op

from loaders.migrations.steps import refuse_data_loss

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PERSONS = """
-- Names people apart, whatever they log in through: `Bo`, `bo as postgres` and ` BO ` are one.
create function ops.person_key(p_name text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select lower(btrim(regexp_replace(
        split_part(normalize(p_name, nfkc), ' as ', 1), '\\s+', ' ', 'g'
    )))
$$;

-- Who speaks. A login is a person, unless it is a superuser: the embedded server knows no other,
-- so there the operating system's user counts, as the client names it.
create function ops.person(p_os_user text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    v_os_user text := btrim(regexp_replace(normalize(p_os_user, nfkc), '\\s+', ' ', 'g'));
begin
    if not (select rolsuper from pg_roles where rolname = session_user) then
        return session_user;
    end if;
    -- Nothing that looks like nothing: a name with an invisible character would be a second person.
    if v_os_user is null or v_os_user !~ '^[[:alnum:]._@+\\\\-]+( [[:alnum:]._@+\\\\-]+)*$'
        or v_os_user ~* ' as ' or length(v_os_user) > 100
    then
        raise exception
            'a superuser login (%) stands for nobody: the name of the person is missing, or has '
            'other characters than letters, digits and ._@+-', session_user
            using errcode = 'invalid_parameter_value';
    end if;
    return v_os_user || ' as ' || session_user;
end
$$;
"""

TABLES = """
create table ops.reviewable_feeds (
    feed text primary key,
    -- Those that the feed's models read decisions about; null for all of the feed's.
    columns text[]
);
comment on table ops.reviewable_feeds is
    'Feeds whose rejected lines may be settled in review: those whose models read the decisions';
insert into ops.reviewable_feeds (feed, columns) values (
    'bank_transactions',
    array[
        'transaction_id', 'timestamp', 'amount', 'currency', 'sender_account', 'receiver_account',
        'sender_country', 'receiver_country'
    ]
);

create table ops.review_proposals (
    proposal_id bigint generated always as identity primary key,
    load_id integer not null references ops.loads,
    line_no integer not null,
    verdict text not null check (verdict in ('accept', 'reject')),
    set_values jsonb not null default '{}' check (jsonb_typeof(set_values) = 'object'),
    why text not null check (btrim(why) <> ''),
    proposed_by text not null,
    proposed_at timestamptz not null default clock_timestamp(),
    constraint proposals_reject_as_it_stands check (verdict = 'accept' or set_values = '{}')
);
create index review_proposals_line on ops.review_proposals (load_id, line_no, proposal_id);
comment on table ops.review_proposals is
    'What somebody proposed about a rejected line. Open until decided, or until a later proposal
about the line takes its place: see ops.review_open_proposals';
comment on column ops.review_proposals.set_values is
    'Column of the raw table to the text that shall stand in it';

create table ops.review_decisions (
    decision_id bigint generated always as identity primary key,
    proposal_id bigint not null unique references ops.review_proposals,
    load_id integer not null references ops.loads,
    line_no integer not null,
    verdict text not null check (verdict in ('accept', 'reject')),
    set_values jsonb not null default '{}' check (jsonb_typeof(set_values) = 'object'),
    why text not null check (btrim(why) <> ''),
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_why text not null check (btrim(decided_why) <> ''),
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    constraint decisions_take_two
        check (ops.person_key(proposed_by) <> ops.person_key(decided_by)),
    constraint decisions_reject_as_it_stands check (verdict = 'accept' or set_values = '{}')
);
create index review_decisions_line on ops.review_decisions (load_id, line_no, decision_id);
comment on table ops.review_decisions is
    'What two persons decided about a rejected line. The newest decision about a line counts: see
ops.review_standing';

create view ops.review_open_proposals as
select proposals.*
from ops.review_proposals as proposals
where not exists (
        select from ops.review_decisions as decisions
        where decisions.proposal_id = proposals.proposal_id
    )
    and not exists (
        select from ops.review_proposals as later
        where later.load_id = proposals.load_id
            and later.line_no = proposals.line_no
            and later.proposal_id > proposals.proposal_id
    );
comment on view ops.review_open_proposals is
    'One row a line about which somebody proposed something that waits for a second person';

create view ops.review_standing as
select decisions.*
from ops.review_decisions as decisions
where not exists (
        select from ops.review_decisions as later
        where later.load_id = decisions.load_id
            and later.line_no = decisions.line_no
            and later.decision_id > decisions.decision_id
    );
comment on view ops.review_standing is
    'One row a line about which something was decided: the newest decision';

create view ops.reviewable_loads as
select load_id, feed, file_name, business_date
from ops.loads
where status = 'loaded' and feed in (select feed from ops.reviewable_feeds);
comment on view ops.reviewable_loads is 'The loads whose lines may be settled in review';
"""

# Triggers, for they hold the owner too. A foreign key needs the owner's permission to update what
# it points to, and an owner grants himself what he lacks.
APPEND_ONLY = """
create function ops.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%.% only grows: rows are never changed or deleted; decide again instead',
        tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger review_proposals_only_grow
    before update or delete or truncate on ops.review_proposals
    for each statement execute function ops.refuse_change();
create trigger review_decisions_only_grow
    before update or delete or truncate on ops.review_decisions
    for each statement execute function ops.refuse_change();
alter table ops.review_proposals enable always trigger review_proposals_only_grow;
alter table ops.review_decisions enable always trigger review_decisions_only_grow;
"""

DECIDE = """
-- The columns of a feed that a decision may set: of its raw table's, which are its contract's,
-- those that its models read decisions about.
create function ops.review_columns(p_feed text) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(attname::text order by attnum), '{}')
    from pg_attribute
    where attrelid = to_regclass(format('staging.%I', 'raw_' || p_feed))
        and attnum > 0 and not attisdropped
        and attname not in ('_load_id', '_line_no', '_extra')
        and attname = any (coalesce(
            (select columns from ops.reviewable_feeds where feed = p_feed), array[attname::text]
        ))
$$;

-- Proposes something about a line, or decides what another person proposed in the same words.
-- outcome: proposed, decided. speaker: who spoke. other: whose proposal was decided or replaced.
create function ops.decide_review(
    p_load_id integer, p_line_no integer, p_verdict text, p_set jsonb, p_why text,
    p_person text default null,
    out outcome text, out speaker text, out other text
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_load record;
    v_set jsonb := coalesce(p_set, '{}');
    v_unknown text;
    v_found boolean;
    v_open ops.review_open_proposals;
    v_standing ops.review_standing;
begin
    speaker := ops.person(p_person);
    if p_verdict is null or p_verdict not in ('accept', 'reject') then
        raise exception 'the verdict is accept or reject'
            using errcode = 'invalid_parameter_value';
    elsif coalesce(btrim(p_why), '') = '' then
        raise exception 'a decision needs a reason' using errcode = 'invalid_parameter_value';
    elsif jsonb_typeof(v_set) <> 'object' then
        raise exception 'the values to set are an object of column names and texts'
            using errcode = 'invalid_parameter_value';
    elsif p_verdict = 'reject' and v_set <> '{}' then
        raise exception 'a line that stays rejected has no values to set'
            using errcode = 'invalid_parameter_value';
    elsif current_setting('transaction_isolation') <> 'read committed' then
        -- An older snapshot would not show what the one said who held the lock before.
        raise exception 'decide in a transaction that is read committed'
            using errcode = 'invalid_transaction_state';
    end if;

    -- Whoever withdraws the load meanwhile waits, and the other way round.
    select loads.load_id, loads.feed, loads.status, feeds.feed is not null as is_reviewable
    into v_load
    from ops.loads as loads
    left join ops.reviewable_feeds as feeds using (feed)
    where loads.load_id = p_load_id
    for share of loads;
    if v_load.load_id is null then
        raise exception 'there is no load %', p_load_id using errcode = 'no_data_found';
    elsif v_load.status <> 'loaded' then
        raise exception 'load % is %: only lines of a loaded one can be reviewed',
            p_load_id, v_load.status using errcode = 'object_not_in_prerequisite_state';
    elsif not v_load.is_reviewable then
        raise exception 'lines of the feed % cannot be reviewed', v_load.feed
            using errcode = 'object_not_in_prerequisite_state';
    end if;

    select key into v_unknown
    from jsonb_each(v_set)
    where key <> all (ops.review_columns(v_load.feed))
    limit 1;
    if v_unknown is not null then
        raise exception 'the feed % has no column of that name; it has %',
            v_load.feed, array_to_string(ops.review_columns(v_load.feed), ', ')
            using errcode = 'invalid_parameter_value';
    elsif exists (select from jsonb_each(v_set) where jsonb_typeof(value) <> 'string') then
        raise exception 'a value to set is a text' using errcode = 'invalid_parameter_value';
    end if;

    execute format(
        'select exists (select from staging.%I where _load_id = $1 and _line_no = $2)',
        'raw_' || v_load.feed
    ) into v_found using p_load_id, p_line_no;
    if not v_found then
        raise exception 'load % has no line % that could be read', p_load_id, p_line_no
            using errcode = 'no_data_found';
    end if;

    -- One after the other for each line; what the other one said is seen below. No other advisory
    -- lock of Sluss takes one number, so this one meets none of them.
    perform pg_advisory_xact_lock(
        hashtextextended('sluss review ' || p_load_id || ' ' || p_line_no, 0)
    );
    select * into v_open
    from ops.review_open_proposals
    where load_id = p_load_id and line_no = p_line_no;
    select * into v_standing
    from ops.review_standing
    where load_id = p_load_id and line_no = p_line_no;

    if v_open.proposal_id is null
        and v_standing.verdict = p_verdict and v_standing.set_values = v_set
    then
        raise exception 'that was decided already, by % and %',
            v_standing.proposed_by, v_standing.decided_by
            using errcode = 'object_not_in_prerequisite_state';
    elsif v_open.verdict = p_verdict and v_open.set_values = v_set
        and ops.person_key(v_open.proposed_by) <> ops.person_key(speaker)
    then
        insert into ops.review_decisions (
            proposal_id, load_id, line_no, verdict, set_values, why, proposed_by, proposed_at,
            decided_why, decided_by
        )
        values (
            v_open.proposal_id, p_load_id, p_line_no, v_open.verdict, v_open.set_values,
            v_open.why, v_open.proposed_by, v_open.proposed_at, btrim(p_why), speaker
        );
        outcome := 'decided';
    else
        insert into ops.review_proposals (
            load_id, line_no, verdict, set_values, why, proposed_by
        )
        values (p_load_id, p_line_no, p_verdict, v_set, btrim(p_why), speaker);
        outcome := 'proposed';
    end if;
    other := v_open.proposed_by;
end
$$;
"""

GRANTS = """
revoke execute on function ops.person_key, ops.person, ops.refuse_change, ops.review_columns,
    ops.decide_review from public;
-- What is only proposed is nobody's business but the reviewers'; dbt reads what is decided.
revoke select on ops.review_proposals, ops.review_open_proposals from sluss_transformer;
grant usage on schema ops to sluss_investigator;
grant select on ops.review_proposals, ops.review_open_proposals, ops.review_decisions,
    ops.review_standing, ops.reviewable_loads to sluss_investigator;
grant execute on function ops.decide_review, ops.review_columns to sluss_investigator;
"""


def upgrade() -> None:
    op.execute("set local role sluss_owner")
    for statements in (PERSONS, TABLES, APPEND_ONLY, DECIDE, GRANTS):
        op.execute(statements)
    op.execute("reset role")
    # Lines of held loads stand before the marts; dbt grants the one view that shows them.
    op.execute("grant usage on schema intermediate to sluss_investigator")


def downgrade() -> None:
    refuse_data_loss("ops.review_proposals")
    op.execute(
        """
        drop view ops.reviewable_loads, ops.review_standing, ops.review_open_proposals cascade;
        drop function ops.decide_review, ops.review_columns;
        drop table ops.review_decisions, ops.review_proposals, ops.reviewable_feeds;
        drop function ops.refuse_change, ops.person, ops.person_key;
        revoke usage on schema ops, intermediate from sluss_investigator;
        """
    )
