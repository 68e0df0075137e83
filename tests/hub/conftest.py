"""The Hub on this machine, for every test here."""

from hub_client import hub

__all__ = ["hub"]
