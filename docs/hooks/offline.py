"""The one script that the theme would fetch from a network comes from assets/ instead."""

SHIM = "https://unpkg.com/iframe-worker/shim"
OURS = "assets/iframe-worker.js"


def on_post_page(output, page, **_):
    """mkdocs calls this with the whole HTML of a page."""
    return output.replace(SHIM, "../" * page.url.count("/") + OURS)


def on_post_template(output_content, **_):
    """Likewise of the page for addresses that are not there."""
    return output_content.replace(SHIM, OURS)
