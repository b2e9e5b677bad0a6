{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

{{ known_loads_of(['cashflow_sepa', 'cashflow_swift']) }}
