"""The command line, ``s1mpletrader``."""

from s1mpletrader.cli.app import main

__all__ = ["main"]
