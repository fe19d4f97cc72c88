"""Rules of the functional split, one TOML file a library; `csvkit_ml.split.rules` reads them."""
