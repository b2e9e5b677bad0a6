{{ payment_lines(source('cashflow', 'raw_cashflow_sepa')) }}
