-- Boundaries, nulls, empty texts, mixed case, letters outside ASCII, a quote, a line break, a group without a name.
select *
from (
    values
        (1, 'a'::text, 'SE'::text, 0::numeric, 0::numeric, 'x'::text, date '2025-01-01'),
        (2, 'A', 'se', 10, 5, 'x', date '2025-01-31'),
        (3, '', '', -0.01, 0, 'x', date '2025-02-01'),
        (4, null, null, null, 1, 'y', null),
        (5, 'å', 'ÅX', 10.01, null, 'y', date '2024-12-31'),
        (6, 'a', 'SE', 10, 10, 'y', date '2025-01-15'),
        (7, ' a', 'SE1', null, null, null, date '2025-01-15'),
        (8, 'd''Ivoire', 'CI', 5, 4, null, date '2025-01-15'),
        (9, E'a\nb', 'AB', 5, 6, null, date '2025-01-15')
) as edge (id, label, code, amount, amount_b, grp, day)
