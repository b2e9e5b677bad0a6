"""The landing folders: where files arrive, and where they go once they were offered to the loader.

``SLUSS_LANDING`` (a path, or any fsspec URL; default data/landing) holds a folder a feed. A look
(:func:`waiting`) says which files are whole; :func:`load_landed` loads one and moves it to
``archive/<business date>``, or to ``refused`` with its reason in words beside it.
"""

from loaders.landing.arrivals import LandedFile, State, WaitingFile, landed_file, waiting
from loaders.landing.files import (
    ArchivedFile,
    GoneError,
    archived,
    business_date_of,
    content_hash,
    fetched,
)
from loaders.landing.filing import ReplacedError
from loaders.landing.offers import LandedResult, load_archived, load_landed, refuse
from loaders.landing.places import landing_root, place_of
from loaders.landing.storage import StorageError

__all__ = [
    "ArchivedFile",
    "GoneError",
    "LandedFile",
    "LandedResult",
    "ReplacedError",
    "State",
    "StorageError",
    "WaitingFile",
    "archived",
    "business_date_of",
    "content_hash",
    "fetched",
    "landed_file",
    "landing_root",
    "load_archived",
    "load_landed",
    "place_of",
    "refuse",
    "waiting",
]
