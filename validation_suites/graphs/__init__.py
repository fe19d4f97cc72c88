"""Whole models as samples of a function, and how each of their operators is judged."""
