"""``python -m cmp`` is the same program as ``cmp``."""

import sys

from cmp.entry import main

sys.exit(main())
