"""The intended use in the maker's own words: requirements, and tests of the maker's own."""
