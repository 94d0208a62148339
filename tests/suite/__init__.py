"""How the suite runs, whatever it tests: markers, groups for several workers, seeds, and what a test must not leave behind."""
