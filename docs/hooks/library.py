"""The gallery: one picture, story, tags, bounds and last verdict for each scenario of the library."""

import sys
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [] if str(ROOT) in sys.path else [str(ROOT)]


def on_files(files, config):
    """mkdocs calls this with the pages that it found."""
    from sims.report.gallery import gallery, verdicts

    found = gallery(ROOT / "scenarios", verdicts(ROOT / "build" / "library.xml"))
    files.append(File.generated(config, "gallery.md", content=found.markdown))
    for name, picture in found.pictures.items():
        files.append(File.generated(config, f"gallery/{name}", content=picture))
    return files
