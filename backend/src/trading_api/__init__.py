"""The reference app: a broker and a datafeed, built on modular_api."""
