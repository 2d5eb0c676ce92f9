"""Makes `python -m modular_api.cli` the same as `modular-api`."""

from modular_api.cli.entry import main

if __name__ == "__main__":
    main()
