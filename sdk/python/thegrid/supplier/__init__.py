"""The supplier's side: an agent that serves deliveries with an upstream or a demo model.

The command line that calls `run_supplier` is elsewhere; money and metering are the exchange's.
"""

from thegrid.supplier.settings import SupplierSettings, SupplierSettingsError

__all__ = ["SupplierSettings", "SupplierSettingsError", "run_supplier"]


def __getattr__(name: str) -> object:
    # The agent needs the extra `supplier`; its settings do not.
    if name == "run_supplier":
        from thegrid.supplier.run import run_supplier

        return run_supplier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
