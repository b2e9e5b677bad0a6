"""Review: two persons settle a rejected line, and the next build judges by what they decided.

:mod:`sluss.review.lines` finds the lines, :mod:`sluss.review.decisions` proposes and decides. What
a decision does to a line is the models' business; who may decide is the database's
(``ops.decide_review``, migration 0004).
"""

from sluss.review.decisions import Spoken, decide
from sluss.review.lines import Opinion, ReviewLine, waiting

__all__ = ["Opinion", "ReviewLine", "Spoken", "decide", "waiting"]
