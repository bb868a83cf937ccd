"""The site's settings, in the form that Sphinx reads. `make docs` builds the site."""

from sphinx.application import Sphinx

from docs.site import listing, marks
from docs.site.pages import ROOT, SOURCES, START, Pages
from tapelint.report.reference import SITE

project = "tapelint"
author = "the authors of tapelint"
html_title = "tapelint"
html_baseurl = SITE + "/"
language = "en"

extensions = ["myst_parser"]
root_doc = START
include_patterns = list(SOURCES)
# What Sphinx need not walk through in search of pages.
exclude_patterns = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in ("docs", "rules")]
nitpicky = True
# The text as it was written: what is copied from prose must keep its quotation marks and dashes.
smartquotes = False

# What GitHub shows of the same files: anchors at headings, addresses that are links without more.
myst_heading_anchors = 4
myst_enable_extensions = ["linkify"]
myst_linkify_fuzzy_links = False

html_theme = "furo"
# The ground of programs, which the light scheme would otherwise leave as white as the page.
html_theme_options = {"light_css_variables": {"color-code-background": "#f3f4f6"}}
html_static_path = ["static"]
html_favicon = "static/favicon.svg"
# The schema of the configuration, which editors fetch from the site.
html_extra_path = ["../tapelint.schema.json"]
html_css_files = ["site.css"]
html_extra_path = ["../tapelint.schema.json"]
html_show_sphinx = False
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app: Sphinx) -> None:
    """Hooks in what Sphinx does not do of itself."""
    app.connect("builder-inited", _name_pages)
    listing.connect(app)
    for script in ("rules.js", "copy.js"):
        app.add_js_file(script, loading_method="defer")
    for mark in marks.TRANSFORMS:
        app.add_transform(mark)


def _name_pages(app: Sphinx) -> None:
    pages = Pages(app.srcdir, app.config.source_suffix)
    pages.restore(app.project)
    app.project = app.env.project = pages
