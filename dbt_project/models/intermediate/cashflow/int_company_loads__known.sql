{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

{{ known_loads_of(['cashflow_companies']) }}
