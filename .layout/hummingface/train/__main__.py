import sys

from hummingface.train.app.commands import main

sys.exit(main())
