"""Dependency groups, their locks, and the virtual environments made from them.

`environment` runs before anything is installed: this package needs the standard library only.
"""
