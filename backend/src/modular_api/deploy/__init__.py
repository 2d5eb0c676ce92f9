"""The same code as many processes: what is wanted, the gateway, the files to ship."""
