"""What Dagster loads. Nothing is orchestrated yet: `sluss load` and `sluss build` run the day by
hand.
"""

from __future__ import annotations

from dagster import Definitions

defs = Definitions()
