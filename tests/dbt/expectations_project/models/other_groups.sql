-- Agrees with edge_values on group x, lacks y and the nameless group, has a group z of its own.
select *
from (values ('x', 1), ('x', 2), ('x', 3), ('z', 4)) as other (grp_code, n)
