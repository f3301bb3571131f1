"""Circuits compiled, keys made and witnesses computed: what stands between files and a proof."""
