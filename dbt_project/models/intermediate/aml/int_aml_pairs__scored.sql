{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['sender_key', 'receiver_key', 'met_date'], 'unique': true}],
    pre_hook="{{ touch_scored_pairs(ref('int_aml_features__of_pairs'), ref('aml_points')) }}",
    post_hook="{{ forget_reopened_windows('int_aml_pairs__scored') }}"
) }}

-- One row per new pair and day: its points, the sum of one bin a feature, and the bins that gave
-- most. Every bin that gives points is in the points table; a value without one gives none.

with features as (
    select features.*
    from {{ ref('int_aml_features__of_pairs') }} as features
    {%- if is_incremental() %}
        inner join {{ touched_pairs() }} as touched
            on
                features.sender_key = touched.sender_key
                and features.receiver_key = touched.receiver_key
                and features.met_date = touched.met_date
    {%- endif %}
),

points_table as (
    select * from {{ ref('aml_points') }}
),

phrases as (
    select * from {{ ref('aml_features') }}
),

card as (
    select
        max(version) as card_version,
        {{ points_fingerprint() }} as card_fingerprint
    from points_table
),

readings as (
    select
        features.sender_key,
        features.receiver_key,
        features.met_date,
        reading.feature,
        reading.value
    from features
    inner join lateral (
        values
        ('first_meeting', 1),
        {%- for feature in scored_features() %}
            ('{{ feature }}', features.{{ feature }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as reading (feature, value) on true
),

given as (
    select
        readings.sender_key,
        readings.receiver_key,
        readings.met_date,
        readings.value,
        points_table.points,
        phrases.phrase,
        row_number() over (
            partition by readings.sender_key, readings.receiver_key, readings.met_date
            order by points_table.points desc, readings.feature asc
        ) as place
    from readings
    inner join points_table
        on
            readings.feature = points_table.feature
            and readings.value >= coalesce(points_table.lower_bound, readings.value)
            and (points_table.upper_bound is null or readings.value < points_table.upper_bound)
            and points_table.points > 0
    inner join phrases
        on readings.feature = phrases.feature
)

select
    given.sender_key,
    given.receiver_key,
    given.met_date,
    sum(given.points) as points,
    {{ array_of_rows(
        "case when place <= " ~ var('aml_top_reasons')
        ~ " then " ~ number_text('given.value') ~ " || ' ' || given.phrase || ' (+' || given.points || ')' end",
        'given.place'
    ) }} as top_reasons,
    card.card_version,
    card.card_fingerprint
from given
cross join card
group by
    given.sender_key,
    given.receiver_key,
    given.met_date,
    card.card_version,
    card.card_fingerprint
