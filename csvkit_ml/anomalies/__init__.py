"""Known anomalies: reading suppliers' lists, choosing what a person must decide, keeping the decisions. Pure."""
