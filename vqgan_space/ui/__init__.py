"""The web interface: one file a tab, assembled by ``blocks``. It holds no logic of its own."""
