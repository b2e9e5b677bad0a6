-- Duplicate keys, with no, one and only missing values.
select *
from (
    values
        (1, 'a'::text, 'p'::text),
        (1, 'a', 'p'),
        (1, 'A', 'P'),
        (2, null, 'q'),
        (2, null, 'r'),
        (null, null, 's'),
        (null, null, 't'),
        (null, null, 'u'),
        (null, 'b', 'v'),
        (3, '', 'w'),
        (3, null, 'x')
) as edge (k1, k2, "Mixed Case")
