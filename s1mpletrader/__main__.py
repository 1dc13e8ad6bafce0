"""The command line, ``python -m s1mpletrader``."""

from s1mpletrader.cli import main

main()
