"""Requests over the network: HTTPS, threads, the API key. What they mean is decided in `delivery`."""
