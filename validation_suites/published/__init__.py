"""Data that others have published, frozen to files with digests and attribution, and judged by our own limits."""
