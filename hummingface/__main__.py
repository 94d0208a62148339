"""`python -m hummingface` is the command `hummingface`."""
import sys

from hummingface.instrument.app.cli import main

sys.exit(main())
