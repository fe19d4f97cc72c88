"""What runs in the product's own environment. Each file stands alone: standard library, and the library that is looked at."""
