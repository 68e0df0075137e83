"""Trees and bushes, through four seasons."""
