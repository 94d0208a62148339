"""What runs of training have learnt, as one page to read and to listen to: `hummingface train report RUN... --out FILE.html`."""
