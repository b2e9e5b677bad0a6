{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per list of companies: published, or held with the reason in words; and what became of
-- its lines. An account that two companies claim holds the list: to give it to either of them would
-- make the balances of both a guess.

with loads as (
    select * from {{ ref('int_company_loads__known') }}
),

lines as (
    select * from {{ ref('int_companies__judged') }}
),

listed as (
    select * from {{ ref('int_company_accounts__listed') }}
),

counts as (
    select
        _load_id,
        count(*) as judged_count,
        count(*) filter (where outcome = 'accepted') as accepted_count,
        count(*) filter (where outcome = 'rejected') as rejected_count,
        count(*) filter (where outcome = 'duplicate') as duplicate_count
    from lines
    group by _load_id
),

claims as (
    select
        _load_id,
        account,
        min(company_id) as one_company_id,
        max(company_id) as other_company_id
    from listed
    group by _load_id, account
    having count(*) > 1
),

numbered_claims as (
    select
        *,
        row_number() over (partition by _load_id order by account) as place,
        count(*) over (partition by _load_id) as claim_count
    from claims
),

integrity as (
    select
        numbered_claims._load_id,
        'the account ' || left(numbered_claims.account, 4) || '…'
        || right(numbered_claims.account, 4)
        || ' is claimed by two companies, '
        || coalesce(one_company.company_name, 'without a name')
        || ' (' || numbered_claims.one_company_id || ') and '
        || coalesce(other_company.company_name, 'without a name')
        || ' (' || numbered_claims.other_company_id || ')'
        || case
            when numbered_claims.claim_count > 1
                then ', and so are ' || (numbered_claims.claim_count - 1) || ' more'
            else ''
        end
        || ': ask the sender whose it is, load the corrected list and build again' as reason
    from numbered_claims
    inner join listed as one_company
        on
            numbered_claims._load_id = one_company._load_id
            and numbered_claims.account = one_company.account
            and numbered_claims.one_company_id = one_company.company_id
    inner join listed as other_company
        on
            numbered_claims._load_id = other_company._load_id
            and numbered_claims.account = other_company.account
            and numbered_claims.other_company_id = other_company.company_id
    where numbered_claims.place = 1
),

judged as (
    select
        loads.load_id,
        loads.file_name,
        loads.business_date,
        loads.version,
        coalesce(counts.judged_count, 0) as judged_count,
        coalesce(counts.accepted_count, 0) as accepted_count,
        coalesce(counts.rejected_count, 0) as rejected_count,
        coalesce(counts.duplicate_count, 0) as duplicate_count,
        abs(loads.line_count - loads.malformed_count - coalesce(counts.judged_count, 0))
            as difference_count,
        case
            when integrity.reason is not null then integrity.reason
            when coalesce(counts.accepted_count, 0) = 0
                then 'no line of it is a company: ask the sender for the list'
        end as gate_reason
    from loads
    left join counts
        on loads.load_id = counts._load_id
    left join integrity
        on loads.load_id = integrity._load_id
)

select
    *,
    case when gate_reason is null then 'published' else 'held' end as gate,
    gate_reason is null
    and row_number() over (
        partition by gate_reason is null
        order by business_date desc, load_id desc
    ) = 1 as is_in_force
from judged
