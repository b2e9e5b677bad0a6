"""Errors whose message is for the person at the keyboard, not for a stack trace.

Every message says what was found, what was expected and what to do next, and holds no personal
data. The command line prints it as ``error: …`` and exits with :attr:`UserError.exit_code`; a
program that calls the Python functions catches the type. New kinds of failure subclass one of
these.
"""

from __future__ import annotations


class UserError(Exception):
    """Something a person can mend. Exit code 1: the command did not do what it says."""

    exit_code = 1


class UnusableInputError(UserError):
    """The input cannot be used as given: a file, an argument, a setting. Exit code 2."""

    exit_code = 2


class DatabaseUnavailableError(UserError):
    """No Postgres answers where one is expected, or it answers that it will not serve us."""
