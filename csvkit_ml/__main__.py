"""`python -m csvkit_ml` is `mlcsv`."""

from csvkit_ml.cli import main

if __name__ == "__main__":
    main()
