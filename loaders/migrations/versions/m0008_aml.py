"""What investigators decide: dispositions of alerts and suppressions of rules, both append-only.

Rows are added through functions that run as the owner; nobody, the owner's functions included,
changes or deletes one. A decision is taken back by a newer one. Down: drops both tables and their
functions; refuses if they hold rows, unless the caller allows the loss.
"""

from __future__ import annotations

from alembic import op

from loaders.migrations.steps import refuse_data_loss

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
create table ops.alert_dispositions (
    disposition_id bigint generated always as identity primary key,
    alert_id text not null check (alert_id ~ '^[0-9a-f]{32}$'),
    rule_id text not null,
    rule_version integer not null,
    outcome text not null check (outcome in ('confirmed', 'valuable', 'false_positive')),
    reason text check (
        reason in (
            'known_business', 'salary_or_rent', 'own_accounts', 'family_or_friends',
            'one_off_purchase', 'wrong_data', 'rule_too_wide'
        )
    ),
    decided_at timestamptz not null default clock_timestamp(),
    decided_by text not null,
    constraint false_positives_say_why check ((outcome = 'false_positive') = (reason is not null))
);
comment on table ops.alert_dispositions is
    'One row a decision on an alert; the newest one of an alert holds. Append-only';

create table ops.rule_suppressions (
    suppression_id bigint generated always as identity primary key,
    rule_id text not null,
    subject_account text not null,
    from_date date not null,
    until_date date not null,
    why text not null check (btrim(why) <> ''),
    decided_at timestamptz not null default clock_timestamp(),
    decided_by text not null
);
comment on table ops.rule_suppressions is
    'One row a decision to keep a rule silent for an account for some days; the newest one of a rule
and account holds. Its alerts are still logged. Append-only';

create trigger append_only before update or delete or truncate on ops.alert_dispositions
    for each statement execute function ops.refuse_change();
create trigger append_only before update or delete or truncate on ops.rule_suppressions
    for each statement execute function ops.refuse_change();
alter table ops.alert_dispositions enable always trigger append_only;
alter table ops.rule_suppressions enable always trigger append_only;

create function ops.dispose_alert(
    p_alert_id text, p_rule_id text, p_rule_version integer, p_outcome text, p_reason text,
    p_os_user text default null
) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into ops.alert_dispositions (
        alert_id, rule_id, rule_version, outcome, reason, decided_by
    )
    values (
        p_alert_id, p_rule_id, p_rule_version, p_outcome, p_reason,
        ops.person(p_os_user)
    )
    returning disposition_id
$$;

create function ops.suppress_rule(
    p_rule_id text, p_subject_account text, p_from_date date, p_until_date date, p_why text,
    p_os_user text default null
) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into ops.rule_suppressions (
        rule_id, subject_account, from_date, until_date, why, decided_by
    )
    values (
        p_rule_id, p_subject_account, p_from_date, p_until_date, p_why,
        ops.person(p_os_user)
    )
    returning suppression_id
$$;

revoke execute on function
    ops.dispose_alert(text, text, integer, text, text, text),
    ops.suppress_rule(text, text, date, date, text, text) from public;
grant execute on function
    ops.dispose_alert(text, text, integer, text, text, text),
    ops.suppress_rule(text, text, date, date, text, text) to sluss_investigator;
"""


def upgrade() -> None:
    op.execute("set local role sluss_owner")
    op.execute(TABLES)
    op.execute("reset role")


def downgrade() -> None:
    refuse_data_loss("ops.alert_dispositions")
    refuse_data_loss("ops.rule_suppressions")
    op.execute(
        """
        drop table ops.alert_dispositions, ops.rule_suppressions;
        drop function
            ops.dispose_alert(text, text, integer, text, text, text),
            ops.suppress_rule(text, text, date, date, text, text);
        """
    )
