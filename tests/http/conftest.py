"""Fixtures of the tests over FastCGI; they are in tests/harness/fixtures.py."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.fixtures import *
