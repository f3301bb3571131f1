"""Measurements of zksolvency beside the tools that it could be built on: ``python -m benchmarks``."""
