"""Licences of libraries: their names in metadata, and SPDX expressions."""
