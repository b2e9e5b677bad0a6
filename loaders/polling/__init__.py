"""Asks services for what a feed delivers over HTTP; see :func:`loaders.polling.poll.poll`."""
