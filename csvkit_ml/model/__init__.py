"""The nouns: frozen values, no I/O.

Order, one way only (import-linter): digest < tensor < function < spec < plan < environment < observation
< evidence < judgement < report < signature < codec.
"""
