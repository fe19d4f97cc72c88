"""The functional split of a library: rules, classification, coverage. Pure."""
