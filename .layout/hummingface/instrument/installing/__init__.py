"""Putting packages where this Python finds them: what `make play`, `make test` and `hummingface install train` do.

Standard library alone: all of it runs before anything is installed.

    system          libraries of the system that are missing, and the packages of Debian and Ubuntu that bring them
    whole           packages that an interrupted installation left in pieces
    steps           pip and uv, one step at a time; what failed, in words: which package, at which step, why
    torch_build     where a build of torch for CPUs comes from
    training        what `hummingface[train]` asks for, into the environment that is running
"""
