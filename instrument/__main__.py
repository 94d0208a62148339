"""`python -m instrument` is the command `hummingface`."""
import sys

from instrument.cli import main

sys.exit(main())
