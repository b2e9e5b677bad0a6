"""The CDM API of the cashflow feed, in its two generations.

Generation 1 keeps the cursor itself: an answer that is lost cannot be asked for again. Generation 2
is asked for pages after an id, and calls some things by other names.
"""

from __future__ import annotations

from datetime import timedelta

from loaders.errors import UnusableInputError
from loaders.polling.api import Api, Endpoint, Paging
from loaders.sources.http_json import Wire

GENERATIONS = (1, 2)

_COMPANIES = Wire(aliases={"id": "companyID"}, lists=frozenset({"ibans"}))
_TRANSACTIONS = Wire(aliases={"payer": "sender", "receiver": "beneficiary"})


def cdm_api(generation: int) -> Api:
    """Returns what there is to ask of a generation; raises UnusableInputError if it is unknown."""
    if generation not in GENERATIONS:
        raise UnusableInputError(
            f"There is no generation {generation} of the CDM API; known are 1 and 2 "
            "(SLUSS_CDM_GENERATION, or --generation)."
        )
    paging: Paging = "server_cursor" if generation == 1 else "after_id"
    return Api(
        service=f"cdm{generation}",
        environment="SLUSS_CDM",
        endpoints=(
            # The first generation's name first; the second has been seen with either.
            Endpoint("cashflow_companies", ("/company_info", "/companies"), "once", _COMPANIES),
            Endpoint("cashflow_rates", ("/exchange_rates",), "once", Wire()),
            Endpoint("cashflow_sepa", ("/sepa",), paging, _TRANSACTIONS),
            Endpoint("cashflow_swift", ("/swift",), paging, _TRANSACTIONS),
        ),
        window=timedelta(days=5),
        page_rows=5_000,
    )
