{#- The time between two instants as people say it: `4 min 57 s`, `3 h 20 min`, `12 days`. -#}
{% macro duration_text(first_at, last_at) %}
    {{ return(adapter.dispatch('duration_text')(first_at, last_at)) }}
{% endmacro %}

{% macro postgres__duration_text(first_at, last_at) -%}
    case
        when {{ last_at }} - {{ first_at }} < interval '1 hour'
            then to_char({{ last_at }} - {{ first_at }}, 'FMMI" min "FMSS" s"')
        when {{ last_at }} - {{ first_at }} < interval '2 days'
            then to_char(
                make_interval(secs => extract(epoch from {{ last_at }} - {{ first_at }})),
                'FMHH24" h "FMMI" min"'
            )
        else round(extract(epoch from {{ last_at }} - {{ first_at }}) / 86400) || ' days'
    end
{%- endmacro %}
