"""mlcsv: computerized-system validation of machine-learning libraries."""

__version__ = "0.1.0"
