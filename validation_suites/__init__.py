"""The functions that are validated, by side and area. Every module of a side's folder exports FUNCTIONS; none imports a library."""
