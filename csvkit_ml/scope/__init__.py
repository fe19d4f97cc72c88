"""What a product uses of a library: read from a model, an exported program, or a traced script."""
