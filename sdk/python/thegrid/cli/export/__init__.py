"""`grid export`: lists of the exchange as CSV or Parquet files, page by page.
Lists are named in `tables`, values become cells in `columns`, and rows files in `files`.
"""

from thegrid.cli.export.command import export

__all__ = ["export"]
