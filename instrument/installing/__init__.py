"""Installs packages into this Python's environment: what `make play`, `make test` and `hummingface install train` do.

Standard library only: all of it runs before anything is installed. What is installed, and how it failed, goes into the log as soon as there
can be one.

    system              missing system libraries, and the packages of Debian and Ubuntu that contain them
    broken_packages     packages that an interrupted installation left incomplete
    steps               pip and uv, one step at a time; what failed: which package, at which step, why
    torch_build         where a build of torch for CPUs comes from
    training_extra      `hummingface[train]`, into the running environment
"""
