-- Every row of edge_values twice.
select * from {{ ref('edge_values') }}
union all
select * from {{ ref('edge_values') }}
