"""Sphinx configuration: MyST Markdown, the furo theme, nothing fetched from elsewhere."""

from vigie import __version__

project = "Vigie"
author = "The Vigie contributors"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"Vigie {__version__}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "signature"
nitpicky = False
