"""What follows from events, one module per feature, each task one call of the feature's own code.

`load` imports them all, which fills jobs.registry.
"""

import importlib
import pkgutil


def load() -> None:
    """Register every task and sweep."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
