"""Option prices: pinned to the last bit (`pinned`), and fast in floats (`vectorised`)."""
