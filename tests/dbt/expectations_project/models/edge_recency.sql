-- An hour ago, three days ago, in two days, never; as timestamptz, timestamp and date.
select
    kind,
    happened_at,
    happened_at::timestamp as happened_at_local,
    happened_at::date as happened_on
from (
    values
        ('fresh', now() - interval '1 hour'),
        ('old', now() - interval '3 days'),
        ('future', now() + interval '2 days'),
        ('never', null::timestamptz)
) as edge (kind, happened_at)
