"""Addresses of pages, where the environment says what serves them."""

from __future__ import annotations

import os


def run_url(run_id: str) -> str | None:
    """Returns the page of a run, if ``SLUSS_DAGSTER_URL`` says where Dagster's pages are."""
    return _below("SLUSS_DAGSTER_URL", f"runs/{run_id}")


def page_url(path: str) -> str | None:
    """Returns the address of a page of ``sluss site``, if ``SLUSS_SITE_URL`` says where that is."""
    return _below("SLUSS_SITE_URL", path)


def _below(variable: str, path: str) -> str | None:
    base = os.environ.get(variable)
    return f"{base.rstrip('/')}/{path}" if base else None
