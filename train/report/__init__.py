"""The report on training runs, as one page with text, charts and sounds: `hummingface train report RUN... --out FILE.html`."""
