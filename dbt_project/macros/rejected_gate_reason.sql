{#- Why a load with too many rejected lines is held, in words. -#}
{% macro rejected_gate_reason(rejected_count, line_count) -%}
    {{ thousands('(' ~ rejected_count ~ ')') }}
    || ' of ' || {{ thousands(line_count) }} || ' lines ('
    || {{ share_text('(' ~ rejected_count ~ ')', line_count) }} || ') were rejected, more than '
    || {{ percent_text(var('gate_max_rejected_share')) }}
    || ': see which rules in marts.rpt_rule_summary, then ask the sender for a corrected file'
{%- endmacro %}
