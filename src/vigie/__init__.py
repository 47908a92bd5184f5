"""Vigie: the open ground segment of the Cospas-Sarsat search-and-rescue system."""

__version__ = "0.1.0"
