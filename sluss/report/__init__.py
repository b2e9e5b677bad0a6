"""The day report: one load of transactions, from its raw lines to the marts, as one HTML file.

:func:`write_report` executes ``notebooks/bank_day.ipynb`` and renders it without its code. The
other modules here are what the notebook's cells call, so that they stay short: ``load`` (the load
and how to ask the database), ``data``, ``distributions``, ``history`` and ``checks`` (questions,
answered as frames), ``views``, ``payments``, ``lines`` and ``charts`` (answers, shown).
"""

from sluss.report.head import report_version
from sluss.report.write import ReportResult, write_report

__all__ = ["ReportResult", "report_version", "write_report"]
