"""python -m sims.cli"""

import sys

from sims.cli import main

sys.exit(main())
