-- The cleaning of a day in DuckDB, by the rules that bench/peers.py names: judge, look up, drop
-- repeats, convert. Variables: file, customers, seeds (a folder), ceiling, day. The table `quoted`
-- has the exchange rates.

create table raw_lines as
select *
from read_csv(
    getvariable('file'),
    header = true, all_varchar = true,
    columns = {
        'transaction_id': 'varchar', 'timestamp': 'varchar', 'amount': 'varchar',
        'currency': 'varchar', 'sender_account': 'varchar', 'receiver_account': 'varchar',
        'sender_country': 'varchar', 'sender_municipality': 'varchar',
        'receiver_country': 'varchar', 'receiver_municipality': 'varchar',
        'transaction_type': 'varchar', 'notes': 'varchar'
    }
);

create table register as
select distinct trim(BankAccount) as account
from read_csv(getvariable('customers'), header = true, all_varchar = true);

create table currency_names as
select currency as currency_key, currency
from read_csv(getvariable('seeds') || '/currencies.csv', header = true, all_varchar = true)
where is_payment_currency = 'true'
union all
select alias_key, currency
from read_csv(getvariable('seeds') || '/currency_aliases.csv', header = true, all_varchar = true);

create table countries as
select country_code, try_cast(iban_length as integer) as iban_length
from read_csv(getvariable('seeds') || '/countries.csv', header = true, all_varchar = true);

create table country_names as
select alias_key, country_code
from read_csv(getvariable('seeds') || '/country_aliases.csv', header = true, all_varchar = true);

create table municipalities as
select distinct lower(name) as municipality
from read_csv(
    getvariable('seeds') || '/swedish_municipalities.csv', header = true, all_varchar = true
);

create macro clean_account(raw) as nullif(upper(regexp_replace(raw, '[\s\x{00A0}-]', '', 'g')), '');

create macro is_own(account) as account like 'SE8902%' and length(account) = 24;

create macro iban_digits(account) as list_aggregate(
    list_transform(
        string_split(account[5:] || account[:4], ''),
        lambda letter: case
            when letter between '0' and '9' then letter
            else cast(ascii(letter) - 55 as varchar)
        end
    ),
    'string_agg', ''
);

-- Modulo 97 in steps: the digits are too many for any integer.
create macro iban_remainder(account) as list_reduce(
    list_transform(string_split(iban_digits(account), ''), lambda digit: try_cast(digit as integer)),
    lambda remainder, digit: (remainder * 10 + digit) % 97
);

create table judged as
with cleaned as (
    select
        rowid as line,
        try_cast(trim(transaction_id) as uuid) as transaction_id,
        trim("timestamp") as time_text,
        regexp_replace(trim(amount), '[\s\x{00A0}\x{2007}\x{202F}]', '', 'g') as amount_text,
        upper(trim(currency)) as currency_key,
        clean_account(sender_account) as sender_account,
        clean_account(receiver_account) as receiver_account,
        nullif(lower(trim(sender_country)), '') as sender_country_key,
        nullif(lower(trim(receiver_country)), '') as receiver_country_key,
        nullif(trim(sender_municipality), '') as sender_municipality,
        nullif(trim(receiver_municipality), '') as receiver_municipality,
        nullif(trim(notes), '') as note
    from raw_lines
),

typed as (
    select
        *,
        coalesce(
            try_cast(time_text as timestamp),
            try_strptime(
                time_text,
                [
                    '%Y%m%d %H:%M:%S', '%y-%m-%d %H:%M:%S', '%Y-%m-%d %H.%M.%S', '%Y-%m-%d %H:%M',
                    '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H.%M:%S', '%Y-%m-%d %H.%M'
                ]
            )
        ) as booked_local,
        cast(
            case
                when regexp_full_match(amount_text, '-?[0-9]+([.][0-9]{1,2})?')
                    then try_cast(amount_text as decimal(22, 2))
                when regexp_full_match(amount_text, '-?[0-9]+,[0-9]{1,2}')
                    then try_cast(replace(amount_text, ',', '.') as decimal(22, 2))
                when regexp_full_match(amount_text, '[0-9]{1,3}(,[0-9]{3})+[.][0-9]{1,2}')
                    then try_cast(replace(amount_text, ',', '') as decimal(22, 2))
                when regexp_full_match(amount_text, '[0-9]{1,3}([.][0-9]{3})+,[0-9]{1,2}')
                    then try_cast(
                        replace(replace(amount_text, '.', ''), ',', '.') as decimal(22, 2)
                    )
            end as decimal(22, 2)
        ) as clean_amount,
        is_own(sender_account) as is_sender_own,
        is_own(receiver_account) as is_receiver_own
    from cleaned
)

select
    typed.*,
    currency_names.currency,
    coalesce(
        sender_names.country_code,
        case when is_sender_own or sender_places.municipality is not null then 'SE' end
    ) as sender_country,
    coalesce(
        receiver_names.country_code,
        case when is_receiver_own or receiver_places.municipality is not null then 'SE' end
    ) as receiver_country,
    case
        when is_sender_own then sender_register.account is not null
        else coalesce(
            sender_countries.country_code is not null
            and regexp_full_match(sender_account, '[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}')
            and length(sender_account)
            = coalesce(sender_countries.iban_length, length(sender_account))
            and iban_remainder(sender_account) = 1,
            false
        )
    end as is_sender_valid,
    case
        when is_receiver_own then receiver_register.account is not null
        else coalesce(
            receiver_countries.country_code is not null
            and regexp_full_match(receiver_account, '[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}')
            and length(receiver_account)
            = coalesce(receiver_countries.iban_length, length(receiver_account))
            and iban_remainder(receiver_account) = 1,
            false
        )
    end as is_receiver_valid
from typed
left join currency_names using (currency_key)
left join country_names as sender_names on typed.sender_country_key = sender_names.alias_key
left join country_names as receiver_names on typed.receiver_country_key = receiver_names.alias_key
left join municipalities as sender_places
    on lower(typed.sender_municipality) = sender_places.municipality
left join municipalities as receiver_places
    on lower(typed.receiver_municipality) = receiver_places.municipality
left join countries as sender_countries
    on left(typed.sender_account, 2) = sender_countries.country_code
left join countries as receiver_countries
    on left(typed.receiver_account, 2) = receiver_countries.country_code
left join register as sender_register on typed.sender_account = sender_register.account
left join register as receiver_register on typed.receiver_account = receiver_register.account;

create table accepted as
with standing as (
    select *
    from judged
    where transaction_id is not null
        and booked_local is not null
        and cast(booked_local as date) <= cast(getvariable('day') as date) + 1
        and clean_amount > 0 and clean_amount <= cast(getvariable('ceiling') as decimal(22, 2))
        and currency is not null
        and is_sender_valid and is_receiver_valid
        and (is_sender_own or is_receiver_own)
),

first_lines as (
    select *
    from standing
    qualify row_number() over (partition by transaction_id order by line) = 1
)

select
    first_lines.*,
    quoted.sek_rate,
    case
        when first_lines.currency = 'SEK' then clean_amount
        else round(clean_amount * quoted.sek_rate, 2)
    end as amount_sek
from first_lines
asof left join quoted
    on first_lines.currency = quoted.currency
        and cast(first_lines.booked_local as date) >= quoted.rate_day;
