{#-
    What outlives a purge: facts of purged loads without which the lines that remain would come out
    differently. No model makes these tables, so no full refresh empties them. They hold nothing but
    ids and accounts that remain.
    - kept_repeats: lines that share the id of an accepted line that was purged, and so stay a
      duplicate or a conflict.
    - kept_listings: since when an account that remains was listed.
    - kept_balances: what the purged payments moved on an account that remains.
    - kept_cash_lines: what sharing an id made of lines of cashflow that remain, where one that shared it
      was purged.
    - kept_cash_balances: what the purged payments moved on a company that remains.
    - kept_purges: the purges whose facts are kept; in the transaction that keeps them.
-#}
{% macro kept_repeats() -%} intermediate.kept_repeats {%- endmacro %}

{% macro kept_listings() -%} intermediate.kept_listings {%- endmacro %}

{% macro kept_balances() -%} intermediate.kept_balances {%- endmacro %}

{% macro kept_cash_lines() -%} intermediate.kept_cash_lines {%- endmacro %}

{% macro kept_cash_balances() -%} intermediate.kept_cash_balances {%- endmacro %}

{% macro kept_purges() -%} intermediate.kept_purges {%- endmacro %}

{% macro create_kept_tables() %}
    do $create_kept_tables$
    begin
        if
            to_regclass('{{ kept_purges() }}') is null
            or to_regclass('{{ kept_cash_balances() }}') is null
        then
            -- As for applied_loads: tables that stand are not locked.
            perform pg_advisory_xact_lock({{ fence_lock_key() }});
            {%- if target.role %}
            set local role {{ target.role }};
            {%- endif %}
            create table if not exists {{ kept_repeats() }} (
                load_id integer not null,
                line_no integer not null,
                transaction_id uuid not null,
                first_load_id integer not null,
                first_line_no integer not null,
                has_same_content boolean not null,
                primary key (load_id, line_no)
            );
            create index if not exists kept_repeats_transaction_id
                on {{ kept_repeats() }} (transaction_id);
            create table if not exists {{ kept_listings() }} (
                account text primary key,
                first_listed_date date not null
            );
            create table if not exists {{ kept_balances() }} (
                own_account text primary key,
                amount_sek numeric(22, 2) not null,
                last_movement_date date not null
            );
            create table if not exists {{ kept_cash_lines() }} (
                load_id integer not null,
                line_no integer not null,
                payment_key text not null,
                is_redelivery boolean not null,
                is_batch boolean not null,
                is_collision boolean not null,
                primary key (load_id, line_no)
            );
            create table if not exists {{ kept_cash_balances() }} (
                company_id integer primary key,
                amount_eur numeric(22, 2) not null,
                amount_usd numeric(22, 2) not null
            );
            create table if not exists {{ kept_purges() }} (
                purge_id integer primary key
            );
        end if;
    end
    $create_kept_tables$
{% endmacro %}
