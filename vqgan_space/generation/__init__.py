"""Making pictures out of codes: plain functions that take a model and give back what they made."""
