-- Sums that agree (x, w), that lack values (y, z), that do not agree (v).
select *
from (
    values
        ('x', 1::numeric, 2::numeric, 3::numeric),
        ('x', 4, 5, 9),
        ('y', 1, null, 1),
        ('y', null, null, null),
        ('z', null, null, 0),
        ('w', 1.10, 2.20, 3.30),
        ('v', 1, 1, 3)
) as edge (grp, a, b, total)
