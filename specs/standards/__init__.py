"""Clause maps of standards: one TOML file per edition, in our words."""
