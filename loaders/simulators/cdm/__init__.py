"""The CDM API over a folder of generated files, in both of its generations."""

from loaders.simulators.cdm.app import build_app
from loaders.simulators.cdm.faults import Faults

__all__ = ["Faults", "build_app"]
