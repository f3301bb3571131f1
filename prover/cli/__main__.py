"""`python -m prover.cli`: the same as the command `zksolvency`."""

import sys

from . import main

sys.exit(main())
