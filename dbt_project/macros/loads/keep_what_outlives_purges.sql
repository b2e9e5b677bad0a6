{#-
    Keeps, before anything of a purge's loads is removed, what the remaining lines need of them (see
    create_kept_tables), once for each purge. `sluss purge` runs it first; every build runs it too,
    for a purge that was killed before it came so far: the build would take the loads out and judge
    what remains without them.
-#}
{% macro keep_what_outlives_purges() %}
    {#- By name: dbt cannot see what a hook refers to on a condition. -#}
    {%- set read = {
        'repeated': 'intermediate.int_transactions__repeated',
        'remembered': 'intermediate.int_transactions__remembered',
        'deduplicated': 'intermediate.int_transactions__deduplicated',
        'gated': 'intermediate.int_transaction_loads__gated',
        'listed': 'intermediate.int_accounts__listed',
        'movements': 'marts.fct_account_movements',
        'cash_groups': 'intermediate.int_cash_transactions__grouped',
        'cash_days': 'marts.fct_company_movements_daily',
        'companies': 'marts.dim_company',
    } -%}
    {%- set new_purges -%}
        select purges.purge_id
        from ops.purges
        where
            purges.status = 'running'
            and not exists (
                select 1 from {{ kept_purges() }} as kept where kept.purge_id = purges.purge_id
            )
    {%- endset -%}
    {%- if execute and run_query(new_purges).rows | length > 0 -%}
        {{ kept_of_open_purges_sql(read, new_purges) }}
    {%- else -%}
        select 1
    {%- endif -%}
{% endmacro %}

{% macro kept_of_open_purges_sql(read, new_purges) %}
    {#- What was withdrawn counted no more already. -#}
    {%- set leaving -%}
        select loads.load_id
        from ops.loads
        inner join ops.purges on loads.load_id = any(purges.loads)
        where
            loads.status = 'purging'
            and loads.withdrawn_at is null
            and {{ is_one_of('purges.purge_id', new_purges) }}
    {%- endset -%}
    {%- set remaining = "select load_id from ops.loads where status = 'loaded'" -%}

    {#- What was never built has nothing to keep. -#}
    {%- set built = [] -%}
    {%- for name, relation in read.items() -%}
        {%- set schema, identifier = relation.split('.') -%}
        {%- if adapter.get_relation(target.database, schema, identifier) -%}
            {%- do built.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if 'deduplicated' in built and 'remembered' in built %}
    {{ kept_repeats_sql(read, leaving, remaining) }};
    {%- endif %}
    {%- if 'listed' in built %}
    {{ kept_listings_sql(read, remaining) }};
    {%- endif %}
    {%- if 'listed' in built and 'movements' in built %}
    {{ kept_balances_sql(read, leaving, remaining) }};
    {%- endif %}
    {%- if 'cash_groups' in built %}
    {{ kept_cash_lines_sql(read, leaving, remaining) }};
    {%- endif %}
    {%- if 'cash_days' in built and 'companies' in built %}
    {{ kept_cash_balances_sql(read, leaving, remaining) }};
    {%- endif %}
    {{ noted_windows_sql(leaving) }}
    insert into {{ kept_purges() }} (purge_id)
    {{ new_purges }}
{% endmacro %}

{#- Detection judges again what looked at payments that go, from those that remain. -#}
{% macro noted_windows_sql(leaving) -%}
    {%- set readers = {
        'int_aml_edges__dense': ['velocity_burst'],
        'int_aml_edges__small_foreign': ['smurfing'],
        'int_aml_edges__large': [
            'gather_scatter', 'scatter_gather', 'rapid_movement', 'matched_legs',
            'layering_chain', 'round_trip', 'structuring',
        ],
    } -%}
    {%- set noted -%}
        insert into {{ reopened_windows() }} (reader, sender_key, receiver_key, met_date, booked_at)
    {%- endset -%}
    {%- for name, rules in readers.items() -%}
        {%- if adapter.get_relation(target.database, 'intermediate', name) -%}
            {%- for rule in rules %}
            {{ noted }}
            select 'int_aml_hits__{{ rule }}', sender_key, receiver_key, booked_date, booked_at
            from intermediate.{{ name }} where {{ is_one_of('_load_id', leaving) }};
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if adapter.get_relation(target.database, 'intermediate', 'int_aml_pairs__met') %}
        {{ noted }}
        select
            'int_aml_pairs__new', sender_key, receiver_key, booked_date,
            cast(null as timestamp with time zone)
        from intermediate.int_aml_pairs__met where {{ is_one_of('_load_id', leaving) }}
        union
        select 'int_aml_pairs__new', account_key, null, booked_date, null
        from intermediate.int_aml_account_days__counted where {{ is_one_of('_load_id', leaving) }};
    {%- endif -%}
    {%- if adapter.get_relation(target.database, 'intermediate', 'int_aml_edges__keyed') -%}
        {%- for rule in ['dormant_account', 'fan'] %}
        {{ days_of_own_accounts_sql(
            'int_aml_hits__' ~ rule, 'intermediate.int_aml_edges__keyed', leaving
        ) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Lines that remain and share the id of an accepted line that goes, or that went before. -#}
{% macro kept_repeats_sql(read, leaving, remaining) -%}
    insert into {{ kept_repeats() }} (
        load_id, line_no, transaction_id, first_load_id, first_line_no, has_same_content
    )
    select distinct on (later._load_id, later._line_no)
        later._load_id,
        later._line_no,
        later.transaction_id,
        first_lines.load_id,
        first_lines.line_no,
        later_lines.content_fingerprint = first_lines.content_fingerprint
    from (
        select
            standing._load_id as load_id,
            standing._line_no as line_no,
            standing.transaction_id,
            lines.content_fingerprint
        from {{ read.deduplicated }} as standing
        inner join {{ read.repeated }} as lines
            on standing._load_id = lines._load_id and standing._line_no = lines._line_no
        inner join {{ read.gated }} as loads
            on standing._load_id = loads.load_id and loads.gate = 'published'
        where
            standing.outcome = 'accepted'
            and {{ is_one_of('standing._load_id', leaving) }}
        union all
        select
            first_load_id as load_id,
            first_line_no as line_no,
            transaction_id,
            content_fingerprint
        from {{ read.remembered }}
    ) as first_lines
    inner join {{ read.deduplicated }} as later
        on first_lines.transaction_id = later.transaction_id
    inner join {{ read.repeated }} as later_lines
        on later._load_id = later_lines._load_id and later._line_no = later_lines._line_no
    where {{ is_one_of('later._load_id', remaining) }}
    order by later._load_id, later._line_no, first_lines.load_id
    on conflict do nothing
{%- endmacro %}

{% macro kept_listings_sql(read, remaining) -%}
    insert into {{ kept_listings() }} (account, first_listed_date)
    select
        account,
        first_listed_date
    from {{ read.listed }}
    where {{ is_one_of('_load_id', remaining) }}
    on conflict (account) do update
    set first_listed_date = least(
        kept_listings.first_listed_date, excluded.first_listed_date
    );
    delete from {{ kept_listings() }} as kept
    where not exists (
        select 1
        from {{ read.listed }} as listed
        where
            listed.account = kept.account
            and {{ is_one_of('listed._load_id', remaining) }}
    )
{%- endmacro %}

{% macro kept_balances_sql(read, leaving, remaining) -%}
    insert into {{ kept_balances() }} (own_account, amount_sek, last_movement_date)
    select
        own_account,
        sum(incoming_amount_sek - outgoing_amount_sek),
        max(movement_date)
    from {{ read.movements }}
    where {{ is_one_of('_load_id', leaving) }}
    group by own_account
    on conflict (own_account) do update
    set
        amount_sek = kept_balances.amount_sek + excluded.amount_sek,
        last_movement_date
        = greatest(kept_balances.last_movement_date, excluded.last_movement_date);
    delete from {{ kept_balances() }} as kept
    where
        not exists (
            select 1
            from {{ read.listed }} as listed
            where
                listed.account = kept.own_account
                and {{ is_one_of('listed._load_id', remaining) }}
        )
        and not exists (
            select 1
            from {{ read.movements }} as movements
            where
                movements.own_account = kept.own_account
                and {{ is_one_of('movements._load_id', remaining) }}
        )
{%- endmacro %}

{#- Lines that remain and share the id of one that goes; what went before is in them already. -#}
{% macro kept_cash_lines_sql(read, leaving, remaining) -%}
    insert into {{ kept_cash_lines() }} (
        load_id, line_no, payment_key, is_redelivery, is_batch, is_collision
    )
    select
        _load_id,
        _line_no,
        payment_key,
        is_redelivery,
        is_batch,
        is_collision
    from {{ read.cash_groups }}
    where
        {{ is_one_of('_load_id', remaining) }}
        and payment_key in (
            select payment_key
            from {{ read.cash_groups }}
            where {{ is_one_of('_load_id', leaving) }}
        )
    on conflict (load_id, line_no) do update
    set
        is_redelivery = excluded.is_redelivery,
        is_batch = excluded.is_batch,
        is_collision = excluded.is_collision
{%- endmacro %}

{% macro kept_cash_balances_sql(read, leaving, remaining) -%}
    insert into {{ kept_cash_balances() }} (company_id, amount_eur, amount_usd)
    select
        company_id,
        sum(credit_amount_eur - debit_amount_eur),
        sum(credit_amount_usd - debit_amount_usd)
    from {{ read.cash_days }}
    where {{ is_one_of('_load_id', leaving) }}
    group by company_id
    on conflict (company_id) do update
    set
        amount_eur = kept_cash_balances.amount_eur + excluded.amount_eur,
        amount_usd = kept_cash_balances.amount_usd + excluded.amount_usd;
    delete from {{ kept_cash_balances() }} as kept
    where
        not exists (
            select 1
            from {{ read.companies }} as companies
            where companies.company_id = kept.company_id
        )
        and not exists (
            select 1
            from {{ read.cash_days }} as days
            where
                days.company_id = kept.company_id
                and {{ is_one_of('days._load_id', remaining) }}
        )
{%- endmacro %}
