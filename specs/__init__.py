"""Specifications as data that ships with the package: `libraries` holds the functional split of each library."""
