"""What runs in the tested environment: standard library and pytest only."""
