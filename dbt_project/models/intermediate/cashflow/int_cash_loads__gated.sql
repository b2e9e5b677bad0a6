{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of payments: published, or held with the reason in words, and the version of
-- all rows that depend on it: its lines' outcomes, the companies, the rates, the mode.

with loads as (
    select * from {{ ref('int_cash_loads__known') }}
),

company_lists as (
    select * from {{ ref('int_company_loads__gated') }}
),

rate_lists as (
    select * from {{ ref('int_cash_rate_loads__gated') }}
),

accounts as (
    select * from {{ ref('int_company_accounts__current') }}
),

rates as (
    select * from {{ ref('int_cash_load_rates__attached') }}
),

grouped_lines as (
    select * from {{ ref('int_cash_transactions__grouped') }}
),

load_days as (
    select * from {{ ref('int_cash_load_days__counted') }}
),

counts as (
    select
        _load_id,
        cast(sum(line_count) as bigint) as judged_count
    from load_days
    group by _load_id
),

company_state as (
    select
        count(*) filter (where is_in_force) as in_force_count,
        max(
            'load ' || load_id || ' (' || file_name || ') is held: ' || gate_reason
        ) filter (where gate = 'held') as held_reason
    from company_lists
),

rate_state as (
    select
        count(*) filter (where is_in_force) as in_force_count,
        max(
            'load ' || load_id || ' (' || file_name || ') is held: ' || gate_reason
        ) filter (where gate = 'held') as held_reason
    from rate_lists
),

companies_version as (
    select {{ fingerprint_of_rows("account || ':' || company_id", 'account') }} as fingerprint
    from accounts
),

rates_version as (
    select
        _load_id,
        {{ fingerprint_of_rows(
            "currency || booked_date"
            ~ " || coalesce(cast(eur_rate as text), '')"
            ~ " || '/' || coalesce(cast(usd_rate as text), '')",
            'currency, booked_date'
        ) }} as fingerprint
    from rates
    group by _load_id
),

groups_version as (
    select
        _load_id,
        {{ fingerprint_of_rows(
            "_line_no || ':' || is_redelivery || is_batch || is_collision", '_line_no'
        ) }} as fingerprint
    from grouped_lines
    group by _load_id
),

judged as (
    select
        loads.load_id,
        loads.feed,
        loads.business_date,
        coalesce(counts.judged_count, 0) as judged_count,
        abs(loads.line_count - loads.malformed_count - coalesce(counts.judged_count, 0))
            as difference_count,
        concat_ws(
            '/',
            loads.version,
            companies_version.fingerprint,
            coalesce(rates_version.fingerprint, '-'),
            coalesce(groups_version.fingerprint, '-'),
            '{{ cash_mode() }}'
        ) as parts,
        case
            when company_state.in_force_count = 0
                then
                    'no list of companies is published: ' || coalesce(
                        company_state.held_reason, 'load one as cashflow_companies and build again'
                    )
            when rate_state.in_force_count = 0
                then
                    'no list of exchange rates is published: ' || coalesce(
                        rate_state.held_reason, 'load one as cashflow_rates and build again'
                    )
            when loads.line_count - loads.malformed_count <> coalesce(counts.judged_count, 0)
                then
                    'the lines of the file and the lines judged differ by '
                    || abs(
                        loads.line_count - loads.malformed_count - coalesce(counts.judged_count, 0)
                    )
                    || ': build again with --full-refresh'
        end as gate_reason
    from loads
    cross join company_state
    cross join rate_state
    cross join companies_version
    left join counts
        on loads.load_id = counts._load_id
    left join rates_version
        on loads.load_id = rates_version._load_id
    left join groups_version
        on loads.load_id = groups_version._load_id
)

select
    load_id,
    feed,
    business_date,
    judged_count,
    difference_count,
    gate_reason,
    case when gate_reason is null then 'published' else 'held' end as gate,
    {{ fingerprint(
        "parts || case when gate_reason is null then '/published' else '/held' end"
    ) }} as version
from judged
