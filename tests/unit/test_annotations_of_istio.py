"""The table of Istio's annotations is Istio's own."""

import re

from cmp.context.annotations import DEPRECATED, READ
from tests.support.istio_source import istio_api_source
